"""Reads an ONNX or TensorFlow Lite file as nodes and arrays.

Nothing in it is run, and no file outside its folder is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maixswitch import files
from maixswitch.convert.graph.onnx_node import OnnxNetwork, OnnxNode
from maixswitch.convert.refusals import FLOAT
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

from . import foreign
from .lift import OWN, lifted
from .tflite.marks import MAGIC, note_of, pixels_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

LARGEST = 128 << 20
"""Bytes of a file. As a kmodel it keeps a quarter of them at least, and the flash chip of a board has 16 MiB."""


def load(path: Path) -> ModelProto:
    """Returns the file as an onnx model, checked, with its external data, in the form of ``lift.lifted``.

    A .tflite file becomes one in memory.

    MaixSwitchError (input or output) if it cannot be read, (findings) if it is damaged or of another format, (usage) if
    onnx is not installed.
    """
    foreign.refuse(path)
    # The converter is an optional part of the installation, so the message names what to install.
    try:
        import onnx
        from onnx import inliner
    except ImportError as error:
        text = tr("reading ONNX files needs onnx and onnxruntime: pip install 'maixswitch[convert]'")
        raise MaixSwitchError(text, EXIT_USAGE) from error
    with files.reading(path):
        # The size is checked before the file is read, so that a large file takes no time and cannot fill the memory.
        _check_size(path, path.stat().st_size)
        data = path.read_bytes()
    if data[4:8] == MAGIC:
        # Only such a file needs the modules of that reader.
        from .tflite.network import model_of

        return model_of(data, path, with_ranges=True)
    try:
        model = onnx.load_model_from_string(data)
        # Protobuf accepts almost any bytes, even an empty file, as a model without fields.
        if not model.HasField("graph"):
            raise ValueError(tr("it has no graph"))
        # External weights are read before the check, because the checker would open their files itself.
        for tensor in model.graph.initializer:
            _take_in(tensor, path)
        onnx.checker.check_model(model)
        # Recent exporters write functions. Inlined, these become operators that the readers know.
        if model.functions:
            model = inliner.inline_local_functions(model)
    except MaixSwitchError:
        raise
    except Exception as error:  # protobuf, the checker and the inliner raise various exceptions, not all public
        raise _damaged(path, error) from error
    return lifted(model, path)


def _check_size(path: Path, size: int) -> None:
    """Raises MaixSwitchError for a file, or data beside it, of more bytes than any network for a K210."""
    if size > LARGEST:
        text = tr(
            "{path}: {size} MiB; expected at most {most}: the chip has 8 MiB of memory, and takes at least "
            "a byte for each weight",
            path=path,
            size=size >> 20,
            most=LARGEST >> 20,
        )
        raise MaixSwitchError(text)


def _damaged(path: Path, error: Exception) -> MaixSwitchError:
    why = str(error).strip().splitlines()[:1] or [type(error).__name__]
    return MaixSwitchError(
        tr("{path}: this is not an ONNX network, or it is damaged: {reason}; export it again", path=path, reason=why[0])
    )


def read_network(path: Path) -> OnnxNetwork:
    """Returns the file as nodes and arrays. MaixSwitchError as in ``load``, and if the network has an unusable form."""
    return network_of(load(path), path)


def network_of(model: ModelProto, path: Path) -> OnnxNetwork:
    """Returns what ``load`` made as nodes and arrays. ``path``: for messages. MaixSwitchError as ``read_network``."""
    from onnx import numpy_helper

    opset = next(int(item.version) for item in model.opset_import if item.domain in OWN)
    graph = model.graph
    try:
        nodes = [_node(number, proto) for number, proto in enumerate(graph.node)]
        constants = {t.name: np.asarray(numpy_helper.to_array(t)) for t in graph.initializer}
    except Exception as error:  # sizes and types that the checker lets pass
        raise _damaged(path, error) from error
    # An operator of another domain may have the name of an ONNX operator and compute something else.
    for node, proto in zip(nodes, graph.node, strict=True):
        if proto.domain not in OWN:
            why = tr("the operator belongs to {domain}, not to ONNX itself", domain=proto.domain)
            raise node.refused(why, tr("export it without the optimisations of a runtime"))
    # float16 is refused here with a remedy, because the report compares with float32.
    for name, array in constants.items():
        if array.dtype.kind == "V" or array.dtype in (np.float16,):
            text = tr("{path}: {name} is {type}; expected float32", path=path, name=name, type=array.dtype)
            raise MaixSwitchError(f"{text}; {word(FLOAT)}")
    if graph.sparse_initializer:
        raise MaixSwitchError(tr("{path}: it has sparse weights; export it with dense ones", path=path))
    # Old exporters list the weights among the inputs as well. Only an input without a value is a real one.
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "-"
        text = tr("{path}: the inputs are {names}; expected one, the picture", path=path, names=names)
        raise MaixSwitchError(text)
    shape = _shape(inputs[0], path)
    outputs = tuple(value.name for value in graph.output)
    if not outputs:
        raise MaixSwitchError(tr("{path}: the network has no output", path=path))
    pixels = pixels_of(model)
    return OnnxNetwork(tuple(nodes), constants, inputs[0].name, shape, outputs, opset, pixels, note_of(model))


def _node(number: int, proto: NodeProto) -> OnnxNode:
    from onnx import helper

    attributes = {a.name: _plain(helper.get_attribute_value(a)) for a in proto.attribute}
    name = proto.name or f"{proto.op_type}#{number}"
    return OnnxNode(name, proto.op_type, tuple(proto.input), tuple(proto.output), attributes, proto)


def _plain(value: Any) -> Any:
    from onnx import GraphProto, TensorProto, numpy_helper

    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return np.asarray(numpy_helper.to_array(value))
    if isinstance(value, GraphProto | str | int | float):
        return value
    return list(value)


def _shape(value: ValueInfoProto, path: Path) -> tuple[int, ...]:
    """Returns the input's shape with batch 1."""
    from onnx import TensorProto

    kind = value.type.tensor_type
    # The board feeds bytes. The converter folds the step to real units into the weights, which only float32 has.
    if kind.elem_type != TensorProto.FLOAT:
        name = TensorProto.DataType.Name(kind.elem_type).lower()
        text = tr("{path}: the input {name} is {type}; expected float32", path=path, name=value.name, type=name)
        raise MaixSwitchError(f"{text}; {word(FLOAT)}")
    # 0 stands for an open size, which the file gives a name or a number below 1.
    dims = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else 0 for d in kind.shape.dim]
    remedy = tr("expected (1, channels, height, width), all fixed")
    shown = "(" + ", ".join(str(d.dim_value or d.dim_param or "?") for d in kind.shape.dim) + ")"
    # Without an axis for them, a picture has one channel.
    if len(dims) not in (3, 4):
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        raise MaixSwitchError(f"{text}; {remedy}")
    # The batch does not matter, because the board runs one picture. All other sizes have to be known.
    if not all(dims[1:]):
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        advice = tr(
            "export it with fixed sizes, or set them: python -m onnxruntime.tools.make_dynamic_shape_fixed --help"
        )
        raise MaixSwitchError(f"{text}; {remedy}; {advice}")
    # The KPU takes far less. This bound only keeps a wrong file from filling the memory of the PC.
    if max(dims) > 4096:
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        raise MaixSwitchError(f"{text}; {tr('expected at most 320x240')}")
    return (1, *dims[1:])


