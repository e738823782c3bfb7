"""One model of an import, after every decision has been made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .evidence import Evidence
from .messages import ImportMessage
from .network import NetworkFacts


@dataclass
class ImportedModel:
    """One model after all decisions. It is left out if it has ``problems``.

    model: the contents of model.json.
    files: the names and bytes of the files beside it.
    labels: how many labels it has.
    folder: the name of its folder on the card, "" if it is left out.
    panel_forms: the names that are not plain ASCII, each with the form that the panel shows.
    """

    evidence: Evidence
    network: NetworkFacts
    model: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[ImportMessage] = field(default_factory=list)
    problems: list[ImportMessage] = field(default_factory=list)
    labels: int = 0
    folder: str = ""
    panel_forms: list[tuple[str, str]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(self.model["title"])
