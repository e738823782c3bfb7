"""From the bytes of a .tflite file to an ONNX model: float32, channels first, one picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maixswitch.convert.refusals import AGAIN, LEAVE_OUT, UNKNOWN
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word

from . import file
from .builder import IR_VERSION, OPSET, Builder, Data, Spread, Tensor, Value
from .file import FileOperator, FileTensor, TfliteFile, parse
from .folding import fold
from .marks import NOTE, PIXELS
from .operation import MOST_SIDE, Operation
from .operators import READERS, REFUSED
from .tail import is_decoding, without_tail
from .weights import real

if TYPE_CHECKING:
    from onnx import ModelProto

_BYTES = {file.INT8: np.int8, file.UINT8: np.uint8}
_FLOATS = (file.FLOAT32, file.FLOAT16)
_RANGELESS = frozenset(
    ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "DEQUANTIZE", "PAD", "MIRROR_PAD")
)
"""Operators that only move numbers, so that their result has the range of their input; a border adds zeros at most."""


def model_of(data: bytes, path: Path, with_ranges: bool = False) -> ModelProto:
    """Returns the network of a .tflite file as an onnx model. ``path`` is for messages.

    with_ranges: whether a quantised tensor becomes a pair of QuantizeLinear and DequantizeLinear; its float32 numbers
        alone stay otherwise.
    MaixSwitchError if the file is damaged or too large, or names each operator that ONNX does not have.
    """
    network = parse(data, path)
    return _Reader(network, path, with_ranges).model()


class _Reader:
    """Reads the operators in their order; ``values``: what each tensor is, by its number."""

    def __init__(self, network: TfliteFile, path: Path, with_ranges: bool) -> None:
        self.network, self.path, self.with_ranges = network, path, with_ranges
        self.builder = Builder()
        self.builder.reserve([tensor.name for tensor in network.tensors])
        self.values: dict[int, Value] = {}

    def model(self) -> ModelProto:
        from onnx import TensorProto, checker, helper

        self.network, note = without_tail(self.network, _needed(self.network))
        operators = _needed(self.network)
        _check_kinds(operators)
        picture = self._input()
        for operator in operators:
            self._read(operator)
        names = [self._output(number) for number in self.network.outputs]
        types = self.builder.types
        inputs = [helper.make_tensor_value_info(picture, TensorProto.FLOAT, types[picture][1])]
        outputs = [helper.make_tensor_value_info(name, *types[name]) for name in dict.fromkeys(names)]
        graph = helper.make_graph(self.builder.nodes, "tflite", inputs, outputs, self.builder.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        pixels = self._pixels()
        stated = {} if pixels is None else {PIXELS: " ".join(map(repr, pixels))}
        helper.set_model_props(model, {**stated, **({NOTE: note} if note else {})})
        checker.check_model(model)
        return model

    def _input(self) -> str:
        """Adds the picture and returns its name. MaixSwitchError unless there is one of fixed size."""
        tensors = [self.network.tensors[number] for number in self.network.inputs]
        if len(tensors) != 1:
            names = ", ".join(tensor.name for tensor in tensors) or "-"
            text = tr("{path}: the inputs are {names}; expected one, the picture", path=self.path, names=names)
            raise MaixSwitchError(text)
        tensor = tensors[0]
        shape = tensor.shape
        if not tensor.fixed or not shape or not all(1 <= size <= MOST_SIDE for size in shape):
            text = tr("{path}: the input {name} has shape {shape}", path=self.path, name=tensor.name, shape=shape)
            raise MaixSwitchError(f"{text}; {tr('expected (1, height, width, channels), all fixed')}")
        if tensor.kind not in (*_FLOATS, *_BYTES):
            raise MaixSwitchError(
                tr("{path}: the input {name} is {type}; expected float32", path=self.path, name=tensor.name,
                   type=tensor.kind_name)
            )  # fmt: skip
        # The board runs one picture at a time, whatever batch the file was exported with.
        self.builder.batch = shape[0]
        picture = self.builder.add_input(tensor.name, (1, *shape[1:]))
        self.values[self.network.inputs[0]] = self._in_range(tensor, picture, f"{tensor.name}/dequantised")
        return tensor.name

    def _pixels(self) -> tuple[float, float] | None:
        """A quantised picture holds bytes: uint8 the pixels themselves, int8 the pixels less 128."""
        tensor = self.network.tensors[self.network.inputs[0]]
        quantisation = tensor.quantisation
        if tensor.kind not in _BYTES or quantisation is None or not 0 < quantisation.scales[0] < np.inf:
            return None
        scale, zero = quantisation.scales[0], quantisation.zeros[0]
        return scale, -scale * (zero + (0 if tensor.kind == file.UINT8 else 128))

    def _value(self, operator: FileOperator, number: int) -> Value | None:
        if number < 0:
            return None
        tensor = self.network.tensors[number]
        if number not in self.values:
            if tensor.data is None:
                raise operator.refused(tr("no node makes its input {name}", name=tensor.name), word(AGAIN))
            # Each constant is read when it is first used, because the file may hold many that no operator needs.
            self.values[number] = real(tensor)
        return self.values[number]

    def _read(self, operator: FileOperator) -> None:
        try:
            results = self._results(operator)
        except (ValueError, IndexError, OverflowError) as error:  # of numpy, onnx and damaged options
            raise operator.refused(tr("it does not fit its inputs: {error}", error=error), word(AGAIN)) from error
        for number, value in zip(operator.outputs, results, strict=False):
            self.values[number] = value

    def _results(self, operator: FileOperator) -> Sequence[Value]:
        values = [self._value(operator, number) for number in operator.inputs]
        # The shape of a tensor is a constant, even if the tensor is not.
        if operator.kind in ("SHAPE", "RANK") and values and values[0] is not None:
            shape = values[0].shape
            return [np.asarray(shape if operator.kind == "SHAPE" else len(shape), np.int32)]
        arrays = [value for value in values if not isinstance(value, Tensor) and value is not None]
        if len(arrays) == len(values):
            result = fold(operator, arrays)
            if result is not None:
                return [result]
        # Some operators are only computed for constants, such as the arithmetic of sizes.
        if operator.kind not in READERS:
            raise _unknown(operator)
        since = len(self.builder.nodes)
        results = READERS[operator.kind](Operation(operator, values, self.builder))
        listed = [results] if isinstance(results, Tensor | np.ndarray) else list(results)
        return [self._named(operator, i, value, since) for i, value in enumerate(listed[: len(operator.outputs)])]

    def _named(self, operator: FileOperator, index: int, value: Value, since: int) -> Value:
        """The value under its tensor's name, within the range of its type; ``since``: the operator's first node."""
        tensor = self.network.tensors[operator.outputs[index]]
        if not isinstance(value, Tensor) or isinstance(value, Spread):
            return value
        if operator.kind not in _RANGELESS and self._has_range(tensor):
            return self._in_range(tensor, value, tensor.name)
        return self.builder.renamed(value, tensor.name, since)

    def _has_range(self, tensor: FileTensor) -> bool:
        return self.with_ranges and tensor.kind in _BYTES and tensor.quantisation is not None

    def _in_range(self, tensor: FileTensor, value: Tensor, name: str) -> Tensor:
        """The value after a pair of QuantizeLinear and DequantizeLinear, whose result has this name."""
        quantisation = tensor.quantisation
        if not self._has_range(tensor) or quantisation is None:
            return value
        scale, zero = quantisation.scales[0], quantisation.zeros[0]
        limits = np.iinfo(_BYTES[tensor.kind])
        if len(quantisation.scales) != 1 or not 0 < scale < np.inf or not limits.min <= zero <= limits.max:
            raise MaixSwitchError(
                tr("tensor {name}: {count} scales do not fit shape {shape}; export it again",
                   name=tensor.name, count=len(quantisation.scales), shape=tensor.shape)
            )  # fmt: skip
        pair: list[Data] = [np.asarray(scale, np.float32), np.asarray(zero, _BYTES[tensor.kind])]
        names = [self.builder.constant(array, name) for array in pair]
        inside = self.builder.name(name, "quantised")
        self.builder.node("QuantizeLinear", [value.name, *names], [inside], inside)
        outside = name if name not in self.builder.types else self.builder.name(name, "dequantised")
        self.builder.node("DequantizeLinear", [inside, *names], [outside], self.builder.name(name, "DequantizeLinear"))
        return self.builder.tensor(outside, value.first)

    def _output(self, number: int) -> str:
        """The ONNX name of an output, which is that of the file."""
        tensor, value = self.network.tensors[number], self.values.get(number)
        if not isinstance(value, Tensor) or isinstance(value, Spread):
            raise MaixSwitchError(
                tr("output {name} does not depend on the picture; leave it out of the network", name=tensor.name)
            )
        if value.name != tensor.name and tensor.name not in self.builder.types:
            self.builder.node("Identity", [value.name], [tensor.name], self.builder.name(tensor.name, "Identity"))
            return tensor.name
        return value.name


def _needed(network: TfliteFile) -> list[FileOperator]:
    """The operators that an output depends on, in their order."""
    needed, operators = set(network.outputs), []
    for operator in reversed(network.operators):
        if needed.intersection(operator.outputs):
            needed.update(operator.inputs)
            operators.append(operator)
    return operators[::-1]


def _unknown(operator: FileOperator) -> MaixSwitchError:
    """The error for an operator that cannot be read, with what to do instead."""
    remedy = LEAVE_OUT if is_decoding(operator.kind) else REFUSED.get(operator.kind, UNKNOWN)
    return operator.refused(tr("the board cannot run this operator"), word(remedy))


def _check_kinds(operators: Iterable[FileOperator]) -> None:
    """MaixSwitchError that names all operators which cannot be read, each with the first node that needs it."""
    known = {*READERS, "SHAPE", "RANK", "FILL", "RANGE", "FLOOR_DIV", "FLOOR_MOD"}
    reasons: dict[str, str] = {}
    for operator in operators:
        if operator.kind not in known and operator.kind not in reasons:
            reasons[operator.kind] = _unknown(operator).message
    if reasons:
        raise MaixSwitchError("\n".join(reasons.values()))
