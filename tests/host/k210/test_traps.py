"""Traps: exceptions, and the exact places at which a waiting interrupt is taken."""

from __future__ import annotations

import pytest

from .machine import INTERRUPT, Machine, Trap, run

SOFT, TIMER = INTERRUPT | 3, INTERRUPT | 7


def test_ecall_enters_the_handler_with_its_own_address() -> None:
    machine = run("li a0, 7\ncall_it: ecall\nput a0")
    assert machine.traps() == [Trap(11, machine.address("call_it"), 0, 0)]
    assert machine.first(1) == [7]


@pytest.mark.parametrize(
    ("instruction", "cause"), [("lw a1, 0(a0)", 5), ("sw a1, 0(a0)", 7), ("ld a1, 0(a0)", 5), ("sb a1, 0(a0)", 7)]
)
@pytest.mark.parametrize("address", [0x1000_0000, 0x8080_0000, 0xFFFF_FFFF_0000_0000, 0x6000_0000])
def test_an_access_where_nothing_lies_is_a_fault(instruction: str, cause: int, address: int) -> None:
    machine = run(f"li a0, {address}\nfault: {instruction}\nli a0, 3\nput a0")
    assert machine.traps() == [Trap(cause, machine.address("fault"), address, 0)]
    assert machine.first(1) == [3]
    assert machine.chip.harts[0].fault == (cause, machine.address("fault"), address)


def test_a_jump_to_where_nothing_lies_is_a_fault_of_the_fetch() -> None:
    machine = run("li a0, 0x10000000\njalr a0\nli a0, 3\nput a0")
    assert machine.traps() == [Trap(1, 0x1000_0000, 0x1000_0000, 0)]
    assert machine.first(1) == [3]


def test_a_word_that_is_no_instruction_is_a_fault() -> None:
    machine = run("bad: .word 0xFFFFFFFF\nli a0, 3\nput a0")
    assert [(trap.cause, trap.pc) for trap in machine.traps()] == [(2, machine.address("bad"))]
    assert machine.first(1) == [3]


def test_the_null_page_reads_zero_and_takes_writes_silently() -> None:
    machine = run("li a0, -1\nsd a0, 8(zero)\nld a1, 8(zero)\naddi a1, a1, 1\nput a1\nlb a2, 0x60(zero)\nput a2")
    assert machine.first(2) == [1, 0]
    assert machine.traps() == []


def test_both_views_of_the_memory_are_the_same_bytes() -> None:
    machine = run("""
        li a0, 0x80612340
        li a1, 0x40612340
        li a2, 0x1122334455667788
        sd a2, 0(a0)
        ld a3, 0(a1)
        put a3
        sb zero, 1(a1)
        ld a3, 0(a0)
        put a3
    """)
    assert machine.first(2) == [0x1122334455667788, 0x1122334455660088]
    assert machine.read(0x8061_2340, 8) == machine.read(0x4061_2340, 8)


def test_code_that_was_written_is_what_runs() -> None:
    # `addi a0, a0, 1` becomes `addi a0, a0, 16` through the other view of the memory, and runs again.
    machine = run("""
        li a0, 0
        li a3, 0
        la a1, target
        li a2, 0x3FFFFFFF
        and a1, a1, a2
        li a2, 0x40000000
        or a1, a1, a2
        li a2, 0x01050513
    target:
        addi a0, a0, 1
        bnez a3, over
        li a3, 1
        sw a2, 0(a1)
        fence.i
        j target
    over:
        put a0
    """)
    assert machine.first(1) == [17]


ENABLES = ("csrsi mstatus, 8", "csrs mstatus, a1", "csrw mstatus, a1", "csrrs a2, mstatus, a1", "csrrsi a2, mstatus, 8",
           "csrrw a2, mstatus, a1", "csrwi mstatus, 8")  # fmt: skip


