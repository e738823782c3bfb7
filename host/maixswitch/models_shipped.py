"""The models that come with the package: what a new card begins with, and what the demonstration runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

FOLDER = Path(__file__).resolve().parent / "models"
TRAINED = ("shapes", "digits")
"""Folders below FOLDER, each with model.json, .kmodel and the network it was made from (.onnx), in the card's order."""
FOR_THE_CARD = (".json", ".kmodel")


def copy(models: Path) -> list[str]:
    """Puts the models into a card's models/, which is there; returns the folders' names in order.

    After the trained ones comes the classifier of colours, made by hand. OSError where something cannot be written,
    MaixSwitchError (input or output) where this installation lacks its models.
    """
    from maixswitch.kmodel.write import samples

    names = []
    for number, name in enumerate(TRAINED, 1):
        place = models / f"{number}0-{name}"
        if not (FOLDER / name / "model.json").is_file():
            raise MaixSwitchError(tr("{path} is missing: install maixswitch again", path=FOLDER / name), EXIT_IO)
        place.mkdir()
        for path in sorted((FOLDER / name).iterdir()):
            if path.suffix in FOR_THE_CARD:
                shutil.copyfile(path, place / path.name)
        names.append(place.name)
    last = models / f"{len(names) + 1}0-colours"
    samples.write_colours(last)
    return [*names, last.name]
