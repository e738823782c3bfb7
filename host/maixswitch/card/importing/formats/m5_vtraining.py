"""M5Stack V-Training: boot.py loads /sd/<16 hex digits>_mbnet10_quant.kmodel and holds its labels and threshold."""

from __future__ import annotations

import re

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

MODEL = re.compile(r"[0-9a-f]{16}_")
SOURCE = "M5Stack V-Training"
SIGNS = "`boot.py` that loads `<16 hex digits>_mbnet10_quant.kmodel`"
TAKEN = "labels, threshold"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    return Evidence("M5Stack V-Training", part) if part.matches and MODEL.match(part.stem) else None
