"""I2S0 to I2S2: sent sound is dropped, the microphones hear silence, and both take the time of their samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .page import PageDevice
from .sysctl import PLL2

CLOCK_CONTROL = 0x10
SAMPLES_IN_HALVES = 1 << 10
"""In CLOCK_CONTROL: an item of the DMA holds the left and the right sample, 16 bits each."""
RECEIVE_ENABLE, CHANNEL_SIZE, CHANNELS = 0x28, 0x40, 4
THRESHOLDS = (0x44, 0x46, 0x48)
"""Offsets in SYSCTL of the 16-bit dividers of the three clocks."""


class I2s(PageDevice):
    """`number` is 0 to 2. The DMA is the only one that moves samples."""

    NAME = "I2S"

    def __init__(self, chip: Any, base: int, name: str = "", number: int = 0) -> None:
        super().__init__(chip, base, name)
        self.number = number

    def put(self, frames: Any) -> None:
        """Take samples and drop them."""

    def take(self, count: int) -> Any:
        """Return `count` items of silence."""
        return np.zeros(count, "<u4")

    def duration(self, items: int, receives: bool) -> int:
        """Return the cycles of the CPU that the samples of a DMA transfer take."""
        sysctl = self.chip.sysctl
        control = self.get(CLOCK_CONTROL)
        word = ((control >> 3 & 3) + 2) * 8
        at = THRESHOLDS[self.number]
        divider = (sysctl.get(at & ~3) >> 8 * (at & 3) & 0xFFFF) + 1
        samples_a_second = sysctl.pll(PLL2) // (2 * divider) // (2 * word)
        channels = 1
        if receives:
            enabled = (self.get(RECEIVE_ENABLE + CHANNEL_SIZE * channel) & 1 for channel in range(CHANNELS))
            channels = max(sum(enabled), 1)
        items_of_a_sample = channels * (1 if control & SAMPLES_IN_HALVES else 2)
        cycles: int = items * sysctl.cpu_clock() // (max(samples_a_second, 1) * items_of_a_sample)
        return cycles
