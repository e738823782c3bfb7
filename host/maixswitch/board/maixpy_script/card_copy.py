"""A copy of a card for one run: without the programs that a board starts by itself, so that the script runs alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maixswitch import files
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

STARTED = ("boot.py", "main.py", "cover.boot.py", "cover.main.py")
"""Files that a firmware starts, or copies into the flash chip, before its prompt."""
IDLE = "pass\n"
MOST_BYTES = 256 << 20


@contextmanager
def card_copy(card: Path | None, write_back: bool) -> Iterator[Path]:
    """Yield a folder with the files of a card and a main.py that does nothing.

    card: the folder of the card, None for an empty one.
    write_back: whether files that changed meanwhile are written into that folder at the end.
    Raises MaixSwitchError (input or output) if the folder cannot be read, or holds too much.
    """
    if card is not None and not card.is_dir():
        raise MaixSwitchError(tr("{folder}: no such folder", folder=card), EXIT_IO)
    with tempfile.TemporaryDirectory(prefix="maixswitch-card-") as scratch:
        copy = Path(scratch)
        before = _copy(card, copy) if card is not None else {}
        # Without a main.py the firmware would write one that paints the panel.
        (copy / "main.py").write_text(IDLE)
        yield copy
        if card is not None and write_back:
            _write_back(copy, card, before)


def _copy(card: Path, copy: Path) -> dict[str, bytes]:
    """Copy the files of a card; return what they hold. Links are left out: they lead out of the card."""
    contents: dict[str, bytes] = {}
    total = 0
    with files.reading(card):
        for path in sorted(card.rglob("*")):
            name = path.relative_to(card)
            # A hidden folder, such as .git, is never meant for a board.
            if any(part.startswith(".") for part in name.parts) or path.is_symlink():
                continue
            if path.is_dir():
                (copy / name).mkdir(parents=True, exist_ok=True)
            elif path.is_file() and str(name) not in STARTED:
                total += path.stat().st_size
                if total > MOST_BYTES:
                    raise MaixSwitchError(tr("{folder} is too large for a virtual card", folder=card), EXIT_IO)
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy / name)
                contents[name.as_posix()] = path.read_bytes()
    return contents


def _write_back(copy: Path, card: Path, before: dict[str, bytes]) -> None:
    after = {
        path.relative_to(copy).as_posix(): path.read_bytes()
        for path in copy.rglob("*")
        if path.is_file() and path.relative_to(copy).as_posix() not in STARTED
    }
    changed = {card / name: content for name, content in after.items() if before.get(name) != content}
    files.write_all(changed, make_folders=True)
    for name in before.keys() - after.keys():
        with files.writing(card / name):
            (card / name).unlink(missing_ok=True)
