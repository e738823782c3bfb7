"""What a .tflite file says: its tensors, its operators and their options."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from maixswitch.convert.refusals import refuse
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

T = TypeVar("T")
MOST_TENSORS, MOST_OPERATORS, MOST_AXES = 20_000, 5_000, 8
BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 9: 8, 10: 64, 17: 4}
"""Type of a tensor -> bits of one number. Other types, such as texts, hold no numbers that a network uses."""
FLOAT32, FLOAT16, INT32, UINT8, INT64, BOOL, INT16, INT8, FLOAT64, INT4 = 0, 1, 2, 3, 4, 6, 7, 9, 10, 17


@dataclass(frozen=True, eq=False)
class Quantisation:
    """real = scale * (number - zero); one pair, or one for each index along ``axis``."""

    scales: tuple[float, ...]
    zeros: tuple[int, ...]
    axis: int


@dataclass(frozen=True, eq=False)
class FileTensor:
    """A tensor of the file.

    name: unique, see ``_unique``; tensors without one are called tensor0, tensor1 ...
    shape: as stored. fixed: False if a size other than the batch is open.
    kind: the schema's number for the type. kind_name: its name, such as INT8.
    data: the bytes of a constant, None for a tensor that is computed.
    """

    name: str
    shape: tuple[int, ...]
    fixed: bool
    kind: int
    kind_name: str
    data: memoryview | None
    quantisation: Quantisation | None
    sparse: bool


@dataclass(frozen=True, eq=False)
class FileOperator:
    """An operator of the file.

    name: that of its first result, because operators have no name. kind: such as CONV_2D.
    inputs, outputs: numbers of tensors, -1 for an input that is left out.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any

    def option(self, name: str, default: Any = 0) -> Any:
        """Returns an option by its name in the schema, such as "StrideW"; ``default`` if there are no options.

        ValueError if the options are damaged or those of another operator.
        """
        return default if self.options is None else _followed(lambda: getattr(self.options, name)())

    def list_option(self, name: str) -> list[int]:
        """Returns an option that holds several whole numbers, [] if there are no options. ValueError as ``option``."""
        if self.options is None:
            return []
        return list(_followed(lambda: _numbers(self.options, name, MOST_AXES)))

    def refused(self, reason: str, remedy: str) -> MaixSwitchError:
        """Returns the error that refuses this operator; both texts are in the user's language."""
        return refuse(self.name, self.kind, reason, remedy)


TRANSPOSE = "Convolution2DTransposeBias"


@dataclass(frozen=True)
class TransposeOptions:
    """The options of ``TRANSPOSE``, under the names that the schema has for TRANSPOSE_CONV.

    Source: MediaPipe, util/tflite/operations/transpose_conv_bias.cc: the three numbers of TfLiteTransposeConvParams.
    """

    padding: int
    width: int
    height: int

    @classmethod
    def of(cls, operator: Any) -> TransposeOptions:
        """Returns what the bytes of a custom operator say. struct.error if they are too few."""
        data = bytes(operator.CustomOptions(i) for i in range(_length(operator, "CustomOptions", MOST_AXES << 2)))
        return cls(*struct.unpack_from("<3i", data))

    def Padding(self) -> int:
        # 1 is SAME in these options, and 0 in the schema.
        return self.padding - 1

    def StrideW(self) -> int:
        return self.width

    def StrideH(self) -> int:
        return self.height

    def FusedActivationFunction(self) -> int:
        return 0


@dataclass(frozen=True, eq=False)
class TfliteFile:
    """The first network of a file; ``inputs`` and ``outputs``: numbers of tensors."""

    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parse(data: bytes, path: Path) -> TfliteFile:
    """Returns what a file says; ``path`` is for messages.

    MaixSwitchError (usage) if the package tflite is missing, (findings) if the file is damaged or too large.
    """
    try:
        import tflite
    except ImportError as error:
        text = tr("reading TensorFlow Lite files needs tflite: pip install 'maixswitch[convert]'")
        raise MaixSwitchError(text, EXIT_USAGE) from error
    try:
        return _followed(lambda: _parsed(tflite, data))
    except ValueError as error:
        text = tr("{path}: this TensorFlow Lite file is damaged: {reason}; export it again", path=path, reason=error)
        raise MaixSwitchError(text) from error


def _followed(read: Callable[[], T]) -> T:
    """Returns what ``read`` reads from the flatbuffer. ValueError if the file is damaged there."""
    # Nothing checks the offsets of a flatbuffer before they are followed, so a damaged file can raise almost anything.
    try:
        return read()
    except Exception as error:
        raise ValueError((str(error).strip().splitlines() or [type(error).__name__])[0]) from error


def _length(table: Any, name: str, most: int) -> int:
    """The length of a vector. ValueError if it is longer than any real one, which would cost memory and time."""
    length = int(getattr(table, f"{name}Length")())
    if length > most:
        raise ValueError(tr("{name} has {count} entries, expected at most {most}", name=name, count=length, most=most))
    return length


def _numbers(table: Any, name: str, most: int) -> tuple[int, ...]:
    return tuple(int(getattr(table, name)(i)) for i in range(_length(table, name, most)))


