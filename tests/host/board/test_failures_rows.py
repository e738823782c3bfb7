"""Each failure of a line or a board becomes a row of the findings table, with a remedy and an exit code."""

from __future__ import annotations

import errno

import pytest
import serial

from maixswitch.board.failures import BoardError, on_board, translate
from maixswitch.errors import EXIT_DEVICE, EXIT_IO, EXIT_USAGE
from maixswitch.findings.table import rules

PORT = "/dev/ttyUSB7"
ERRORS = [
    (FileNotFoundError(errno.ENOENT, "No such file or directory"), "B601"),
    (serial.SerialException(errno.EBUSY, "Device or resource busy"), "B603"),
    (serial.SerialException("Could not exclusively lock port x: [Errno 11] Resource temporarily unavailable"), "B603"),
    (serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"), "B603"),
    (PermissionError(errno.EACCES, "Permission denied"), "B604"),
    (serial.SerialException("device reports readiness to read but returned no data"), "B608"),
    (OSError(errno.EIO, "Input/output error"), "B608"),
    (serial.SerialException("could not open port x: [Errno 5] Input/output error"), "B614"),
    (RuntimeError("could not enter raw repl"), "B607"),
    (RuntimeError("timeout waiting for first EOF reception"), "B611"),
    (RuntimeError("x", "Traceback (most recent call last):\nMemoryError: memory allocation failed"), "B613"),
    (RuntimeError("who knows"), "B612"),
]
TRACEBACKS = [
    ("OSError: 19", "B620"),
    ("OSError: 28", "B621"),
    ("OSError: 30", "B622"),
    ("OSError: [Errno 5] EIO", "B623"),
    ("MemoryError: ", "B613"),
    ("ValueError: 28", "B612"),
    ("", "B612"),
]
EXITS = {"B600": EXIT_DEVICE, "B602": EXIT_USAGE, "B603": EXIT_IO, "B604": EXIT_IO, "B605": EXIT_DEVICE}


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=[f"{code}-{at}" for at, (_, code) in enumerate(ERRORS)])
def test_an_exception_becomes_its_row(error: Exception, code: str) -> None:
    failure = translate(error, PORT)
    assert failure.code == code
    assert failure.finding.remedy in failure.message


@pytest.mark.parametrize(("line", "code"), TRACEBACKS)
def test_a_traceback_of_the_board_becomes_its_row(line: str, code: str) -> None:
    failure = on_board(f'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n{line}\n', PORT)
    assert failure.code == code
    assert failure.exit_code == EXIT_DEVICE


@pytest.mark.parametrize("code", [code for code in rules() if code.startswith("B")])
def test_every_row_makes_a_message_without_gaps(code: str) -> None:
    assert "{" not in BoardError(code).message
    assert "}" not in BoardError(code, port=PORT, found="this", wanted="that").message


@pytest.mark.parametrize(("code", "exit_code"), EXITS.items())
def test_exit_codes(code: str, exit_code: int) -> None:
    assert BoardError(code).exit_code == exit_code


def test_a_row_stays_what_it_is() -> None:
    """B609, B610, B624 and B628 are raised as BoardError; `translate` returns them unchanged."""
    for code in ("B609", "B610", "B624", "B628"):
        first = BoardError(code, port=PORT)
        assert translate(first, "/dev/other") is first


def test_a_long_text_of_a_board_is_cut() -> None:
    assert len(on_board("ValueError: " + "x" * 5000, PORT).message) < 600
