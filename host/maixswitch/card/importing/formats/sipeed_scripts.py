"""The folders that come with sipeed's scripts: a kmodel, and anchors.txt and classes.txt with commas between values."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.labels import read_anchors, read_labels
from maixswitch.card.importing.source import Part

SOURCE = "sipeed's scripts"
SIGNS = "`anchors.txt`, `classes.txt`"
TAKEN = "both"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    names = {name.rpartition("/")[2].lower(): name for name in part.texts}
    # These texts do not name a model, so they count only if the folder holds one model.
    if not part.alone or "classes.txt" not in names or "anchors.txt" not in names:
        return None
    evidence = Evidence("anchors.txt and classes.txt", part)
    evidence.add("labels", read_labels(part.text(names["classes.txt"]) or b""), names["classes.txt"])
    evidence.add("anchors", read_anchors(part.text(names["anchors.txt"]) or b""), names["anchors.txt"])
    return evidence
