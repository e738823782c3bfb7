"""Kendryte's and CanMV's training: det.kmodel or cls.kmodel, label.txt, and anchor.txt whose second line counts."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.labels import anchor_lines, read_labels
from maixswitch.card.importing.messages import ImportMessage
from maixswitch.card.importing.parts import Part
from maixswitch.language import tr

SOURCE = "Kendryte, CanMV"
SIGNS = "`det.kmodel` or `cls.kmodel`, `label.txt`, `anchor.txt`"
TAKEN = "the labels, and the second line of the anchors"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    names = {name.rpartition("/")[2].lower(): name for name in reversed(part.texts) if part.owns(name)}
    # Each name alone is too common, so the source must have both the model and label.txt.
    if part.stem.lower() not in ("det", "cls") or "label.txt" not in names:
        return None
    evidence = Evidence("Kendryte training", part)
    evidence.add("labels", read_labels(part.text(names["label.txt"]) or b""), names["label.txt"])
    if part.stem.lower() == "cls":
        evidence.add("kind", "classifier", part.kmodel)
        return evidence

    # anchor.txt has two lines; the scripts that come with the export use the second.
    evidence.add("kind", "yolo2", part.kmodel)
    anchors = names.get("anchor.txt", "")
    lines = anchor_lines(part.text(anchors) or b"") if anchors else []
    if lines:
        line = 2 if len(lines) > 1 else 1
        evidence.add("anchors", lines[line - 1], anchors, line)
        if line == 2:
            evidence.notes.append(ImportMessage("C537", tr("{file}: its second line is used", file=anchors)))
    return evidence
