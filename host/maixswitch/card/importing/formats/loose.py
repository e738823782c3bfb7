"""A model with texts beside it whose names say what they are: labels, classes, names; anchors; the model's own."""

from __future__ import annotations

from pathlib import PurePosixPath

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.labels import read_anchors, read_labels
from maixswitch.card.importing.source import Part

LABELS = (".txt", ".names", ".csv", ".json", ".labels", "")
LABEL_WORDS = ("label", "class", "names")


def recognise(part: Part) -> Draft | None:
    anchors = _own(part, part.named("anchor"))
    labels = _own(part, [name for name in part.named(*LABEL_WORDS, ending=LABELS) if name not in anchors])
    if not labels:
        labels = [
            name
            for name in part.texts
            if name not in anchors and name.endswith(LABELS[:3]) and PurePosixPath(name).stem == part.stem
        ]
    draft = Draft("kmodel with labels" if labels else "kmodel", part)
    for name in labels:
        draft.say("labels", read_labels(part.text(name) or b""), name)
    for name in anchors:
        draft.say("anchors", read_anchors(part.text(name) or b""), name)
    return draft


def _own(part: Part, names: list[str]) -> list[str]:
    """Of several models' texts those that carry this model's name; where none does, those that carry no other's."""
    mine = [name for name in names if part.stem.lower() in PurePosixPath(name).stem.lower()]
    others = [PurePosixPath(name).stem.lower() for name in part.source.files if name.lower().endswith(".kmodel")]
    return mine or [name for name in names if not any(stem in PurePosixPath(name).stem.lower() for stem in others)]
