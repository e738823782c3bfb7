"""What the tools find wrong: a finding is a row of the table (`finding_table`) with a place and values."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from maixswitch.language import tr

from .table import ERROR, NOTE, RULES, SEVERITIES, WARNING, Rule

__all__ = [
    "ERROR",
    "NOTE",
    "RULES",
    "SEVERITIES",
    "WARNING",
    "Finding",
    "Judged",
    "Rule",
    "finding",
    "plain",
    "rule",
    "rules",
]


@cache
def rules() -> dict[str, Rule]:
    """The rows of the table by their code."""
    return {row.code: row for row in RULES}


def rule(code: str) -> Rule:
    """The row of a code; KeyError when there is none."""
    return rules()[code]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing found, at one place.

    ``file``: path on the card ("models/10-face/model.json"), "" for the whole card; ``field``: what in it;
    ``found`` and ``wanted``: short texts for people, in their language already; ``values`` fill the row's texts.
    """

    code: str
    file: str = ""
    field: str = ""
    found: str = ""
    wanted: str = ""
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> str:
        return rule(self.code).severity

    @property
    def rank(self) -> int:
        """Its place in a list that begins with the errors."""
        return SEVERITIES.index(self.severity)

    @property
    def title(self) -> str:
        return tr(rule(self.code).title, **self.values)

    @property
    def remedy(self) -> str:
        return tr(rule(self.code).remedy, **self.values)

    @property
    def place(self) -> str:
        """File and field as one text, "" for the whole card."""
        return " ".join(part for part in (self.file, self.field) if part)

    def document(self) -> dict[str, str]:
        """The finding for programs; its texts are in the reader's language."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "field": self.field,
            "title": self.title,
            "found": self.found,
            "wanted": self.wanted,
            "remedy": self.remedy,
        }

    def text(self) -> str:
        """All but severity and remedy, on one line."""
        said = f"{self.code} {self.title}"
        if self.place:
            said = f"{self.place}: {said}"
        if self.found:
            said += " " + tr("Found: {found}.", found=self.found.rstrip("."))
        if self.wanted:
            said += " " + tr("Wanted: {wanted}.", wanted=self.wanted.rstrip("."))
        return said


class Judged:
    """What a report with ``findings`` amounts to."""

    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each severity."""
        found = Counter(item.severity for item in self.findings)
        return {name: found[name] for name in SEVERITIES}

    @property
    def ok(self) -> bool:
        """Does no error stand?"""
        return not self.counts[ERROR]


def finding(
    code: str, file: str = "", field: str = "", found: object = "", wanted: object = "", **values: object
) -> Finding:
    """A finding of that code; ``values`` fill {names} in the row's texts. KeyError for a code without a row."""
    rule(code)
    return Finding(code, file, field, str(found), str(wanted), values)


def plain(text: str) -> str:
    """A text of the table without a finding: the names of its values in capitals."""
    return re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), text)
