"""A card for the virtual K210: the same files as on the fakes, as blocks, with the faults that a script can order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from maixswitch import board_code, files
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.k210.board.fat import BLOCK, FatCard, Tree, card_of, first_block, read_back
from maixswitch.language import tr
from maixswitch.sim.card import SETTINGS, FolderCard

LINK = {"rate": 30}
"""The setting that makes the app tell on the serial line what it does, as often as it can."""
APP = ("boot.py", "main.py")


class ChipCard:
    """The blocks of a card, as the slot of a virtual board takes them.

    folder: where the files come from; with `write_back` they go there, too, when `save` is called.
    source: the card as the fakes see it.
    added_app: whether the card had no main.py, so that it got the app of this package.
    wrong_settings: whether maixswitch.json could not be read and was replaced.
    on_cut: called when `cut_after` switches the power off.
    """

    def __init__(self, folder: Path, source: FolderCard, write_back: bool) -> None:
        tree = _tree(source, "")
        self.wrong_settings = _ask_for_link(tree)
        self.added_app = "main.py" not in {name.lower() for name in tree}
        if self.added_app:
            _add_app(tree)
        self.folder, self.source = folder, source
        self.damaged: set[str] = set()
        self.on_cut: Callable[[], None] = lambda: None
        self._write_back = write_back
        self._card: FatCard = card_of(tree, folder)
        self._saved = dict(_flat(tree))
        self._saved_writes = 0
        self._dead: dict[int, str] = {}  # block -> path of the damaged file
        self._left: int | None = None  # bytes until the power goes
        self.count = self._card.count

    # As the slot sees it.

    def read(self, block: int) -> bytes:
        """Return the 512 bytes of a block."""
        return b"\xff" * BLOCK if block in self._dead else self._card.read(block)

    def write(self, block: int, data: bytes) -> None:
        """Replace the 512 bytes of a block, unless the power has gone before."""
        if self._left is not None:
            self._left -= BLOCK
            if self._left < 0:
                self._left = -1
                self.on_cut()
                return
        self._card.write(block, data)

    # The faults.

    def cut_after(self, size: int | None) -> None:
        """Switch the power off with the block in which this many more bytes end; None takes the order back."""
        self._left = size

    def damage(self, path: str) -> None:
        """Make the first block of a file read as FF bytes. Raises FileNotFoundError if there is no such file."""
        self._dead[first_block(self._card, path)] = path
        self.damaged.add(path)

    def repair(self, path: str = "") -> None:
        """End the damage of this file, or with "" of every file."""
        self._dead = {block: other for block, other in self._dead.items() if path and other != path}
        self.damaged = set(self._dead.values())

    # What the firmware wrote.

    def save(self) -> None:
        """Write what the firmware changed into the folder, if the user asked for it and the card is whole.

        Raises MaixSwitchError (input or output) when that is impossible.
        """
        if not self._write_back or self._card.writes == self._saved_writes:
            return
        try:
            now = dict(_flat(read_back(self._card)))
        except ValueError:  # the power went in the middle of a write
            return
        for path, data in now.items():
            if data != self._saved.get(path):
                target = self._inside(path)
                with files.writing(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                files.write(target, data)
        for path in self._saved.keys() - now.keys():
            target = self._inside(path)
            with files.writing(target):
                target.unlink(missing_ok=True)
        self._saved, self._saved_writes = now, self._card.writes

    def _inside(self, path: str) -> Path:
        target = self.folder / path
        # A link in the folder can lead out of it, and a firmware must not write there.
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise MaixSwitchError(tr("{path}: a link leads out of the card's folder", path=target), EXIT_IO)
        return target


def _tree(card: FolderCard, path: str) -> Tree:
    tree: Tree = {}
    for name, is_folder, _ in card.listdir(path):
        below = f"{path}/{name}" if path else name
        tree[name] = _tree(card, below) if is_folder else card.read(below)
    return tree


def _flat(tree: Tree, path: str = "") -> Iterator[tuple[str, bytes]]:
    for name, content in tree.items():
        below = f"{path}/{name}" if path else name
        if isinstance(content, bytes):
            yield below, content
        else:
            yield from _flat(content, below)


def _ask_for_link(tree: Tree) -> bool:
    """Switch the app's link on in the settings; return whether they could not be read."""
    # The settings on the user's disk stay as they are: `save` writes only what changed after this.
    name = next((name for name in tree if name.lower() == SETTINGS), SETTINGS)
    settings: Any = {}
    wrong = False
    try:
        settings = json.loads(tree[name]) if name in tree else {}  # type: ignore[arg-type]
    except (TypeError, ValueError):
        wrong = True
    if not isinstance(settings, dict):
        settings, wrong = {}, True
    tree[name] = json.dumps({**settings, "link": LINK}).encode()
    return wrong


def _add_app(tree: Tree) -> None:
    root = board_code.board_root()
    for path in (*(root / name for name in APP), *sorted((root / "device").rglob("*.py"))):
        folder: Any = tree
        *folders, name = path.relative_to(root).parts
        for part in folders:
            folder = folder.setdefault(part, {})
        folder[name] = files.read(path)
