"""Which tensors are bytes, which of them share a scale, and the scale of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maixswitch.convert.graph import node as ir
from maixswitch.kmodel.write.quantize import Scale

from .calibration import Calibration
from .ranges import Seen, choose

LEAST_PART = 2.0**-14
"""A range is at least this part of what the convolution could reach: beyond it z would leave its 36 bits."""


def is_map(shape: ir.Shape) -> bool:
    """(c, h, w), which is quantised; flat tensors are float32."""
    return len(shape) == 3


def bytes_of(graph: ir.Graph) -> set[str]:
    """The tensors that are uint8: all maps, and what a convolution or a curve of its own makes."""
    found = {graph.input} if is_map(graph.shapes[graph.input]) else set()
    for op in graph.ops:
        if isinstance(op, ir.Conv | ir.Unary | ir.Pool | ir.Resize):
            found.add(op.output)
        if isinstance(op, ir.Add | ir.Concat) and is_map(graph.shapes[op.output]):
            found.add(op.output)
    return found


class Groups:
    """Tensors that share a scale: what a pool, a resize or a concat makes of others keeps their bytes."""

    def __init__(self, graph: ir.Graph) -> None:
        self._parent: dict[str, str] = {}
        self._pixels = graph.input
        self.bytes = bytes_of(graph)
        for op in graph.ops:
            if op.output not in self.bytes:
                continue
            if isinstance(op, ir.Pool | ir.Resize) and op.inputs[0] in self.bytes:
                self._join(op.inputs[0], op.output)
            elif isinstance(op, ir.Concat):
                for name in op.inputs:
                    if name in self.bytes and not self.fixed(name):
                        self._join(name, op.output)

    def root(self, name: str) -> str:
        while name in self._parent:
            name = self._parent[name]
        return name

    def fixed(self, name: str) -> bool:
        """Does the tensor hold the camera's bytes, whose scale nobody can change?"""
        return self.root(name) == self.root(self._pixels)

    def _join(self, given: str, made: str) -> None:
        first, second = self.root(given), self.root(made)
        if first != second:
            self._parent[second] = first


def plan(graph: ir.Graph, seen: Calibration, pad: int, method: str = "auto") -> tuple[dict[str, Scale], dict[str, str]]:
    """The scale of every uint8 tensor, and how its range was chosen; ``pad``: the pixel that stands for 0."""
    groups = Groups(graph)
    members: dict[str, list[str]] = {}
    for name in sorted(groups.bytes, key=list(seen.seen).index):
        members.setdefault(groups.root(name), []).append(name)
    scales, methods = {}, {}
    for names in members.values():
        if groups.fixed(names[0]):
            scale, how = Scale(1.0, pad), "pixels"
        else:
            limits = _limits([seen.makers.get(name) for name in names])
            scale, how = choose([_seen(name, seen) for name in names], method, limits)
            reach = max((_reach(seen.makers.get(name), seen) for name in names), default=0.0)
            scale = _not_too_fine(scale, reach)
        scales.update(dict.fromkeys(names, scale))
        methods.update(dict.fromkeys(names, how))
    return scales, methods


def _seen(name: str, seen: Calibration) -> Seen:
    op = seen.makers.get(name)
    return seen.unpooled(op) if isinstance(op, ir.Conv) and op.pool.startswith("mean") else seen.seen[name]


def _limits(makers: Sequence[ir.Op | None]) -> tuple[float, float]:
    """What no value of a group can leave, because all that is not a copy has been clamped."""
    curves = [op.curve for op in makers if isinstance(op, ir.Conv | ir.Add | ir.Unary)]
    if len(curves) < sum(not isinstance(op, ir.Pool | ir.Resize | ir.Concat) for op in makers):
        return -np.inf, np.inf
    lows = [-np.inf if curve is None or curve.low is None else curve.low for curve in curves]
    highs = [np.inf if curve is None or curve.high is None else curve.high for curve in curves]
    return min(lows, default=-np.inf), max(highs, default=np.inf)


def _reach(op: ir.Op | None, seen: Calibration) -> float:
    return seen.bound(op) if isinstance(op, ir.Conv) else 0.0


def _not_too_fine(scale: Scale, reach: float) -> Scale:
    least = reach * LEAST_PART
    low, high = -scale.zero / scale.steps, (255 - scale.zero) / scale.steps
    return scale if high - low >= least else Scale.covering(low, low + least)


def saturates(curve: ir.Curve | None, scale: Scale) -> bool:
    """Is the curve what the ends of the scale do by themselves?"""
    if curve is None:
        return True
    if curve.low is None or curve.high is None:
        return False
    low, high = -scale.zero / scale.steps, (255 - scale.zero) / scale.steps
    slack = 0.5 / scale.steps
    return bool(low >= curve.low - slack and high <= curve.high + slack) and not np.isnan(low + high)
