"""Small programs of the tests on the virtual K210: the frame around them, macros, and what they report.

A program reports numbers with `put REGISTER`. Every trap is logged: cause, pc, value, claimed source. The traps own the
registers t3 to t6, the macros t0 to t2, the log gp and the reports s11; all others are the program's.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("unicorn", reason='the virtual K210 is absent: pip install "maixswitch[chip]"')

from maixswitch.k210.chip import Chip
from maixswitch.k210.image import Image, read_image

from .assembler import Assembly, assemble

ADDRESSES = {
    "CLINT": 0x0200_0000, "PLIC": 0x0C00_0000, "UARTHS": 0x3800_0000, "GPIOHS": 0x3800_1000, "KPU": 0x4080_0000,
    "FFT": 0x4200_0000, "DMAC": 0x5000_0000, "GPIO": 0x5020_0000, "UART1": 0x5021_0000, "UART2": 0x5022_0000,
    "I2S0": 0x5025_0000, "I2C2": 0x502A_0000, "FPIOA": 0x502B_0000, "SHA256": 0x502C_0000, "TIMER0": 0x502D_0000,
    "TIMER1": 0x502E_0000, "WDT0": 0x5040_0000, "WDT1": 0x5041_0000, "OTP": 0x5042_0000, "DVP": 0x5043_0000,
    "SYSCTL": 0x5044_0000, "AES": 0x5045_0000, "RTC": 0x5046_0000, "SPI0": 0x5200_0000, "SPI1": 0x5300_0000,
    "SPI3": 0x5400_0000,
}  # fmt: skip
ORIGIN = 0x8000_0000
ENTRY = 0x18
RESULTS, TRAPS, FINISHED, STACKS = 0x8030_0000, 0x8032_0000, 0x8034_0000, 0x8036_0000
OF_A_HART = 0x1_0000
DATA = 0x8040_0000
"""Where tests put data and let devices write."""
JUMP_TO_ENTRY = 0xA821
"""c.j 0x18: the magic word lies behind its two bytes."""
HEADER = struct.pack("<HIHQQ", JUMP_TO_ENTRY, 0xDEADBEEF, 0, 1, 0)
INTERRUPT = 1 << 63
CONSTANTS = ADDRESSES | {
    "RESULTS": RESULTS, "TRAPS": TRAPS, "FINISHED": FINISHED, "STACKS": STACKS, "DATA": DATA,
    "MIE_ALL": 0x888, "CAUSE_SOFT": 3, "CAUSE_TIMER": 7, "CAUSE_EXTERNAL": 11,
}  # fmt: skip

FRAME = """
    csrw mie, zero
    csrw mstatus, zero
    la t0, trap
    csrw mtvec, t0
    csrr tp, mhartid
    slli t0, tp, 16
    li s11, RESULTS
    add s11, s11, t0
    li gp, TRAPS
    add gp, gp, t0
    li sp, STACKS+0x8000
    add sp, sp, t0
    bnez tp, second_hart
{main}
    j finish
second_hart:
{second}
finish:
    li t0, FINISHED
    slli t1, tp, 3
    add t0, t0, t1
    li t1, 1
    sd t1, 0(t0)
stay:
    j stay
.align 4
trap:
    csrr t3, mcause
    csrr t4, mepc
    csrr t5, mtval
    sd t3, 0(gp)
    sd t4, 8(gp)
    sd t5, 16(gp)
    sd zero, 24(gp)
    addi gp, gp, 32
    bgez t3, exception
    andi t3, t3, 15
    addi t5, t3, -11
    beqz t5, external
    addi t5, t3, -3
    beqz t5, soft
timer:
    li t3, CLINT+0x4000
    slli t4, tp, 3
    add t3, t3, t4
    addi t4, zero, -1
    sd t4, 0(t3)
{timer}
    mret
soft:
    li t3, CLINT
    slli t4, tp, 2
    add t3, t3, t4
    sw zero, 0(t3)
{soft}
    mret
external:
    li t3, PLIC+0x200004
    slli t4, tp, 13
    add t3, t3, t4
    lwu t6, 0(t3)
    sd t6, -8(gp)
{external}
    li t3, PLIC+0x200004
    slli t4, tp, 13
    add t3, t3, t4
    sw t6, 0(t3)
    mret
exception:
    addi t4, t4, 4
    addi t3, t3, -1
    bnez t3, not_a_fetch
    mv t4, ra
not_a_fetch:
    csrw mepc, t4
{exception}
    mret
