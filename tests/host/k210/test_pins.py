"""GPIOHS, GPIO and FPIOA: levels and edges go through the table of pins."""

from __future__ import annotations

import pytest

from maixswitch.k210.chip import Chip

from .machine import Machine, run

PIN = 16
GPIOHS_3, GPIO_2 = 24 + 3, 56 + 2
TO_GPIOHS_3 = f"poke FPIOA+{4 * PIN}, {GPIOHS_3}\n"
TO_GPIO_2 = f"poke FPIOA+{4 * PIN}, {GPIO_2}\n"


def press(machine: Machine, level: bool) -> None:
    """Drive the pin once the program has reported that it is ready."""
    assert machine.chip.run(2_000_000, lambda: bool(machine.reports()))
    machine.chip.set_pin(PIN, level)


def test_an_undriven_input_is_high() -> None:
    assert run("show GPIOHS\nshow GPIO+0x50").first(2) == [0xFFFF_FFFF, 0xFF]


@pytest.mark.parametrize(
    ("enable", "pending", "before", "after"),
    [(0x18, 0x1C, False, True), (0x20, 0x24, True, False)],
    ids=["rising", "falling"],
)
def test_an_edge_interrupts_once(enable: int, pending: int, before: bool, after: bool) -> None:
    machine = Machine(
        TO_GPIOHS_3 + f"enable 37, 1\npoke GPIOHS+{enable}, 8\ninterrupts\nli a0, 1\nput a0\nawait 1\ndelay 50000",
        external=f"""
            li t3, GPIOHS
            lwu t4, {pending}(t3)
            sd t4, 0(s11)
            addi s11, s11, 8
            li t4, 8
            sw t4, {pending}(t3)
            lwu t4, {pending}(t3)
            sd t4, 0(s11)
            addi s11, s11, 8
        """,
    )
    machine.chip.set_pin(PIN, before)
    press(machine, after)
    machine.run()
    assert machine.first(3) == [1, 8, 0]
    assert [trap.source for trap in machine.traps()] == [37]


def test_the_edge_that_nobody_asked_for_is_not_kept() -> None:
    machine = Machine(TO_GPIOHS_3 + "poke GPIOHS+0x18, 8\nli a0, 1\nput a0\nwait DATA, 1\nshow GPIOHS+0x1C\n"
                      "show GPIOHS+0x24\nshow GPIOHS")  # fmt: skip
    press(machine, False)
    machine.write(0x8040_0000, b"\1")
    assert machine.run().first(4) == [1, 0, 0, 0xFFFF_FFF7]


def test_a_level_interrupts_as_long_as_it_lasts() -> None:
    # The third time the handler stops listening to the channel.
    machine = Machine(
        TO_GPIOHS_3 + "enable 37, 1\npoke GPIOHS+0x30, 8\ninterrupts\nli a0, 1\nput a0\nawait 3\ndelay 50000",
        external="li t3, TRAPS+96\nbltu gp, t3, not_yet\nli t3, GPIOHS\nsw zero, 0x30(t3)\nnot_yet:",
    )
    press(machine, False)
    assert [trap.source for trap in machine.run().traps()] == [37] * 3


def test_a_pin_reaches_the_channel_that_it_is_connected_to_now() -> None:
    machine = Machine(f"""
        poke FPIOA+{4 * PIN}, {GPIOHS_3}
        show GPIOHS
        poke FPIOA+{4 * PIN}, {GPIOHS_3 + 1}
        show GPIOHS
        poke FPIOA+{4 * PIN}, {GPIO_2}
        show GPIO+0x50
        show FPIOA+{4 * PIN}
    """)
    machine.chip.set_pin(PIN, False)
    first, second, third, function = machine.run().first(4)
    assert first & 0x18 == 0x10
    assert second & 0x10 == 0
    assert third == 0xFB
    assert function == GPIO_2


def test_an_output_is_seen_at_its_pin() -> None:
    machine = run(TO_GPIOHS_3 + f"poke GPIOHS+0xC, 8\npoke FPIOA+{4 * 20}, {GPIO_2}\npoke GPIO, 4\nshow GPIOHS+0xC")
    assert machine.chip.output_level(PIN) is True
    assert machine.chip.output_level(20) is True
    assert machine.chip.output_level(21) is None
    assert machine.first(1) == [8]


def test_a_watched_output_is_told_when_it_changes() -> None:
    changes: list[int] = []

    class Watched(Chip):
        def outputs_changed(self, changed: int) -> None:
            changes.append(changed)

    machine = Machine("poke GPIOHS+0xC, 8\npoke GPIOHS+0xC, 9\npoke GPIOHS+0xC, 1\npoke GPIOHS+0xC, 1")
    machine.chip.__class__ = Watched
    machine.chip.watched_outputs = 8
    machine.run()
    assert changes == [8, 8]


@pytest.mark.parametrize(
    ("polarity", "both", "before", "after"),
    [(4, 0, False, True), (0, 0, True, False), (0, 4, False, True), (4, 4, True, False)],
    ids=["rising", "falling", "both up", "both down"],
)
def test_an_edge_at_gpio_interrupts_once(polarity: int, both: int, before: bool, after: bool) -> None:
    machine = Machine(
        TO_GPIO_2
        + f"""
        enable 23, 1
        poke GPIO+0x38, 4
        poke GPIO+0x3C, {polarity}
        poke GPIO+0x68, {both}
        poke GPIO+0x30, 4
        interrupts
        li a0, 1
        put a0
        await 1
        show GPIO+0x40
        """,
        external="li t3, GPIO\nlwu t4, 0x40(t3)\nsd t4, 0(s11)\naddi s11, s11, 8\nli t4, 4\nsw t4, 0x4C(t3)",
    )
    machine.chip.set_pin(PIN, before)
    press(machine, after)
    machine.run()
    assert machine.first(3) == [1, 4, 0]
    assert [trap.source for trap in machine.traps()] == [23]


def test_the_level_at_gpio_waits_behind_its_mask() -> None:
    machine = Machine(
        TO_GPIO_2
        + """
        enable 23, 1
        poke GPIO+0x34, 4
        poke GPIO+0x30, 4
        interrupts
        show GPIO+0x44
        show GPIO+0x40
        poke GPIO+0x34, 0
        """,
        external="li t3, GPIO\nsw zero, 0x30(t3)",
    )
    machine.chip.set_pin(PIN, False)
    machine.run()
    assert machine.first(2) == [4, 0]
    assert [trap.source for trap in machine.traps()] == [23]
