"""DVP: the camera's interface. It writes each frame twice: as planes for the KPU and as RGB565 for the panel."""

from __future__ import annotations

from typing import Any

from maixswitch import rgb565

from .device import Device

CONFIG, RED, GREEN, BLUE, CMOS, SCCB_CONFIG, SCCB_CONTROL, AXI, STATUS, DISPLAY = (
    0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x28,
)  # fmt: skip
START_INTERRUPT, FINISH_INTERRUPT, TO_AI, TO_DISPLAY = 1, 2, 4, 8
FRAME_START, FRAME_FINISH, ENABLED = 1 << 0, 1 << 8, 1 << 16
SENSOR_RUNS = 1 << 16
"""The bit of CMOS that is the level of the sensor's reset line."""
SCCB_START = 3 << 24
SOURCE = 24
PERIOD = 4_000_000
"""Cycles from one frame of the camera to the next."""


class Dvp(Device):
    """`flags` are the three bits of the status register. A frame is read from the chip's `camera`."""

    NAME = "DVP"
    STATE = ("flags", "running", "sccb_read", "frames")
    KNOWN = frozenset((RED, GREEN, BLUE, CMOS, SCCB_CONFIG, SCCB_CONTROL, AXI, DISPLAY, 0x24))

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.flags = 0
        self.running = False
        self.sccb_read = 0
        self.frames = 0

    def read(self, offset: int) -> int:
        if offset == STATUS:
            return self.flags
        if offset == CONFIG:
            return self.registers.get(CONFIG, 0)
        if offset == SCCB_CONFIG:
            return self.registers.get(SCCB_CONFIG, 0) & 0xFFFFFF | self.sccb_read << 24
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == STATUS:
            # Each flag has its write-enable bit one above. A one clears the events, and sets the permission to capture.
            for flag in (FRAME_START, FRAME_FINISH):
                if value & flag << 1 and value & flag:
                    self.flags &= ~flag
            if value & ENABLED << 1:
                self.flags = self.flags & ~ENABLED | value & ENABLED
            if value & SCCB_START == SCCB_START:
                self._sccb()
        elif offset == CONFIG:
            self.registers[CONFIG] = value
        else:
            if offset == CMOS and self.registers.get(CMOS, 0) & SENSOR_RUNS and not value & SENSOR_RUNS:
                self.chip.reset_sensor()
            super().write(offset, value)
        if not self.running and self._lines():
            self.running = True
            self.chip.later(PERIOD // 4, self, "start", 0)
        self._update()

    def _lines(self) -> int:
        return self.registers.get(CONFIG, 0) >> 20 & 0x3FF

    def _width(self) -> int:
        config = self.registers.get(CONFIG, 0)
        return (config >> 12 & 0xFF) * (32 if config >> 8 & 1 else 8)

    def _update(self) -> None:
        config = self.registers.get(CONFIG, 0)
        high = self.flags & FRAME_START and config & START_INTERRUPT
        high = high or (self.flags & FRAME_FINISH and config & FINISH_INTERRUPT)
        self.chip.plic.set_level(SOURCE, bool(high))

    def _sccb(self) -> None:
        """Read or write a register of the sensor over SCCB, as v0.5 and older do."""
        control = self.registers.get(SCCB_CONTROL, 0)
        device, register, value = control >> 1 & 0x7F, control >> 8 & 0xFF, control >> 16 & 0xFF
        part = self.chip.sccb.get(device)
        if part is None:
            self.sccb_read = 0xFF
        elif control & 1:
            part.write(bytes((register, value)))
        else:
            part.write(bytes((register,)))
            self.sccb_read = part.read()

    def happen(self, action: str, argument: int) -> None:
        if not self._lines() or not self.chip.camera_present():
            self.running = False
            return
        if action == "start":
            self.flags |= FRAME_START
            self.chip.later(PERIOD * 3 // 4, self, "finish", 0)
        else:
            if self.flags & ENABLED:
                self._deliver()
                self.flags &= ~ENABLED
                self.flags |= FRAME_FINISH
            self.chip.later(PERIOD // 4, self, "start", 0)
        self._update()

    def _deliver(self) -> None:
        width, height = self._width(), self._lines()
        frame = self.chip.camera_frame(width, height)
        self.frames += 1
        config = self.registers.get(CONFIG, 0)
        memory = self.chip.memory
        if config & TO_AI:
            for plane, register in enumerate((RED, GREEN, BLUE)):
                address = self.registers.get(register, 0)
                if memory.offset(address, width * height) is not None:
                    memory.view(address, width * height)[:] = frame[:, :, plane].reshape(-1)
        address = self.registers.get(DISPLAY, 0)
        if config & TO_DISPLAY and memory.offset(address, 2 * width * height) is not None:
            # Each 32-bit word holds two pixels, the first in the high half.
            pixels = rgb565.words(frame).reshape(-1, 2)[:, ::-1]
            memory.view(address, 2 * width * height).view("<u2")[:] = pixels.reshape(-1)
