"""What lies on the drawn desk to suit a model: the things whose names are among its labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maixswitch import files
from maixswitch.errors import MaixSwitchError
from maixswitch.sim import scene

MOST_BYTES = 64 * 1024
SUITED, ALL = "suited", "all"
DESKS = (SUITED, *scene.SUBJECTS, ALL)
"""What a person may choose to lie there."""


def suiting(card: Path, folder: str) -> str:
    """Return the subject of the scene, a key of scene.SUBJECTS, for a model of a card; "" for everything in turn.

    It reads the folder on this PC and not the board's card, because reading takes the board's time.
    """
    try:
        document = json.loads(files.read(card / "models" / folder / "model.json", MOST_BYTES))
    except (MaixSwitchError, ValueError, RecursionError):  # check says what is wrong with it
        return ""
    if not isinstance(document, dict):
        return ""
    # It knows nothing yet: sheets that differ from each other are good things to learn.
    if document.get("kind") == "learner":
        return "digits"
    return _named(document.get("labels"))


def _named(labels: Any) -> str:
    known = {str(label).strip().lower() for label in labels} if isinstance(labels, list) else set()
    # All that the desk then shows must be known to the model, or it would call a thing by a wrong name.
    return next((name for name, (_, things) in scene.SUBJECTS.items() if known.issuperset(things)), "")
