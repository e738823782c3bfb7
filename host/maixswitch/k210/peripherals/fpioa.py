"""FPIOA: which function each of the 48 pins has. Every signal of a board is resolved through it."""

from __future__ import annotations

from .page import PageDevice

PINS = 48
GPIOHS, GPIO = 24, 56
"""Function numbers of GPIOHS 0 and GPIO 0; the channels follow."""


class Fpioa(PageDevice):
    """The table of pins; `pins` is its inverse, function -> pins, made when it is asked for."""

    NAME = "FPIOA"

    def stored(self, offset: int, value: int) -> None:
        if offset < 4 * PINS:
            self.chip.pins_changed()

    def function(self, pin: int) -> int:
        """Return the number of the function that a pin has."""
        return self.page[4 * pin]

    def pins(self) -> dict[int, list[int]]:
        """Return function number -> the pins that have it."""
        table: dict[int, list[int]] = {}
        for pin in range(PINS):
            table.setdefault(self.function(pin), []).append(pin)
        return table
