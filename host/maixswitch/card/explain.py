"""`maixswitch explain`: the meaning and the remedy of codes, names and lines that a board or a tool printed."""

from __future__ import annotations

import builtins
import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from typing import Any

from maixswitch import board_code
from maixswitch.card.firmware_lines import LINES, Line
from maixswitch.findings.serial_words import serial_finding
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
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NUMBER = re.compile(r"\b(?:error|err|fault|code|says|shows)\b\W{0,3}(-?\d{1,4})\b", re.IGNORECASE)
"""Words before the number of a fault, as the firmware, the app and people write it."""
NAMED_NUMBER = re.compile(r"\b(\d{3,4}) ([A-Z][A-Z_]{4,})\b")
FINDING = re.compile(r"\b[BC]\d{3}\b")
SERIAL = re.compile(
    r"could not (exclusively lock|open) |failed to access|/dev/(tty|cu)|\bCOM\d|serial|readiness to read|raw repl",
    re.IGNORECASE,
)
"""Signs of a line of pyserial or mpremote; a file that a board cannot open must not pass for a port."""
ALIKE = 0.62
"""How alike two texts must be, from 0 to 1, for one to be offered for the other."""
ONE_LETTER = 0.75
"""How alike a code with one wrong letter of four is."""
OFFERED, OFFERABLE = 3, 0.4
WORD = r"\b(?!(?:the|are|and|for|not|does|has|its|with|that|this|was|file|line|\w*error)\b)[a-z_]{3,6}"
"""The first letters of a word that says something, so that "anchors" is like "anchor"."""


@dataclass(frozen=True)
class Explanation:
    """What a code or a line means.

    code: "" for a line without one.
    name: ERR_... or a severity.
    also: codes that say more.
    harmless: whether nothing has to be done.
    """

    code: str
    name: str
    meaning: str
    remedy: str
    also: tuple[str, ...] = ()
    harmless: bool = False

    def line(self) -> str:
        """Return one line for people: code, name and meaning."""
        return " ".join(part for part in (self.code, self.name) if part) + ": " + self.meaning

    def text(self) -> str:
        """Return a few lines for people."""
        head = " ".join(part for part in (self.code, self.name) if part)
        parts = [*([head] if head else []), f"  {self.meaning}", "  " + tr("What to do: {remedy}", remedy=self.remedy)]
        if self.also:
            parts.append("  " + tr("maixswitch check finds it on the PC: {codes}", codes=", ".join(self.also)))
        return "\n".join(parts)


def explain(text: str) -> Explanation | None:
    """Explain a code ("C206", "2006", "13"), a name ("ERR_NO_MEM") or a pasted line; None if it is unknown."""
    asked = " ".join(COLOUR.sub("", text).split())
    # The most certain reading comes first. The words decide before a number in the line, which may be a line of a
    # script, a time or an errno of another system.
    for reading in (_by_code, _by_name, _by_line, _by_port, _by_exception, _by_number):
        explanation = reading(asked)
        if explanation is not None:
            return explanation
    return None


def explain_lines(text: str) -> list[Explanation]:
    """Explain each line of a pasted text by itself.

    Returns each explanation once, in the order of the lines, those of harmless lines last.
    """
    explanations = dict.fromkeys(explain(line) for line in text.splitlines() if line.strip())
    return sorted((item for item in explanations if item is not None), key=lambda item: item.harmless)


def nearest(text: str) -> list[Explanation]:
    """Return at most three explanations whose names or words are most like an unknown text; [] if none is alike."""
    asked = " ".join(COLOUR.sub("", text).split())[:200].lower()
    # No code has the letters O and I: they stand for 0 and 1.
    codes = [*rules(), *map(str, _faults())]
    typed = asked.upper().replace("O", "0").replace("I", "1")
    if near := get_close_matches(typed, codes, OFFERED, ONE_LETTER):
        return [finding_row(code) if code in rules() else fault(int(code)) for code in near]
    mine = set(re.findall(WORD, asked))
    candidates = [(item, words.lower(), set(re.findall(WORD, words.lower()))) for item, words in _candidates()]
    # A word that many texts have, such as "model", says little about which one is meant.
    weight = {word: 1 / (1 + sum(word in theirs for *_, theirs in candidates)) for word in mine}
    known = sum(weight[word] for word in mine if weight[word] < 1) or 1
    scores: dict[Explanation, float] = {}
    for item, words, theirs in candidates:
        shared = sum(weight[word] for word in mine & theirs) / known
        scores[item] = max(scores.get(item, 0), shared, _letters(asked, words))
    best = sorted(scores, key=lambda item: -scores[item])[:OFFERED]
    return [item for item in best if scores[item] >= OFFERABLE]


def _candidates() -> Iterator[tuple[Explanation, str]]:
    """Yield the explanations, each with a name, an example or words for it."""
    for code, (name, meaning, _) in _faults().items():
        yield fault(code), name
        yield fault(code), meaning
    for row in LINES:
        yield _row(row), row.example
    for finding in rules().values():
        yield finding_row(finding.code), plain(finding.titles["en"])


def _letters(asked: str, words: str) -> float:
    """Return how alike the letters of two texts are, from 0 to 1; 0 below ALIKE."""
    # ratio() is slow. Its upper bounds leave out most of the candidates.
    matcher = SequenceMatcher(None, asked, words, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0


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
    return Explanation("", row.example, word(row.meaning), word(row.remedy), harmless=row.harmless)


def _by_port(asked: str) -> Explanation | None:
    code = serial_finding(asked) if SERIAL.search(asked) else ""
    return finding_row(code) if code else None


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


def _by_number(asked: str) -> Explanation | None:
    """Explain a line by a number that stands where the firmware, the app or this command writes a code."""
    for match in NAMED_NUMBER.finditer(asked):
        if _faults().get(int(match[1]), ("",))[0] == match[2]:
            return fault(int(match[1]))
    for code in [*FINDING.findall(asked), *NUMBER.findall(asked)]:
        explanation = _by_code(code)
        if explanation is not None:
            return explanation
    return None
