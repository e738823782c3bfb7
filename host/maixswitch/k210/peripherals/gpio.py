"""GPIO: eight slow pins with one interrupt for all of them."""

from __future__ import annotations

from typing import Any

from .device import Device

OUTPUT, DIRECTION, INPUT = 0x00, 0x04, 0x50
ENABLE, MASK, EDGE, HIGH, STATUS, RAW_STATUS, CLEAR, BOTH_EDGES = 0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x4C, 0x68
"""A bit a channel. EDGE: it waits for an edge, not for a level. HIGH: for the rising edge or the high level."""
SOURCE_SELECT, DEBOUNCE, SYNCHRONISE, ID_CODE = 0x08, 0x48, 0x60, 0x64
SOURCE = 23


class Gpio(Device):
    """`inputs` holds the level of each of the eight channels, `edges` the edges that nobody has cleared."""

    NAME = "GPIO"
    STATE = ("inputs", "edges")
    KNOWN = frozenset(
        (OUTPUT, DIRECTION, SOURCE_SELECT, ENABLE, MASK, EDGE, HIGH, DEBOUNCE, SYNCHRONISE, ID_CODE, BOTH_EDGES)
    )

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.inputs = 0xFF
        self.edges = 0

    def read(self, offset: int) -> int:
        if offset == INPUT:
            return self.inputs
        if offset == RAW_STATUS:
            return self._raw()
        if offset == STATUS:
            return self._raw() & ~self.registers.get(MASK, 0)
        if offset == CLEAR:
            return 0
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == CLEAR:
            self.edges &= ~value
        elif offset not in (INPUT, STATUS, RAW_STATUS):
            super().write(offset, value)
        if offset == OUTPUT:
            self.chip.outputs_changed(0)
        else:
            self._update()

    def _raw(self) -> int:
        get = self.registers.get
        levels = ~(self.inputs ^ get(HIGH, 0)) & ~get(EDGE, 0)
        return (levels | self.edges) & get(ENABLE, 0) & 0xFF

    def _update(self) -> None:
        self.chip.plic.set_level(SOURCE, bool(self._raw() & ~self.registers.get(MASK, 0)))

    def set_input(self, channel: int, level: bool) -> None:
        """Set the level at a channel's pin; a change is an edge."""
        bit = 1 << channel
        if bool(self.inputs & bit) == level:
            return
        self.inputs ^= bit
        get = self.registers.get
        if get(EDGE, 0) & bit and (get(BOTH_EDGES, 0) & bit or bool(get(HIGH, 0) & bit) == level):
            self.edges |= bit
        self._update()
