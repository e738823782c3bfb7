"""A model's folder of another MaixSwitch card: its model.json says everything."""

from __future__ import annotations

from typing import Any

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.labels import anchors, read_labels, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.source import Part

NAME = "model.json"


def recognise(part: Part) -> Draft | None:
    for place in part.texts:
        if place.rpartition("/")[2] == NAME:
            model = _read(part, place)
            if model.get("schema") == 1 and model.get("kmodel") == part.kmodel.rpartition("/")[2]:
                return _draft(part, place, model)
    return None


def _read(part: Part, place: str) -> dict[str, Any]:
    try:
        value = from_json(decode(part.text(place) or b"") or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _draft(part: Part, place: str, model: dict[str, Any]) -> Draft:
    draft = Draft("MaixSwitch", part)
    title, labels = model.get("title"), model.get("labels")
    draft.said_title = title if isinstance(title, str) else ""
    draft.say("kind", model.get("kind") if model.get("kind") in ("classifier", "yolo2") else None, place)
    if isinstance(labels, str):
        inside = place.removesuffix(NAME) + labels
        if inside in part.texts:
            draft.say("labels", read_labels(part.text(inside) or b""), inside)
    else:
        draft.say("labels", strings(labels), place)
    draft.say("anchors", anchors(model.get("anchors")), place)
    for name in ("threshold", "nms"):
        value = model.get(name)
        draft.say(name, value if isinstance(value, (int, float)) and 0 <= value <= 1 else None, place)
    softmax, top = model.get("softmax"), model.get("top")
    draft.say("softmax", softmax if isinstance(softmax, bool) else None, place)
    draft.say("top", top if isinstance(top, int) and 1 <= top <= 10 else None, place)
    return draft
