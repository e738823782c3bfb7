"""aXeleRate: a training configuration in JSON, anywhere in the project, with labels, anchors and input size."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from maixswitch.card.importing.evidence import Evidence, fraction, picture_size
from maixswitch.card.importing.labels import anchors, strings
from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.parts import Part
from maixswitch.card.importing.source import distance

from .plain_files import expects

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
        evidence.add("anchors", anchors(model.get("anchors")), file)
    return evidence


def _configs(part: Part) -> list[tuple[str, dict[str, Any]]]:
    """Return the nearest configurations; several at the same distance all count."""
    configs = [(name, _config(part, name)) for name in part.texts if name.lower().endswith(".json")]
    valid = [(name, config) for name, config in configs if config is not None and _fits(part, config)]
    least = min((distance(name, part.kmodel) for name, _ in valid), default=0)
    return [(name, config) for name, config in valid if distance(name, part.kmodel) == least]


def _fits(part: Part, config: dict[str, Any]) -> bool:
    """Can the configuration be that of this model? One project often holds several, trained one after the other."""
    labels = strings(config["model"].get("labels"))
    return not part.rivals or (labels is not None and len(labels) in expects(part))


def _config(part: Part, name: str) -> dict[str, Any] | None:
    try:
        value = from_json(decode(part.text(name) or b"") or "")
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
