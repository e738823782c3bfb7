"""Kendryte's and CanMV's training: det.kmodel or cls.kmodel, label.txt, anchor.txt whose second line counts."""

from __future__ import annotations

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.labels import anchor_lines, read_labels
from maixswitch.card.importing.remark import Remark
from maixswitch.card.importing.source import Part
from maixswitch.language import tr


def recognise(part: Part) -> Draft | None:
    names = {name.rpartition("/")[2].lower(): name for name in part.texts}
    if part.stem.lower() not in ("det", "cls") or "label.txt" not in names:
        return None
    draft = Draft("Kendryte training", part)
    draft.say("labels", read_labels(part.text(names["label.txt"]) or b""), names["label.txt"])
    if part.stem.lower() == "cls":
        draft.say("kind", "classifier", part.kmodel)
        return draft
    draft.say("kind", "yolo2", part.kmodel)
    anchors = names.get("anchor.txt", "")
    lines = anchor_lines(part.text(anchors) or b"") if anchors else []
    if lines:
        line = 2 if len(lines) > 1 else 1
        draft.say("anchors", lines[line - 1], anchors, line)
        if line == 2:
            draft.notes.append(Remark("C537", tr("{file}: of its lines the second is used", file=anchors)))
    return draft
