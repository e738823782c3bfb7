"""KPU layers tied to the memories that they work on: everything is looked up once, and a run is a few calls.

One run of such a layer takes its pixels out of the AI RAM, multiplies bytes by ONNX Runtime (depthwise layers: in a
loop of their own), and puts the results where they belong, a stretch of lines at a time. Layers that do not fit this
form are left to the backend's kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import gcd
from typing import Any

import numpy as np

from maixswitch.kmodel.format.airam import ROW, MapLayout
from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles, Ints
from maixswitch.kmodel.format.conv import Conv

from . import kpu_loops as loops
from .byte_products import Run, product, trusted
from .curve import Buckets, Capped, Form, Formula, Listed
from .interface import NOTHING, LayerMemory, Step
from .prepare import Prepared, prepare, reach, whole_zero
from .scratch import Scratch

ROOM = 1 << 19
"""Bytes of taps, and of sums, that a layer works on at a time, so that they stay in a core's own cache."""
SMALL = 65536
"""Multiplications; below, a loop of one's own is done before the library is on its way."""
FEW_CHANNELS = 2
"""The same for so few channels: the library lays out all columns anew, whatever they are used for."""
STRETCH = 1 << 13
"""Values that are worked on at a time, if a line is not longer."""


def _unit(*sizes: int, longest: int = 8) -> int:
    """Bytes of the words that the loops move at once, so that all sizes are whole words."""
    unit = gcd(longest, *sizes)
    return unit if unit >= 4 else 1


