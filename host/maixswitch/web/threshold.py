"""The threshold of the running model: changed in the simulation at once, and kept in model.json when a person asks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.simulated_board import SimulatedBoard
from maixswitch.web.subject import MOST_BYTES

_FIELD = re.compile(r'("threshold"\s*:\s*)-?[0-9][0-9.eE+-]*')


class Threshold:
    """Changes the threshold of the selected model. card: the folder of this PC that stands for the card."""

    def __init__(self, card: Path) -> None:
        self._card = card
        self._set: dict[str, float] = {}  # folder of a model -> what was set and not kept

    def document(self, sim: AppBoard) -> dict[str, Any] | None:
        """Return the page's "threshold": its value, and whether the card has it; None if there is none to change."""
        spec = _tunable(sim)
        if spec is None:
            return None
        value = round(float(spec.threshold), 3)
        return {"value": value, "kept": self._set.get(spec.folder) != value}

    def set(self, sim: AppBoard, value: float) -> None:
        """Load the selected model with another threshold. Raises MaixSwitchError (usage) if it has none."""
        spec = _needed(sim)
        spec.threshold = value
        self._set[spec.folder] = round(value, 3)
        # The firmware takes it when a model is loaded.
        sim.select(sim.selected)

    def keep(self, sim: AppBoard) -> None:
        """Write the present threshold into model.json, in the folder of this PC and on the card in the socket.

        Raises MaixSwitchError: the model has no threshold (usage), or its model.json cannot be changed (input, output).
        """
        spec = _needed(sim)
        path = self._card / "models" / spec.folder / "model.json"
        # A card from a stranger must not make this write to another file of the PC.
        if files.leads_out(path, self._card) or files.leads_out(path.parent, self._card):
            raise MaixSwitchError(tr("{path} leads out of the card; nothing was written", path=path), EXIT_IO)
        data = _changed(files.read(path, MOST_BYTES), round(float(spec.threshold), 3), path)
        files.write(path, data)
        # The card in the socket was read before: without this, switching the power would bring the old value back.
        if isinstance(sim, SimulatedBoard) and sim.card_inserted:
            sim.card.write(f"models/{spec.folder}/model.json", data)
        self._set.pop(spec.folder, None)


def _tunable(sim: AppBoard) -> Any:
    """Return the spec of the selected model if its threshold can be changed: an image keeps its specs for itself."""
    spec = sim.specs[sim.selected] if isinstance(sim, SimulatedBoard) and sim.selected < len(sim.specs) else None
    return spec if isinstance(getattr(spec, "threshold", None), int | float) else None


def _needed(sim: AppBoard) -> Any:
    spec = _tunable(sim)
    if spec is None:
        raise MaixSwitchError(tr("this model has no threshold that could be changed here"), EXIT_USAGE)
    return spec


def _changed(data: bytes, value: float, path: Path) -> bytes:
    """Return model.json with this threshold; everything else stays as its author wrote it, if that is possible."""
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
        expected = {**document, "threshold": value}
    except (ValueError, RecursionError, TypeError) as error:
        raise MaixSwitchError(tr("{path} cannot be read as JSON; nothing was written", path=path), EXIT_IO) from error
    changed = _FIELD.sub(rf"\g<1>{value:g}", text)
    if json.loads(changed) != expected:
        changed = json.dumps(expected, indent=1, ensure_ascii=False) + "\n"
    return changed.encode()
