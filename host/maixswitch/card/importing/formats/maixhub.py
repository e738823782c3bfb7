"""MaixHub's current export: model-<id>.kmodel, main.py with input_size, labels and anchors, and report.json."""

from __future__ import annotations

import re

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.labels import anchors, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.parts import Part

MODEL = re.compile(r"model-\d+$")
SOURCE = "MaixHub today"
SIGNS = "`main.py` with `input_size`, `model-<id>.kmodel`, `report.json`"
TAKEN = "labels, anchors, threshold and nms from the script, and the report's labels and anchors"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    files = {match.script.file for match in part.matches if match.script.file.rpartition("/")[2] == "main.py"}
    known = any(b"input_size" in (part.text(file) or b"") for file in files)
    reports = [name for name in part.texts if name.rpartition("/")[2] == "report.json" and part.owns(name)]
    if not known and not (reports and MODEL.match(part.stem)):
        return None
    evidence = Evidence("MaixHub", part)
    for name in reports:
        try:
            report = from_json(decode(part.text(name) or b"") or "")
        except ValueError:
            continue
        if isinstance(report, dict):
            evidence.add("labels", strings(report.get("labels")), name)
            evidence.add("anchors", anchors(report.get("anchors")), name)
    return evidence
