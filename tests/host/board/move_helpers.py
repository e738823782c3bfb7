"""Cards whose folders were renamed, ordered, removed or edited on the PC after a sync."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.plan import Options, Plan
from tests.host.board.cut_helpers import FINISHER, Cuttable, Tree, remember, write_tree

KEEP = Options()
CARD: Tree = {
    "boot.py": FINISHER,
    "main.py": b"main",
    "device/app.py": b"app",
    "README.txt": b"about this card",
    "models/10-shapes/model.json": b'{"title": "Shapes"}',
    "models/10-shapes/m.kmodel": b"s" * 300,
    "models/10-shapes/labels.txt": b"same\n",
    "models/20-digits/model.json": b'{"title": "Digits"}',
    "models/20-digits/m.kmodel": b"d" * 200,
    "models/20-digits/labels.txt": b"same\n",
    "models/30-colours/model.json": b'{"title": "Colours"}',
    "models/30-colours/m.kmodel": b"c" * 100,
    "models/30-colours/more/words.txt": b"red\n",
}


def sync(card: Path, target: FolderTarget, options: Options = KEEP) -> Plan:
    sync_plan = plan.make(inventory.sources(card), target, options)
    apply(sync_plan, target)
    return sync_plan


def renamed(tree: Tree, names: dict[str, str]) -> Tree:
    """Returns the same files with other names for folders of models, all at once."""
    result = {}
    for path, data in tree.items():
        parts = path.split("/")
        if parts[0] == "models":
            parts[1] = names.get(parts[1], parts[1])
        result["/".join(parts)] = data
    return result


def without(tree: Tree, model: str) -> Tree:
    return {path: data for path, data in tree.items() if not path.startswith(f"models/{model}/")}


@dataclass(frozen=True)
class Case:
    """A change of the card's folder after a sync.

    new: the files of the folder after it.
    sent: the paths that the next sync has to send.
    foreign: files that the user put on the board's card.
    choice: the folder of the remembered model before and after.
    on_card: the files on the card afterwards, if they are not `new`: FAT ignores case, so a name keeps its spelling.
    """

    new: Tree
    sent: tuple[str, ...] = ()
    foreign: tuple[tuple[str, bytes], ...] = ()
    choice: tuple[str, str] = ("20-digits", "20-digits")
    on_card: Tree | None = None


ORDERED = renamed(CARD, {"20-digits": "10-digits", "10-shapes": "20-shapes"})
CASES = {
    "order": Case(ORDERED, choice=("20-digits", "10-digits")),
    "order and the user's own files": Case(
        ORDERED,
        foreign=(("models/10-shapes/notes.txt", b"mine"), ("models/mine/m.kmodel", b"mine"), ("todo.txt", b"mine")),
        choice=("10-shapes", "20-shapes"),
    ),
    "remove": Case(without(CARD, "20-digits")),
    "remove and an own file of the user": Case(
        without(CARD, "20-digits"), foreign=(("models/20-digits/deep/notes.txt", b"mine"),)
    ),
    "two folders swapped": Case(
        renamed(CARD, {"20-digits": "10-shapes", "10-shapes": "20-digits"}), choice=("20-digits", "10-shapes")
    ),
    "three folders in a ring": Case(
        renamed(CARD, {"20-digits": "10-shapes", "10-shapes": "30-colours", "30-colours": "20-digits"}),
        choice=("30-colours", "20-digits"),
    ),
    "a model removed, another one in its folder": Case(
        renamed(without(CARD, "10-shapes"), {"20-digits": "10-shapes"}), choice=("20-digits", "10-shapes")
    ),
    "a model removed, a new one under its number": Case(
        without(CARD, "10-shapes") | {"models/10-faces/m.kmodel": b"f" * 50, "models/10-faces/model.json": b"{}"},
        sent=("models/10-faces/m.kmodel", "models/10-faces/model.json"),
        choice=("10-shapes", "10-shapes"),
    ),
    "only the case of a name": Case(renamed(CARD, {"20-digits": "20-Digits"}), on_card=CARD),
    "renamed, and one file changed": Case(
        renamed(CARD, {"20-digits": "40-digits"}) | {"models/40-digits/labels.txt": b"0\n1\n"},
        sent=("models/40-digits/labels.txt",),
        choice=("20-digits", "40-digits"),
    ),
    "renamed, and its network changed": Case(
        renamed(CARD, {"20-digits": "40-digits"}) | {"models/40-digits/m.kmodel": b"D" * 200},
        sent=("models/40-digits/m.kmodel",),
        choice=("20-digits", "40-digits"),
    ),
    "a copy of a model under a second name": Case(
        CARD | renamed(without(without(CARD, "10-shapes"), "30-colours"), {"20-digits": "50-copy"})
    ),
    "files renamed within a model and outside of models": Case(
        {
            {"models/20-digits/m.kmodel": "models/20-digits/digits.kmodel", "README.txt": "ABOUT.txt"}.get(
                path, path
            ): data
            for path, data in CARD.items()
        }
    ),
}


REFUSED = ("two folders swapped", "three folders in a ring")
"""Cases that need room for second copies of the files that change places."""


def synced(folder: Path, case: Case, tree: Tree = CARD) -> Path:
    """Returns a board's card after a first sync, with the files of the user and the remembered model."""
    sd = folder / "sd"
    shutil.rmtree(sd, ignore_errors=True)
    sd.mkdir(parents=True)
    sync(write_tree(folder / "first", tree), FolderTarget(sd))
    write_tree(sd, dict(case.foreign))
    remember(sd, case.choice[0])
    return sd


