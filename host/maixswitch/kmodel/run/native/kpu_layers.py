"""Ties KPU layers to the memory that they work on: everything is looked up once, and a run is a few calls.

A run takes a few lines at a time. It copies their taps from the AI RAM, multiplies them as bytes with ONNX Runtime, and
writes the results to their addresses. Depthwise layers do all of that in one compiled loop. The backend's kernel runs
the layers that do not fit this form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import gcd
from typing import Any

import numpy as np

from maixswitch.kmodel.format.airam import ROW, MapLayout
from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles, Ints
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.run.backends.curve import Buckets, Capped, Form, Formula, Pieces
from maixswitch.kmodel.run.backends.interface import LayerMemory, Step
from maixswitch.kmodel.run.backends.prepare import Prepared, prepare, reach, whole_zero
from maixswitch.kmodel.run.backends.scratch import Scratch
from maixswitch.kmodel.run.roundings import V02

from . import curve_loops
from . import kpu_loops as loops
from .byte_products import Run, product, trusted

ROOM = 1 << 19
"""A layer works on this many bytes of taps, or of sums, at a time, so that they stay in a core's own cache."""
SMALL = 65536
"""With fewer multiplications than this a compiled loop is faster than a call of the library."""
FEW_CHANNELS = 2
"""The same holds up to this many output channels, because the library copies all columns first."""
STRETCH = 1 << 13
"""A depthwise layer works on this many values at a time, or on one line if that is longer."""


def _unit(*sizes: int) -> int:
    """The bytes of a word of which all these sizes are multiples: 4 or 1."""
    # Words of two or eight bytes are hardly faster, so they are not worth another compiled version.
    return 4 if gcd(4, *sizes) == 4 else 1


