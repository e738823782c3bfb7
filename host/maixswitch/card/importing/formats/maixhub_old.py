"""MaixHub's old export, and maix_train's: m.kmodel, boot.py, and labels.txt that holds Python text."""

from __future__ import annotations

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.source import Part

from .script import draft, users


def recognise(part: Part) -> Draft | None:
    found = users(part)
    labels = [name for name in part.texts if name.rpartition("/")[2] == "labels.txt"]
    if part.stem != "m" and not any((part.text(name) or b"").lstrip()[:6] == b"labels" for name in labels):
        return None
    if not found and not labels:
        return None
    return draft(part, "MaixHub (old)", found)
