"""SYSCTL, timers, watchdogs and the RTC."""

from __future__ import annotations

import pytest

from .machine import Machine, run

PLL0_806_MHZ = 0x2F4000 | 0x1E << 4  # (30 + 1) * 26 MHz
CPU_403_MHZ = f"poke SYSCTL+8, {PLL0_806_MHZ}\npoke SYSCTL+0x20, 1\n"
SECOND = 403_000_000


def date(year: int, month: int, day: int, week: int = 0) -> int:
    """Return the RTC's date register."""
    return year % 100 << 20 | month << 16 | day << 8 | week


def time_of_day(hour: int, minute: int, second: int) -> int:
    """Return the RTC's time register."""
    return hour << 24 | minute << 16 | second << 10


def test_the_plls_are_locked_and_the_crystal_has_26_mhz() -> None:
    machine = run("""
        poke SYSCTL+8, 0
        poke SYSCTL+0x18, 0
        poke SYSCTL+4, 0
        delay 30000
        show SYSCTL+0x18
        show SYSCTL+4
        show SYSCTL+0x28
        show SYSCTL+0x2C
    """)
    assert machine.first(4) == [0x10103, 26_000_000, 0xFFFF_FFFF, 0xFFFF_FFFF]


def test_the_clock_of_the_cpu_follows_the_pll_and_its_selection() -> None:
    machine = run(f"poke SYSCTL+8, {PLL0_806_MHZ}\nshow SYSCTL+8")
    sysctl = machine.chip.sysctl
    assert machine.first(1) == [PLL0_806_MHZ]
    assert sysctl.cpu_clock() == 26_000_000
    sysctl.write(0x20, 1)
    assert sysctl.cpu_clock() == 403_000_000
    sysctl.write(0x20, 3)
    assert sysctl.cpu_clock() == 201_500_000


def test_a_reset_starts_the_firmware_again_and_forgets_the_devices() -> None:
    # The first run leaves a mark in memory outside the image, which a reset keeps.
    machine = run("""
        show GPIOHS+0xC
        show SYSCTL+8
        li a0, DATA
        lwu a1, 0(a0)
        put a1
        bnez a1, over
        poke DATA, 7
        poke GPIOHS+0xC, 5
        poke SYSCTL+8, 0x1234
        poke SYSCTL+0x30, 1
        wait DATA+8, 1
    over:
    """)
    assert machine.first(3) == [0, machine.chip.sysctl.RESET.get(8, 0), 7]
    assert machine.chip.gpiohs.output == 0


def test_a_reset_puts_the_second_hart_to_sleep() -> None:
    machine = run(
        """
        li a0, DATA
        lwu a1, 0(a0)
        bnez a1, over
        poke CLINT+4, 1
        wait DATA+8, 1
        poke DATA, 1
        poke SYSCTL+0x30, 1
        wait DATA+16, 1
    over:
        delay 100000
        """,
        second="poke DATA+8, 1\nstay_here: j stay_here",
    )
    assert not machine.chip.harts[1].running


@pytest.mark.parametrize(("load", "count"), [(0x3F79F, 2), (12_999, 20)])
def test_a_timer_counts_at_13_mhz(load: int, count: int) -> None:
    # 3F79F is what the firmware writes for 20 ms.
    machine = Machine(
        CPU_403_MHZ + f"enable 14, 1\npoke TIMER0, {load}\npoke TIMER0+8, 3\ninterrupts\ncsrr a0, mcycle\nput a0\n"
        f"await {count}\ncsrr a0, mcycle\nput a0",
        external="li t3, TIMER0\nlwu t4, 0xC(t3)",
    ).run(cycles=SECOND)
    start, end = machine.first(2)
    period = (load + 1) * SECOND // 13_000_000
    # The last interrupt is seen up to a slice late and the delay loop's jumps add some.
    assert abs((end - start) - count * period) < 60_000 + period // 50
    assert {trap.source for trap in machine.traps()} == {14}


def test_a_timer_of_a_faster_clock_and_of_a_divider() -> None:
    machine = run(CPU_403_MHZ + "poke TIMER1, 99\npoke TIMER1+8, 2")
    timer, sysctl = machine.chip.timers[1], machine.chip.sysctl
    assert timer.period(0) == 100 * SECOND // 13_000_000
    sysctl.write(0x40, 1 << 8)
    assert timer.period(0) == 100 * SECOND // 6_500_000
    sysctl.write(0x20, 1 | 1 << 14)
    assert timer.period(0) == 100 * SECOND // 201_500_000


