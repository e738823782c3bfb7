"""GPIOHS: 32 fast pins with interrupts."""

from __future__ import annotations

from .chip_view import ChipView
from .device import WORD, Device

INPUT, INPUT_ENABLE, OUTPUT_ENABLE, OUTPUT = 0x00, 0x04, 0x08, 0x0C
RISE_IE, RISE_IP, FALL_IE, FALL_IP = 0x18, 0x1C, 0x20, 0x24
HIGH_IE, HIGH_IP, LOW_IE, LOW_IP = 0x28, 0x2C, 0x30, 0x34
SOURCE = 34
ENABLES = (RISE_IE, FALL_IE, HIGH_IE, LOW_IE)


class Gpiohs(Device):
    """`output` is what the firmware drives, `inputs` the level of each channel, `rising` and `falling` its edges."""

    NAME = "GPIOHS"
    STATE = ("output", "inputs", "rising", "falling")
    KNOWN = frozenset((INPUT_ENABLE, OUTPUT_ENABLE, 0x10, 0x14, 0x38, 0x3C, 0x40))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.output = 0
        self.inputs = WORD
        self.rising = 0
        self.falling = 0

    def read(self, offset: int) -> int:
        if offset == OUTPUT:
            return self.output
        if offset == INPUT:
            return self.inputs
        if offset == RISE_IP:
            return self.rising
        if offset == FALL_IP:
            return self.falling
        if offset == HIGH_IP:
            return self.inputs
        if offset == LOW_IP:
            return ~self.inputs & WORD
        if offset in ENABLES:
            return self.registers.get(offset, 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        # The firmware toggles this register hundreds of times in a transfer (the card's select): nothing else here.
        if offset == OUTPUT:
            changed = self.output ^ value
            self.output = value
            if changed & self.chip.watched_outputs:
                self.chip.outputs_changed(changed)
            return
        if offset == RISE_IP:
            self.rising &= ~value
        elif offset == FALL_IP:
            self.falling &= ~value
        elif offset in ENABLES:
            self.registers[offset] = value
        elif offset not in (HIGH_IP, LOW_IP, INPUT):
            super().write(offset, value)
            return
        self._update(WORD)

    def set_input(self, channel: int, level: bool) -> None:
        """Set the level at a channel's pin; a change is an edge."""
        bit = 1 << channel
        if bool(self.inputs & bit) == level:
            return
        self.inputs ^= bit
        if level:
            self.rising |= bit & self.registers.get(RISE_IE, 0)
        else:
            self.falling |= bit & self.registers.get(FALL_IE, 0)
        self._update(bit)

    def _update(self, channels: int) -> None:
        get = self.registers.get
        high = self.rising & get(RISE_IE, 0) | self.falling & get(FALL_IE, 0)
        high |= self.inputs & get(HIGH_IE, 0) | ~self.inputs & get(LOW_IE, 0)
        for channel in range(32):
            if channels >> channel & 1:
                self.chip.plic.set_level(SOURCE + channel, bool(high >> channel & 1))
