"""CLINT and PLIC: timers, priorities, thresholds, claims, nesting, and two harts."""

from __future__ import annotations

from maixswitch.k210.clock import CYCLES_OF_A_READ
from maixswitch.k210.firmware_code import COUNTER

from .machine import INTERRUPT, Machine, run

SOFT, TIMER, EXTERNAL = INTERRUPT | 3, INTERRUPT | 7, INTERRUPT | 11
QUIET = "li t3, UARTHS\nsw zero, 0x10(t3)"
"""Lowers the line of UARTHS in its handler: source 33 is up as long as its interrupt is enabled and a byte waits."""

HIGH_LINES = """
    # Undriven pins are high, so `high_ie` of a channel of GPIOHS raises the line 34 + channel.
    poke GPIOHS+0x04, 0xFFFFFFFF
"""


def test_the_timer_comes_when_its_time_has_come() -> None:
    machine = run("""
        interrupts
        li a0, CLINT+0xBFF8
        ld a1, 0(a0)
        li a2, 4000
        add a1, a1, a2
        li a3, CLINT+0x4000
        sd a1, 0(a3)
        await 1
        ld a2, 0(a0)
        sub a2, a2, a1
        put a2
    """)
    assert [trap.cause for trap in machine.traps()] == [TIMER]
    # Interrupts are looked for between slices of 20,000 cycles, 400 ticks.
    assert 0 <= machine.first(1)[0] < 1000


def test_a_timer_that_is_set_into_the_future_again_lowers_its_line() -> None:
    machine = run("""
        poke64 CLINT+0x4000, 0
        csrr a0, mip
        put a0
        poke64 CLINT+0x4000, -1
        csrr a0, mip
        put a0
        peek64 a0, CLINT+0x4000
        put a0
    """)
    assert machine.first(3) == [0x80, 0, (1 << 64) - 1]


def test_mtime_is_the_cycle_counter_by_fifty() -> None:
    machine = run("""
        peek64 a0, CLINT+0xBFF8
        csrr a1, mcycle
        li a2, 50
        divu a1, a1, a2
        sub a1, a1, a0
        put a1
        put a0
    """)
    difference, ticks = machine.first(2)
    assert 0 <= difference <= 3
    assert ticks > 0


def test_the_page_of_the_cycle_counter() -> None:
    """A read takes 60 cycles; the upper half takes none; what lies beside the counter reads zero, as null pointers."""
    reads = ("peek64 a0, {0}", "peek a1, {0}", "peek a2, {0}+4", "peek64 a3, {0}+8", "peek64 a4, 0x60")
    puts = [f"put a{at}" for at in range(len(reads))]
    machine = Machine("\n".join([*reads, *puts]).replace("{0}", hex(COUNTER)))
    machine.chip.clock.cycles = (5 << 32) + 7
    whole, lower, upper, beside, null = machine.run().first(5)
    assert whole == (5 << 32) + 7 + CYCLES_OF_A_READ
    assert (lower, upper, beside, null) == (7 + 2 * CYCLES_OF_A_READ, 5, 0, 0)


def test_a_loop_that_waits_for_cycles_ends_soon() -> None:
    # A second of the board's time, as the firmware waits for it.
    machine = Machine("""
        csrr a0, mcycle
        li a1, 403000000
        add a1, a0, a1
    wait_for_it:
        csrr a0, mcycle
        bltu a0, a1, wait_for_it
        put a0
    """)
    machine.run(cycles=450_000_000)
    assert 403_000_000 <= machine.first(1)[0] < 404_000_000


def test_an_interrupt_of_a_device_reaches_the_handler_with_its_source() -> None:
    machine = Machine("enable 33, 1\npoke UARTHS+0x10, 2\ninterrupts\nawait 1", external=QUIET)
    machine.chip.uarths.incoming += b"x"
    machine.run()
    assert [(trap.cause, trap.source) for trap in machine.traps()] == [(EXTERNAL, 33)]


def test_a_source_of_priority_zero_never_interrupts() -> None:
    machine = Machine("""
        enable 33, 0
        poke UARTHS+0x10, 2
        interrupts
        delay 100000
        show PLIC+0x1004
        show PLIC+0x200004
    """)
    machine.chip.uarths.incoming += b"x"
    machine.run()
    assert machine.traps() == []
    assert machine.first(2) == [2, 0]


def test_the_highest_priority_is_claimed_first_and_then_the_lowest_number() -> None:
    machine = run(
        HIGH_LINES
        + """
        enable 36, 2
        enable 37, 5
        enable 38, 5
        enable 39, 1
        poke GPIOHS+0x28, 0x3C
        show PLIC+0x200004
        show PLIC+0x200004
        show PLIC+0x200004
        show PLIC+0x200004
        show PLIC+0x200004
    """
    )
    assert machine.first(5) == [37, 38, 36, 39, 0]


def test_the_threshold_holds_back_what_is_not_above_it() -> None:
    machine = run(
        HIGH_LINES
        + """
        enable 36, 3
        poke GPIOHS+0x28, 4
        poke PLIC+0x200000, 3
        csrr a0, mip
        put a0
        poke PLIC+0x200000, 2
        csrr a0, mip
        put a0
        show PLIC+0x200000
    """
    )
    assert machine.first(3) == [0, 0x800, 2]


