"""The KPU's registers: layers come in as twelve 64-bit words, run with the emulator's exact arithmetic, and answer with
an interrupt."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from maixswitch.k210.clock import SLICE
from maixswitch.k210.memory import KPU_MEMORY
from maixswitch.kmodel.format.conv import Conv, check_registers, weight_shape
from maixswitch.kmodel.format.registers import ACTIVATION_SIZE, BLOCK_SIZE, decode_activation, decode_block, decode_norm
from maixswitch.kmodel.run.backends import BEST, backend
from maixswitch.kmodel.run.backends.interface import Binding, LayerMemory, Step
from maixswitch.kmodel.run.roundings import DEFAULT_ROUNDING

from .chip_view import ChipView
from .device import Device

FIFO, STATUS, RAW, MASK, CLEAR, THRESHOLD, DATA_OUT, FIFO_CONTROL, EIGHT_BIT = range(0x00, 0x48, 8)
SOURCE = 25
DONE, ALMOST_EMPTY = 1, 2
WORDS = BLOCK_SIZE // 4
MACS_PER_CYCLE = 64
MOST_KERNELS = 512


class Kpu(Device):
    """`words` are those of the layer that is being written, `results` the bytes that wait at register 30."""

    NAME = "KPU"
    STATE = ("words", "raw", "results")
    KNOWN = frozenset(register + half for register in (THRESHOLD, FIFO_CONTROL, EIGHT_BIT) for half in (0, 4))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.words: list[int] = []
        self.raw = 0
        self.results = bytearray()
        self.layers = 0
        self._backend: Any = None
        self._steps: dict[tuple[Any, ...], tuple[Step, Any]] = {}

    def read(self, offset: int) -> int:
        if offset == STATUS:
            return self.raw & ~self.registers.get(MASK, 7)
        if offset == RAW:
            return self.raw
        if offset == MASK:
            return self.registers.get(MASK, 7)
        if offset in (FIFO, FIFO + 4, STATUS + 4, RAW + 4, MASK + 4, CLEAR, CLEAR + 4):
            return 0
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset in (FIFO, FIFO + 4):
            self.words.append(value)
            if len(self.words) == WORDS:
                block = np.array(self.words, "<u4").tobytes()
                self.words = []
                self._run(block)
        elif offset == CLEAR:
            self.raw &= ~value
            self._update()
        elif offset == MASK:
            self.registers[MASK] = value & 7
            self._update()
        elif offset not in (STATUS, STATUS + 4, RAW, RAW + 4, MASK + 4, CLEAR + 4):
            super().write(offset, value)

    def _update(self) -> None:
        self.chip.plic.set_level(SOURCE, bool(self.raw & ~self.registers.get(MASK, 7) & 7))

    def happen(self, action: str, argument: int) -> None:
        self.raw |= argument
        self._update()
        self.chip.dmac.pump()

    def take(self, count: int) -> list[int] | None:
        """Return `count` items of 8 bytes of a layer's results for the DMA, or None while there are fewer."""
        if len(self.results) < 8 * count:
            return None
        data = bytes(self.results[: 8 * count])
        del self.results[: 8 * count]
        return list(np.frombuffer(data, "<u8"))

    def put(self, frames: list[int]) -> None:
        """Take words of layers that come by DMA."""
        for frame in frames:
            self.write(FIFO, int(frame) & 0xFFFF_FFFF)
            self.write(FIFO, int(frame) >> 32)

    def _table(self, address: int, size: int) -> bytes:
        # The KPU's addresses name a byte in either view of the memory.
        table: bytes = self.chip.memory.data[address & 0x7F_FFFF :][:size].tobytes()
        return table

    def _run(self, block: bytes) -> None:
        self.layers += 1
        registers = decode_block(block)
        step, main = self._step(block, registers)
        step()
        if registers["send_data_out"]:
            data = main.tobytes()
            self.results += data + bytes(-len(data) % 8)
        flags = ALMOST_EMPTY | (DONE if registers["int_en"] else 0)
        kernel = 9 if registers["kernel_type"] else 1
        inner = 1 if registers["depth_wise_layer"] else registers["i_ch_num"] + 1
        macs = (
            kernel * inner * (registers["o_ch_num"] + 1) * (registers["i_row_wid"] + 1) * (registers["i_col_high"] + 1)
        )
        self.chip.later(SLICE + macs // MACS_PER_CYCLE, self, "done", flags)

    def _step(self, block: bytes, registers: dict[str, int]) -> tuple[Step, Any]:
        wide = not self.registers.get(EIGHT_BIT, 0) & 1
        shape = weight_shape(registers)
        count = int(np.prod(shape))
        weights = self._table(registers["para_start_addr"], count * (2 if wide else 1))
        norm = self._table(registers["bwsx_base_addr"], 8 * shape[0])
        activation = self._table(registers["active_addr"], ACTIVATION_SIZE)
        # Buffers move with every load of a model, so a prepared kernel is found by what it computes. The addresses of
        # the tables are left out of the key, those of the maps are part of it.
        tables = (zlib.crc32(weights), zlib.crc32(norm), zlib.crc32(activation))
        key = (bytes(block[:36]), bytes(block[40:44]), bytes(block[48:60]), bytes(block[64:]), wide, tables)
        known = self._steps.get(key)
        if known is not None:
            return known
        check_registers(registers, "KPU", 0)
        conv = Conv(
            registers,
            np.frombuffer(weights, "<u2" if wide else np.uint8).reshape(shape),
            decode_norm(norm),
            decode_activation(activation),
        )
        known = self._bind(conv)
        if len(self._steps) >= MOST_KERNELS:
            self._steps.clear()
        self._steps[key] = known
        return known

    def _bind(self, conv: Conv) -> tuple[Step, Any]:
        if self._backend is None:
            self._backend = backend(BEST)
        ram = self.chip.memory.data[KPU_MEMORY:]
        target = conv.output
        main = np.zeros(target.channels * target.height * target.width, np.uint8)
        arithmetic = self._backend
        if isinstance(arithmetic, Binding) and arithmetic.binds:
            step = arithmetic.bind(conv, DEFAULT_ROUNDING, LayerMemory(ram, main, 1))
            if step is not None:
                return step, main
        kernel = self._backend.prepare(conv, DEFAULT_ROUNDING)

        def run() -> None:
            result = kernel(conv.input.read(ram, conv.source))
            target.write(ram, conv.target, result)
            main[:] = result.reshape(-1)

        return run, main
