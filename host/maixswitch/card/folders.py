"""List and remove the model folders of a card."""

from __future__ import annotations

import shutil
from pathlib import Path

from maixswitch import files
from maixswitch.card.reading import MODELS, Card
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import reason, tr


def existing(card: Path) -> list[tuple[str, str]]:
    """Return (folder, title) of the models on a card, in the button's order.

    Raises MaixSwitchError if `card` is not a card.
    """
    if not (card / MODELS).is_dir():
        if card.exists() and not card.is_dir():
            raise MaixSwitchError(tr("{path}: a file; expected the folder of a card", path=card), EXIT_USAGE)
        raise MaixSwitchError(
            tr("{path}: not a card, it has no folder models/. A new one: maixswitch new {path}", path=card),
            EXIT_USAGE if card.exists() else EXIT_IO,
        )
    # A link would let `remove` delete folders of this PC that were never part of the card.
    if not (card / MODELS).resolve().is_relative_to(card.resolve()):
        raise MaixSwitchError(tr("{path}: a link that leads off the card", path=card / MODELS), EXIT_USAGE)
    # None accepts any number of anchors: this function needs the names only.
    return [(model.folder, model.title) for model in Card(card, None).models]


def remove(card: Path, folder: str) -> None:
    """Delete a model's folder. It is renamed first, so that the board never finds a half-deleted model.

    Raises MaixSwitchError (input or output) if the folder cannot be renamed or deleted.
    """
    path = card / MODELS / folder
    # The board skips folders whose name begins with a dot (device/once/model_json.py), so the rename removes the model
    # from its list in one step.
    aside = card / MODELS / f".removed-{folder}"
    for number in range(1000):
        if not aside.exists() and not aside.is_symlink():
            break
        aside = card / MODELS / f".removed{number}-{folder}"
    try:
        path.rename(aside)
    except OSError as error:
        raise unwritable(card, error) from error
    try:
        # rmtree refuses a link. Delete only the link: its target may be a folder of this PC.
        if aside.is_symlink():
            aside.unlink()
        else:
            shutil.rmtree(aside)
    except OSError as error:
        raise MaixSwitchError(
            tr(
                "the model {folder} is removed, but {path} cannot be deleted ({reason}); delete it by hand",
                folder=folder,
                path=aside,
                reason=reason(error),
            ),
            EXIT_IO,
        ) from error


def unwritable(card: Path, error: OSError) -> MaixSwitchError:
    """Return the error for a card that cannot be written."""
    return MaixSwitchError(files.unwritable(card, error), EXIT_IO)