def _take_in(tensor: TensorProto, path: Path) -> None:
    """Reads a tensor's external data into it. MaixSwitchError for a file outside the network's folder."""
    from onnx import TensorProto, helper

    if tensor.data_location != TensorProto.EXTERNAL:
        return
    about = {item.key: item.value for item in tensor.external_data}
    folder = path.resolve().parent
    file = (folder / about.get("location", "")).resolve()
    if not file.is_relative_to(folder) or file == folder:
        raise MaixSwitchError(
            tr("{path}: {name} lies in {file}, outside the network's folder", path=path, name=tensor.name, file=file)
        )
    item = int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
    size = int(np.prod(np.asarray(tensor.dims, np.float64))) * item
    start = int(about.get("offset") or 0)
    length = int(about.get("length") or size)
    _check_size(file, size)
    if length != size or start < 0:
        raise _wrong_size(path, tensor.name, length, size)
    with files.reading(file), file.open("rb") as stream:
        stream.seek(start)
        data = stream.read(length)
    if len(data) != length:
        raise _wrong_size(file, tensor.name, len(data), length)
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def _wrong_size(path: Path, name: str, size: int, expected: int) -> MaixSwitchError:
    text = tr(
        "{path}: {name}: found {size} bytes, expected {expected}", path=path, name=name, size=size, expected=expected
    )
    return MaixSwitchError(text)
