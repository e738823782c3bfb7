"""aXeleRate: a training configuration in JSON, wherever in the project it lies, with labels, anchors and input size.

Anchors that are nested are fractions of the picture; flat ones, of the older releases, are grid cells.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from maixswitch.card.importing.draft import Claim, Draft
from maixswitch.card.importing.labels import anchors, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.source import MAX_TEXT, Part

KINDS = {"Detector": "yolo2", "Classifier": "classifier"}


def recognise(part: Part) -> Draft | None:
    draft = None
    for place, config in _configs(part):
        model = config["model"]
        train = config.get("train")
        draft = draft or Draft("aXeleRate", part)
        saved = train.get("saved_folder") if isinstance(train, dict) else None
        if isinstance(saved, str) and not draft.title:
            draft.title = PurePosixPath(saved).name
        draft.say("kind", KINDS.get(str(model.get("type"))), place)
        draft.say("labels", strings(model.get("labels")), place)
        draft.say("input", _input(model.get("input_size")), place)
        draft.say("threshold", _share(model.get("obj_thresh")), place)
        draft.say("nms", _share(model.get("iou_thresh")), place)
        given = model.get("anchors")
        found = anchors(given)
        if found and isinstance(given, list) and isinstance(given[0], list) and max(found) <= 1:
            draft.relative.append(Claim(found, place))
        else:
            draft.say("anchors", found, place)
    return draft


def _configs(part: Part) -> list[tuple[str, dict[str, Any]]]:
    """Configurations of the model's folder or of the nearest one above: the project's may lie far from its model."""
    names = [name for name in part.source.files if name.lower().endswith(".json")]
    for folder in PurePosixPath(part.kmodel).parents:
        found = []
        for name in sorted(names):
            if folder in (PurePosixPath(name).parent, PurePosixPath(name).parent.parent):
                config = _config(part, name)
                if config is not None:
                    found.append((name, config))
        if found:
            return found
    return []


def _config(part: Part, name: str) -> dict[str, Any] | None:
    if part.source.files[name] > MAX_TEXT:
        return None
    try:
        value = from_json(decode(part.source.read(name, MAX_TEXT)) or "")
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("model"), dict):
        return None
    return value if "architecture" in value["model"] or "input_size" in value["model"] else None


def _input(value: Any) -> tuple[int, int] | None:
    """Width and height; aXeleRate writes the side of a square, or height before width."""
    if isinstance(value, list) and len(value) >= 2:
        height, width = value[:2]
    else:
        height = width = value
    if isinstance(width, int) and isinstance(height, int) and 0 < width <= 1024 and 0 < height <= 1024:
        return width, height
    return None


def _share(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0 <= value <= 1 else None
