"""The result of doctor for one subject: facts for the table, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from maixswitch.findings.finding import Finding
from maixswitch.language import tr


@dataclass(frozen=True)
class Fact:
    """A fact about a board. ``key`` is English, for programs; ``name`` and ``value`` are in the user's language."""

    key: str
    name: str
    value: str


@dataclass
class SubjectReport:
    """Facts and findings of one subject, in the order in which they are shown."""

    facts: list[Fact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def fact(self, key: str, name: str, value: object) -> None:
        self.facts.append(Fact(key, name, str(value)))

    def take(self, other: SubjectReport) -> None:
        """Add the facts and findings of another report."""
        self.facts += other.facts
        self.findings += other.findings


def amount(size: int) -> str:
    """Return a size for people, in bytes, KiB or MiB."""
    if size < 1024:
        return tr("{size} bytes", size=size)
    return f"{size / 1024:.0f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MiB"
