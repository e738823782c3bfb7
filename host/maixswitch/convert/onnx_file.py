"""An ONNX file as plain nodes and arrays; nothing in it is run, and no file outside its folder is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

from .refusals import FLOAT, refuse

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

OPSETS = range(11, 23)
LARGEST = 512 << 20
"""Bytes; the board's memory ends at 6 MiB, so that what is larger is no network for it."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node; ``attributes``: int, float, str, list or array by name; an input that is left out is ""."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Network:
    """The file: ``nodes`` in the order they run; one ``input`` with its ``shape``, where the batch is 1."""

    nodes: tuple[Node, ...]
    constants: dict[str, NDArray[Any]]
    input: str
    shape: tuple[int, ...]
    outputs: tuple[str, ...]


def load(path: Path) -> ModelProto:
    """The file as onnx has it, checked, its external data inside.

    MaixSwitchError (input or output) if it cannot be read, (findings) if it is damaged or no ONNX, (usage) without
    onnx.
    """
    try:
        import onnx
        from onnx import inliner
    except ImportError as error:
        text = tr("reading ONNX files needs onnx and onnxruntime: pip install 'maixswitch[convert]'")
        raise MaixSwitchError(text, EXIT_USAGE) from error
    with files.reading(path):
        size = path.stat().st_size
        if size > LARGEST:
            text = tr("{path}: {size} MiB; wanted at most {most}", path=path, size=size >> 20, most=LARGEST >> 20)
            raise MaixSwitchError(text)
        data = path.read_bytes()
    try:
        model = onnx.load_model_from_string(data)
        if not model.HasField("graph"):
            raise ValueError(tr("it has no graph"))
        for tensor in model.graph.initializer:
            _take_in(tensor, path)
        onnx.checker.check_model(model)
        if model.functions:
            model = inliner.inline_local_functions(model)
    except MaixSwitchError:
        raise
    except Exception as error:  # protobuf, the checker and the inliner raise classes of their own, not all public
        raise _damaged(path, error) from error
    return model


def _damaged(path: Path, error: Exception) -> MaixSwitchError:
    why = str(error).strip().splitlines()[:1] or [type(error).__name__]
    return MaixSwitchError(
        tr("{path}: no ONNX network, or a damaged one: {reason}; export it again", path=path, reason=why[0])
    )


def read_network(path: Path) -> Network:
    """The file as nodes and arrays; MaixSwitchError as of `load`, and for what no converter could use."""
    return plain(load(path), path)


def plain(model: ModelProto, path: Path) -> Network:
    """The loaded network as nodes and arrays; ``path`` for messages. MaixSwitchError (findings) as of read_network."""
    from onnx import numpy_helper

    _check_opset(model, path)
    graph = model.graph
    try:
        nodes = [_node(number, proto) for number, proto in enumerate(graph.node)]
        constants = {t.name: np.asarray(numpy_helper.to_array(t)) for t in graph.initializer}
    except Exception as error:  # sizes and types that the checker lets pass
        raise _damaged(path, error) from error
    for node, proto in zip(nodes, graph.node, strict=True):
        if proto.domain not in ("", "ai.onnx"):
            why = tr("the operator is one of {domain}, not of ONNX itself", domain=proto.domain)
            raise refuse(node, why, tr("export without optimisations that a runtime adds"))
    for name, array in constants.items():
        if array.dtype.kind == "V" or array.dtype in (np.float16,):
            text = tr("{path}: {name} is {type}; wanted float32", path=path, name=name, type=array.dtype)
            raise MaixSwitchError(f"{text}; {word(FLOAT)}")
    if graph.sparse_initializer:
        raise MaixSwitchError(tr("{path}: it has sparse weights; export it with dense ones", path=path))
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "-"
        text = tr("{path}: inputs: {names}; wanted one, the picture", path=path, names=names)
        raise MaixSwitchError(text)
    shape = _shape(inputs[0], path)
    outputs = tuple(value.name for value in graph.output)
    if not outputs:
        raise MaixSwitchError(tr("{path}: the network has no output", path=path))
    return Network(tuple(nodes), constants, inputs[0].name, shape, outputs)


def _node(number: int, proto: NodeProto) -> Node:
    from onnx import helper

    attributes = {a.name: _plain(helper.get_attribute_value(a)) for a in proto.attribute}
    name = proto.name or f"{proto.op_type}#{number}"
    return Node(name, proto.op_type, tuple(proto.input), tuple(proto.output), attributes)


def _plain(value: Any) -> Any:
    from onnx import GraphProto, TensorProto, numpy_helper

    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, TensorProto):
        return np.asarray(numpy_helper.to_array(value))
    if isinstance(value, GraphProto | str | int | float):
        return value
    return list(value)


def _check_opset(model: ModelProto, path: Path) -> None:
    found = [item.version for item in model.opset_import if item.domain in ("", "ai.onnx")]
    if not found or found[0] not in OPSETS:
        text = tr(
            "{path}: opset {found}; wanted {low} to {high}: export again with opset_version=17",
            path=path,
            found=found[0] if found else "?",
            low=OPSETS[0],
            high=OPSETS[-1],
        )
        raise MaixSwitchError(text)


def _shape(value: ValueInfoProto, path: Path) -> tuple[int, ...]:
    """The input's shape with batch 1."""
    from onnx import TensorProto

    kind = value.type.tensor_type
    if kind.elem_type != TensorProto.FLOAT:
        name = TensorProto.DataType.Name(kind.elem_type).lower()
        text = tr("{path}: the input {name} is {type}; wanted float32", path=path, name=value.name, type=name)
        raise MaixSwitchError(f"{text}; {word(FLOAT)}")
    dims = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else 0 for d in kind.shape.dim]
    wanted = tr("wanted (1, channels, height, width), all fixed")
    shown = "(" + ", ".join(str(d.dim_value or d.dim_param or "?") for d in kind.shape.dim) + ")"
    if len(dims) != 4:
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        raise MaixSwitchError(f"{text}; {wanted}")
    if dims[0] > 1 or not all(dims[1:]):
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        how = tr("export it so, or fix it: python -m onnxruntime.tools.make_dynamic_shape_fixed --help")
        raise MaixSwitchError(f"{text}; {wanted}; {how}")
    if max(dims) > 4096:
        text = tr("{path}: the input {name} has shape {shape}", path=path, name=value.name, shape=shown)
        raise MaixSwitchError(f"{text}; {tr('wanted at most 320x240')}")
    return (1, *dims[1:])


def _take_in(tensor: TensorProto, path: Path) -> None:
    """Reads a tensor's external data into it; MaixSwitchError for a file outside the network's folder."""
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
    if length != size or start < 0 or size > LARGEST:
        raise _wrong_size(path, tensor.name, length, size)
    with files.reading(file), file.open("rb") as stream:
        stream.seek(start)
        data = stream.read(length)
    if len(data) != length:
        raise _wrong_size(file, tensor.name, len(data), length)
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def _wrong_size(path: Path, name: str, found: int, wanted: int) -> MaixSwitchError:
    text = tr("{path}: {name}: found {found} bytes, wanted {wanted}", path=path, name=name, found=found, wanted=wanted)
    return MaixSwitchError(text)
