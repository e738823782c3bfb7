"""Make a new card with the app, sample models and a README. If something fails, nothing is left behind."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from maixswitch import files, models_shipped
from maixswitch.card.build import build
from maixswitch.card.reading import MODELS
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

README = "README.txt"
WORDS = """MaixSwitch: many neural networks on one K210 board, swapped at the press of a button.

boot.py main.py device/   the app; "maixswitch build CARD" renews it
models/                   one folder per model, in the order of their names
maixswitch.json           optional settings, such as {"board": "cube"}; {"language": "zh"}: messages in Chinese

maixswitch import EXPORT --card CARD   brings a model here (MaixHub, V-Training, aXeleRate, kfpkg, .kmodel ...)
maixswitch ls CARD                     what is here
maixswitch check CARD                  what is wrong, and what to do
"""
ORDER = (MODELS, README, "device", "main.py", "boot.py")
"""boot.py and main.py come last, so that a board that starts in between never finds half an app."""


def create(card: Path, mpy: bool = False, empty: bool = False) -> list[str]:
    """Make a card in a folder, which is created if it is missing.

    An existing models/ or README.txt stays as it is.

    mpy: compile the app with mpy-cross.
    empty: leave out the sample models.
    Returns the names of the files and folders that were written.
    Raises MaixSwitchError if the folder holds a part of an app (usage), or if something cannot be read or written
    (input or output). The folder is then as it was.
    """
    if card.exists() and not card.is_dir():
        raise MaixSwitchError(tr("{path}: a file; expected a folder", path=card), EXIT_USAGE)
    # The user may have another program in this folder. models/ and README.txt may exist, since they are not replaced.
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
    is_new = not card.exists()
    placed: list[Path] = []
    stage: Path | None = None
    try:
        card.mkdir(parents=True, exist_ok=True)
        # The stage is on the card itself, because only a rename on the same disk is one step.
        stage = Path(tempfile.mkdtemp(prefix=".maixswitch-new-", dir=card))
        build(stage, mpy)
        (stage / MODELS).mkdir()
        if not empty:
            models_shipped.copy(stage / MODELS)
            models_shipped.copy_learner(stage / MODELS)
        # Old versions of the Windows editor show LF as one long line, and take UTF-8 without a mark for another code.
        words = word(WORDS)
        (stage / README).write_text(words, encoding="ascii" if words.isascii() else "utf-8-sig", newline="\r\n")
        for name in ORDER:
            if not (card / name).exists():
                (stage / name).rename(card / name)
                placed.append(card / name)
    except BaseException as error:
        # Remove only what this call placed; files that existed before belong to the user. Ctrl-C must not leave half a
        # card either, hence BaseException.
        for path in placed:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        if is_new and card.is_dir():
            shutil.rmtree(card, ignore_errors=True)
        if isinstance(error, OSError):
            raise MaixSwitchError(files.unwritable(card, error), EXIT_IO) from error
        raise
    shutil.rmtree(stage, ignore_errors=True)
    return [path.name for path in placed]
