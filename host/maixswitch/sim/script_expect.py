"""The expectations of a script, such as `expect state RUNNING within 20s for 2s`."""

from __future__ import annotations

from collections.abc import Callable

from maixswitch import board_code
from maixswitch.language import tr
from maixswitch.sim.actions import COMPARISONS, WITHIN_MS, Expect
from maixswitch.sim.script_words import Mistake, read_duration, read_number


def read_expectation(verb: str, words: list[str]) -> Expect:
    """Parse the words after `expect`. Raises Mistake if they are not an expectation."""
    times = {"within": WITHIN_MS, "for": 0}
    # Read from the end, since a title may contain these words. The first word must remain.
    while len(words) > 2 and words[-2] in times:
        times[words[-2]] = read_duration(words[-1])
        words = words[:-2]
    # `no` decides the parser, too: the absence of a state or title cannot be expected.
    absent = words[:1] == ["no"]
    head, values = (words[1:2] if absent else words[:1]), (words[2:] if absent else words[1:])
    subject = head[0] if head else ""
    parser = _EXPECTATIONS.get((subject, absent))
    if parser is None:
        known = ", ".join(("no " if no else "") + name for name, no in _EXPECTATIONS)
        raise Mistake(tr("cannot expect {words!r}; known: {known}", words=" ".join(words), known=known))
    value, comparison, score = parser(values)
    return Expect(subject, value, absent, comparison, score, times["within"], times["for"])


def _state(words: list[str]) -> tuple[str, str, float]:
    states = board_code.states()
    if len(words) != 1 or words[0] not in states:
        raise Mistake(tr("no state {words!r}; known: {known}", words=" ".join(words), known=", ".join(states)))
    return words[0], ">=", 0.0


def _title(words: list[str]) -> tuple[str, str, float]:
    if not words:
        raise Mistake(tr("expect title takes a text"))
    return " ".join(words), ">=", 0.0


def _fault(words: list[str]) -> tuple[str, str, float]:
    if len(words) != 1:
        raise Mistake(tr("expect fault takes one code, such as 2006"))
    return str(read_number(words[0], tr("code"))), ">=", 0.0


def _no_fault(words: list[str]) -> tuple[str, str, float]:
    if words:
        raise Mistake(tr("expect no fault takes nothing, found {words!r}", words=" ".join(words)))
    return "", ">=", 0.0


def _detection(words: list[str]) -> tuple[str, str, float]:
    if len(words) == 1:
        return words[0], ">=", 0.0
    if len(words) == 3 and words[1] in COMPARISONS:
        try:
            score = float(words[2])
        except ValueError as error:
            raise Mistake(tr("{score!r} is not a score; expected 0 to 1", score=words[2])) from error
        if not 0 <= score <= 1:
            raise Mistake(tr("score {score}: expected 0 to 1", score=words[2]))
        return words[0], words[1], score
    # The usual mistake is a label of two words without quotes, so the message names it.
    raise Mistake(
        tr(
            "expected LABEL [{comparisons} SCORE], found {words!r} (quote a label of two words)",
            comparisons="|".join(COMPARISONS),
            words=" ".join(words),
        )
    )


def _points(words: list[str]) -> tuple[str, str, float]:
    if len(words) != 1:
        raise Mistake(tr("expect points takes their number, found {words!r}", words=" ".join(words)))
    return str(read_number(words[0], tr("number of points"))), ">=", 0.0


def _output(words: list[str]) -> tuple[str, str, float]:
    if len(words) != 2:
        raise Mistake(
            tr("expect output takes its number and the index of its largest value, found {words!r}",
               words=" ".join(words))
        )  # fmt: skip
    return " ".join(str(read_number(word, tr("number"))) for word in words), ">=", 0.0


_EXPECTATIONS: dict[tuple[str, bool], Callable[[list[str]], tuple[str, str, float]]] = {
    ("state", False): _state,
    ("title", False): _title,
    ("fault", False): _fault,
    ("fault", True): _no_fault,
    ("detection", False): _detection,
    ("detection", True): _detection,
    ("points", False): _points,
    ("output", False): _output,
}
