"""Decides which tensors are bytes and which of them share a scale, and chooses the scales."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import numpy as np

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.graph import Graph, Node, ScaleFrom, is_map
from maixswitch.kmodel.write.quantize import Scale

from .calibration import Calibration
from .ranges import TensorStatistics, choose

FROM_FILE = "file"
"""How the range was chosen if the file states it."""
LEAST_PART = 2.0**-14
"""A range is at least this part of the largest possible sum; otherwise z would need more than 36 bits."""


class Groups:
    """Tensors that share a scale, because a pool, a resize or a concat copies bytes from one to another."""

    def __init__(self, graph: Graph) -> None:
        self._parent: dict[str, str] = {}
        self._pixels = graph.input
        self.bytes = {graph.input} if is_map(graph.shapes[graph.input]) else set()
        self.bytes |= {node.output for node in graph.nodes if node.makes_bytes(graph.shapes[node.output])}
        for node in graph.nodes:
            if node.output not in self.bytes:
                continue
            # A pool or a resize copies bytes, so its result can only have the scale of its input.
            if node.scale_from is ScaleFrom.INPUT and node.inputs[0] in self.bytes:
                self._join(node.inputs[0], node.output)
            elif node.scale_from is ScaleFrom.SHARED:
                # A concatenation copies bytes as well. The scale of the camera is fixed, so its bytes go through a
                # table instead.
                for name in node.inputs:
                    if name in self.bytes and not self.fixed(name):
                        self._join(name, node.output)

    def root(self, name: str) -> str:
        """Returns the tensor that represents its group."""
        while name in self._parent:
            name = self._parent[name]
        return name

    def fixed(self, name: str) -> bool:
        """Does the tensor hold the camera's bytes, whose scale nobody can change?"""
        return self.root(name) == self.root(self._pixels)

    def _join(self, source: str, copy: str) -> None:
        first, second = self.root(source), self.root(copy)
        if first != second:
            self._parent[second] = first


def plan(
    graph: Graph, calibration: Calibration, pad: int, method: str = "auto"
) -> tuple[dict[str, Scale], dict[str, str]]:
    """Returns the scale of every uint8 tensor, and how its range was chosen.

    pad: the pixel that stands for 0.
    method: as in ``ranges.choose``.
    """
    groups = Groups(graph)
    members: dict[str, list[str]] = {}
    # The order of the network is used, because the order of a set is not fixed.
    for name in sorted(groups.bytes, key=list(calibration.statistics).index):
        members.setdefault(groups.root(name), []).append(name)
    scales, methods = {}, {}
    for names in members.values():
        if groups.fixed(names[0]):
            scale, method_used = Scale(1.0, pad), "pixels"
        else:
            # All members of a group share the scale, so all of them are measured.
            limits = _limits(names, calibration.makers)
            stated = _stated(names, graph, calibration)
            if stated is None:
                scale, method_used = choose([_measured(name, calibration) for name in names], method, limits)
            else:
                scale, method_used = Scale.covering(max(stated[0], limits[0]), min(stated[1], limits[1])), FROM_FILE
            # The sums may become larger than on these pictures, and z must not overflow.
            reach = max(calibration.makers[name].reach(calibration.largest_input(name)) for name in names)
            scale = _not_too_fine(scale, reach)
        scales.update(dict.fromkeys(names, scale))
        methods.update(dict.fromkeys(names, method_used))
    return scales, methods


def without_range(graph: Graph) -> list[str]:
    """Returns the tensors of bytes whose range neither the file nor another tensor of the same scale states."""
    groups, makers = Groups(graph), {node.output: node for node in graph.nodes}
    names = sorted(name for name in groups.bytes if not groups.fixed(name))
    return [name for name in names if makers[name].scale_from is ScaleFrom.OWN and graph.range_of(name) is None]


def _stated(names: list[str], graph: Graph, calibration: Calibration) -> tuple[float, float] | None:
    """The range of a group that the file states; None if it does not for one of the members."""
    ranges = []
    for name in names:
        maker, stated = calibration.makers[name], graph.range_of(name)
        # What copies the bytes of another member needs no range.
        if stated is None and maker.scale_from is not ScaleFrom.OWN:
            continue
        if stated is None:
            return None
        ranges.append(stated)
        # The file states the range behind a mean pool. The bytes before it may have a wider one.
        before = maker.before_pool(calibration.first_tensors(maker.inputs))
        if before is not None:
            ranges.append((float(before.min()), float(before.max())))
    return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None


def _measured(name: str, calibration: Calibration) -> TensorStatistics:
    """The statistics of a tensor, or of the values before the mean pool that narrows its range."""
    maker = calibration.makers[name]
    values = maker.before_pool(calibration.first_tensors(maker.inputs))
    return calibration.statistics[name] if values is None else TensorStatistics.of(values)


def _limits(names: list[str], makers: Mapping[str, Node]) -> tuple[float, float]:
    """The bounds of all values of a group. Only nodes that do not copy another member count."""
    limits = [makers[name].limits for name in names if makers[name].scale_from is ScaleFrom.OWN]
    return min((low for low, _ in limits), default=-inf), max((high for _, high in limits), default=inf)


def _not_too_fine(scale: Scale, reach: float) -> Scale:
    # A finer scale would make the factors too large for the registers, so the range grows instead.
    least = reach * LEAST_PART
    low, high = -scale.zero / scale.steps, (255 - scale.zero) / scale.steps
    return scale if high - low >= least else Scale.covering(low, low + least)


def saturates(curve: Curve | None, scale: Scale) -> bool:
    """Do the ends of the scale have the same effect as the curve?"""
    if curve is None:
        return True
    # A curve that is not a clamp also changes values between the ends.
    if curve.low is None or curve.high is None:
        return False
    low, high = -scale.zero / scale.steps, (255 - scale.zero) / scale.steps
    # Half a step makes no difference after rounding.
    slack = 0.5 / scale.steps
    return bool(low >= curve.low - slack and high <= curve.high + slack) and not np.isnan(low + high)
