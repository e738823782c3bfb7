"""FFT: transforms 64 to 512 complex numbers of 16 bits that the DMA brings and fetches.

The chip's arithmetic of a butterfly is not public. Here a transform is computed in floats, halved once for each layer
that the firmware asks to shift, rounded to the nearest number and limited to 16 bits: right up to the last bits for
results that fit, and unverified for those that overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.k210.clock import SLICE

from .device import WORD, Device

INPUT, CONTROL, FIFO_CONTROL, MASK, CLEAR, STATUS, RAW_STATUS, OUTPUT = range(0x00, 0x40, 8)
SOURCE = 26
LENGTHS = (512, 256, 128, 64)
"""By bits 0 to 2 of the control register."""
FORWARD, ON = 1 << 3, 1 << 13
SHIFT_AT, LAYERS = 4, 9
PAIRS, REAL_ONLY, REAL_THEN_IMAGINARY = range(3)
"""How the input is arranged, by bits 15 and 16."""
LEAST, MOST = -0x8000, 0x7FFF


class Fft(Device):
    """`words` are 64-bit words of the input so far, `results` those of the output.

    A word holds imaginary part, real part, imaginary part, real part, from the lowest bits on.
    """

    NAME = "FFT"
    STATE = ("words", "results", "half", "done")
    KNOWN = frozenset(register + half for register in (CONTROL, FIFO_CONTROL, MASK) for half in (0, 4))

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.words: list[int] = []
        self.results: list[int] = []
        self.half = 0
        self.done = 0

    @property
    def length(self) -> int:
        """Points of a transform."""
        return LENGTHS[self.registers.get(CONTROL, 0) & 3]

    def read(self, offset: int) -> int:
        if offset == OUTPUT:
            return self.results[0] & WORD if self.results else 0
        if offset == OUTPUT + 4:
            return self.results.pop(0) >> 32 if self.results else 0
        if offset == RAW_STATUS:
            return self.done
        if offset == STATUS:
            return self.done & ~self.registers.get(MASK, 0)
        if offset in (INPUT, INPUT + 4, CLEAR, CLEAR + 4, STATUS + 4, RAW_STATUS + 4):
            return 0
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == INPUT:
            self.half = value
        elif offset == INPUT + 4:
            self.put([value << 32 | self.half])
        elif offset == CLEAR:
            self.done &= ~value
        elif offset not in (CLEAR + 4, STATUS, STATUS + 4, RAW_STATUS, RAW_STATUS + 4, OUTPUT, OUTPUT + 4):
            super().write(offset, value)
            if offset == CONTROL and not value & ON:
                self.words, self.results, self.done = [], [], 0
        self._update()

    def put(self, frames: Any) -> None:
        """Take words of the input from the CPU or the DMA; the last one starts the transform."""
        self.words += [int(frame) for frame in frames]
        arrangement = self.registers.get(CONTROL, 0) >> 15 & 3
        needed = self.length // (4 if arrangement == REAL_ONLY else 2)
        if len(self.words) >= needed:
            words, self.words = self.words[:needed], self.words[needed:]
            self.results = self._transform(np.array(words, "<u8").view("<i2"), arrangement)
            self.chip.later(SLICE, self, "done", 0)
            self.chip.dmac.pump()

    def take(self, count: int) -> list[int] | None:
        """Return `count` words of the output, or None while there are fewer."""
        if len(self.results) < count:
            return None
        taken, self.results = self.results[:count], self.results[count:]
        return taken

    def happen(self, action: str, argument: int) -> None:
        self.done = 1
        self._update()

    def _update(self) -> None:
        self.chip.plic.set_level(SOURCE, bool(self.done & ~self.registers.get(MASK, 0)))

    def _transform(self, parts: NDArray[np.int16], arrangement: int) -> list[int]:
        if arrangement == REAL_ONLY:
            values = parts.astype(np.complex128)
        elif arrangement == REAL_THEN_IMAGINARY:
            values = parts[: self.length] + 1j * parts[self.length :]
        else:
            values = parts[1::2] + 1j * parts[::2]
        control = self.registers.get(CONTROL, 0)
        layers = min(self.length.bit_length() - 1, LAYERS)
        halvings = bin(control >> SHIFT_AT & (1 << layers) - 1).count("1")
        result = np.fft.fft(values) if control & FORWARD else np.fft.ifft(values) * self.length
        result /= 1 << halvings
        interleaved = np.stack((result.imag, result.real), axis=1).reshape(-1)
        limited = np.clip(np.rint(interleaved), LEAST, MOST).astype("<i2")
        return [int(word) for word in limited.view("<u8")]
