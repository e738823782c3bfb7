"""One model of an import, after every decision has been made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maixswitch import board_code
from maixswitch.kmodel.judge.memory import Memory

from .evidence import Evidence
from .messages import ImportMessage
from .network import PAIRS, NetworkFacts


@dataclass
class ImportedModel:
    """One model after all decisions. It is left out if it has ``problems``.

    model: the contents of model.json.
    files: the names and bytes of the files beside it.
    labels: how many labels it has.
    folder: the name of its folder on the card, "" if it is left out.
    stages: the networks of its stages, in order.
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
    stages: list[NetworkFacts] = field(default_factory=list)
    panel_forms: list[tuple[str, str]] = field(default_factory=list)

    @property
    def judged(self) -> list[Memory]:
        """The memory of all its networks together on each firmware that `check` judges."""
        anchors = self.model.get("anchors", ())
        # As in device/kinds/yolo2.py: MaixPy's decoder takes five anchors and at least one class.
        own = bool(anchors) and (not self.labels or len(anchors) // 2 != PAIRS)
        return self.network.judged(board_code.forwards(str(self.model["kind"])) or own, self.stages)

    @property
    def title(self) -> str:
        return str(self.model["title"])
