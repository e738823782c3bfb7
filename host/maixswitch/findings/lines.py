"""Findings as lines for people: severity, code, place and title; then what was found and expected; then the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maixswitch.findings.finding import Finding
from maixswitch.findings.table import ERROR, NOTE, WARNING
from maixswitch.language import tr

RAN = "C221"
"""The finding that a model ran, which needs no remedy."""


def listed(findings: Sequence[Finding], model_path: str) -> Iterator[str]:
    """Yield the lines of findings.

    model_path: the path on the card of the model that the findings are about, which the lines leave out; "" for none.
    """
    for item in findings:
        if not model_path:
            file = item.file
        elif item.file == model_path:
            file = ""
        else:
            file = item.file.removeprefix(model_path + "/")
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
