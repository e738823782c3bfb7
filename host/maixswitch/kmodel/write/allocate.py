"""Places for the values of a network by their lifetimes: main memory from the bottom, AI RAM from the top.

Two ways are tried for each memory, and the one that needs less counts: the largest first, each in the lowest gap, and
nncase 0.1's, in the order of the layers from both ends, where a chain of layers never breaks the room between them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.kmodel.format import airam
from maixswitch.language import tr

from .value import Value

Steps = Sequence[tuple[Sequence[Value], Sequence[Value]]]


def allocate(steps: Steps, entry: Value, outputs: Sequence[Value]) -> tuple[int, int]:
    """Sets ``place`` of every value; returns the bytes of main memory and the rows of AI RAM that are needed.

    A layer's inputs and outputs never share memory. ValueError when the AI RAM is too small.
    """
    values = set_lifetimes(steps, entry, outputs)
    main = _fit([value for value in values if value.memory == "main"])
    maps = [value for value in values if value.memory == "ai_ram"]
    rows = _fit(maps)
    if rows > airam.ROWS:
        raise ValueError(
            tr(
                "the feature maps need {rows} bytes of AI RAM at a time; it has {size}",
                rows=rows * airam.ROW,
                size=airam.SIZE,
            )
        )
    for value in maps:
        value.place = airam.ROWS - value.place - value.room
    return main, rows


def set_lifetimes(steps: Steps, entry: Value, outputs: Sequence[Value]) -> list[Value]:
    """Sets ``first`` and ``last``, the steps between which a value is needed, and returns all values in order."""
    values = [entry]
    entry.first = entry.last = 0
    for index, (inputs, made) in enumerate(steps):
        for value in inputs:
            value.last = index
        for value in made:
            value.first = value.last = index
            values.append(value)
    for value in outputs:
        value.last = len(steps)
    return values


def live(values: Sequence[Value], memory: str, steps: int) -> list[int]:
    """What the values of one memory take while each step runs, in rows of AI RAM or bytes; the least that can be."""
    return [sum(v.room for v in values if v.memory == memory and v.first <= at <= v.last) for at in range(steps)]


def _fit(values: Sequence[Value]) -> int:
    """The better of both ways; returns the highest end."""
    need = _largest_first(values)
    last = max((value.last for value in values), default=-1)
    least = max((sum(v.room for v in values if v.first <= at <= v.last) for at in range(last + 1)), default=0)
    if need == least:
        return need
    kept = [value.place for value in values]
    for size in sorted({least, *(least + part * (need - least) // 4 for part in (1, 2, 3))}):
        if _from_both_ends(values, size):
            return size
    for value, place in zip(values, kept, strict=True):
        value.place = place
    return need


def _from_both_ends(values: Sequence[Value], size: int) -> bool:
    """In the order of the layers, each at the other end of ``size`` than the one before; False where one has no gap."""
    placed: list[Value] = []
    low = False
    for value in sorted(values, key=lambda item: item.first):
        low = not low
        alive = sorted(
            (other for other in placed if other.first <= value.last and value.first <= other.last),
            key=lambda item: item.place,
        )
        gaps, position = [], 0
        for start, end in [*((other.place, other.place + other.room) for other in alive), (size, size)]:
            if start - position >= value.room:
                gaps.append((position, start))
            position = max(position, end)
        if not gaps:
            return False
        value.place = gaps[0][0] if low else gaps[-1][1] - value.room
        placed.append(value)
    return True


def _largest_first(values: Sequence[Value]) -> int:
    """Lowest gap among the values that live at the same time; returns the highest end."""
    placed: list[Value] = []
    for value in sorted(values, key=lambda item: (-item.room, item.first)):
        position = 0
        for other in sorted(placed, key=lambda item: item.place):
            if other.first > value.last or value.first > other.last:
                continue
            if position + value.room <= other.place:
                break
            position = max(position, other.place + other.room)
        value.place = position
        placed.append(value)
    return max((value.place + value.room for value in placed), default=0)
