"""Split, Slice and Gather with constant positions: views of some elements, see ``selection``."""

from __future__ import annotations

import numpy as np

from maixswitch.convert.graph.importer import LARGEST, Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, view
from maixswitch.convert.refusals import AGAIN
from maixswitch.language import tr, word

from .operator import Operator
from .views import MOST_AXES


def read_split(importer: Importer, node: OnnxNode) -> None:
    """Makes each output a view of a part of the input."""
    value = importer.any_order(node)
    axis, order = importer.axis(node, value, 0), value.positions()
    total, count = value.shape[axis], len(node.outputs)
    sizes = importer.integers(node, 1)  # an input since opset 13, an attribute before
    sizes = node.attributes.get("split") if sizes is None else sizes
    # Without sizes, the parts are equal, and the last may be smaller.
    if not sizes:
        each = -(-total // count)
        sizes = [each] * (count - 1) + [total - each * (count - 1)]
    if len(sizes) != count or sum(sizes) != total or min(sizes) < 1:
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    ends = np.cumsum([0, *sizes])
    for name, start, end in zip(node.outputs, ends, ends[1:], strict=False):
        _show(importer, name, value, np.take(order, np.arange(start, end), axis))


def read_slice(importer: Importer, node: OnnxNode) -> None:
    """Makes the output a view of a range of the input on each axis."""
    value = importer.any_order(node)
    rank, order = len(value.shape), value.positions()
    # The ranges are inputs since opset 10, attributes before.
    lists = [importer.integers(node, index) for index in range(1, 5)]
    names = ("starts", "ends", "axes", "steps")
    starts, ends, axes, steps = (
        node.attributes.get(name) if numbers is None else numbers for name, numbers in zip(names, lists, strict=True)
    )
    starts, ends = starts or [], ends or []
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    fits = len({len(numbers) for numbers in (starts, ends, axes, steps)}) == 1
    if not fits or not all(-rank <= axis < rank for axis in axes) or not all(steps):
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    cut = [slice(None)] * rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # Where a range goes backwards, ONNX writes a very small end for "to the first", as Python takes it.
        cut[axis % rank] = slice(start, end, step)
    part = order[tuple(cut)]
    if not part.size:
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    _show(importer, node.outputs[0], value, part)


def read_gather(importer: Importer, node: OnnxNode) -> None:
    """Makes the output a view of the chosen positions on one axis."""
    value, indices = importer.any_order(node), importer.constant(node, 1)
    axis = importer.axis(node, value, 0)
    size = value.shape[axis]
    whole = indices is not None and indices.dtype.kind in "iu" and bool(indices.size)
    if not whole or indices is None or not ((indices >= -size) & (indices < size)).all():
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    # A file can ask for any number of copies, so the size is checked before they are made.
    count = float(np.prod(value.shape)) / size * indices.size
    if count > LARGEST or len(value.shape) + indices.ndim - 1 > MOST_AXES:
        raise node.refused(tr("its result has shape {shape}", shape=(int(count),)), word(AGAIN))
    _show(importer, node.outputs[0], value, np.take(value.positions(), indices, axis))


def _show(importer: Importer, name: str, value: Value, order: np.ndarray) -> None:
    importer.values[name] = view(name, value, order, int(np.prod(importer.shape(value))))


_BECOMES = (
    "whole channels: the layers beside it make or read only these, or a 1x1 layer of the KPU copies bytes; rectangles "
    "and flat tensors: pieces that the CPU copies; every second pixel of both sides: a KPU layer; all exact"
)
_LIMITS = "constant positions"
OPERATORS = (
    Operator(("Split",), read_split, _BECOMES, _LIMITS),
    Operator(("Slice",), read_slice, _BECOMES, _LIMITS),
    Operator(("Gather",), read_gather, _BECOMES, _LIMITS),
)
