"""The report of an examination as text: ports, a table of facts, findings with remedies, counts, the next step."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

from maixswitch.board.doctor.examine import Examination
from maixswitch.board.ports import usable
from maixswitch.console import visible
from maixswitch.findings.lines import listed
from maixswitch.findings.table import ERROR, NOTE, WARNING
from maixswitch.language import tr


def text(result: Examination) -> str:
    """Return the report without colours, with control characters made visible."""
    return "\n".join(visible(line).replace("\n", "\\n") for line in lines(result))


def lines(result: Examination) -> Iterator[str]:
    yield tr("Serial ports")
    for item in result.ports:
        # pyserial reports "n/a" for a port without a description; it is left out below.
        parts = [item.chip or tr("unknown chip"), item.description]
        if item.kind_guess:
            parts.append(tr("wired as {kind}, a guess", kind=item.kind_guess))
        parts.append(tr("may be opened") if usable(item.device) else tr("may not be opened by this user"))
        yield f"  {item.device}  " + ", ".join(part for part in parts if part and part != "n/a")
    if not result.ports:
        yield "  " + tr("no USB port is attached")
    yield ""
    if result.facts:
        yield tr("The board at {port}", port=result.port)
        # Measured in columns, not characters, because Chinese characters are twice as wide.
        widest = max(width(fact.name) for fact in result.facts)
        for fact in result.facts:
            yield f"  {fact.name}{' ' * (widest - width(fact.name))}  {fact.value}"
        yield ""
    yield tr("Findings")
    yield from listed(result.findings, "")
    yield ""
    counts = result.counts
    yield tr(
        "Errors: {errors}, warnings: {warnings}, notes: {notes}",
        errors=counts[ERROR],
        warnings=counts[WARNING],
        notes=counts[NOTE],
    )
    # Errors come first in the list, and the user can take only one step at a time.
    worst = next((item for item in result.findings if item.severity == ERROR), None)
    if worst is not None:
        remedy = worst.remedy + " " + tr("(maixswitch explain {code} says more)", code=worst.code)
        yield tr("Next: {what}", what=remedy)


def width(text: str) -> int:
    """Return the columns that a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