@pytest.mark.parametrize("enable", ENABLES)
def test_a_waiting_interrupt_is_taken_directly_behind_the_write_that_enables_it(enable: str) -> None:
    machine = run(f"""
        li t1, MIE_ALL
        csrw mie, t1
        li a1, 8
        poke CLINT, 1
        delay 50000            # it waits while interrupts are off
        put gp
        {enable}
    behind:
        put gp
    """)
    assert machine.traps() == [Trap(SOFT, machine.address("behind"), 0, 0)]
    before, after = machine.first(2)
    assert after - before == 32


def test_a_waiting_interrupt_is_taken_at_the_return_from_a_trap() -> None:
    # The handler of the ecall sets msip; the interrupt comes at its mret, before the instruction behind the ecall.
    machine = run(
        "li t1, MIE_ALL\ncsrw mie, t1\ncsrsi mstatus, 8\necall\nbehind: put gp",
        exception="li t3, CLINT\nli t4, 1\nsw t4, 0(t3)",
    )
    behind = machine.address("behind")
    assert machine.traps() == [Trap(11, behind - 4, 0, 0), Trap(SOFT, behind, 0, 0)]


def test_a_trap_switches_interrupts_off_and_its_return_brings_back_what_was() -> None:
    machine = run(
        "csrsi mstatus, 8\necall\ncsrr a0, mstatus\nput a0\ncsrci mstatus, 8\necall\ncsrr a0, mstatus\nput a0",
        exception="csrr t3, mstatus\nsd t3, 0(s11)\naddi s11, s11, 8",
    )
    mie, mpie, mpp = 8, 0x80, 0x1800
    inside, after, inside_off, after_off = machine.first(4)
    assert inside & (mie | mpie | mpp) == mpie | mpp
    assert after & (mie | mpie) == mie | mpie
    assert inside_off & (mie | mpie | mpp) == mpp
    assert after_off & mie == 0


@pytest.mark.parametrize("store", ["sw a1, 0(a0)", ".half 0xC10C\n.half 1"])
def test_a_store_to_the_own_msip_is_followed_by_its_interrupt(store: str) -> None:
    # .half C10C is the compressed `sw a1, 0(a0)`; `.half 1` is a compressed nop that keeps the rest aligned.
    machine = run(f"""
        li t1, MIE_ALL
        csrw mie, t1
        csrsi mstatus, 8
        li a0, CLINT
        li a1, 1
    yield: {store}
        put gp
    """)
    length = 4 if store.startswith("sw") else 2
    assert machine.traps() == [Trap(SOFT, machine.address("yield") + length, 0, 0)]
    assert machine.first(1) == [0x8032_0020]


def test_a_hundred_yields_are_a_hundred_interrupts() -> None:
    machine = run("""
        li t1, MIE_ALL
        csrw mie, t1
        csrsi mstatus, 8
        li a0, CLINT
        li a1, 1
        li a2, 100
    again:
        sw a1, 0(a0)
        addi a2, a2, -1
        bnez a2, again
    """)
    assert [trap.cause for trap in machine.traps()] == [SOFT] * 100


def test_the_software_interrupt_comes_before_that_of_the_timer() -> None:
    machine = run("""
        li t1, MIE_ALL
        csrw mie, t1
        poke64 CLINT+0x4000, 0
        poke CLINT, 1
        csrsi mstatus, 8
        nop
    """)
    assert [trap.cause for trap in machine.traps()] == [SOFT, TIMER]


def test_mie_chooses_which_interrupts_come() -> None:
    machine = run("""
        li t1, 0x80
        csrw mie, t1
        poke CLINT, 1
        poke64 CLINT+0x4000, 0
        csrsi mstatus, 8
        nop
        csrr a0, mip
        put a0
    """)
    assert [trap.cause for trap in machine.traps()] == [TIMER]
    assert machine.first(1) == [8]


def test_a_wrong_program_does_not_end_the_host() -> None:
    # The handler itself faults for ever; the chip runs on and the test ends by its cycles.
    machine = Machine("la t0, broken\ncsrw mtvec, t0\necall\n.align 4\nbroken: .word 0xFFFFFFFF")
    assert not machine.chip.run(400_000, machine.finished)
    assert machine.chip.harts[0].fault is not None
