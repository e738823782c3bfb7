"""A folder as a card that loses power at any step of a sync, and the board's start with it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.journal import Step

ROOT = Path(__file__).resolve().parents[3]
FINISHER = (ROOT / "boot.py").read_bytes()
Tree = dict[str, bytes]


class Cut(Exception):
    """The power fails."""


class Cuttable(FolderTarget):
    """A card that loses power before the action number `life`; a file written at that moment has half of its bytes."""

    def __init__(self, folder: Path, life: int = 1 << 30) -> None:
        super().__init__(folder)
        self.life = life
        self.done = 0

    def act(self) -> None:
        if self.done >= self.life:
            raise Cut
        self.done += 1

    def write(self, path: str, data: bytes) -> None:
        if self.done == self.life:
            (self.folder / path).write_bytes(data[: len(data) // 2])
        self.act()
        super().write(path, data)

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: plan.Tell) -> None:
        if self.done == self.life:
            (self.folder / path).write_bytes(file.read_bytes()[: (offset + size) // 2])
        self.act()
        super().send(file, path, offset, size, crc, tell)

    def copy(self, origin: str, path: str, size: int, crc: int) -> None:
        if self.done == self.life:
            (self.folder / path).write_bytes((self.folder / origin).read_bytes()[: size // 2])
        self.act()
        super().copy(origin, path, size, crc)

    def make_folder(self, path: str) -> None:
        self.act()
        super().make_folder(path)

    def _do(self, step: Step) -> None:
        if step.verb != "copy":
            self.act()
        super()._do(step)

    def _copy(self, step: Step) -> None:
        part = self.folder / step.path
        data = part.read_bytes()
        if self.done == self.life:
            (self.folder / step.name).write_bytes(data[: len(data) // 2])
        self.act()
        super()._copy(step)
        if self.done == self.life:
            part.write_bytes(data)
        self.act()


def write_tree(folder: Path, tree: Tree) -> Path:
    """Writes the files below a folder and returns the folder."""
    for name, data in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    folder.mkdir(exist_ok=True)
    return folder


def tree_of(folder: Path) -> Tree:
    """Returns the files that the app can see."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hidden = tuple(path.rpartition("/")[0] + "/" for path in paths if path.endswith("/ARRIVING"))
    hidden = tuple(model for model in hidden if f"{model}model.json" not in paths)
    return {n: path.read_bytes() for n, path in paths.items() if inventory.travels(n) and not n.startswith(hidden)}


def seen_models(folder: Path) -> set[str]:
    """Returns the names of the folders that the app regards as models."""
    models = folder / "models"
    if not models.is_dir():
        return set()
    inside = {path.name: {file.name for file in path.iterdir()} for path in models.iterdir() if path.is_dir()}
    return {name for name, files in inside.items() if files and ("ARRIVING" not in files or "model.json" in files)}


def ilistdir(path: str) -> list[tuple[str]]:
    return [(name,) for name in os.listdir(path)]


@contextlib.contextmanager
def _modules_of_the_board() -> Iterator[None]:
    names = {"uio": types.SimpleNamespace(open=io.open), "uos": types.SimpleNamespace(**vars(os), ilistdir=ilistdir)}
    kept = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def boot(folder: Path) -> None:
    """Runs boot.py of the card as the board would, with the folder as /sd."""
    if not (folder / "boot.py").exists():
        return
    space: dict[str, object] = {}
    text = (folder / "boot.py").read_text()
    try:
        with _modules_of_the_board():
            exec(text.replace('finish("/sd")', f"finish({str(folder)!r})"), space)
    except (SyntaxError, NameError):  # boot.py was cut: the firmware prints the error and runs main.py
        assert text != FINISHER.decode()
    assert "del finish" not in text or set(space) <= {"__builtins__", "__doc__"}, "main.py starts in a clean namespace"


def remembered(folder: Path) -> str:
    """Returns the folder of the model with which the app starts, as its own code reads it; "" if there is none."""
    space: dict[str, Any] = {}
    with _modules_of_the_board():
        exec((ROOT / "device/once/choice.py").read_text(), space)
        return str(space["choice_read"](str(folder)))


def remember(folder: Path, model: str) -> None:
    """Makes the app's own code remember a model."""
    space: dict[str, Any] = {}
    with _modules_of_the_board():
        exec((ROOT / "device/once/choice.py").read_text(), space)
        assert space["choice_write"](str(folder), model)