.align 8
{data}
"""


def _number(text: str) -> int:
    return int(text, 0)


def _poke(address: str, value: str) -> str:
    return f"li t1, {address}\nli t2, {value}\nsw t2, 0(t1)"


def _enable(source: str, priority: str = "1", hart: str = "0") -> str:
    word, bit = divmod(_number(source), 32)
    address = f"PLIC+{0x2000 + 0x100 * _number(hart) + 4 * word:#x}"
    priority_of = _poke(f"PLIC+{4 * _number(source):#x}", priority)
    return f"{priority_of}\nli t1, {address}\nlwu t2, 0(t1)\nli t0, {1 << bit:#x}\nor t2, t2, t0\nsw t2, 0(t1)"


def _wait(label: str, address: str, mask: str) -> str:
    return f"{label}:\nli t1, {address}\nlwu t2, 0(t1)\nli t0, {mask}\nand t2, t2, t0\nbeqz t2, {label}"


def _dma(channel: str, source: str, target: str, items: str, control: str) -> str:
    base = f"DMAC+{0x100 + 0x100 * _number(channel):#x}"
    registers = {0x98: "0xFFFFFFFF", 0x00: source, 0x08: target, 0x10: f"{items}+-1", 0x18: control, 0x80: "3"}
    pokes = [_poke(f"{base}+{register:#x}", value) for register, value in registers.items()]
    return "\n".join((*pokes, _poke("DMAC+0x18", f"{0x101 << _number(channel):#x}")))


MACROS: dict[str, Callable[..., str]] = {
    "put": lambda register: f"sd {register}, 0(s11)\naddi s11, s11, 8",
    "poke": _poke,
    "poke64": lambda address, value: f"li t1, {address}\nli t2, {value}\nsd t2, 0(t1)",
    "peek": lambda register, address: f"li {register}, {address}\nlwu {register}, 0({register})",
    "peek64": lambda register, address: f"li {register}, {address}\nld {register}, 0({register})",
    "show": lambda address: f"li t1, {address}\nlwu t1, 0(t1)\nsd t1, 0(s11)\naddi s11, s11, 8",
    "enable": _enable,
    "interrupts": lambda: "li t1, MIE_ALL\ncsrw mie, t1\ncsrsi mstatus, 8",
    "dma": _dma,
    "frames": lambda spi, *frames: "\n".join(_poke(f"{spi}+0x60", frame) for frame in frames),
}
"""Names of macros and what they stand for. `show` puts the word at an address; `dma` starts a channel; `frames` hands
frames to a SPI controller."""


def expand(text: str) -> str:
    """Return a program with its macros replaced. `wait ADDRESS, MASK` and `await N` (traps of hart 0) need labels."""
    lines = []
    numbers = itertools.count()
    for line in text.splitlines():
        label, statement = re.fullmatch(r"(\w+:)?(.*)", line.split("#")[0].strip()).groups()
        lines += [label] if label else []
        name, _, rest = statement.strip().partition(" ")
        parts = [part.strip() for part in rest.split(",")] if rest.strip() else []
        if name in MACROS:
            lines.append(MACROS[name](*parts))
        elif name == "wait":
            lines.append(_wait(f"wait_{next(numbers)}", *parts))
        elif name == "await":
            label = f"wait_{next(numbers)}"
            lines.append(f"li t1, TRAPS+{32 * _number(parts[0])}\n{label}:\nbltu gp, t1, {label}")
        elif name == "delay":
            label = f"wait_{next(numbers)}"
            lines.append(f"li t1, {parts[0]}\n{label}:\naddi t1, t1, -1\nbnez t1, {label}")
        else:
            lines.append(statement)
    return "\n".join(lines)


@dataclass(frozen=True)
class Trap:
    """A line of the log. `source` is what the hart claimed from the PLIC, 0 for other causes."""

    cause: int
    pc: int
    value: int
    source: int


def program(
    main: str, *, second: str = "", external: str = "", soft: str = "", timer: str = "", exception: str = "",
    data: str = "",
) -> Assembly:  # fmt: skip
    """Return the code of a program in its frame; it lies at ORIGIN + ENTRY."""
    text = FRAME.format(
        main=main, second=second, external=external, soft=soft, timer=timer, exception=exception, data=data
    )
    return assemble(expand(text), ORIGIN + ENTRY, **CONSTANTS)


def image_of(assembly: Assembly, folder: Path) -> Image:
    """Return a program as the firmware image that a file would give."""
    path = folder / "firmware.bin"
    path.write_bytes(HEADER + assembly.code)
    return read_image(path)


class Machine:
    """A chip with a program of ours in its memory. `parts` are the texts that `program` takes."""

    def __init__(self, main: str, strict: bool = False, **parts: str) -> None:
        self.assembly = program(main, **parts)
        self.chip = Chip(Image(Path("program.bin"), HEADER + bytes(self.assembly.code)), strict)

    def address(self, label: str) -> int:
        """Return the address of a label."""
        return self.assembly.labels[label]

    def words(self, address: int, count: int) -> list[int]:
        """Return 64-bit words of the memory."""
        return [int(word) for word in self.chip.memory.view(address, 8 * count).view("<u8")]

    def finished(self, hart: int = 0) -> bool:
        """Tell whether a hart is at the end of its program."""
        return self.words(FINISHED + 8 * hart, 1) == [1]

    def run(self, cycles: int = 60_000_000, hart: int = 0) -> Machine:
        """Run until a hart is at the end of its program; it must get there."""
        done = self.chip.run(cycles, lambda: self.finished(hart))
        assert done, f"not at the end: pc {self.chip.harts[hart].pc:#x}, reports {self.reports()}, {self.traps()[:8]}"
        return self

    def reports(self, hart: int = 0) -> list[int]:
        """Return what a hart has put, without zeros at the end."""
        words = self.words(RESULTS + OF_A_HART * hart, 512)
        while words and not words[-1]:
            words.pop()
        return words

    def first(self, count: int, hart: int = 0) -> list[int]:
        """Return the first numbers that a hart put."""
        return self.words(RESULTS + OF_A_HART * hart, count)

    def traps(self, hart: int = 0) -> list[Trap]:
        """Return the log of a hart's traps."""
        log = []
        for at in itertools.count():
            words = self.words(TRAPS + OF_A_HART * hart + 32 * at, 4)
            if not words[1]:
                return log
            log.append(Trap(*words))
        raise AssertionError

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into the memory."""
        self.chip.memory.view(address, len(data))[:] = list(data)

    def read(self, address: int, count: int) -> bytes:
        """Return bytes of the memory."""
        return self.chip.memory.view(address, count).tobytes()


def run(main: str, **parts: str) -> Machine:
    """Run a program to its end."""
    return Machine(main, **parts).run()
