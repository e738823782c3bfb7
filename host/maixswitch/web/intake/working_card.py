"""The copy of the card to which the page adds models: the user's folder stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

from maixswitch import files
from maixswitch.card.build import build
from maixswitch.card.new import README, WORDS
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.card import check_card, scan

MOST_BYTES = 512 << 20


def copy_card(card: Path, target: Path) -> None:
    """Copy what the board sees of a card into a new folder, with the app if the card has none.

    Raises MaixSwitchError (usage) for a card that is too large, (input or output) if it cannot be copied.
    """
    check_card(card)
    contents = scan(card)
    total = sum(len(file) for file in contents.files.values())
    if total > MOST_BYTES:
        text = tr(
            "{folder}: the card holds {size} MiB; a model can be added here to at most {most} MiB. Use the command: "
            "maixswitch import",
            folder=card,
            size=total >> 20,
            most=MOST_BYTES >> 20,
        )
        raise MaixSwitchError(text, EXIT_USAGE)
    with files.writing(target):
        for name in ("models", *contents.folders):
            (target / name).mkdir(parents=True, exist_ok=True)
        for name in contents.files:
            shutil.copyfile(card / name, target / name)
    # Otherwise the downloaded card would not start a board.
    if not (target / "main.py").exists() and not (target / "boot.py").exists():
        build(target)
    if not (target / README).exists():
        with files.writing(target):
            (target / README).write_text(WORDS, encoding="ascii", newline="\r\n")


def pack_card(card: Path, path: Path) -> Path:
    """Write a zip with the contents of a card. path: without the ending. Returns the zip's path."""
    with files.writing(path):
        return Path(shutil.make_archive(str(path), "zip", card))
