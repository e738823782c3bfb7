"""A model with texts beside it whose names tell their contents: labels, classes, names, anchors or the model's name."""

from __future__ import annotations

from pathlib import PurePosixPath

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.labels import read_anchors, read_labels
from maixswitch.card.importing.source import Part

LABEL_SUFFIXES = (".txt", ".names", ".csv", ".json", ".labels", "")
LABEL_WORDS = ("label", "class", "names")
SOURCE = "plain files"
SIGNS = "a `.kmodel`, texts called labels, classes, names, anchors"
TAKEN = "those"


def read_evidence(part: Part) -> Evidence:
    """See ImportFormat. Takes every model."""
    # Anchors first: "anchors_of_classes.txt" has a word of both.
    anchors = _own(part, part.named("anchor"))
    labels = _own(part, [name for name in part.named(*LABEL_WORDS, ending=LABEL_SUFFIXES) if name not in anchors])
    # As a last resort a text with the model's own name, such as face.txt beside face.kmodel.
    if not labels:
        labels = [
            name
            for name in part.texts
            if name not in anchors and name.endswith(LABEL_SUFFIXES[:3]) and PurePosixPath(name).stem == part.stem
        ]
    evidence = Evidence("kmodel with labels" if labels else "kmodel", part)
    for name in labels:
        evidence.add("labels", read_labels(part.text(name) or b""), name)
    for name in anchors:
        evidence.add("anchors", read_anchors(part.text(name) or b""), name)
    return evidence


def _own(part: Part, names: list[str]) -> list[str]:
    """Return the texts with this model's name in theirs; if there are none, those without another model's name."""
    # Several models may share a folder. A text that names another model must not give this one its labels.
    mine = [name for name in names if part.stem.lower() in PurePosixPath(name).stem.lower()]
    others = [PurePosixPath(name).stem.lower() for name in part.source.files if name.lower().endswith(".kmodel")]
    return mine or [name for name in names if not any(stem in PurePosixPath(name).stem.lower() for stem in others)]
