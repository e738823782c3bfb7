"""FPIOA: which function each of the 48 pins has. Every signal of a board is resolved through it."""

from __future__ import annotations

from .page import PageDevice

PINS = 48
GPIOHS, GPIO = 24, 56
"""Function numbers of GPIOHS 0 and GPIO 0; the channels follow."""


class Fpioa(PageDevice):
    """The table of pins."""

    NAME = "FPIOA"

    def stored(self, offset: int, value: int) -> None:
        if offset < 4 * PINS:
            self.chip.pins_changed()

    def function(self, pin: int) -> int:
        """Return the number of the function that a pin has."""
        return self.page[4 * pin]
