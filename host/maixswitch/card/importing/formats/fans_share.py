"""The hand-made folders of sipeed's scripts: a kmodel, anchors.txt and classes.txt with commas between the values."""

from __future__ import annotations

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.labels import read_anchors, read_labels
from maixswitch.card.importing.source import Part


def recognise(part: Part) -> Draft | None:
    names = {name.rpartition("/")[2].lower(): name for name in part.texts}
    if not part.alone or "classes.txt" not in names or "anchors.txt" not in names:
        return None
    draft = Draft("anchors.txt and classes.txt", part)
    draft.say("labels", read_labels(part.text(names["classes.txt"]) or b""), names["classes.txt"])
    draft.say("anchors", read_anchors(part.text(names["anchors.txt"]) or b""), names["anchors.txt"])
    return draft