def outcome(case: Case) -> Tree:
    return (case.on_card or case.new) | dict(case.foreign)


def folders(sd: Path) -> set[str]:
    return {path.relative_to(sd).as_posix() for path in sd.rglob("*") if path.is_dir()} - {"SYNC"}


def parents(tree: Tree) -> set[str]:
    return {parent.as_posix() for path in tree for parent in Path(path).parents} - {"."}


class Limited(FolderTarget):
    """A card with `limit` bytes for all files together, with clusters of one byte."""

    limit = 0

    def space(self) -> tuple[int, int]:
        return self.limit - sum(self.listing().files.values()), 1


class CuttableLimited(Limited, Cuttable):
    """Such a card that loses power before one of its actions."""


NAMES = st.sampled_from(["10-a", "20-b", "30-c", "10-A", "20-b2"])
DATA = st.sampled_from([b"", b"one", b"two", b"another network", b"labels\n"])
FILES = st.dictionaries(st.sampled_from(["model.json", "m.kmodel", "labels.txt", "more/x.txt"]), DATA, min_size=1)


@st.composite
def changes(draw: st.DrawFn, tree: Tree) -> Tree:
    """Returns the folder after random renames, removals and edits, as a user makes them on the PC."""
    for _ in range(draw(st.integers(0, 4))):
        models = sorted({path.split("/")[1] for path in tree if path.startswith("models/")})
        kind = draw(st.sampled_from(["rename", "swap", "remove", "edit", "add"]))
        if kind == "add" or not models:
            name = draw(NAMES)
            if name.casefold() not in {model.casefold() for model in models}:
                tree = tree | {f"models/{name}/{file}": data for file, data in draw(FILES).items()}
            continue
        model = draw(st.sampled_from(models))
        if kind == "remove":
            tree = without(tree, model)
        elif kind == "edit":
            path = draw(st.sampled_from(sorted(path for path in tree if path.startswith(f"models/{model}/"))))
            tree = tree | {path: draw(DATA)}
        elif kind == "swap":
            other = draw(st.sampled_from(models))
            tree = renamed(tree, {model: other, other: model})
        else:
            name = draw(NAMES)
            if name.casefold() not in {other.casefold() for other in models if other != model}:
                tree = renamed(tree, {model: name})
    return tree


FOREIGN = st.dictionaries(
    st.sampled_from(["models/10-a/own.txt", "models/20-b/more/own.txt", "models/own/m.kmodel", "own.txt"]),
    st.just(b"the user's"),
)
