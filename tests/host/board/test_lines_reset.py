"""DTR and RTS step by step, recorded by one of pyserial's own serial ports."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator

import pytest
import serial
from serial.urlhandler.protocol_loop import Serial as Loop

from maixswitch.board import lines
from maixswitch.board.failures import BoardError
from maixswitch.errors import EXIT_DEVICE, EXIT_USAGE, MaixSwitchError


class StepRecorder(Loop):  # type: ignore[misc]
    """pyserial's loop:// port that records the steps of its lines, and answers as a board after `speaks_after`."""

    speaks_after: list[tuple[bool, bool]] | None = None

    def __init__(self, *args: object, **options: object) -> None:
        self.steps: list[tuple[bool, bool]] = []
        super().__init__(*args, **options)

    def _update_dtr_state(self) -> None:
        super()._update_dtr_state()

    def _update_rts_state(self) -> None:
        super()._update_rts_state()
        self.steps.append((self._dtr_state, self._rts_state))
        if self.steps[-3:] == self.speaks_after:
            self.write(b"[MAIXPY] Pll0:freq:806000000\r\n")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[StepRecorder]]:
    """Every port that the test opens, in order."""
    opened: list[StepRecorder] = []

    def for_url(url: str, **options: object) -> StepRecorder:
        options.pop("do_not_open")
        port = StepRecorder(None, **options)
        port.port = url
        opened.append(port)
        return port

    monkeypatch.setattr(serial, "serial_for_url", for_url)
    yield opened
    for port in opened:
        port.close()


NONE, DTR, RTS = (False, False), (True, False), (False, True)


def test_both_lines_are_released_before_the_port_opens(ports: list[StepRecorder]):
    lines.opened("loop://")
    assert set(ports[0].steps) <= {NONE}


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("dan", [NONE, RTS, DTR]),
        ("bit", [NONE, RTS, DTR]),
        ("GOE", [NONE, DTR, RTS]),
        ("maixduino", [NONE, DTR, RTS]),
        ("goD", [(True, True), DTR, DTR]),
    ],
)
def test_the_boot_loader_starts_with_the_steps_of_kflash(
    ports: list[StepRecorder], name: str, steps: list[tuple[bool, bool]]
):
    lines.bootloader("loop://", name)
    assert ports[0].steps[-3:] == steps
    assert not ports[0].is_open


@pytest.mark.parametrize(("wired", "steps"), [("dan", [NONE, RTS, NONE]), ("goE", [NONE, DTR, NONE])])
def test_restart_tries_the_kinds_until_the_board_speaks(
    ports: list[StepRecorder], monkeypatch: pytest.MonkeyPatch, wired: str, steps: list[tuple[bool, bool]]
):
    monkeypatch.setattr(StepRecorder, "speaks_after", steps)
    assert lines.restart("loop://", listen=0.2) == wired
    assert ports[0].steps[-3:] == steps


def test_restart_of_a_silent_board_is_an_error(ports: list[StepRecorder]):
    with pytest.raises(BoardError, match="B605") as caught:
        lines.restart("loop://", ("goE",), listen=0.1)
    assert caught.value.exit_code == EXIT_DEVICE
    assert RTS not in ports[0].steps


def test_no_restart_ends_with_a_line_asserted():
    for kind in lines.KINDS[:2]:
        assert kind.restart[-1] == NONE


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(MaixSwitchError, match=r"nonsense.*dan.*goE.*goD") as caught:
        lines.kind("nonsense")
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.skipif(os.name == "nt", reason="no pseudo terminals")
def test_a_port_without_lines_suggests_a_soft_reset():
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        with pytest.raises(BoardError, match=r"B617.*--soft"):
            lines.restart(os.ttyname(slave))
    finally:
        os.close(master)
        os.close(slave)
