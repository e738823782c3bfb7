"""Curves and pools join the operation before them, and what the KPU cannot do at once is taken apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maixswitch.convert.ops.affine import swap_places

from .graph import Draft, RawConv, RawPool, depthwise
from .node import Add, Conv, FullyConnected, Op, Pool, Resize, Unary


def join_curves(draft: Draft) -> None:
    """Takes each curve into a convolution, a sum, or a matrix; past a maximum or a Resize, if that changes nothing."""
    for op in [op for op in draft.ops if isinstance(op, Unary)]:
        curve = op
        while (maker := draft.sole_maker(curve)) is not None and _passes(draft, maker, curve):
            name = draft.name(maker.output, "before")
            swap_places(draft, maker, curve)
            found = draft.maker(name)
            assert isinstance(found, Unary)
            curve = found
        maker = draft.sole_maker(curve)
        if isinstance(maker, RawConv | Conv | Add | FullyConnected) and maker.curve is None and _fits(maker, curve):
            draft.join(maker, curve, replace(maker, curve=curve.curve))


def _passes(draft: Draft, maker: Op, curve: Unary) -> bool:
    """May the curve go before the maker, and is there a convolution further up that would take it?"""
    good = isinstance(maker, Resize) or (isinstance(maker, RawPool) and maker.kind == "max" and curve.curve.rising)
    if not good:
        return False
    above = draft.sole_maker(maker)
    if isinstance(above, RawPool | Resize):
        return _passes(draft, above, curve)
    return isinstance(above, RawConv) and above.curve is None


def _fits(maker: Op, curve: Unary) -> bool:
    return not isinstance(maker, FullyConnected) or curve.curve.is_clamp


def join_pools(draft: Draft) -> None:
    """Takes each pool into the convolution before it; depthwise ones have none: no converter ever tried that."""
    for op in [op for op in draft.ops if isinstance(op, Pool)]:
        maker = draft.sole_maker(op)
        if isinstance(maker, Conv) and not maker.depthwise and maker.stride == 1 and not maker.pool:
            draft.join(maker, op, replace(maker, pool=op.pool))


def part_strides(draft: Draft) -> None:
    """Moves the stride of depthwise convolutions into the 1x1 convolution behind them, or a new one."""
    for op in [op for op in draft.ops if isinstance(op, Conv) and op.depthwise and op.stride > 1]:
        full = draft.name(op.output, "full")
        draft.shapes[full] = draft.shapes[op.inputs[0]]
        reader = draft.only_reader(op.output)
        stride = op.stride
        takes = isinstance(reader, Conv) and not reader.depthwise and reader.weights.shape[2] == 1 and not reader.pool
        if takes and isinstance(reader, Conv) and reader.stride * stride <= 4:
            draft.swap(reader, [replace(reader, inputs=(full,), stride=reader.stride * stride)])
            draft.swap(op, [replace(op, output=full, stride=1)])
            continue
        c = draft.shapes[full][0]
        same = Conv(op.nodes, (full,), op.output, np.eye(c)[:, :, None, None], np.zeros(c), stride=stride)
        draft.swap(op, [replace(op, output=full, stride=1), same])


def lead_in(draft: Draft) -> None:
    """Puts a convolution that changes nothing behind the picture, if anything else than convolutions takes it.

    The board loads the picture into the KPU's memory, and the first layer of a kmodel has to be one of the KPU's.
    """
    readers = draft.readers(draft.input)
    if all(isinstance(op, Conv) for op in readers):
        return
    name = draft.name(draft.input, "same")
    draft.shapes[name] = draft.shapes[draft.input]
    if draft.input in draft.orders:
        draft.orders[name] = draft.orders[draft.input]
    for op in readers:
        inputs = tuple(name if tensor == draft.input else tensor for tensor in op.inputs)
        draft.swap(op, [replace(op, inputs=inputs)])
    draft.ops.insert(0, depthwise((), draft.input, name, np.ones(draft.shapes[name][0])))
