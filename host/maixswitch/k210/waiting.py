"""Tells when a firmware only waits for input, so that the PC can rest meanwhile."""

from __future__ import annotations

from .chip import Chip
from .clock import SLICE

BLOCK_BITS = 6
"""Places in the code count in blocks of 64 bytes."""
STEP = 1009
"""Instructions between two looks. A prime number: no loop's length divides it, so all of the loop is seen."""
LOOKS_TO_LEARN = 600
LOOKS_TO_TELL = 10
MOST_BLOCKS = 64
"""A firmware that waits is in few places; one with more of them was at work while it was watched."""


class Waiting:
    """Where a firmware is while its REPL waits for input, learned at a prompt by looking at hart 0 many times."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._blocks: set[int] = set()

    @property
    def known(self) -> bool:
        """Is it known where the firmware waits?"""
        return bool(self._blocks)

    def learn(self) -> None:
        """Learn where the firmware is now. Call it at a prompt after which nothing was typed."""
        chip = self._chip
        blocks = set()
        for look in range(LOOKS_TO_LEARN):
            blocks.add(chip.step(STEP) >> BLOCK_BITS)
            if look % 20 == 0:
                chip.run(SLICE)
        if len(blocks) <= MOST_BLOCKS:
            self._blocks = blocks

    def holds(self) -> bool:
        """Tell whether the firmware only waits now. Runs it for some thousand instructions."""
        chip = self._chip
        second = chip.harts[1]
        if not self._blocks or chip.uarths.incoming or chip.uarths.received:
            return False
        if second.running and not second.idle:
            return False
        return all(chip.step(STEP) >> BLOCK_BITS in self._blocks for _ in range(LOOKS_TO_TELL))