def _place(layout: MapLayout, start: int, unit: int = 1) -> list[int]:
    """start, groups, block, between groups, line: in units of so many bytes."""
    line = layout.line_rows * ROW
    places = [start // unit, layout.groups, line * layout.height // unit, layout.pitch // unit, line // unit]
    return [*places, layout.height, layout.width // unit]


def _curve(form: Form) -> tuple[Ints, Doubles, Array, Bytes] | None:
    """A form as the loops take it."""
    none, rule = np.empty(0, np.uint32), np.full(4 + loops.SINGLE, np.inf)
    if isinstance(form, Capped):
        line, single = form.formula, len(form.steps)
        rule[: 4 + single] = line.step, line.shift, form.least, form.most, *form.steps
        return np.array([loops.FORMULA, int(line.even), int(line.whole), max(1, single)]), rule, none, NOTHING
    if isinstance(form, Formula):
        rule[:4] = form.step, form.shift, 0, 255
        return np.array([loops.FORMULA, int(form.even), int(form.whole), 0]), rule, none, NOTHING
    if isinstance(form, Buckets):
        return np.array([loops.BUCKETS, 0, 0, form.bits]), rule, form.moved.view(np.uint32), NOTHING
    if isinstance(form, Listed):
        return np.array([loops.LISTED, 0, 0, 0]), rule, none, form.table
    return None


@dataclass(frozen=True, eq=False)
class Plan:
    """A layer cut into runs of ``count`` lines; how a channel is laid out for them is told in ``map_loops``."""

    layer: Prepared
    count: int
    window: int

    @property
    def laid(self) -> bool:
        """Does the picture lie there as it is?"""
        return self.layer.conv.kernel == 3 and self.layer.pick[2] == 1

    @property
    def unit(self) -> int:
        """Bytes of a word of the laid out lines."""
        return _unit(self.layer.conv.input.width, longest=4)

    @property
    def extra(self) -> int:
        """Lines and columns that a tap reaches beyond its own, within a phase."""
        return (self.layer.conv.kernel - 1) // self.layer.pick[2]

    @property
    def phases(self) -> int:
        return min(self.layer.pick[2], self.layer.conv.kernel)

    @property
    def pitch(self) -> int:
        """Columns of a line."""
        width = self.layer.convolved[2]
        unit = self.unit if self.laid else _unit(width, longest=4) if self.extra else 1
        return -(-(width + (1 if self.laid else self.extra)) // unit) * unit

    @property
    def number(self) -> int:
        """Columns of one run."""
        return self.count * self.pitch

    @property
    def room(self) -> int:
        """Bytes of one channel; a tap of the last phase may reach over its end."""
        if self.laid:
            return 2 * loops.WORD + (self.count + 2) * self.pitch
        return self.phases**2 * (self.count + self.extra) * self.pitch + self.extra

    def taps(self) -> Ints:
        """Where each tap begins."""
        kernel, stride = self.layer.conv.kernel, self.layer.pick[2]
        y, x = np.divmod(np.arange(kernel**2, dtype=np.int64), kernel)
        if self.laid:
            return loops.WORD + y * self.pitch + x - 1
        phase = y % stride * self.phases + x % stride
        places: Ints = (phase * (self.count + self.extra) + y // stride) * self.pitch + x // stride
        return places

    def source(self, start: int) -> tuple[Ints, Ints, int]:
        """Where the input lies and how it is laid out, as ``map_loops.arrange`` takes it."""
        conv, (top, left, stride) = self.layer.conv, self.layer.pick
        border = [conv.kernel // 2, conv.pad_value, top, left, stride, self.phases, self.count + self.extra, self.pitch]
        place = np.array(_place(conv.input, start) + border, np.int64)
        words = np.array([*_place(conv.input, start, self.unit), self.pitch // self.unit], np.int64)
        return place, words, self.unit if self.laid else 0

    def firsts(self) -> list[tuple[int, int]]:
        """(first line, lines) of each run; what is left over below a pool's last window is not worked out."""
        height = self.layer.convolved[1] // self.window * self.window
        return [(first, min(self.count, height - first)) for first in range(0, height, self.count)]


def bind(conv: Conv, rounding: str, memory: LayerMemory, scratch: Scratch) -> Step | None:
    """One run of the layer on that memory; None where the backend's kernel has to do it."""
    layer = prepare(conv, rounding)
    if layer is None or layer.pool or (layer.greatest and layer.greatest[0] != layer.greatest[1]):
        return None
    form = _curve(layer.curve.looped)
    window = layer.greatest[0] if layer.greatest else 1
    if form is None:
        return None
    if conv.depthwise:
        return _depthwise(layer, form, window, memory, scratch)
    return _full(layer, form, window, memory, scratch)


def _apart(conv: Conv, batches: int) -> bool:
    """Does the layer leave alone what it reads?"""
    source, target = conv.input.rows * batches, conv.output.rows * batches
    return conv.source + source <= conv.target or conv.target + target <= conv.source


@dataclass(frozen=True, eq=False)
class Exit:
    """The way of a layer's results: what ``map_loops`` wants to know of it."""

    plan: Plan
    values: Doubles
    made: Bytes

    @property
    def unit(self) -> int:
        """Bytes of a word of the result's lines, wherever they lie."""
        size = self.plan.layer.conv.output.width
        return _unit(size, self.plan.pitch if self.plan.window == 1 else size)

    def call(self, start: int, form: Parameters) -> tuple[Any, ...]:
        """The last arguments of a loop, from ``values`` to ``made``."""
        plan, unit = self.plan, self.unit
        at_once = 1 + max(0, self.values.size - plan.number) // plan.number
        target = np.array(_place(plan.layer.conv.output, start, unit), np.int64)
        lines = np.array([plan.pitch, plan.window, plan.layer.conv.output.width, unit, at_once], np.int64)
        return self.values, lines, target, *form, self.made


Parameters = tuple[Ints, Doubles, Array, Bytes]


def _exit(plan: Plan, scratch: Scratch) -> Exit:
    size = max(plan.number, min(STRETCH, plan.number * plan.layer.conv.output.channels))
    return Exit(plan, scratch.room("values", (size,), np.float64), scratch.room("made", (size,), np.uint8))


def _depthwise(layer: Prepared, form: Parameters, window: int, memory: LayerMemory, scratch: Scratch) -> Step | None:
    conv = layer.conv
    if conv.kernel != 3 or not layer.narrow or not _apart(conv, memory.batches):
        return None
    height, width = layer.convolved[1:]
    height -= height % window
    count = min(height, max(1, STRETCH // (width + 2) // window) * window)
    plan = Plan(layer, count, window)
    weights = np.ascontiguousarray(layer.whole.reshape(-1, 9))
    factor, offset = layer.factor[:, 0].copy(), layer.offset[:, 0] - layer.curve.looped.origin
    room, pixels = scratch.room("plane", (plan.room,), np.uint8), scratch.room("pixels", (plan.room,), np.float32)
    out = _exit(plan, scratch)
    calls = []
    for batch in range(memory.batches):
        start, end, main = memory.ends(conv, batch)
        numbers = (weights, factor, offset, height, count)
        before = (memory.ram, *plan.source(start), *numbers, plan.taps(), room, pixels)
        calls.append((*before, *out.call(end, form), main))

    def run() -> None:
        for call in calls:
            loops.depthwise(*call)

    return run


def _signed(layer: Prepared) -> Doubles:
    """The factor for the weights as the file has them."""
    factor: Doubles = np.where(layer.conv.norm.mul < 0, -layer.factor[:, 0], layer.factor[:, 0])
    return factor


def _full(layer: Prepared, form: Parameters, window: int, memory: LayerMemory, scratch: Scratch) -> Step | None:
    conv = layer.conv
    zero = whole_zero(conv)
    if (
        zero is None
        or conv.weights.dtype != np.uint8
        or not 0 <= zero <= 255
        or reach(layer.whole) >= 1 << 31
        or not trusted()
    ):
        return None
    out, height, _ = layer.convolved
    height -= height % window
    weights = np.ascontiguousarray(conv.weights.reshape(out, -1))
    taps = weights.shape[1]
    pitch = Plan(layer, 1, window).pitch
    at_once = max(1, ROOM // (max(taps, 4 * out) * pitch) // window) * window
    runs = -(-height // min(at_once, height))
    count = -(-height // runs // window) * window
    plan = Plan(layer, count, window)
    if not _apart(conv, memory.batches) and len(plan.firsts()) + memory.batches > 2:
        return None
    columns = scratch.room("columns", (taps, plan.number), np.uint8)
    sums = scratch.room("products", (out, plan.number), np.int32)
    multiply: Run
    if weights.size * plan.number <= SMALL or out <= FEW_CHANNELS:
        multiply = partial(loops.multiply, weights.astype(np.int32) - np.int32(zero), columns, sums)
    else:
        multiply = product(weights, zero, columns, sums)
    room = scratch.room("plane", (plan.room,), np.uint8)
    way = _exit(plan, scratch)
    fixed = (sums, _signed(layer), layer.offset[:, 0] - layer.curve.looped.origin)
    unit = _unit(plan.pitch)
    by_words = conv.kernel == 1 and layer.pick[2] == 1 and len(plan.firsts()) == 1 and unit > 1
    calls: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
    for batch in range(memory.batches):
        start, end, main = memory.ends(conv, batch)
        after = (*way.call(end, form), memory.ram, main)
        for first, valid in plan.firsts():
            before: tuple[Any, ...] = (memory.ram, *plan.source(start), first, count, plan.taps(), room, columns)
            if by_words:
                place = np.array(_place(conv.input, start, unit), np.int64)
                before = (memory.ram.view(f"u{unit}"), place, columns.view(f"u{unit}"))
            calls.append((before, (*fixed, first, valid, *after)))
    gather = loops.gather_words if by_words else loops.gather

    def run() -> None:
        for before, after in calls:
            gather(*before)
            multiply()
            loops.finish(*after)

    return run
