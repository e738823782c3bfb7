"""GPIO: eight slow pins. Their interrupts are not modelled: MaixPy uses none."""

from __future__ import annotations

from typing import Any

from .device import Device

OUTPUT, DIRECTION, INPUT = 0x00, 0x04, 0x50


class Gpio(Device):
    """`inputs` holds the level of each of the eight channels."""

    NAME = "GPIO"
    STATE = ("inputs",)
    KNOWN = frozenset((OUTPUT, DIRECTION))

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.inputs = 0xFF

    def read(self, offset: int) -> int:
        if offset == INPUT:
            return self.inputs
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        super().write(offset, value)
        if offset == OUTPUT:
            self.chip.outputs_changed(0)

    def set_input(self, channel: int, level: bool) -> None:
        """Set the level at a channel's pin."""
        self.inputs = self.inputs | 1 << channel if level else self.inputs & ~(1 << channel)