def test_a_level_that_is_still_high_after_its_completion_is_pending_again() -> None:
    machine = run(
        HIGH_LINES
        + """
        enable 36, 1
        poke GPIOHS+0x28, 4
        show PLIC+0x200004
        csrr a0, mip
        put a0
        poke PLIC+0x200004, 36
        csrr a0, mip
        put a0
        show PLIC+0x200004
        poke GPIOHS+0x28, 0
        poke PLIC+0x200004, 36
        csrr a0, mip
        put a0
    """
    )
    assert machine.first(5) == [36, 0, 0x800, 36, 0]


def test_interrupts_nest_when_the_handler_lets_them() -> None:
    # As the firmware does: the handler of 36 raises the threshold to its priority and enables interrupts; 37 has a
    # higher priority and comes inside, 38 has the same and comes behind.
    machine = run(
        HIGH_LINES
        + """
        enable 36, 2
        enable 37, 4
        enable 38, 2
        interrupts
        poke GPIOHS+0x28, 4
        await 3
    """,
        external="""
            li t3, GPIOHS
            lw t4, 0x28(t3)
            addi t5, t6, -34
            li t3, 1
            sll t3, t3, t5
            xori t3, t3, -1
            and t4, t4, t3
            li t3, GPIOHS
            sw t4, 0x28(t3)
            addi t5, t6, -36
            bnez t5, not_nesting
            addi sp, sp, -16
            csrr t3, mepc
            sd t3, 0(sp)
            sd t6, 8(sp)
            li t3, PLIC+0x200000
            li t4, 2
            sw t4, 0(t3)
            li t3, GPIOHS
            li t4, 0x18
            sw t4, 0x28(t3)
            csrsi mstatus, 8
        inside:
            nop
            csrci mstatus, 8
            li t3, PLIC+0x200000
            sw zero, 0(t3)
            ld t3, 0(sp)
            csrw mepc, t3
            ld t6, 8(sp)
            addi sp, sp, 16
        not_nesting:
        """,
    )
    traps = machine.traps()
    assert [trap.source for trap in traps] == [36, 37, 38]
    assert traps[1].pc == machine.address("inside")
    assert traps[2].pc == traps[0].pc


def test_the_second_hart_sleeps_until_its_software_interrupt() -> None:
    machine = Machine(
        "delay 100000\nshow FINISHED+8\npoke CLINT+4, 1\nwait FINISHED+8, 1", second="put tp\nlwu a0, 0(zero)\nput a0"
    ).run()
    assert machine.first(1) == [0]
    assert machine.first(2, hart=1) == [1, 0]
    assert machine.finished(hart=1)


def test_a_hart_interrupts_the_other_by_its_msip() -> None:
    machine = Machine(
        """
        poke CLINT+4, 1
        wait DATA, 1
        poke CLINT+4, 1
        wait DATA+8, 1
        """,
        # The first msip has started the hart; it takes it away before it enables interrupts.
        second="poke CLINT+4, 0\ninterrupts\npoke DATA, 1\nwait_here: j wait_here",
        soft="beqz tp, not_second\nli t3, DATA\nli t4, 1\nsd t4, 8(t3)\nnot_second:",
    ).run()
    assert [trap.cause for trap in machine.traps(hart=1)] == [SOFT]
    assert machine.traps() == []


def test_a_claimed_source_is_not_offered_to_the_other_hart() -> None:
    machine = Machine(
        HIGH_LINES
        + """
        enable 36, 1, 0
        enable 36, 1, 1
        poke GPIOHS+0x28, 4
        show PLIC+0x200004
        poke CLINT+4, 1
        wait FINISHED+8, 1
        """,
        second="show PLIC+0x202004\ncsrr a0, mip\nput a0",
    ).run()
    assert machine.first(1) == [36]
    assert machine.first(2, hart=1) == [0, 8]


def test_each_hart_takes_its_own_sources() -> None:
    machine = Machine(
        HIGH_LINES
        + """
        enable 36, 1, 0
        enable 37, 1, 1
        interrupts
        poke CLINT+4, 1
        wait DATA, 1
        poke GPIOHS+0x28, 0xC
        await 1
        wait FINISHED+8, 1
        """,
        second="""
            poke CLINT+4, 0
            li t1, 0x800
            csrw mie, t1
            csrsi mstatus, 8
            poke DATA, 1
            li t1, TRAPS+0x10020
        wait_for_trap:
            bltu gp, t1, wait_for_trap
        """,
        external="""
            li t3, GPIOHS
            lw t4, 0x28(t3)
            li t5, 4
            sll t5, t5, tp
            xori t5, t5, -1
            and t4, t4, t5
            sw t4, 0x28(t3)
        """,
    ).run()
    assert [trap.source for trap in machine.traps()] == [36]
    assert [trap.source for trap in machine.traps(hart=1)] == [37]


def test_the_registers_of_the_plic_read_as_written() -> None:
    machine = run("""
        poke PLIC+0x84, 7
        show PLIC+0x84
        poke PLIC+0x2100, 0xFFFFFFFE
        show PLIC+0x2100
        show PLIC+0x2000
        poke PLIC+0x202000, 5
        show PLIC+0x202000
    """)
    assert machine.first(4) == [7, 0xFFFF_FFFE, 0, 5]
