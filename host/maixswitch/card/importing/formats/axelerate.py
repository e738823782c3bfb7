"""aXeleRate: a training configuration in JSON, anywhere in the project, with labels, anchors and input size.

Nested anchors are fractions of the picture; flat anchors, of older releases, are grid cells.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from maixswitch.card.importing.evidence import Claim, Evidence, fraction, picture_size
from maixswitch.card.importing.labels import anchors, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.source import MAX_TEXT, Part

KINDS = {"Detector": "yolo2", "Classifier": "classifier"}
SOURCE = "aXeleRate"
SIGNS = "the training's JSON, in the project or above it"
TAKEN = "labels, anchors, thresholds, title"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    evidence = None
    for file, config in _configs(part):
        model = config["model"]
        train = config.get("train")
        # A project may hold several configurations. Keep the claims of all, so that a contradiction becomes visible.
        evidence = evidence or Evidence("aXeleRate", part)
        folder = train.get("saved_folder") if isinstance(train, dict) else None
        if isinstance(folder, str) and not evidence.title:
            evidence.title = PurePosixPath(folder).name
        evidence.add("kind", KINDS.get(str(model.get("type"))), file)
        evidence.add("labels", strings(model.get("labels")), file)
        evidence.add("input", _input(model.get("input_size")), file)
        evidence.add("threshold", fraction(model.get("obj_thresh")), file)
        evidence.add("nms", fraction(model.get("iou_thresh")), file)
        # Only the nesting and the size of the values show whether anchors are fractions of the picture or grid cells.
        nested = model.get("anchors")
        values = anchors(nested)
        if values and isinstance(nested, list) and isinstance(nested[0], list) and max(values) <= 1:
            evidence.relative.append(Claim(values, file))
        else:
            evidence.add("anchors", values, file)
    return evidence


def _configs(part: Part) -> list[tuple[str, dict[str, Any]]]:
    """Return the configurations in the model's folder or the nearest folder above; the model may lie far below."""
    names = [name for name in part.source.files if name.lower().endswith(".json")]
    for folder in PurePosixPath(part.kmodel).parents:
        configs = []
        for name in sorted(names):
            # Look one level below, too, because the configuration may be in a folder beside the model's.
            if folder in (PurePosixPath(name).parent, PurePosixPath(name).parent.parent):
                config = _config(part, name)
                if config is not None:
                    configs.append((name, config))
        if configs:
            return configs
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
    # Many tools write a JSON file with "model". A configuration of aXeleRate has at least one of these keys.
    return value if "architecture" in value["model"] or "input_size" in value["model"] else None


def _input(value: Any) -> tuple[int, int] | None:
    """Return width and height; aXeleRate writes the side of a square, or the height before the width."""
    height, width = value[:2] if isinstance(value, list) and len(value) >= 2 else (value, value)
    return picture_size((width, height))