def test_the_channels_of_a_timer_have_two_lines() -> None:
    machine = run(
        CPU_403_MHZ + "enable 16, 1\nenable 17, 1\npoke TIMER1+0x14, 9999\npoke TIMER1+0x1C, 3\n"
        "poke TIMER1+0x28, 24999\npoke TIMER1+0x30, 3\ninterrupts\nawait 3\nshow TIMER1+0xA0",
        external="li t3, TIMER1\nlwu t4, 0xA0(t3)\nsd t4, 0(s11)\naddi s11, s11, 8\nlwu t4, 0xA4(t3)",
    )
    assert [trap.source for trap in machine.traps()[:3]] == [16, 16, 17]
    assert machine.first(3) == [2, 2, 4]


def test_a_masked_or_stopped_timer_is_silent() -> None:
    machine = run(
        CPU_403_MHZ + "enable 14, 1\npoke TIMER0, 999\npoke TIMER0+8, 7\ninterrupts\ndelay 200000\n"
        "poke TIMER0+8, 3\npoke TIMER0+8, 2\ndelay 200000\nshow TIMER0+4"
    )
    assert machine.traps() == []


def test_a_masked_timer_keeps_no_wait_short() -> None:
    """A PWM is such a timer; its half a million periods a second would otherwise each end a jump of the clock."""
    silent = run(CPU_403_MHZ + "poke TIMER0, 25\npoke TIMER0+8, 7").chip
    heard = run(CPU_403_MHZ + "poke TIMER0, 25\npoke TIMER0+8, 3").chip
    assert heard.cycles_to_next_change() <= 26 * SECOND // 13_000_000
    assert silent.cycles_to_next_change() > SECOND // 1000


def test_a_watchdog_that_nobody_feeds_resets_the_chip() -> None:
    machine = run(
        CPU_403_MHZ
        + """
        li a0, DATA
        lwu a1, 0(a0)
        bnez a1, over
        poke DATA, 1
        poke WDT0+4, 0
        poke WDT0, 1
        csrr a1, mcycle
        sd a1, 8(a0)
        wait DATA+16, 1
    over:
        csrr a1, mcycle
        ld a2, 8(a0)
        sub a1, a1, a2
        put a1
    """
    )
    assert 0 <= machine.first(1)[0] - (1 << 16) * SECOND // 13_000_000 < 100_000


def test_a_watchdog_that_is_fed_is_quiet() -> None:
    machine = run(
        CPU_403_MHZ
        + """
        poke WDT0+4, 0
        poke WDT0, 1
        li a0, 10
    again:
        delay 300000
        poke WDT0+0xC, 0x76
        addi a0, a0, -1
        bnez a0, again
        poke WDT0, 0
        delay 2000000
        li a0, 1
        put a0
    """
    )
    assert machine.first(1) == [1]
    assert machine.chip.clock.cycles > 2 * (1 << 16) * SECOND // 13_000_000


def test_a_watchdog_may_warn_before_it_resets() -> None:
    machine = run(
        CPU_403_MHZ + "enable 22, 1\npoke WDT1+4, 0\npoke WDT1, 3\ninterrupts\nawait 1\npoke WDT1+0xC, 0x76",
        external="li t3, WDT1\nli t4, 1\nsw t4, 0x14(t3)",
    )
    assert [trap.source for trap in machine.traps()] == [22]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (((2026, 11, 30, 1), (10, 20, 58)), ((2026, 11, 30, 1), (10, 20, 59))),
        (((2024, 2, 28, 3), (23, 59, 59)), ((2024, 2, 29, 4), (0, 0, 0))),
        (((2025, 12, 31, 3), (23, 59, 59)), ((2026, 1, 1, 4), (0, 0, 0))),
    ],
)
def test_the_rtc_ticks(before: tuple[tuple[int, ...], ...], after: tuple[tuple[int, ...], ...]) -> None:
    machine = Machine(
        CPU_403_MHZ
        + f"poke RTC+0x28, 20\npoke RTC, {date(*before[0])}\npoke RTC+4, {time_of_day(*before[1])}\n"
        + "csrr a0, mcycle\nli a1, 420000000\nadd a1, a0, a1\nagain: csrr a0, mcycle\nbltu a0, a1, again\n"
        + "show RTC\nshow RTC+4"
    ).run(cycles=2 * SECOND)
    assert machine.first(2) == [date(*after[0]), time_of_day(*after[1])]
