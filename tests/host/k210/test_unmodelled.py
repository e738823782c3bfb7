"""Registers that nobody models are counted, and stop a strict chip; what a device raises ends the run."""

from __future__ import annotations

import pytest

from maixswitch.k210.unmodelled import UnmodelledRegister

from .machine import Machine, run

ODD = "show UART1+0x300\npoke DVP+0x3C, 5\nshow DVP+0x3C\npoke DVP+0x3C, 6"


def test_a_register_that_nobody_models_reads_zero_and_is_counted() -> None:
    machine = run(ODD + "\nshow UART1+0x300")
    assert machine.first(3) == [0, 5, 0]
    counts = machine.chip.unmodelled.counts
    assert counts == {("UART1", 0x300, "read"): 2, ("DVP", 0x3C, "write"): 2}


@pytest.mark.parametrize(
    ("program", "message"), [("show UART1+0x300", "UART1: read .*0x300"), ("poke DVP+0x3C, 5", "DVP: write .*0x3c")]
)
def test_a_strict_chip_stops_there(program: str, message: str) -> None:
    machine = Machine(program + "\nli a0, 1\nput a0", strict=True)
    with pytest.raises(UnmodelledRegister, match=message):
        machine.run()
    assert machine.reports() == []


def test_a_strict_chip_runs_what_is_modelled() -> None:
    machine = Machine("show GPIOHS\npoke UARTHS+0x18, 0xDA9\nshow SYSCTL+4\npoke FPIOA+4, 3", strict=True).run()
    assert machine.chip.unmodelled.counts == {}


def test_a_dma_from_nowhere_is_an_error_of_the_host() -> None:
    with pytest.raises(ValueError, match="no device at"):
        run("dma 0, 0x60000000, DATA, 4, 0x200")
