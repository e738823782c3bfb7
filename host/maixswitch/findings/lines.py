"""Findings as lines for people: severity, code, place and title, then what was there and expected, then the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maixswitch.findings.finding import Finding
from maixswitch.findings.table import ERROR, NOTE, WARNING
from maixswitch.language import tr

RAN = "C221"
"""The finding that a model ran: it needs no remedy."""


def listed(findings: Sequence[Finding], place: str) -> Iterator[str]:
    """Yield the lines of findings.

    place: path on the card of the model whose findings these are, which the lines leave out; "" for no model.
    """
    for item in findings:
        if not place:
            file = item.file
        elif item.file == place:
            file = ""
        else:
            file = item.file.removeprefix(place + "/")
        where = " ".join(part for part in (file, item.field) if part)
        yield f"  {severity(item)} {item.code} {where + ': ' if where else ''}{item.title}"
        details = []
        if item.found:
            details.append(tr("found: {found}", found=item.found))
        if item.wanted:
            details.append(tr("expected: {expected}", expected=item.wanted))
        if details:
            yield "      " + "; ".join(details)
        if item.code != RAN:
            yield f"      -> {item.remedy}"
    if not findings:
        yield "  " + tr("no problems")


def severity(item: Finding) -> str:
    """Return the severity of a finding in the chosen language."""
    return {ERROR: tr("error"), WARNING: tr("warning"), NOTE: tr("note")}[item.severity]
