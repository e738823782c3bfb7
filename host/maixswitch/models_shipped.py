"""The models that come with the package: a new card starts with them, and the demonstration runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

FOLDER = Path(__file__).resolve().parent / "models"
TRAINED = ("shapes", "digits")
"""Folders below FOLDER in the card's order, each with model.json, .kmodel and the .onnx that it was made from."""
LEARNER = "learner"
"""The folder of the features of the digits, for a card that learns; its .onnx is that of the digits."""
FOR_THE_CARD = (".json", ".kmodel")


def copy(models: Path) -> list[str]:
    """Copy the models into the existing folder models/ of a card; return the names of their folders in order.

    The classifier of colours, which is written by hand, comes after the trained models.
    Raises OSError if something cannot be written, MaixSwitchError (input or output) if this installation lacks its
    models.
    """
    from maixswitch.kmodel.write import samples

    names = []
    for number, name in enumerate(TRAINED, 1):
        names.append(_copied(name, models / f"{number}0-{name}"))
    last = models / f"{len(names) + 1}0-colours"
    samples.write_colours(last)
    return [*names, last.name]


def copy_learner(models: Path) -> str:
    """Copy the model that learns behind those of `copy`; return the name of its folder. Raises as `copy` does."""
    return _copied(LEARNER, models / f"{len(TRAINED) + 2}0-{LEARNER}")


def _copied(name: str, folder: Path) -> str:
    if not (FOLDER / name / "model.json").is_file():
        raise MaixSwitchError(tr("{path} is missing: install maixswitch again", path=FOLDER / name), EXIT_IO)
    folder.mkdir()
    for path in sorted((FOLDER / name).iterdir()):
        if path.suffix in FOR_THE_CARD:
            shutil.copyfile(path, folder / path.name)
    return folder.name
