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
    # Look for anchors first, because a name such as "anchors_of_classes.txt" has words of both.
    anchors = _own(part, part.named("anchor"))
    labels = _own(part, [name for name in part.named(*LABEL_WORDS, ending=LABEL_SUFFIXES) if name not in anchors])
    # As a last resort, take a text with the model's name, such as face.txt beside face.kmodel.
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
    """Return the texts whose names contain this model's name; without any, those that contain no other model's name."""
    # Several models may share a folder. A text that names another model must not provide the labels of this one.
    mine = [name for name in names if part.stem.lower() in PurePosixPath(name).stem.lower()]
    others = [PurePosixPath(name).stem.lower() for name in part.source.files if name.lower().endswith(".kmodel")]
    return mine or [name for name in names if not any(stem in PurePosixPath(name).stem.lower() for stem in others)]
