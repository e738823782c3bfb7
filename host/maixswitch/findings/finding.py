"""A finding: a row of the table of findings, applied to a place on a card or board."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

from maixswitch.findings.table import ERROR, SEVERITIES, rule
from maixswitch.language import tr


@dataclasses.dataclass(frozen=True)
class Finding:
    """A finding at one place.

    file: path on the card ("models/10-face/model.json"), "" for the whole card.
    field: the part of the file, "" for the whole file.
    found, wanted: what was there and what was expected, as short texts in the user's language; "" for neither.
    values: the values for the {names} in the texts of the row.
    """

    code: str
    file: str = ""
    field: str = ""
    found: str = ""
    wanted: str = ""
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def severity(self) -> str:
        """One of SEVERITIES."""
        return rule(self.code).severity

    @property
    def rank(self) -> int:
        """0 for an error, 1 for a warning, 2 for a note; findings are sorted by it."""
        return SEVERITIES.index(self.severity)

    @property
    def title(self) -> str:
        """What the finding means, in the chosen language."""
        return rule(self.code).title.format(**self.values)

    @property
    def remedy(self) -> str:
        """What to do, in the chosen language."""
        return rule(self.code).remedy.format(**self.values)

    @property
    def place(self) -> str:
        """File and field as one text, "" for the whole card."""
        return " ".join(part for part in (self.file, self.field) if part)

    def document(self) -> dict[str, str]:
        """Return the finding as JSON-able values; its texts are in the chosen language."""
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
        """Return one line with everything except severity and remedy."""
        line = f"{self.code} {self.title}"
        if self.place:
            line = f"{self.place}: {line}"
        if self.found:
            line += " " + tr("Found: {found}.", found=self.found.rstrip("."))
        if self.wanted:
            line += " " + tr("Expected: {expected}.", expected=self.wanted.rstrip("."))
        return line


class Judged:
    """The base of reports: counts and verdict, from their `findings`."""

    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of findings of each severity."""
        numbers = Counter(item.severity for item in self.findings)
        return {name: numbers[name] for name in SEVERITIES}

    @property
    def ok(self) -> bool:
        """Whether the report holds no error."""
        return not self.counts[ERROR]


def finding(
    code: str, file: str = "", field: str = "", found: object = "", wanted: object = "", **values: object
) -> Finding:
    """Return a finding.

    code: a code of the table.
    file, field, found, wanted: see Finding.
    values: the values for the {names} in the texts of the row.
    Raises KeyError for an unknown code.
    """
    rule(code)
    return Finding(code, file, field, str(found), str(wanted), values)
