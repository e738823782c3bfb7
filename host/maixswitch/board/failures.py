"""What can go wrong with a board, as rows of the findings table: a message, a remedy and an exit code."""

from __future__ import annotations

import errno
import re

from maixswitch.errors import EXIT_DEVICE, EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.findings.finding import Finding, finding
from maixswitch.findings.serial_words import serial_finding
from maixswitch.findings.table import rule

EXITS = {"B602": EXIT_USAGE, "B603": EXIT_IO, "B604": EXIT_IO, "B614": EXIT_IO, "B628": EXIT_USAGE}
"""Exit codes of failures that are not the board's fault. All other rows have EXIT_DEVICE."""

ON_BOARD = {
    errno.EIO: "B623",
    errno.ENODEV: "B620",
    errno.ENOSPC: "B621",
    errno.EROFS: "B622",
    errno.EACCES: "B622",
    errno.ENOMEM: "B613",
}
"""OSError numbers raised on the board -> row."""

OPENING = {
    errno.ENOENT: "B601",
    errno.ENXIO: "B601",
    errno.ENODEV: "B601",
    errno.EACCES: "B604",
    errno.EPERM: "B604",
    errno.EBUSY: "B603",
    errno.EAGAIN: "B603",
}
"""OSError numbers of this PC when a port is opened -> row."""

LONGEST = 200


class BoardError(MaixSwitchError):
    """A failure that is a row B6xx of the findings table.

    found, wanted: what was there and what was expected, as short texts.
    values: values for the names in the row's texts; a name without a value appears in capitals.
    The exit code is EXIT_DEVICE unless EXITS has another. Raises KeyError for a code without a row.
    """

    def __init__(self, code: str, *, found: object = "", wanted: object = "", **values: object) -> None:
        row = rule(code)
        names = re.findall(r"\{(\w+)\}", row.title + row.remedy)
        self.code = code
        self.finding: Finding = finding(
            code, found=found, wanted=wanted, **{name: name.upper() for name in names} | values
        )
        super().__init__(f"{self.finding.text()} {self.finding.remedy}", EXITS.get(code, EXIT_DEVICE))


def translate(error: BaseException, port: str) -> BoardError:
    """Return the row for an exception of pyserial, mpremote or the system; a BoardError is returned as it is.

    The number of an OSError decides, otherwise its words: pyserial often has the number only in its text.
    """
    if isinstance(error, BoardError):
        return error
    text = _short(str(error) or type(error).__name__)
    # Look at the board's traceback first: otherwise its "no such file" would pass for a missing port of this PC.
    remote = _traceback(error)
    if remote:
        return on_board(remote, port)
    number = error.errno if isinstance(error, OSError) else None
    if number is None and (match := re.search(r"\[Errno (\d+)\]", text)):
        number = int(match[1])
    # On an open port, EIO means that the device is gone. On a port that is being opened, the words below are clearer.
    if number == errno.EIO and "could not open" not in text:
        return BoardError("B608", port=port, found=text)
    # B601 lists in `found` the ports that exist. They are not known here, so it stays empty.
    if number in OPENING:
        return BoardError(OPENING[number], port=port, found="" if OPENING[number] == "B601" else text)
    # These have no useful number or words. They mean that the other end has closed the line.
    if isinstance(error, EOFError | ConnectionError | BrokenPipeError):
        return BoardError("B608", port=port, found=text)
    code = serial_finding(text) or ("B614" if isinstance(error, OSError) else "B612")
    return BoardError(code, port=port, found=text)


def on_board(traceback: str, port: str) -> BoardError:
    """Return the row for a traceback of the board: no card, a full, locked or broken card, no memory, else B612."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if last.startswith("MemoryError"):
        return BoardError("B613", port=port, found=_short(last))
    # MicroPython prints "[Errno 5] EIO" for a number that it has a name for, and the bare number otherwise
    # (py/objexcept.c).
    match = re.match(r"OSError: (?:\[Errno )?(\d+)\b", last)
    if match and int(match[1]) in ON_BOARD:
        return BoardError(ON_BOARD[int(match[1])], port=port, found=_short(last))
    return BoardError("B612", port=port, found=_short(last))


def _traceback(error: BaseException) -> str:
    """Return the board's own traceback in an exception of mpremote, "" if there is none."""
    # Where mpremote keeps the traceback, and whether as text or bytes, depends on its version.
    parts = [getattr(error, "error_output", ""), *error.args]
    for part in parts:
        text = part.decode(errors="replace") if isinstance(part, bytes) else part
        if isinstance(text, str) and "Traceback (most recent call last)" in text:
            return text
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "..."
