"""A model that a MaixPy or CanMV script loads. What it passes to the firmware counts in every format."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

SOURCE = "any script"
SIGNS = "a `.py` that loads the model"
TAKEN = "what it passes to the firmware: anchors, threshold, nms, and the list that the results index"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    return Evidence("MaixPy script", part) if part.matches else None
