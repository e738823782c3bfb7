"""`maixswitch explain`: the meaning and the remedy of a code, a name, or a line that the board printed."""

from __future__ import annotations

import builtins
import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from maixswitch import board_code
from maixswitch.card.firmware_lines import LINES, Line
from maixswitch.findings.table import plain, rules
from maixswitch.language import tr, word

UNFORESEEN = 199
SIMILAR = {
    103: ("C102", "C103"),
    106: ("C302",),
    107: ("C119",),
    109: ("C480", "C482"),
    2001: ("C115",),
    2002: ("C208",),
    2003: ("C201",),
    2004: ("C204",),
    2005: ("C115",),
    2006: ("C206", "C212"),
    2007: ("C217",),
    2012: ("C118", "C213"),
    2014: ("C210",),
    2015: ("C202", "C205"),
}
"""Findings of `maixswitch check` that predict a fault of the board."""


@dataclass(frozen=True)
class Explanation:
    """What a code or a line means.

    code: "" for a line without one.
    name: ERR_... or a severity.
    also: codes that say more.
    """

    code: str
    name: str
    meaning: str
    remedy: str
    also: tuple[str, ...] = ()

    def text(self) -> str:
        """Return a few lines for people."""
        head = " ".join(part for part in (self.code, self.name) if part)
        parts = [*([head] if head else []), f"  {self.meaning}", "  " + tr("What to do: {remedy}", remedy=self.remedy)]
        if self.also:
            parts.append("  " + tr("maixswitch check finds it on the PC: {codes}", codes=", ".join(self.also)))
        return "\n".join(parts)


def explain(text: str) -> Explanation | None:
    """Explain a code ("C206", "2006", "13"), a name ("ERR_NO_MEM") or a pasted line; None if it is unknown."""
    asked = " ".join(text.split())
    # The most certain reading comes first. A number somewhere in a line comes last: it may be a size or an address.
    for reading in (_by_code, _by_name, _by_line, _by_exception, _by_number_inside):
        explanation = reading(asked)
        if explanation is not None:
            return explanation
    return None


def known() -> str:
    """Return a few lines that list the codes and lines that `explain` knows."""
    numbers = ", ".join(f"{code} {row[0]}" for code, row in sorted(_faults().items()))
    lines = [
        tr("Findings of maixswitch check and doctor: {codes}", codes=", ".join(_ranges())),
        tr("Faults on the screen: {codes}", codes=numbers),
        tr("Lines from the board's cable, such as: {lines}", lines="; ".join(row.example for row in LINES)),
    ]
    return "\n".join(lines)


def _ranges() -> list[str]:
    """Return the first and the last code of each hundred findings."""
    codes = sorted(rules(), key=lambda code: code[1:])
    hundreds = [[code for code in codes if code[1] == digit] for digit in "0123456789"]
    return [f"{group[0]}-{group[-1]}" for group in hundreds if group]


@cache
def _faults() -> dict[int, tuple[str, str, str]]:
    """Return (name, meaning, remedy) of every fault. Cached: the board's reader collects garbage at each call."""
    describe = board_code.device_errors().describe
    return {code: describe(code) for code in board_code.error_codes()}


def fault(code: int) -> Explanation:
    """Explain a fault of the board, by the board's table of faults. Raises KeyError for an unknown code."""
    name, meaning, remedy = _faults()[code]
    return Explanation(str(code), name, word(meaning), word(remedy), SIMILAR.get(code, ()))


def finding_row(code: str) -> Explanation:
    """Explain a finding of `maixswitch check` or `doctor`. Raises KeyError for an unknown code."""
    row = rules()[code]
    names = {"error": tr("error"), "warning": tr("warning"), "note": tr("note")}
    return Explanation(code, names[row.severity], plain(row.title), plain(row.remedy))


def _by_code(asked: str) -> Explanation | None:
    code = asked.upper()
    if code in rules():
        return finding_row(code)
    if asked.isascii() and asked.isdecimal() and len(asked) < 5:
        # The firmware's errors start at 2000, and users often type only the last digits.
        number = int(asked)
        return next((fault(value) for value in (number, number + 2000) if value in _faults()), None)
    return None


def _by_name(asked: str) -> Explanation | None:
    name = asked.upper().removeprefix("SIPEED_KPU_")
    return next((fault(code) for code, row in _faults().items() if row[0] == name), None)


def _by_line(asked: str) -> Explanation | None:
    for row in LINES:
        if re.search(row.pattern, asked, re.IGNORECASE):
            return _row(row)
    return None


def _row(row: Line) -> Explanation:
    if row.code:
        return fault(int(row.code)) if row.code.isdecimal() else finding_row(row.code)
    return Explanation("", row.example, word(row.meaning), word(row.remedy))


def _by_exception(asked: str) -> Explanation | None:
    """Explain a line by the exceptions that its words suggest, as the board itself explains exceptions."""
    from_exception = board_code.device_errors().from_exception
    for error in _exceptions(asked):
        code = int(from_exception(error).code)
        if code != UNFORESEEN:
            return fault(code)
    return None


def _exceptions(asked: str) -> Iterator[Exception]:
    """Yield the exceptions that a line may come from, the most certain first."""
    match = re.search(r"\b(\w*Error): ?(.*)", asked)
    text = match[2] if match else asked
    kind: Any = getattr(builtins, match[1], None) if match else None
    # MicroPython prints an OSError as "[Errno 19] ENODEV" (py/objexcept.c); users often paste only half of it.
    named = re.search(r"\[Errno (\d+)\]|\b(E[A-Z]{2,9})\b", asked)
    if named:
        number = int(named[1]) if named[1] else getattr(errno, named[2], 0)
        if number:
            yield OSError(number)
    number_only = re.fullmatch(r"\d{1,3}", text)
    # MicroPython prints an errno without a name as a bare number (py/objexcept.c). After any other exception a bare
    # number means something else.
    if number_only and kind is OSError:
        yield OSError(int(text))
    if asked.startswith("MemoryError"):
        yield MemoryError(text)
    # The firmware raises most of its faults as ValueError, with the number in the text. The second try takes the line
    # as it is, because the pattern may have cut off the number.
    yield ValueError(text)
    yield ValueError(asked)


def _by_number_inside(asked: str) -> Explanation | None:
    for part in re.findall(r"\b[BC]\d{3}\b|(?<![\d.])\d{3,4}(?![\d.])", asked, re.IGNORECASE):
        explanation = _by_code(part)
        if explanation is not None:
            return explanation
    return None
