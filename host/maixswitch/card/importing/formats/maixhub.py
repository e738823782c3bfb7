"""MaixHub's current export: model-<id>.kmodel, and main.py with the literals input_size, labels and anchors."""

from __future__ import annotations

import re

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.source import Part

from .script import script_evidence, scripts_that_load

MODEL = re.compile(r"model-\d+$")
SOURCE = "MaixHub today"
SIGNS = "`main.py` with `input_size`, `model-<id>.kmodel`"
TAKEN = "labels, anchors, threshold and nms from the script"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    named = [
        (file, script)
        for file, script in scripts_that_load(part)
        if any(value.name == "input_size" for value in script.values) and file.rpartition("/")[2] == "main.py"
    ]
    # If the user renamed the model, a main.py that calls functions is enough: only MaixHub's scripts have input_size.
    if not named or not (MODEL.match(part.stem) or any(script.calls for _, script in named)):
        return None
    return script_evidence(part, "MaixHub", named)
