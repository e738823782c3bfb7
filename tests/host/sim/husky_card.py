"""The card for the clients of the HuskyLens protocol: detectors of one and twelve classes, and one that learns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchlib.models import kmodel_v3
from tests.device.sample_models import FACE

LEARN = {"schema": 1, "title": "Learn", "kind": "learner", "kmodel": "m.kmodel", "input": [64, 64, 1], "limit": 100}
TWELVE = dict(FACE, title="Twelve", kmodel="m.kmodel", labels=[f"t{at}" for at in range(12)])


def write_card(folder: Path, baud: int, **link: Any) -> Path:
    """Write the card: Face, Learn, Twelve, which are the algorithms 0, 1 and 2."""
    models: dict[str, tuple[dict[str, Any], bytes]] = {
        "1-face": (dict(FACE, kmodel="m.kmodel"), kmodel_v3()),
        "2-learn": (LEARN, kmodel_v3((64, 64, 1), (1, 1, 8), "softmax", classes=8)),
        "3-twelve": (TWELVE, kmodel_v3(grid=(20, 15, 85))),
    }
    for name, (document, data) in models.items():
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "model.json").write_text(json.dumps(document))
        (folder / "models" / name / "m.kmodel").write_bytes(data)
    settings = {"link": {"protocol": "husky", "uart": 1, "tx": 8, "rx": 9, "baud": baud, **link}}
    (folder / "maixswitch.json").write_text(json.dumps(settings))
    return folder
