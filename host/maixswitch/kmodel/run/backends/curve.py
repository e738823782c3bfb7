"""An activation table as one function of z, in a form that needs no branches.

In a known range of z, a table that never falls is described completely by its steps: the least z that reaches each
result from 1 to 255. A formula that never falls is right for every z if it is right at each step and just before it.
Each of the fast forms below is proven in that way before it is used. A table that falls is computed piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.format.arrays import Bytes, Doubles, Ints
from maixswitch.kmodel.format.registers import LOWEST_START, SEGMENTS, Activation, decode_activation, encode_activation
from maixswitch.kmodel.run.arithmetic import activate
from maixswitch.kmodel.run.roundings import V01

MAX_ENTRIES = 1 << 22
KEPT_CURVES = 256
FEW_PIECES = 3
MAX_SINGLE = 4
"""The largest number of steps of ``Capped``; each costs a comparison."""
TOP = 255
WIDEST_SHIFT = 31
LONGEST_SHIFT = 62
"""``arithmetic.activate`` shifts by no more, which leaves nothing of a product but its sign."""
FINEST = 2.0**-15
"""The values that reach a curve are multiples of this: batch norm shifts by 15 bits at most."""


class Form(Protocol):
    """A way to compute results. The caller subtracts ``origin``, a whole number, from z first."""

    @property
    def origin(self) -> int: ...

    def apply(self, values: Doubles, result: Bytes) -> None:
        """Writes the uint8 results of ``values`` to ``result``; overwrites ``values``.

        values: float64, z - origin before it is cut to whole numbers.
        """
        ...


@dataclass(frozen=True)
class Formula:
    """round(z * step + shift), cut to 0..255.

    even: True if halves are rounded to even, False for up.
    floor_first: True if z is first cut to a whole number.
    """

    step: float
    shift: float
    even: bool
    floor_first: bool
    origin: int = 0

    def apply(self, values: Doubles, result: Bytes) -> None:
        if self.floor_first:
            np.floor(values, out=values)
        np.multiply(values, self.step, out=values)
        if self.shift:
            # ``rint`` rounds halves to even. To round them up, ``shift`` has an additional half, and ``floor`` cuts.
            np.add(values, self.shift, out=values)
        (np.rint if self.even else np.floor)(values, out=values)
        np.clip(values, 0.0, 255.0, out=values)
        np.copyto(result, values, casting="unsafe")


@dataclass(frozen=True)
class Capped:
    """A formula between two results, and single steps below and above it, for tables whose pieces do not quite meet.

    The formula's result is cut to least..most, and ``least`` is subtracted. Each of ``steps`` that z - origin has
    reached adds one. Compiled loops use this form; numpy would need a pass for every step.
    """

    formula: Formula
    least: int
    most: int
    steps: tuple[float, ...]

    @property
    def origin(self) -> int:
        return self.formula.origin

    def apply(self, values: Doubles, result: Bytes) -> None:
        # The steps are counted before the formula, which overwrites the values.
        reached = sum((values >= step).astype(np.int64) for step in self.steps)
        self.formula.apply(values, result)
        result[...] = np.clip(result, self.least, self.most) - self.least + reached


@dataclass(frozen=True, eq=False)
class Buckets:
    """(d + moved[d >> bits]) >> bits with d = z - origin: a bucket of 2**bits values of z holds at most one step."""

    origin: int
    bits: int
    moved: NDArray[np.int32]

    def apply(self, values: Doubles, result: Bytes) -> None:
        # The bounds keep the index inside the table, so the faster ``wrap`` never wraps.
        np.clip(values, 0.0, float((len(self.moved) << self.bits) - 1), out=values)
        distance = values.astype(np.int32)
        buckets = (distance >> self.bits).astype(np.intp)
        np.add(distance, np.take(self.moved, buckets, mode="wrap"), out=distance)
        np.right_shift(distance, self.bits, out=distance)
        np.copyto(result, distance, casting="unsafe")


@dataclass(frozen=True, eq=False)
class Pieces:
    """The table itself, piece by piece, for tables that fall or whose steps are too close for buckets.

    rows: (n, 4) float64: the whole number that z must exceed, start, slope and bias of a piece; the last one that fits
        counts. Start, slope and product have fewer than 53 bits, so float64 is exact, as are floor and remainder.
    """

    table: Activation
    rounding: str
    rows: Doubles
    origin: int = 0

    def apply(self, values: Doubles, result: Bytes) -> None:
        result[...] = activate(np.floor(values).astype(np.int64), self.table, self.rounding)


@dataclass(frozen=True)
class Curve:
    """The curve of one table.

    form: for numpy.
    rising: True if a larger z never has a smaller result.
    looped: the form for compiled loops.
    """

    form: Form
    rising: bool
    looped: Form


def curve_of(table: Activation, rounding: str, lowest: int, highest: int) -> Curve | None:
    """The curve for z in lowest..highest; None if z may have more than 36 bits."""
    # The range is widened to powers of two, so that layers with the same table share one curve.
    low, high = -(1 << (-lowest).bit_length()) if lowest < 0 else 0, 1 << max(highest, 1).bit_length()
    # The table is not defined below its first start, and z has 36 bits.
    low, high = max(low, LOWEST_START + 1), min(high, -LOWEST_START // 2)
    if low > lowest or high < highest:
        return None
    return _curve(encode_activation(table), rounding, low, high)


@lru_cache(maxsize=KEPT_CURVES)
def _curve(raw: bytes, rounding: str, low: int, high: int) -> Curve:
    table = decode_activation(raw)
    # A z below the first start belongs to the first piece, as in the reference. A falling table has no steps to search.
    pieces = _pieces(table, rounding, low, high)
    if int(table.start[0]) >= low or not _rises(table, rounding, low, high):
        return Curve(pieces, False, pieces)
    steps = _steps(table, rounding, low, high)
    # The forms are tried from the fastest on. Compiled loops can also use ``Capped``, which numpy would do slowly.
    formula = _formula(table, steps, low, high)
    form = formula or _buckets(steps, low, high) or pieces
    return Curve(form, True, formula or _capped(table, steps, low, high) or form)


def _pieces(table: Activation, rounding: str, low: int, high: int) -> Pieces:
    """The pieces that apply to some z of low..high."""
    starts = table.start.astype(np.int64)
    # The last piece that fits counts, so a piece is hidden by a later one that begins no later.
    begins = np.minimum.accumulate(starts[::-1])[::-1] - (rounding == V01)
    begins[0] = min(low, begins[1]) - 1
    ends = np.append(begins[1:], high)
    chosen = (begins < ends) & (ends >= low) & (begins < high)
    slopes = table.mul.astype(np.float64) * 2.0 ** -np.minimum(table.shift, LONGEST_SHIFT).astype(np.float64)
    rows = np.stack([begins.astype(np.float64), starts.astype(np.float64), slopes, table.bias.astype(np.float64)], 1)
    return Pieces(table, rounding, np.ascontiguousarray(rows[chosen]))


def _rises(table: Activation, rounding: str, low: int, high: int) -> bool:
    """True if a larger z in low..high never has a smaller result.

    Between two neighbouring starts one piece applies, which rises if its factor is not negative. The results around
    each start are computed.
    """
    # The C code halves 1 << shift in an int, which is undefined for longer shifts, so the reference computes those.
    if np.any(table.shift > WIDEST_SHIFT):
        return False
    starts = sorted({int(start) for start in table.start if low <= int(start) <= high})
    edges = [low, *starts, high]
    for begin in edges[:-1]:
        # The piece that applies between two starts is the last one that begins at or before the interval.
        piece = max(index for index in range(SEGMENTS) if int(table.start[index]) < begin + 1)
        if int(table.mul[piece]) < 0:
            return False
    # A piece begins after its start in v02 and at its start in v01, so one z on each side is compared.
    around = activate(np.add.outer(np.array(starts, np.int64), np.arange(-1, 2)), table, rounding).astype(np.int64)
    return bool(np.all(np.diff(around, axis=1) >= 0))


def _steps(table: Activation, rounding: str, low: int, high: int) -> Ints:
    """The least z of low..high with a result of at least 1, 2, ... 255, by bisection; high + 1 if there is none."""
    expected = np.arange(1, TOP + 1)
    # Bisection takes 36 rounds at most for all steps together, whatever the range is.
    below = np.full(TOP, low - 1, np.int64)
    reached = np.full(TOP, high + 1, np.int64)
    while np.any(reached - below > 1):
        middle = (below + reached) >> 1
        there = activate(middle, table, rounding) >= expected
        reached = np.where(there, middle, reached)
        below = np.where(there, below, middle)
    return reached


def proven(form: Form, steps: Ints, low: int, high: int) -> bool:
    """True if a form that never falls is right for every z from ``low`` to below ``high`` + 1, in steps of FINEST."""
    at: Doubles = np.clip(steps, low, high + 1).astype(np.float64)
    expected = np.arange(1, TOP + 1)
    results = np.empty(TOP, np.uint8)
    form.apply(at - form.origin, results)
    # A step above the range is never reached, so it does not count.
    if np.any((results < expected) & (steps <= high)):
        return False
    # Just before a step, the result must be lower, or else the form rises too early.
    form.apply(at - (form.origin + FINEST), results)
    return not np.any((results >= expected) & (steps > low))


def _formula(table: Activation, steps: Ints, low: int, high: int) -> Form | None:
    """The formula of a piece that is right in the whole range; None if there is none."""
    # With many sloping pieces, no single line is right everywhere, so trying them would waste time.
    live = [piece for piece in range(SEGMENTS) if table.mul[piece] > 0 and low - SEGMENTS < table.start[piece] < high]
    for piece in live if len(live) <= FEW_PIECES else ():
        mul = int(table.mul[piece])
        step = mul / 2.0 ** int(table.shift[piece])
        shift = int(table.bias[piece]) - int(table.start[piece]) * step
        # Only some tables need z cut to a whole number first, so the cheaper form is tried first.
        for floor_first in (False, True):
            for even in (True, False):
                form = Formula(step, shift if even else shift + 0.5, even, floor_first)
                if proven(form, steps, low, high):
                    return form
    return None


def _capped(table: Activation, steps: Ints, low: int, high: int) -> Form | None:
    """The line that gives most of the steps, and the other steps one by one; None if there are too many of those."""
    best: Form | None = None
    fewest = MAX_SINGLE + 1
    expected = np.arange(1, TOP + 1)
    pieces = {
        (int(mul) / 2.0 ** int(shift), int(bias) - int(start) * (int(mul) / 2.0 ** int(shift)))
        for mul, shift, start, bias in zip(table.mul, table.shift, table.start, table.bias, strict=True)
        # A flat piece has no line, and a falling one was excluded before.
        if mul > 0
    }
    for step, shift in sorted(pieces):
        formula = Formula(step, shift, even=True, floor_first=True)
        results, before = np.empty(TOP, np.uint8), np.empty(TOP, np.uint8)
        formula.apply(steps.astype(np.float64), results)
        formula.apply((steps - 1).astype(np.float64), before)
        wrong = np.flatnonzero((results != expected) | (before != expected - 1))
        # The line gives the longest run of right results. The steps below and above that run are single ones.
        edges = np.concatenate([[-1], wrong, [TOP]])
        longest = int(np.argmax(np.diff(edges)))
        least, most = int(edges[longest]) + 1, int(edges[longest + 1])
        # Steps beyond the range of this layer are never reached, so they are left out.
        single = [float(steps[index]) for index in (*range(least), *range(most, TOP)) if steps[index] <= high]
        form = Capped(formula, least, most, tuple(single))
        if len(single) < fewest and proven(form, steps, low, high):
            best, fewest = form, len(single)
    return best


def _buckets(steps: Ints, low: int, high: int) -> Form | None:
    """Buckets as wide as the distance of the two closest steps; None if their table would be too large."""
    # A curve without a step in the range needs no buckets.
    there = steps[(steps > low) & (steps <= high)]
    if not len(there):
        return None
    # Below the first step, the result is ``least``. z is counted from just before that step.
    least = int(np.count_nonzero(steps <= low))
    origin = int(there[0]) - 1
    nearest = int(np.diff(there).min()) if len(there) > 1 else 1 << 16
    bits = min(nearest.bit_length() - 1, 20)
    span = int(there[-1]) - origin
    # Buckets of a single value would be a list with larger entries. The sums must stay within 31 bits.
    if nearest < 1 or bits < 1 or span >> bits >= MAX_ENTRIES or span >= 1 << 30:
        return None
    # (d + moved) >> bits is the result at the bucket's begin until d reaches its step, and one more from there on.
    number = (span >> bits) + 1
    begins = np.arange(number, dtype=np.int64) << bits
    results = least + np.searchsorted(there - origin, begins, side="right")
    step_of = np.searchsorted(there - origin, begins + (1 << bits), side="left")
    has_step = step_of > results - least
    step = np.where(has_step, (there - origin)[np.minimum(results - least, len(there) - 1)], begins)
    moved = np.where(has_step, ((results + 1) << bits) - step, (results << bits) - begins)
    form = Buckets(origin, bits, moved.astype(np.int32))
    return form if proven(form, steps, low, high) else None
