"""MaixHub's current export: main.py with the literals input_size, labels, anchors, and model-<id>.kmodel."""

from __future__ import annotations

import re

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.source import Part

from .script import draft, users

MODEL = re.compile(r"model-\d+$")


def recognise(part: Part) -> Draft | None:
    found = [
        (place, script)
        for place, script in users(part)
        if {"input_size"} <= {value.name for value in script.values} and place.rpartition("/")[2] == "main.py"
    ]
    if not found or not (MODEL.match(part.stem) or any(script.calls for _, script in found)):
        return None
    return draft(part, "MaixHub", found)
