"""Writes the few ONNX messages that one layer needs, without the ``onnx`` package. Source: onnx.proto3."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.kmodel.format.arrays import Bytes

FLOAT, UINT8, INT32 = 1, 2, 6
IR_VERSION = 8
OPSET = 13
_VARINT, _BYTES = 0, 2
_INT, _INTS = 2, 7
_EXTERNAL = 1


def _varint(value: int) -> bytes:
    parts = []
    # Protobuf writes seven bits at a time, the lowest first, with a mark on all bytes but the last.
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _content(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | _BYTES) + _varint(len(raw)) + raw


def attribute(name: str, value: int | Sequence[int]) -> bytes:
    """AttributeProto of whole numbers."""
    if isinstance(value, int):
        return _content(1, name) + _number(3, value) + _number(20, _INT)
    return _content(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def node(operator: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    """NodeProto."""
    parts = [_content(1, name) for name in inputs]
    parts += [_content(2, output), _content(4, operator)]
    parts += [_content(5, attribute(name, value)) for name, value in attributes.items()]
    return b"".join(parts)


def promised(name: str, shape: Sequence[int]) -> bytes:
    """TensorProto of float32 whose numbers the session gets separately, declared as external data."""
    sizes = b"".join(_number(1, size) for size in shape)
    # Weights in the message would be held twice: in the message and in the session.
    location = _content(1, "location") + _content(2, name)
    return sizes + _number(2, FLOAT) + _content(8, name) + _content(13, location) + _number(14, _EXTERNAL)


def byte_tensor(name: str, values: Bytes) -> bytes:
    """TensorProto of uint8; a single number has no shape."""
    shape = b"".join(_number(1, size) for size in values.shape)
    return shape + _number(2, UINT8) + _content(8, name) + _content(9, values.tobytes())


def value_info(name: str, kind: int, shape: Sequence[int]) -> bytes:
    """ValueInfoProto of a tensor with a fixed shape."""
    sizes = b"".join(_content(1, _number(1, size)) for size in shape)
    return _content(1, name) + _content(2, _content(1, _number(1, kind) + _content(2, sizes)))


def model(nodes: Sequence[bytes], tensors: Sequence[bytes], entry: bytes, result: bytes) -> bytes:
    """ModelProto with one input and one output."""
    parts = [_content(1, item) for item in nodes] + [_content(2, "layer")]
    parts += [_content(5, item) for item in tensors] + [_content(11, entry), _content(12, result)]
    return _number(1, IR_VERSION) + _content(7, b"".join(parts)) + _content(8, _number(2, OPSET))
