"""What makes the virtual chip fast must not show: instructions are counted one by one, and code may be written."""

from __future__ import annotations

import pytest

from .assembler import assemble
from .machine import DATA, Machine, run

CODE = DATA + 0x2000
ADDS_TWO = assemble("addi a0, a0, 2\nret", CODE).code.hex()
ADDS_SEVEN = assemble("addi a0, a0, 7\nret", CODE).code.hex()
COPY = """
copy:                           # a1: from, a2: to; eight bytes
    ld a3, 0(a1)
    sd a3, 0(a2)
    fence.i
    ret
"""


@pytest.mark.parametrize("address", ["DATA+0x2000", "code"])
def test_code_that_a_program_writes_runs_as_it_was_written_last(address: str) -> None:
    # DATA: memory in which no code lay before; `code` lies in the page of the program.
    machine = run(
        f"""
        la s0, {address}
        li a0, 0
        la a1, adds_two
        mv a2, s0
        call copy
        jalr s0
        put a0
        jalr s0
        put a0
        la a1, adds_seven
        mv a2, s0
        call copy
        jalr s0
        put a0
        """.replace("la s0, DATA", "li s0, DATA"),
        data=f"{COPY}\n.align 8\nadds_two: .hex {ADDS_TWO}\nadds_seven: .hex {ADDS_SEVEN}\ncode: .space 16",
    )
    assert machine.first(3) == [2, 4, 11]


def test_data_in_the_page_of_code_that_ran_from_memory_is_stored_and_read() -> None:
    machine = run(
        """
        li s0, DATA+0x2000
        li a0, 0
        la a1, adds_two
        mv a2, s0
        sd a2, 64(s0)
        call copy
        jalr s0
        ld a3, 64(s0)
        sub a3, a3, s0
        put a3
        sd a0, 72(s0)
        ld a3, 72(s0)
        put a3
        """,
        data=f"{COPY}\n.align 8\nadds_two: .hex {ADDS_TWO}",
    )
    assert machine.first(2) == [0, 2]


@pytest.mark.parametrize("count", [1, 6, 1000, 20_000])
def test_a_run_ends_with_the_block_in_which_its_instructions_end(count: int) -> None:
    # A round has four instructions, two of them compressed: 0x0505 is c.addi a0, 1.
    machine = Machine("li a0, 0\nround:\n.half 0x0505\n.half 0x0505\nnop\nj round")
    hart = machine.chip.harts[0]
    for _ in range(2):  # the second run finds out that this loop does not wait
        hart.run(1000)
    assert hart.pc == machine.address("round")
    before = hart.state()["general"][9]
    hart.run(count)
    assert hart.state()["general"][9] - before == 2 * -(-count // 4)


def test_a_hart_that_an_interrupt_woke_waits_again_in_the_same_slice() -> None:
    machine = Machine(
        """
        enable 33, 1
        poke UARTHS+0x10, 2
        interrupts
    here:
        j here
        """,
        external="li t3, UARTHS\nlw t4, 4(t3)",
    )
    chip, hart = machine.chip, machine.chip.harts[0]
    assert chip.run(1_000_000, lambda: hart.idle)
    chip.uarths.incoming += b"x"
    assert chip.run(1_000_000, lambda: bool(machine.traps()))
    assert hart.idle
    assert hart.pc == machine.address("here")
