"""The folders that come with sipeed's scripts: a kmodel, and anchors.txt and classes.txt with commas between values."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

SOURCE = "sipeed's scripts"
SIGNS = "`anchors.txt`, `classes.txt`"
TAKEN = "both"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat. The texts themselves are read as plain files."""
    names = {name.rpartition("/")[2].lower() for name in part.texts if part.owns(name)}
    return Evidence("anchors.txt and classes.txt", part) if {"classes.txt", "anchors.txt"} <= names else None
