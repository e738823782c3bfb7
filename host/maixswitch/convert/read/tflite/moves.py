"""Operators that only move numbers: other shapes, other orders, parts, and several tensors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maixswitch.convert.ops.views import reshaped
from maixswitch.convert.refusals import FIXED
from maixswitch.language import tr, word

from .builder import TO_FIRST, Data, Tensor, Value
from .operation import Operation

Index = tuple[Any, ...]


def reshape(operation: Operation) -> Tensor:
    """RESHAPE, whose target is its second input, or an option in older files."""
    target = operation.integers(1) if operation.has(1) else operation.operator.list_option("NewShape")
    # Tensors of a fixed batch larger than 1 are read as pictures one by one.
    if target and target[0] == operation.builder.batch > 1:
        target[0] = 1
    source = operation.in_order()
    shape = reshaped(source.shape, target, allow_zero=True)
    if shape is None:
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    return viewed(operation, source, shape)


def viewed(operation: Operation, source: Tensor, shape: Sequence[int]) -> Tensor:
    """Returns a tensor of ``in_order`` with another shape."""
    # A single pixel or channel has the same order in both layouts, which saves a Transpose before a convolution.
    first = len(shape) == 4 and (shape[3] == 1 or shape[1] * shape[2] == 1)
    physical = [shape[axis] for axis in TO_FIRST] if first else list(shape)
    return operation.one("Reshape", source, np.array(physical, np.int64), first=first)


def squeeze(operation: Operation) -> Tensor:
    """SQUEEZE of the axes that an option names, or of all of size 1."""
    source = operation.in_order()
    rank = len(source.shape)
    axes = {operation.axis(axis, rank) for axis in operation.operator.list_option("SqueezeDims")}
    axes = axes or {axis for axis in range(rank) if source.shape[axis] == 1}
    if any(source.shape[axis] != 1 for axis in axes):
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    return viewed(operation, source, [size for axis, size in enumerate(source.shape) if axis not in axes])


def expand_dims(operation: Operation) -> Tensor:
    """EXPAND_DIMS at one axis."""
    source, axes = operation.in_order(), operation.integers(1)
    if len(axes) != 1:
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    axis = operation.axis(axes[0], len(source.shape) + 1)
    return viewed(operation, source, [*source.shape[:axis], 1, *source.shape[axis:]])


def transpose(operation: Operation) -> Tensor:
    """TRANSPOSE; one that makes a map channels first, or last again, needs no node."""
    source, order = operation.tensor(), operation.integers(1)
    if sorted(order) != list(range(len(source.shape))):
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    physical = [TO_FIRST.index(axis) for axis in order] if source.first else order
    shape = tuple(source.shape[axis] for axis in order)
    if physical == sorted(physical):
        return Tensor(source.name, shape)
    # The result may be channels last in the file, and first in ONNX without moving anything.
    as_first = [physical[axis] for axis in TO_FIRST] if len(order) == 4 else []
    if as_first and as_first == sorted(as_first):
        return Tensor(source.name, shape, True)
    return operation.one("Transpose", source, perm=physical)


def concatenation(operation: Operation) -> Tensor:
    """CONCATENATION along one axis."""
    values = [operation.value(index) for index in range(len(operation.values))]
    rank = len(values[0].shape)
    axis = operation.axis(int(operation.option("Axis")), rank)
    first = rank == 4 and any(isinstance(value, Tensor) and value.first for value in values)
    parts = [_part(operation, index, rank, first) for index in range(len(values))]
    axis = TO_FIRST.index(axis) if first else axis
    return operation.activated(operation.one("Concat", *parts, first=first, axis=axis))


def _part(operation: Operation, index: int, rank: int, first: bool) -> Tensor | Data:
    value = operation.value(index)
    if len(value.shape) != rank:
        raise operation.refused(tr("it does not fit shape {shape}", shape=tuple(value.shape)))
    if not isinstance(value, Tensor):
        return value.transpose(TO_FIRST) if first else value
    return operation.map(index) if first else operation.plain(index)


def pack(operation: Operation) -> Tensor:
    """PACK: tensors side by side along a new axis."""
    values = [operation.value(index) for index in range(len(operation.values))]
    axis = operation.axis(int(operation.option("Axis")), len(values[0].shape) + 1)
    axes = np.array([axis], np.int64)
    parts = [
        operation.one("Unsqueeze", operation.plain(i), axes) if isinstance(v, Tensor) else np.expand_dims(v, axis)
        for i, v in enumerate(values)
    ]
    return operation.one("Concat", *parts, axis=axis)


def unpack(operation: Operation) -> list[Value]:
    """UNPACK: the parts along an axis, which vanishes."""
    source = operation.plain()
    axis = operation.axis(int(operation.option("Axis")), len(source.shape))
    parts = _split(operation, source, axis, [1] * source.shape[axis])
    return [operation.one("Squeeze", part, np.array([axis], np.int64)) for part in parts]


def split(operation: Operation) -> list[Value]:
    """SPLIT into parts of one size; the first input is the axis."""
    source, axes = operation.tensor(1), operation.integers(0)
    count = len(operation.operator.outputs)
    axis = operation.axis(axes[0] if axes else 0, len(source.shape))
    if count < 1 or source.shape[axis] % count:
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    return list(_split(operation, source, axis, [source.shape[axis] // count] * count))


def split_v(operation: Operation) -> list[Value]:
    """SPLIT_V into parts of stated sizes."""
    source, sizes, axes = operation.tensor(0), operation.integers(1), operation.integers(2)
    axis = operation.axis(axes[0] if axes else 0, len(source.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = source.shape[axis] - sum(sizes) - 1
    if min(sizes, default=0) < 1 or sum(sizes) != source.shape[axis] or len(sizes) != len(operation.operator.outputs):
        raise operation.refused(tr("it does not fit shape {shape}", shape=source.shape))
    return list(_split(operation, source, axis, sizes))


def _split(operation: Operation, source: Tensor, axis: int, sizes: Sequence[int]) -> list[Tensor]:
    axis = TO_FIRST.index(axis) if source.first else axis
    names = operation.emit("Split", source, np.array(sizes, np.int64), count=len(sizes), axis=axis)
    return [operation.builder.tensor(name, source.first) for name in names]


def part(operation: Operation) -> Value:
    """SLICE from a start, with a size, of which -1 takes the rest."""
    source, begin, size = operation.value(0), operation.integers(1), operation.integers(2)
    if len(begin) != len(source.shape) or len(size) != len(begin) or min(begin, default=0) < 0:
        raise operation.refused(tr("it does not fit shape {shape}", shape=tuple(source.shape)))
    index = tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size, strict=True))
    return _indexed(operation, source, index)


def strided_slice(operation: Operation) -> Value:
    """STRIDED_SLICE with its five masks."""
    source = operation.value(0)
    begin, end, steps = (operation.integers(index) for index in (1, 2, 3))
    masks = [int(operation.option(f"{name}Mask")) for name in ("Begin", "End", "Ellipsis", "NewAxis", "ShrinkAxis")]
    if len({len(begin), len(end), len(steps)}) != 1 or 0 in steps:
        raise operation.refused(tr("it does not fit shape {shape}", shape=tuple(source.shape)))
    index: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(begin, end, steps, strict=True)):
        no_start, no_stop, ellipsis, new, shrink = (bool(mask >> i & 1) for mask in masks)
        if ellipsis:
            index.append(Ellipsis)
        elif new:
            index.append(None)
        elif shrink:
            index.append(start)
        else:
            index.append(slice(None if no_start else start, None if no_stop else stop, step))
    return _indexed(operation, source, tuple(index))


def _indexed(operation: Operation, source: Value, index: Index) -> Value:
    """What numpy returns for an index of slices, numbers, None and Ellipsis."""
    if not isinstance(source, Tensor):
        return np.asarray(source[index])
    source = operation.tensor(0)
    shape = np.broadcast_to(np.int8(0), source.shape)[index].shape
    # Slices come first, on the axes of the input, then one reshape for the axes that come or go.
    used = [one for one in index if one is not None]
    if Ellipsis in used:
        at = used.index(Ellipsis)
        used[at : at + 1] = [slice(None)] * (len(source.shape) - len(used) + 1)
    starts, ends, axes, steps = [], [], [], []
    for axis, one in enumerate(used):
        size = source.shape[axis]
        start, stop, step = (one if isinstance(one, slice) else slice(one, one + 1 or None)).indices(size)
        if (start, stop, step) == (0, size, 1):
            continue
        starts.append(start)
        # Before the first element, numpy says -1, which ONNX takes for the last one.
        ends.append(stop if stop >= 0 else -size - 1)
        axes.append(TO_FIRST.index(axis) if source.first else axis)
        steps.append(step)
    result = source
    if axes:
        lists = [np.array(numbers, np.int64) for numbers in (starts, ends, axes, steps)]
        result = operation.one("Slice", source, *lists, first=source.first)
    return result if result.shape == shape else viewed(operation, operation.builder.last(result), shape)


def gather(operation: Operation) -> Tensor:
    """GATHER of constant indices along one axis."""
    source, indices = operation.tensor(), operation.constant(1)
    if indices.dtype.kind not in "iu" or int(operation.option("BatchDims")):
        raise operation.refused(tr("its input {number} is missing or holds no numbers", number=2), word(FIXED))
    axis = operation.axis(int(operation.option("Axis")), len(source.shape))
    first = source.first and indices.ndim == 1
    if not first:
        source = operation.plain()
    axis = TO_FIRST.index(axis) if first else axis
    return operation.one("Gather", source, indices.astype(np.int64), first=first, axis=axis)


def tile(operation: Operation) -> Tensor:
    """TILE: the tensor several times along each axis."""
    return operation.one("Tile", operation.plain(), np.array(operation.integers(1), np.int64))


def broadcast_to(operation: Operation) -> Tensor:
    """BROADCAST_TO a larger shape."""
    return operation.one("Expand", operation.plain(), np.array(operation.integers(1), np.int64))
