"""A new card: the app, models to begin with and a few words, put there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from maixswitch import files, models_shipped
from maixswitch.card.build import build
from maixswitch.card.reading import MODELS
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

README = "README.txt"
WORDS = """MaixSwitch: many neural networks on one K210 board, swapped at the press of a button.

boot.py main.py device/   the app; "maixswitch build CARD" renews it
models/                   one folder per model, in the order of their names
maixswitch.json           optional settings, such as {"board": "cube"}

maixswitch import EXPORT --card CARD   brings a model here (MaixHub, V-Training, aXeleRate, kfpkg, .kmodel ...)
maixswitch ls CARD                     what is here
maixswitch check CARD                  what is wrong, and what to do
"""
ORDER = (MODELS, README, "device", "main.py", "boot.py")
"""What starts the app comes last: a board that looks in between finds no half of it."""


def create(card: Path, mpy: bool = False, empty: bool = False) -> list[str]:
    """Makes a card in a folder, made when absent; returns the names that were put there. ``empty``: without models.

    models/ and README.txt that are there already stay as they are. MaixSwitchError (usage) when any part of an app is
    there, (input or output) when something cannot be read or written: then the folder is as it was.
    """
    if card.exists() and not card.is_dir():
        raise MaixSwitchError(tr("{path}: a file; wanted a folder", path=card), EXIT_USAGE)
    taken = [name for name in ("boot.py", "main.py", "device") if (card / name).exists()]
    if taken:
        raise MaixSwitchError(
            tr(
                "{path} holds {names} already, and new overwrites nothing; to renew the app: maixswitch build {path}",
                path=card,
                names=", ".join(taken),
            ),
            EXIT_USAGE,
        )
    made = not card.exists()
    placed: list[Path] = []
    stage: Path | None = None
    try:
        card.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".maixswitch-new-", dir=card))
        build(stage, mpy)
        (stage / MODELS).mkdir()
        if not empty:
            models_shipped.copy(stage / MODELS)
        (stage / README).write_text(WORDS, encoding="ascii", newline="\r\n")
        for name in ORDER:
            if not (card / name).exists():
                (stage / name).rename(card / name)
                placed.append(card / name)
    except BaseException as error:
        for path in placed:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if made and card.is_dir():
            shutil.rmtree(card, ignore_errors=True)
        if isinstance(error, OSError):
            raise MaixSwitchError(files.unwritable(card, error), EXIT_IO) from error
        raise
    shutil.rmtree(stage, ignore_errors=True)
    return [path.name for path in placed]
