"""Borders, factors and offsets go into the operation beside them, as far as the result stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maixswitch.convert.graph.graph import Affine, Draft, Pad, Place, RawConv, RawPool, depthwise
from maixswitch.convert.graph.node import Array, Flatten, FullyConnected, GlobalMean, Op, Unary
from maixswitch.convert.refusals import refuse
from maixswitch.language import tr, word

from .unary import after, straight
from .unary import bend as bent

ZERO = "pad with zeros, right before a convolution"
LARGEST_DIAGONAL = 1024


def fold_pads(draft: Draft) -> None:
    """Takes each border into what reads it. MaixSwitchError where it cannot be."""
    for op in [op for op in draft.ops if isinstance(op, Pad)]:
        readers = draft.readers(op.output)
        if op.output in draft.outputs or not all(_takes(draft, op, reader) for reader in readers):
            raise refuse(Place(draft, op), tr("its border goes into no convolution or pool"), word(ZERO))
        for reader in readers:
            assert isinstance(reader, RawConv | RawPool)
            t, left, b, r = (a + b for a, b in zip(op.pads, reader.pads, strict=True))
            pads = (t, left, b, r)
            draft.swap(reader, [replace(reader, nodes=op.nodes + reader.nodes, inputs=op.inputs, pads=pads)])
        draft.ops.remove(op)


def _takes(draft: Draft, pad: Pad, reader: Op) -> bool:
    """Is the reader's own border, made wider, the same as this one?"""
    if isinstance(reader, RawConv):
        return pad.value == 0
    if not isinstance(reader, RawPool) or reader.kind != "max":
        return False
    if pad.value is None:  # the pixel at the edge is in the window already
        return not any(reader.pads)
    maker = draft.maker(pad.inputs[0])
    low = maker.curve.low if isinstance(maker, Unary) else None
    return pad.value < -3e38 or (pad.value == 0 and low is not None and low >= 0)


def fold_affines(draft: Draft) -> None:
    """Takes each factor and offset into a convolution, a matrix or a curve; what is left becomes one."""
    while any(_fold(draft, op) for op in list(draft.ops) if isinstance(op, Affine)):
        pass
    for op in [op for op in draft.ops if isinstance(op, Affine)]:
        draft.swap(op, [_alone(draft, op)])


def _fold(draft: Draft, op: Affine) -> bool:
    """One step for one of them; False if there is none."""
    maker = draft.sole_maker(op)
    if maker is not None and _backward(draft, op, maker):
        return True
    reader = draft.only_reader(op.output)
    if reader is not None and _forward(draft, op, reader):
        return True
    if isinstance(maker, Unary) and _uniform(op):
        line = straight(float(op.factor[0]), float(op.offset[0]))
        inner = bent(maker.curve.name, maker.curve.evaluate, maker.curve.rising)
        draft.join(maker, op, replace(maker, curve=after(line, inner).curve))
        return True
    return False


def _uniform(op: Affine) -> bool:
    return bool((op.factor == op.factor[0]).all() and (op.offset == op.offset[0]).all())


def _columns(numbers: Array, rank: int) -> Array:
    return numbers.reshape(-1, *([1] * (rank - 1)))


def _backward(draft: Draft, op: Affine, maker: Op) -> bool:
    if isinstance(maker, RawConv | FullyConnected) and maker.curve is None:
        weights = maker.weights * _columns(op.factor, maker.weights.ndim)
        draft.join(maker, op, replace(maker, weights=weights, bias=maker.bias * op.factor + op.offset))
        return True
    if isinstance(maker, Affine):
        offset = maker.offset * op.factor + op.offset
        draft.join(maker, op, replace(maker, factor=maker.factor * op.factor, offset=offset))
        return True
    passes = isinstance(maker, RawPool) and (
        bool((op.factor > 0).all()) if maker.kind == "max" else not any(maker.pads)
    )
    if passes and isinstance(draft.sole_maker(maker), RawConv):
        swap_places(draft, maker, op)
        return True
    return False


def swap_places(draft: Draft, first: Op, second: Op) -> None:
    """Puts the second, which keeps shapes, before the first, after which it stands."""
    name = draft.name(first.output, "before")
    draft.shapes[name] = draft.shapes[first.inputs[0]]
    draft.ops.remove(second)
    earlier = replace(second, inputs=first.inputs, output=name)
    draft.swap(first, [earlier, replace(first, inputs=(name,), output=second.output)])


def _forward(draft: Draft, op: Affine, reader: Op) -> bool:
    if isinstance(reader, RawConv) and (not any(reader.pads) or not op.offset.any()):
        group, out = reader.group, len(reader.weights)
        each = np.repeat(np.arange(group), out // group)  # the group of each output channel
        factor = op.factor.reshape(group, -1)[each][:, :, None, None]
        offset = op.offset.reshape(group, -1)[each][:, :, None, None]
        bias = reader.bias + (reader.weights * offset).sum(axis=(1, 2, 3))
        draft.join(op, reader, replace(reader, inputs=op.inputs, weights=reader.weights * factor, bias=bias))
        return True
    if isinstance(reader, FullyConnected):
        bias = reader.bias + reader.weights @ op.offset
        draft.join(op, reader, replace(reader, inputs=op.inputs, weights=reader.weights * op.factor, bias=bias))
        return True
    if isinstance(reader, Flatten | GlobalMean) and isinstance(draft.only_reader(reader.output), FullyConnected):
        times = len(draft.shapes[reader.output]) and draft.shapes[reader.output][0] // len(op.factor)
        name = draft.name(reader.output, "before")
        draft.shapes[name] = draft.shapes[reader.output]
        draft.ops.remove(op)
        later = replace(
            op,
            inputs=(name,),
            output=reader.output,
            factor=np.repeat(op.factor, times),
            offset=np.repeat(op.offset, times),
        )
        draft.swap(reader, [replace(reader, inputs=op.inputs, output=name), later])
        return True
    return False


def _alone(draft: Draft, op: Affine) -> Op:
    """The operation that does nothing but this."""
    if _uniform(op):
        line = straight(float(op.factor[0]), float(op.offset[0]))
        return Unary(op.nodes, op.inputs, op.output, line.curve)
    if len(draft.shapes[op.output]) == 3:
        return replace(depthwise(op.nodes, op.inputs[0], op.output, op.factor), bias=op.offset)
    if len(op.factor) > LARGEST_DIAGONAL:
        why = tr("it scales {count} numbers one by one", count=len(op.factor))
        raise refuse(Place(draft, op), why, word("put it right after a convolution or a fully connected layer"))
    return FullyConnected(op.nodes, op.inputs, op.output, np.diag(op.factor), op.offset)
