"""Places for the values of a network: first fit by lifetime, main memory from the bottom, AI RAM from the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maixswitch.language import tr

from . import airam

if TYPE_CHECKING:
    from .writer import Value

Steps = Sequence[tuple[Sequence["Value"], Sequence["Value"]]]


def allocate(steps: Steps, entry: Value, outputs: Sequence[Value]) -> tuple[int, int]:
    """Sets ``place`` of every value; returns the bytes of main memory and the rows of AI RAM that are needed.

    A layer's inputs and outputs never share memory. ValueError when the AI RAM is too small.
    """
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


def _fit(values: Sequence[Value]) -> int:
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
