"""DMAC: six channels between memory and devices.

A transfer that needs no waiting is done at once; one from a device waits until the device has all its items. The
channel's interrupt comes later, since the driver stores its state behind the write that starts it. Devices with a pace,
such as I2S, keep a channel busy for the time that the items take.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from maixswitch.k210.clock import SLICE

from .chip_view import ChipView
from .device import Device

CHANNELS = 6
SOURCE_ADDRESS, DESTINATION, BLOCK_ITEMS, CONTROL, CONFIG = 0x00, 0x08, 0x10, 0x18, 0x20
STATUS_ENABLE, STATUS, CLEAR = 0x80, 0x88, 0x98
COMMON_CONFIG, CHANNEL_ENABLE, COMMON_STATUS, RESET = 0x10, 0x18, 0x30, 0x58
FIRST_SOURCE = 27
DONE = 3
"""Block and transfer done."""
MOST_ITEMS = 1 << 22


class Port(Protocol):
    """A register of a device that the DMA fills or empties."""

    def put(self, frames: Any) -> None:
        """Take items from memory."""

    def take(self, count: int) -> Any | None:
        """Return `count` items, or None while there are fewer."""


class Dmac(Device):
    """`waiting` holds the channels whose device is not ready; `status` the interrupt status of each channel.

    `busy` holds the channels whose items take time; `run` counts the starts of each, so that old events are void.
    """

    NAME = "DMAC"
    STATE = ("waiting", "status", "busy", "run")
    KNOWN = frozenset((COMMON_CONFIG, 0x14, 0x28, 0x2C, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C, 0x50, 0x54))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.waiting: list[int] = []
        self.status = [0] * CHANNELS
        self.busy: list[int] = []
        self.run = [0] * CHANNELS
        self._pumping = False

    def read(self, offset: int) -> int:
        if offset == CHANNEL_ENABLE:
            return sum(1 << channel for channel in (*self.waiting, *self.busy))
        if offset in (CHANNEL_ENABLE + 4, RESET, RESET + 4, COMMON_STATUS, COMMON_STATUS + 4):
            return 0
        channel, register = divmod(offset - 0x100, 0x100)
        if 0 <= channel < CHANNELS:
            return self.status[channel] if register == STATUS else self.registers.get(offset, 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == CHANNEL_ENABLE:
            for channel in range(CHANNELS):
                if value >> 8 + channel & 1:
                    if value >> channel & 1:
                        self._start(channel)
                    else:
                        self._stop(channel)
            return
        if offset in (CHANNEL_ENABLE + 4, RESET, RESET + 4, COMMON_STATUS, COMMON_STATUS + 4):
            return
        channel, register = divmod(offset - 0x100, 0x100)
        if not 0 <= channel < CHANNELS:
            super().write(offset, value)
            return
        self.registers[offset] = value
        if register == CLEAR:
            self.status[channel] &= ~value
        self._update(channel)

    def _register(self, channel: int, register: int) -> int:
        return self.registers.get(0x100 + 0x100 * channel + register, 0)

    def _update(self, channel: int) -> None:
        enabled = self._register(channel, STATUS_ENABLE)
        self.chip.plic.set_level(FIRST_SOURCE + channel, bool(self.status[channel] & enabled))

    def _start(self, channel: int) -> None:
        self._stop(channel)
        self.waiting.append(channel)
        self.pump()

    def _stop(self, channel: int) -> None:
        for channels in (self.waiting, self.busy):
            if channel in channels:
                channels.remove(channel)

    def pump(self) -> None:
        """Do the transfers whose devices are ready; a device calls this when it has something to give."""
        # A device that takes items may have some to give at once, and calls this in the middle of a transfer.
        if self._pumping:
            return
        self._pumping = progress = True
        try:
            while progress and self.waiting:
                progress = False
                for channel in tuple(self.waiting):
                    if channel in self.waiting and self._transfer(channel):
                        self.waiting.remove(channel)
                        self._finish_later(channel)
                        progress = True
        finally:
            self._pumping = False

    def _finish_later(self, channel: int) -> None:
        items = (self._register(channel, BLOCK_ITEMS) & MOST_ITEMS - 1) + 1
        duration = 0
        for register, receives in ((SOURCE_ADDRESS, True), (DESTINATION, False)):
            address = self._register(channel, register)
            if self.chip.memory.offset(address) is None:
                duration = max(duration, self.chip.port(address).duration(items, receives))
        if duration:
            self.run[channel] += 1
            self.busy.append(channel)
            self.chip.later(max(duration, SLICE), self, "pass", self.run[channel] * CHANNELS + channel)
        else:
            self.chip.later(SLICE, self, "finish", channel)

    def happen(self, action: str, argument: int) -> None:
        run, channel = divmod(argument, CHANNELS)
        if action == "pass":
            # A channel that was stopped or started again meanwhile is not at its end.
            if channel not in self.busy or run != self.run[channel]:
                return
            self.busy.remove(channel)
        self.status[channel] |= DONE
        self._update(channel)

    def _transfer(self, channel: int) -> bool:
        source, target = self._register(channel, SOURCE_ADDRESS), self._register(channel, DESTINATION)
        count = (self._register(channel, BLOCK_ITEMS) & MOST_ITEMS - 1) + 1
        control = self._register(channel, CONTROL)
        width = 1 << (control >> 8 & 7)
        from_memory = self.chip.memory.offset(source) is not None
        to_memory = self.chip.memory.offset(target) is not None
        if from_memory:
            size = width * (1 if control >> 4 & 1 else count)
            items: Any = self.chip.memory.view(source, size).view(f"<u{width}")
            if control >> 4 & 1:
                items = np.broadcast_to(items, count)
        else:
            items = self.chip.port(source).take(count)
            if items is None:
                return False
        if to_memory:
            size = width * (1 if control >> 6 & 1 else count)
            destination = self.chip.memory.view(target, size).view(f"<u{width}")
            destination[:] = np.asarray(items, f"<u{width}")[-len(destination) :]
        else:
            self.chip.port(target).put(items)
        return True
