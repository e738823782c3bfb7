"""A model with texts whose names tell their contents: labels, classes, names, anchors or the model's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.labels import read_anchors, read_labels
from maixswitch.card.importing.parts import Part
from maixswitch.card.importing.source import folder_of

LABEL_SUFFIXES = (".txt", ".names", ".csv", ".json", ".labels", ".yaml", ".yml", ".pbtxt", "")
LABEL_WORDS = ("label", "lable", "class", "names")
SOURCE = "plain files"
SIGNS = "a `.kmodel`, texts called labels, classes, names, anchors"
TAKEN = "those"


def read_evidence(part: Part) -> Evidence:
    """See ImportFormat. Takes every model."""
    evidence = Evidence("kmodel", part)
    texts = [name for name in part.texts if PurePosixPath(name).suffix.lower() in LABEL_SUFFIXES]
    # Look for anchors first, because a name such as "anchors_of_classes.txt" has words of both.
    anchors = [name for name in texts if "anchor" in PurePosixPath(name).stem.lower()]
    anchors += [name for name in part.texts if name.lower().endswith(".anchors")]
    labels = [name for name in texts if any(word in name.rpartition("/")[2].lower() for word in LABEL_WORDS)]
    labels = [name for name in labels if name not in anchors]
    # As a last resort, take a text with the model's name, such as face.txt beside face.kmodel.
    named = [name for name in texts if name not in anchors and PurePosixPath(name).stem == part.stem]
    for name in labels or [name for name in named if name.endswith(LABEL_SUFFIXES[:3])]:
        value = read_labels(part.text(name) or b"")
        if value is not None and _belongs(part, name, _needs(len(value))):
            evidence.format = "kmodel with labels"
            evidence.add("labels", value, name)
    for name in anchors:
        pairs = read_anchors(part.text(name) or b"")
        if pairs is not None and _belongs(part, name, _takes(len(pairs) // 2)):
            evidence.add("anchors", pairs, name)
    return evidence


def expects(part: Part) -> set[int]:
    """Return the numbers of labels that the network may need."""
    return {part.network.classes(5) or 0, 0 if part.network.map else part.network.elements} - {0}


def _needs(labels: int) -> Callable[[Part], bool]:
    """Return a test whether a network may need this number of labels."""
    return lambda part: labels in expects(part)


def _takes(pairs: int) -> Callable[[Part], bool]:
    """Return a test whether a network may be a detector with this number of anchors."""
    return lambda part: part.network.classes(pairs) is not None


def _belongs(part: Part, name: str, fits: Callable[[Part], bool]) -> bool:
    """Does a list belong to this model? In a folder of its own it does; otherwise it must fit this model alone."""
    if not part.owns(name):
        return fits(part) and not any(fits(rival) for rival in part.rivals if name in rival.texts)
    # A list in another folder may be about anything.
    return folder_of(name) in PurePosixPath(part.kmodel).parents or fits(part)
