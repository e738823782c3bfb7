"""Findings as lines for people: severity, code, place and title, what was found and wanted, and the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maixswitch.language import tr

from .finding import ERROR, NOTE, WARNING, Finding


def listed(found: Sequence[Finding], place: str) -> Iterator[str]:
    """Lines for each finding; ``place``: of the model whose findings these are, "" for none."""
    for item in found:
        file = item.file.removeprefix(place + "/") if place and item.file != place else ""
        file = item.file if not place else file
        where = " ".join(part for part in (file, item.field) if part)
        yield f"  {severity(item)} {item.code} {where + ': ' if where else ''}{item.title}"
        details = []
        if item.found:
            details.append(tr("found: {found}", found=item.found))
        if item.wanted:
            details.append(tr("wanted: {wanted}", wanted=item.wanted))
        if details:
            yield "      " + "; ".join(details)
        if item.code != "C221":
            yield f"      -> {item.remedy}"
    if not found:
        yield "  " + tr("nothing to say against it")


def severity(item: Finding) -> str:
    """The severity in the reader's language."""
    return {ERROR: tr("error"), WARNING: tr("warning"), NOTE: tr("note")}[item.severity]
