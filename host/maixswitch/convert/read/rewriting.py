"""The draft of a network becomes the graph: one rewriting after another."""

from __future__ import annotations

from maixswitch.convert.graph.graph import Draft
from maixswitch.convert.graph.join import join_curves, join_pools, lead_in, part_strides
from maixswitch.convert.graph.node import Graph
from maixswitch.convert.graph.window import settle
from maixswitch.convert.ops.affine import fold_affines, fold_pads


def finish(draft: Draft, pixels: tuple[tuple[float, float], ...]) -> Graph:
    """The graph of a draft. MaixSwitchError for what the KPU has no way to compute."""
    _prune(draft)
    fold_pads(draft)
    fold_affines(draft)
    join_curves(draft)
    settle(draft)
    join_pools(draft)
    part_strides(draft)
    lead_in(draft)
    used = {draft.input, *(op.output for op in draft.ops)}
    shapes = {name: shape for name, shape in draft.shapes.items() if name in used}
    orders = {name: order for name, order in draft.orders.items() if name in used}
    return Graph(tuple(draft.ops), shapes, draft.input, draft.outputs, pixels, tuple(draft.notes), orders)


def _prune(draft: Draft) -> None:
    """Drops what no output needs."""
    needed = set(draft.outputs)
    for op in reversed(list(draft.ops)):
        if op.output in needed:
            needed.update(op.inputs)
        else:
            draft.ops.remove(op)
