"""The old exports of MaixHub and of maix_train: m.kmodel, boot.py, and a labels.txt that holds Python text."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

SOURCE = "MaixHub before, maix_train"
SIGNS = "`m.kmodel`, `labels.txt` with `labels = [...]`, `boot.py`"
TAKEN = "labels, anchors, threshold and nms from the script, and `labels.txt`"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    labels = [name for name in part.texts if name.rpartition("/")[2] == "labels.txt"]
    # The old exports call every model m.kmodel. If it has another name, Python text in labels.txt is the other sign.
    if part.stem != "m" and not any((part.text(name) or b"").lstrip()[:6] == b"labels" for name in labels):
        return None
    # The name "m" alone is not enough, since anybody may choose it.
    return Evidence("MaixHub (old)", part) if part.matches or labels else None
