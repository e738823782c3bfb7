"""The assembler of these tests: its words against the manual of RISC-V, and the image against the reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from maixswitch.k210.image import read_image

from .assembler import AssemblyError, assemble, load_immediate

WORDS = {
    "addi a0, a1, -3": 0xFFD58513,
    "sub s2, s3, t6": 0x41F98933,
    "mul a0, a1, a2": 0x02C58533,
    "slli t0, t1, 40": 0x02831293,
    "srai t0, t1, 3": 0x40335293,
    "lwu a0, 4(sp)": 0x00416503,
    "sd ra, -8(sp)": 0xFE113C23,
    "csrrw a0, mepc, a1": 0x34159573,
    "csrsi mstatus, 8": 0x30046073,
    "csrr a0, mhartid": 0xF1402573,
    "mret": 0x30200073,
    "ecall": 0x00000073,
    "jr a0": 0x00050067,
    "beq a0, a1, 0x80000010": 0x00B50863,
    "bltu a0, a1, 0x80000010": 0x00B56863,
    "j 0x80000800": 0x0010006F,
}


@pytest.mark.parametrize("line", WORDS)
def test_an_instruction_is_encoded_as_in_the_manual(line: str) -> None:
    assert int.from_bytes(assemble(line, 0x8000_0000).code, "little") == WORDS[line]


def run_immediate(words: list[int]) -> int:
    """Return what instructions of `li` leave in their register."""
    value = 0
    for word in words:
        immediate = (word >> 20) - (0x1000 if word >> 31 else 0)
        if word & 0x7F == 0x37:
            value = (word & 0xFFFF_F000) - ((word >> 31) << 32)
        elif word & 0x7F == 0x1B:
            value = (value + immediate + (1 << 31)) % (1 << 32) - (1 << 31)
        elif word >> 12 & 7 == 1:
            value <<= word >> 20 & 63
        else:
            value = immediate if word >> 15 & 31 == 0 else value + immediate
    return value & (1 << 64) - 1


@pytest.mark.parametrize(
    "value", [0, 1, -1, 0x7FF, 0x800, 0xFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1234_5678_9ABC_DEF0, 1 << 63]
)
def test_li_loads_any_number(value: int) -> None:
    assert run_immediate(load_immediate(5, value)) == value & (1 << 64) - 1


def test_labels_and_constants_stand_for_numbers() -> None:
    assembly = assemble("start: li a0, BASE+4\nj start\ntable: .word start, 7", 0x100, BASE=0x10)
    assert assembly.labels == {"start": 0x100, "table": 0x108}
    assert assembly.code[8:] == bytes.fromhex("0001000007000000")


@pytest.mark.parametrize("line", ["frob a0", "addi a0, a1, 4096", "beq a0, a1, nowhere", "lw a0, a1", "a:\na:"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(AssemblyError, match="line "):
        assemble(line, 0)


def test_the_frame_is_a_firmware_image(tmp_path: Path) -> None:
    machine = pytest.importorskip("tests.host.k210.machine")
    assembly = machine.program("nop")
    image = machine.image_of(assembly, tmp_path)
    assert image.code == machine.HEADER + assembly.code
    assert read_image(tmp_path / "firmware.bin").code == image.code
