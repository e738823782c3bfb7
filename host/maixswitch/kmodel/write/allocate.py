"""Chooses addresses for the values of a network by their lifetimes: main memory from the bottom, AI RAM
from the top or the bottom.

Each memory is filled in two ways, and the one that needs less is used. The first places the largest value first, in the
lowest gap. The second is that of nncase 0.1: it follows the order of the layers and alternates between both ends, so
that the memory between the values of a chain stays in one piece.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from itertools import accumulate

from maixswitch.kmodel.format import airam
from maixswitch.language import tr

from .value import PlacedTensor

Steps = Sequence[tuple[Sequence[PlacedTensor], Sequence[PlacedTensor]]]


def allocate(
    steps: Steps, entries: Sequence[PlacedTensor], outputs: Sequence[PlacedTensor], *, from_end: bool = True
) -> tuple[int, int]:
    """Sets ``address`` of every value; the inputs and outputs of a layer never share memory.

    entries, outputs: the inputs and outputs of the network.
    from_end: True to fill the AI RAM from its end as nncase 0.1 does, False from row 0 as nncase 0.2 does.
    Returns the bytes of main memory and the rows of AI RAM that are needed.
    Raises ValueError when the AI RAM is too small.
    """
    values = set_lifetimes(steps, entries, outputs)
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
    # The rows were counted from 0 until here.
    if from_end:
        for value in maps:
            value.address = airam.ROWS - value.address - value.room
    return main, rows


def fits_ai_ram(steps: Steps, entries: Sequence[PlacedTensor], outputs: Sequence[PlacedTensor]) -> bool:
    """Does ``allocate`` have an address for all maps in the AI RAM?"""
    values = set_lifetimes(steps, entries, outputs)
    return _fit([value for value in values if value.memory == "ai_ram"]) <= airam.ROWS


def set_lifetimes(steps: Steps, entries: Sequence[PlacedTensor], outputs: Sequence[PlacedTensor]) -> list[PlacedTensor]:
    """Sets ``first`` and ``last`` of every value, the steps between which it is needed; returns all values in order."""
    values, known = list(entries), set(entries)
    for value in entries:
        value.first = value.last = 0
    for index, (inputs, written) in enumerate(steps):
        for value in inputs:
            value.storage.last = index
        for value in (part.storage for part in written):
            # The parts of a map are written by several layers, and it needs its memory from the first one on.
            if value not in known:
                value.first = index
                values.append(value)
                known.add(value)
            value.last = index
    # An output must not be overwritten before the host has read it, so it outlives the last layer.
    for value in outputs:
        value.storage.last = len(steps)
    return values


def live(values: Sequence[PlacedTensor], memory: str, steps: int) -> list[int]:
    """The least memory that each step needs, in rows of AI RAM or in bytes of main memory."""
    change = [0] * (steps + 1)
    for value in values:
        if value.memory == memory and value.first < steps:
            change[value.first] += value.room
            change[min(value.last + 1, steps)] -= value.room
    return list(accumulate(change[:-1]))


def _fit(values: Sequence[PlacedTensor]) -> int:
    """Fills a memory in the better of the two ways; returns the highest end."""
    need = _largest_first(values)
    last = max((value.last for value in values), default=-1)
    # No placement can need less than the values that live at the same time.
    least = max(live(values, values[0].memory, last + 1), default=0) if values else 0
    if need == least:
        return need
    # The second way has to know the size in advance, so a few sizes below that of the first way are tried.
    addresses = [value.address for value in values]
    for size in sorted({least, *(least + part * (need - least) // 4 for part in (1, 2, 3))}):
        if _from_both_ends(values, size):
            return size
    # The second way has overwritten the addresses of the first, which was better.
    for value, address in zip(values, addresses, strict=True):
        value.address = address
    return need


def _from_both_ends(values: Sequence[PlacedTensor], size: int) -> bool:
    """Places values in the order of the layers, at alternate ends of ``size``; False where a value finds no gap."""
    placed: list[PlacedTensor] = []
    low = False
    for value in sorted(values, key=lambda item: item.first):
        # Values of one chain alternate, so that the gap between them stays in the middle and in one piece.
        low = not low
        # The gaps between the values that live at the same time, the free end included.
        alive = sorted(
            (other for other in placed if other.first <= value.last and value.first <= other.last),
            key=lambda item: item.address,
        )
        gaps, position = [], 0
        # The end of the memory counts as one more value, so that the gap before it is found as well.
        for start, end in [*((other.address, other.address + other.room) for other in alive), (size, size)]:
            if start - position >= value.room:
                gaps.append((position, start))
            position = max(position, end)
        if not gaps:
            return False
        value.address = gaps[0][0] if low else gaps[-1][1] - value.room
        placed.append(value)
    return True


def _address(value: PlacedTensor) -> int:
    return value.address


def _largest_first(values: Sequence[PlacedTensor]) -> int:
    """Places the largest value first, in the lowest gap among those that live at its time; returns the highest end."""
    placed: list[PlacedTensor] = []
    # A large value needs a gap that small ones could have split. The small ones fit in later.
    for value in sorted(values, key=lambda item: (-item.room, item.first)):
        position = 0
        for other in placed:
            # Values that do not live at the same time may share memory.
            if other.first > value.last or value.first > other.last:
                continue
            if position + value.room <= other.address:
                break
            position = max(position, other.address + other.room)
        value.address = position
        insort(placed, value, key=_address)  # the lowest address comes first
    return max((value.address + value.room for value in placed), default=0)
