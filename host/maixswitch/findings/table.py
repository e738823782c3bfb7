"""The table of findings: findings.json holds a row for each code, with its severity, what it means and what to do.

A code keeps its meaning in every version, and a code that is no longer used (C013) is never used again. The codes:

C0xx: the app and other programs that start; C1xx: folders and model.json; C2xx: the kmodel; C3xx: camera, panel and
texts; C4xx: the card as a medium, and its settings; C5xx: import; B60x and B61x: the line to a board; B62x: the card in
a board; B63x: the firmware; B64x and B65x: what starts on a board; B66x: camera, panel and keys of a board; B67x: its
flash chip. C68x: packages for the flash chip; C72x: evaluation.

The texts hold {names}, which a finding fills with its values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maixswitch.language import chosen

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
"""error: it will not work; warning: it may not work; note: it is good to know."""
DATA = Path(__file__).resolve().parent / "findings.json"


@dataclass(frozen=True)
class Rule:
    """A row of the table; `titles` and `remedies` hold the text of each language."""

    code: str
    severity: str
    titles: Mapping[str, str]
    remedies: Mapping[str, str]

    @property
    def title(self) -> str:
        """What the finding means, in the chosen language."""
        return self.titles[chosen()]

    @property
    def remedy(self) -> str:
        """What to do, in the chosen language."""
        return self.remedies[chosen()]


@cache
def rules() -> dict[str, Rule]:
    """Return the rows of the table by their code, in the order of the codes, findings of a card first."""
    rows = json.loads(DATA.read_text(encoding="utf-8"))
    return {code: Rule(code, row["severity"], row["title"], row["remedy"]) for code, row in rows.items()}


def rule(code: str) -> Rule:
    """Return the row of a code; raises KeyError for an unknown code."""
    return rules()[code]


def plain(text: str) -> str:
    """Return a text of the table with the names of its values in capitals, for use without a finding."""
    return re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), text)