def _parsed(tflite: Any, data: bytes) -> TfliteFile:
    # Only the first graph runs. The others belong to conditions and loops, which are refused.
    model = tflite.Model.GetRootAsModel(data, 0)
    if _length(model, "Subgraphs", MOST_OPERATORS) < 1:
        raise ValueError(tr("it has no graph"))
    graph = model.Subgraphs(0)
    count = _length(graph, "Tensors", MOST_TENSORS)
    names = _unique([_text(graph.Tensors(i).Name()) for i in range(count)])
    type_names = _names_of(tflite.TensorType)
    tensors = [
        _tensor(graph.Tensors(i), name, type_names, _contents(model, data, graph.Tensors(i).Buffer()))
        for i, name in enumerate(names)
    ]
    # Every number that an operator names is checked here, so that nothing behind has to.
    kinds = [_kind(tflite, model.OperatorCodes(i)) for i in range(_length(model, "OperatorCodes", MOST_OPERATORS))]
    options = _names_of(tflite.BuiltinOptions)
    operators = []
    for i in range(_length(graph, "Operators", MOST_OPERATORS)):
        operator = graph.Operators(i)
        inputs, outputs = (_numbers(operator, key, MOST_TENSORS) for key in ("Inputs", "Outputs"))
        _within((*inputs, *outputs), -1, count)
        name = tensors[outputs[0]].name if outputs and outputs[0] >= 0 else f"operator{i}"
        kind = kinds[operator.OpcodeIndex()]
        stated = TransposeOptions.of(operator) if kind == TRANSPOSE else _options(tflite, operator, options)
        operators.append(FileOperator(name, kind, inputs, outputs, stated))
    inputs, outputs = _numbers(graph, "Inputs", count), _numbers(graph, "Outputs", count)
    _within((*inputs, *outputs), 0, count)
    return TfliteFile(tuple(tensors), tuple(operators), inputs, outputs)


def _within(numbers: Sequence[int], low: int, count: int) -> None:
    if not all(low <= number < count for number in numbers):
        raise ValueError(tr("it names a tensor that it does not have"))


def _names_of(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _kind(tflite: Any, code: Any) -> str:
    """The operator's name. Old files fill one of two fields, newer ones both, so the larger number counts."""
    number = max(int(code.BuiltinCode()), int(code.DeprecatedBuiltinCode()))
    name = tflite.BUILTIN_OPCODE2NAME.get(number, f"operator {number}")
    return _text(code.CustomCode()) or "CUSTOM" if name == "CUSTOM" else str(name)


def _options(tflite: Any, operator: Any, names: dict[int, str]) -> Any:
    """The table of the operator's options, None if it has none."""
    name, table = names.get(operator.BuiltinOptionsType(), "NONE"), operator.BuiltinOptions()
    if table is None or not hasattr(tflite, name):
        return None
    options = getattr(tflite, name)()
    options.Init(table.Bytes, table.Pos)
    return options


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def _contents(model: Any, data: bytes, index: int) -> memoryview | None:
    """The bytes of a buffer, None for an empty one, which belongs to a tensor that is computed."""
    if index >= _length(model, "Buffers", MOST_TENSORS):
        raise ValueError(tr("it names a tensor that it does not have"))
    buffer = model.Buffers(index)
    if not buffer.DataIsNone() and buffer.DataLength():
        # A view shares the bytes of the file: several tensors may name one buffer, and copies could fill the memory.
        start = buffer._tab.Vector(buffer._tab.Offset(4))
        view = memoryview(data)[start : start + buffer.DataLength()]
        if start < 0 or len(view) != buffer.DataLength():
            raise ValueError(tr("its weights end too early"))
        return view
    # Newer files may keep large weights behind the flatbuffer.
    start, size = buffer.Offset(), buffer.Size()
    if start <= 1 or size < 1:
        return None
    if start + size > len(data):
        raise ValueError(tr("its weights end too early"))
    return memoryview(data)[start : start + size]


def _unique(names: Sequence[str]) -> list[str]:
    """Names of tensors as ONNX needs them: none empty, none twice.

    Where TensorFlow has fused several nodes, it writes all their names with semicolons. The first one is enough, unless
    another tensor has it.
    """
    short = [name.split(";")[0] for name in names]
    counts = Counter((*short, *(name for name in names if ";" in name)))
    unique: dict[str, int] = {}
    for index, name in enumerate(names):
        name = (short[index] if counts[short[index]] == 1 else name) or f"tensor{index}"
        while name in unique:
            name = f"{name}#{index}"
        unique[name] = index
    return list(unique)


def _tensor(tensor: Any, name: str, type_names: dict[int, str], contents: memoryview | None) -> FileTensor:
    shape, signature = (_numbers(tensor, key, MOST_AXES) for key in ("Shape", "ShapeSignature"))
    kind = int(tensor.Type())
    return FileTensor(
        name,
        shape,
        all(size >= 0 for size in (*shape[1:], *signature[1:])),
        kind,
        type_names.get(kind, f"type {kind}"),
        contents,
        _quantisation(tensor.Quantization()),
        tensor.Sparsity() is not None,
    )


def _quantisation(table: Any) -> Quantisation | None:
    # Files of old tools state only a range, which is of no use without a scale.
    most = 1 << 20
    if table is None or not _length(table, "Scale", most):
        return None
    scales: Callable[[int], float] = table.Scale
    numbers = tuple(float(scales(i)) for i in range(_length(table, "Scale", most)))
    zeros = _numbers(table, "ZeroPoint", most) or (0,)
    # One zero point may stand for all scales.
    zeros = zeros * len(numbers) if len(zeros) == 1 else zeros
    if len(zeros) != len(numbers):
        raise ValueError(tr("its weights end too early"))
    return Quantisation(numbers, zeros, int(table.QuantizedDimension()))
