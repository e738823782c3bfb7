"""M5Stack V-Training: boot.py that loads /sd/<16 hex digits>_mbnet10_quant.kmodel, its labels and threshold inline."""

from __future__ import annotations

import re

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.source import Part

from .script import draft, users

MODEL = re.compile(r"[0-9a-f]{16}_")


def recognise(part: Part) -> Draft | None:
    found = users(part)
    if not found or not MODEL.match(part.stem):
        return None
    return draft(part, "M5Stack V-Training", found)