def _layout_numbers(layout: MapLayout, start: int, unit: int = 1) -> list[int]:
    """The layout of a map as the loops take it, in words of ``unit`` bytes.

    Returns start, channels side by side, block, distance of channels, line, height, width.
    """
    line = layout.line_rows * ROW
    numbers = [start // unit, layout.groups, line * layout.height // unit, layout.pitch // unit, line // unit]
    return [*numbers, layout.height, layout.width // unit]


def _curve(form: Form) -> tuple[Ints, Doubles, Array]:
    """A form of the activation curve as the loops take it."""
    # Unused steps are infinite, so that no value reaches them.
    none, rule = np.empty(0, np.uint32), np.full(4 + curve_loops.SINGLE, np.inf)
    if isinstance(form, Capped):
        line, single = form.formula, len(form.steps)
        rule[: 4 + single] = line.step, line.shift, form.least, form.most, *form.steps
        return (
            np.array([curve_loops.FORMULA, int(line.even), int(line.floor_first), max(1, single)]),
            rule,
            none,
        )
    if isinstance(form, Formula):
        rule[:4] = form.step, form.shift, 0, 255
        return np.array([curve_loops.FORMULA, int(form.even), int(form.floor_first), 0]), rule, none
    if isinstance(form, Buckets):
        return np.array([curve_loops.BUCKETS, 0, 0, form.bits]), rule, form.moved.view(np.uint32)
    assert isinstance(form, Pieces)
    return np.array([curve_loops.PIECES, int(form.rounding == V02), 0, len(form.rows)]), form.rows.reshape(-1), none


def apply(form: Form) -> Callable[[Doubles, Bytes], None]:
    """``form.apply`` as a compiled loop, for arrays without gaps."""
    parameters = _curve(form)
    return lambda values, result: curve_loops.curve(values.reshape(-1), *parameters, result.reshape(-1))


@dataclass(frozen=True, eq=False)
class Plan:
    """A layer cut into runs of ``count`` lines; ``kpu_loops`` describes how a channel is laid out for them."""

    layer: Prepared
    count: int
    window: int

    @property
    def laid(self) -> bool:
        """True if a channel is laid out as it is, without splitting it into phases."""
        return self.layer.conv.kernel == 3 and self.layer.pick[2] == 1

    @property
    def unit(self) -> int:
        """Bytes of the words in which lines are laid out."""
        return _unit(self.layer.conv.input.width)

    @property
    def extra(self) -> int:
        """Lines and columns that a tap may reach beyond its own pixel, within a phase."""
        return (self.layer.conv.kernel - 1) // self.layer.pick[2]

    @property
    def phases(self) -> int:
        return min(self.layer.pick[2], self.layer.conv.kernel)

    @property
    def pitch(self) -> int:
        """Columns of a laid out line, including the unused ones at its end."""
        width = self.layer.convolved[2]
        # With a pitch of complete words, lines can be moved word by word. The additional columns are never read.
        unit = self.unit if self.laid else _unit(width) if self.extra else 1
        return -(-(width + (1 if self.laid else self.extra)) // unit) * unit

    @property
    def number(self) -> int:
        """Columns of one run."""
        return self.count * self.pitch

    @property
    def room(self) -> int:
        """Bytes of one laid out channel, including those that a tap of the last phase may read beyond its end."""
        if self.laid:
            return 2 * loops.WORD + (self.count + 2) * self.pitch
        return self.phases**2 * (self.count + self.extra) * self.pitch + self.extra

    def taps(self) -> Ints:
        """The offset at which the stretch of each tap begins."""
        kernel, stride = self.layer.conv.kernel, self.layer.pick[2]
        y, x = np.divmod(np.arange(kernel**2, dtype=np.int64), kernel)
        if self.laid:
            return loops.WORD + y * self.pitch + x - 1
        phase = y % stride * self.phases + x % stride
        offsets: Ints = (phase * (self.count + self.extra) + y // stride) * self.pitch + x // stride
        return offsets

    def source(self, start: int) -> tuple[Ints, Ints, int]:
        """The address and the layout of the input, as ``kpu_loops.arrange`` takes them."""
        conv, (top, left, stride) = self.layer.conv, self.layer.pick
        border = [conv.kernel // 2, conv.pad_value, top, left, stride, self.phases, self.count + self.extra, self.pitch]
        layout = np.array(_layout_numbers(conv.input, start) + border, np.int64)
        words = np.array([*_layout_numbers(conv.input, start, self.unit), self.pitch // self.unit], np.int64)
        return layout, words, self.unit if self.laid else 0

    def firsts(self) -> list[tuple[int, int]]:
        """(first line, number of lines) of each run."""
        # Unlike the chip, this skips the lines below the last complete window of a pool, which nobody reads.
        height = self.layer.convolved[1] // self.window * self.window
        return [(first, min(self.count, height - first)) for first in range(0, height, self.count)]


def bind(conv: Conv, rounding: str, memory: LayerMemory, scratch: Scratch) -> Step | None:
    """Ties a layer to the memory; None if the backend's kernel has to run it."""
    layer = prepare(conv, rounding)
    # The loops only know max pools of sums whose windows do not overlap. Pools after the curve need complete maps,
    # which these runs never have.
    if layer is None or layer.pool or (layer.greatest and layer.greatest[0] != layer.greatest[1]):
        return None
    form = _curve(layer.curve.looped)
    window = layer.greatest[0] if layer.greatest else 1
    if conv.depthwise:
        return _depthwise(layer, form, window, memory, scratch)
    return _full(layer, form, window, memory, scratch)


def _apart(conv: Conv, batches: int) -> bool:
    """True if the layer does not write over its own input."""
    # The layer reads while it writes, so not even one row may be shared.
    source, target = conv.input.rows * batches, conv.output.rows * batches
    return conv.source + source <= conv.target or conv.target + target <= conv.source


@dataclass(frozen=True, eq=False)
class Exit:
    """The arguments of ``kpu_loops`` that turn the sums of a layer into bytes and store them."""

    plan: Plan
    values: Doubles
    result: Bytes

    @property
    def unit(self) -> int:
        """Bytes of the words in which the lines of the result are moved."""
        size = self.plan.layer.conv.output.width
        return _unit(size, self.plan.pitch if self.plan.window == 1 else size)

    def call(self, start: int, form: Parameters) -> tuple[Any, ...]:
        """The last arguments of a loop, from ``values`` to ``result``."""
        plan, unit = self.plan, self.unit
        # Small maps are finished several channels at a time, so that a call has enough to do.
        at_once = 1 + max(0, self.values.size - plan.number) // plan.number
        target = np.array(_layout_numbers(plan.layer.conv.output, start, unit), np.int64)
        lines = np.array([plan.pitch, plan.window, plan.layer.conv.output.width, unit, at_once], np.int64)
        return self.values, lines, target, *form, self.result


Parameters = tuple[Ints, Doubles, Array]


def _exit(plan: Plan, scratch: Scratch) -> Exit:
    size = max(plan.number, min(STRETCH, plan.number * plan.layer.conv.output.channels))
    return Exit(plan, scratch.room("values", (size,), np.float64), scratch.room("result", (size,), np.uint8))


def _depthwise(layer: Prepared, form: Parameters, window: int, memory: LayerMemory, scratch: Scratch) -> Step | None:
    conv = layer.conv
    # The loop computes in float32. It writes lines while later ones still need the input.
    if conv.kernel != 3 or not layer.narrow or not _apart(conv, memory.batches):
        return None
    height, width = layer.convolved[1:]
    # A run has complete windows of the pool, and as many lines as fit into the cache.
    height -= height % window
    count = min(height, max(1, STRETCH // (width + 2) // window) * window)
    plan = Plan(layer, count, window)
    weights = np.ascontiguousarray(layer.weights32.reshape(-1, 9))
    factor, offset = layer.factor[:, 0].copy(), layer.offset[:, 0] - layer.curve.looped.origin
    room, pixels = scratch.room("plane", (plan.room,), np.uint8), scratch.room("pixels", (plan.room,), np.float32)
    out = _exit(plan, scratch)
    # All arguments of the loops are computed now, so that a run only makes the calls.
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
    """The factor for the weights as the file has them.

    If batch norm multiplies by a negative number, ``prepare`` has changed the signs of the weights and of the factor.
    The byte product takes the weights of the file, so the factor gets its sign back here.
    """
    factor: Doubles = np.where(layer.conv.norm.mul < 0, -layer.factor[:, 0], layer.factor[:, 0])
    return factor


def _full(layer: Prepared, form: Parameters, window: int, memory: LayerMemory, scratch: Scratch) -> Step | None:
    conv = layer.conv
    # The library multiplies uint8 by uint8 with a zero point in a byte, and sums in int32.
    zero = whole_zero(conv)
    if (
        zero is None
        or conv.weights.dtype != np.uint8
        or not 0 <= zero <= 255
        or reach(layer.weights32) >= 1 << 31
        or not trusted()
    ):
        return None
    out, height, _ = layer.convolved
    height -= height % window
    # A product is fastest if both the columns and the sums stay in the cache.
    weights = np.ascontiguousarray(conv.weights.reshape(out, -1))
    taps = weights.shape[1]
    pitch = Plan(layer, 1, window).pitch
    at_once = max(1, ROOM // (max(taps, 4 * out) * pitch) // window) * window
    # Runs of equal length avoid a short one at the end, which would be a call for little work.
    runs = -(-height // min(at_once, height))
    count = -(-height // runs // window) * window
    plan = Plan(layer, count, window)
    # A single run reads all of its input before it writes. Several runs would overwrite the input of the next.
    if not _apart(conv, memory.batches) and len(plan.firsts()) + memory.batches > 2:
        return None
    columns = scratch.room("columns", (taps, plan.number), np.uint8)
    sums = scratch.room("products", (out, plan.number), np.int32)
    multiply: Run
    # For tiny products the call of the library costs more than the product.
    if weights.size * plan.number <= SMALL or out <= FEW_CHANNELS:
        multiply = partial(loops.multiply, weights.astype(np.int32) - np.int32(zero), columns, sums)
    else:
        multiply = product(weights, zero, columns, sums)
    room = scratch.room("plane", (plan.room,), np.uint8)
    finishing = _exit(plan, scratch)
    fixed = (sums, _signed(layer), layer.offset[:, 0] - layer.curve.looped.origin)
    # A 1x1 layer at stride 1 has one tap and no border, so its map is copied word by word.
    unit = _unit(plan.pitch)
    by_words = conv.kernel == 1 and layer.pick[2] == 1 and len(plan.firsts()) == 1 and unit > 1
    calls: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
    # All arguments that depend on the batch or the run are computed now, so that the layer only makes calls.
    for batch in range(memory.batches):
        start, end, main = memory.ends(conv, batch)
        after = (*finishing.call(end, form), memory.ram, main)
        for first, valid in plan.firsts():
            before: tuple[Any, ...] = (memory.ram, *plan.source(start), first, count, plan.taps(), room, columns)
            if by_words:
                layout = np.array(_layout_numbers(conv.input, start, unit), np.int64)
                before = (memory.ram.view(f"u{unit}"), layout, columns.view(f"u{unit}"))
            calls.append((before, (*fixed, first, valid, *after)))
    gather = loops.gather_words if by_words else loops.gather

    def run() -> None:
        for before, after in calls:
            gather(*before)
            multiply()
            loops.finish(*after)

    return run
