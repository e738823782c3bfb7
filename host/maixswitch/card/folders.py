"""The model folders of a card: which there are, and how one is taken off."""

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
    # Any number of anchors will do: here only the names count, not whether a firmware can run the model.
    return [(model.folder, model.title) for model in Card(card, None).models]


def remove(card: Path, folder: str) -> None:
    """Delete a model's folder. It is renamed first, so that the board never sees half of it."""
    path = card / MODELS / folder
    # The board skips folders whose name begins with a dot (device/once/model_json.py). So the rename takes the whole
    # model off the list in one step.
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
        # rmtree refuses a link, and its target is not on the list: only the link goes.
        if aside.is_symlink():
            aside.unlink()
        else:
            shutil.rmtree(aside)
    except OSError as error:
        raise MaixSwitchError(
            tr(
                "{folder} is off the list, but {path} cannot be deleted ({reason}); delete it by hand",
                folder=folder,
                path=aside,
                reason=reason(error),
            ),
            EXIT_IO,
        ) from error


def unwritable(card: Path, error: OSError) -> MaixSwitchError:
    """Return the error for a card that cannot be written."""
    return MaixSwitchError(files.unwritable(card, error), EXIT_IO)
