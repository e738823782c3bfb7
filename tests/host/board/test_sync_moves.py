"""After folders were renamed or removed on the PC, sync gives the card exactly the same, and sends only new content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.board.sync import inventory, plan, report
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.plan import Options, Plan
from maixswitch.card import ordering
from maixswitch.errors import MaixSwitchError
from tests.host.board.cut_helpers import (
    FINISHER,
    Cut,
    Cuttable,
    Tree,
    boot,
    remember,
    remembered,
    seen_models,
    tree_of,
    write_tree,
)

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


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches fsync off: the tests need no durable files, and fsync would take most of their time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


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


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_card_becomes_the_folder(case: Case, tmp_path: Path) -> None:
    sd = synced(tmp_path, case)
    target = FolderTarget(sd)
    sync_plan = sync(write_tree(tmp_path / "card", case.new), target)
    assert tree_of(sd) == outcome(case)
    assert folders(sd) == parents(outcome(case))
    assert {send.path for send in sync_plan.sends if not send.origin} == set(case.sent)
    assert sync_plan.size == sum(len(case.new[path]) for path in case.sent)
    assert remembered(sd) == case.choice[1]
    assert sync(tmp_path / "card", target).empty


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("full", [False, True], ids=["", "little-room"])
def test_a_cut_at_any_step_leaves_old_or_new(name: str, full: bool, tmp_path: Path) -> None:
    """So it is with the remembered model, and the next sync completes the card, whatever the cut has left."""
    case = CASES[name]
    before = synced(tmp_path, case)
    old = tree_of(before)
    card = write_tree(tmp_path / "card", case.new)
    room = sum(len(path.read_bytes()) for path in before.rglob("*") if path.is_file()) + 400

    class Full(Cuttable):
        def space(self) -> tuple[int, int]:
            return (room - sum(self.listing().files.values()), 1) if full else super().space()

    def target(folder: Path, life: int = 1 << 30) -> Cuttable:
        return Full(folder, life)

    uncut = target(shutil.copytree(before, tmp_path / "whole"))
    if full and name in REFUSED:
        with pytest.raises(MaixSwitchError, match="full"):
            sync(card, uncut)
        assert not uncut.done
        return
    sync_plan = sync(card, uncut)
    # Without room for old and new files, models that the folder does not have go first, as with --delete.
    first = {step.path for step in sync_plan.first}
    without_first = {path: data for path, data in old.items() if path not in first}
    allowed = [(old, case.choice[0]), (without_first, case.choice[bool(first)]), (outcome(case), case.choice[1])]
    assert tree_of(uncut.folder) == outcome(case)
    for life in range(uncut.done):
        sd = shutil.copytree(before, tmp_path / "cut")
        with pytest.raises(Cut):
            sync(card, target(sd, life))
        boot(sd)
        started = tree_of(sd)
        assert (started, remembered(sd)) in allowed, life
        assert seen_models(sd) == {path.split("/")[1] for path in started if path.startswith("models/")}, life
        again = target(sd)
        sync(card, again)
        assert tree_of(sd) == outcome(case), life
        assert remembered(sd) == case.choice[1], life
        assert {path for path in again.listing().files if path.startswith("SYNC/")} == {"SYNC/SUMS"}
        assert sync(card, again).empty
        shutil.rmtree(sd)


def test_a_second_change_after_a_cut_leaves_nothing_behind(tmp_path: Path) -> None:
    """The manifest survives every cut: otherwise the folders of the first order would stay on the card for ever."""
    case = CASES["order"]
    before = synced(tmp_path, case)
    ordered = write_tree(tmp_path / "ordered", case.new)
    later = renamed(CARD, {"20-digits": "70-digits", "10-shapes": "80-shapes", "30-colours": "10-colours"})
    card = write_tree(tmp_path / "card", later)
    uncut = Cuttable(shutil.copytree(before, tmp_path / "whole"))
    sync(ordered, uncut)
    for life in range(uncut.done):
        sd = shutil.copytree(before, tmp_path / "cut")
        with pytest.raises(Cut):
            sync(ordered, Cuttable(sd, life))
        if life % 2:
            boot(sd)
        sync_plan = sync(card, FolderTarget(sd))
        assert tree_of(sd) == later, life
        assert remembered(sd) == "70-digits", life
        assert not sync_plan.size, life
        shutil.rmtree(sd)


def test_what_somebody_changed_on_the_card_is_not_sync_s_own(tmp_path: Path) -> None:
    """A file of the same size with other bytes stays, like one of another size, and is no origin of a copy."""
    sd = synced(tmp_path, Case(ORDERED))
    write_tree(sd, {"models/10-shapes/m.kmodel": b"S" * 300, "models/20-digits/labels.txt": b"longer\n"})
    sync_plan = sync(write_tree(tmp_path / "card", ORDERED), FolderTarget(sd))
    changed = {"models/10-shapes/m.kmodel": b"S" * 300, "models/20-digits/labels.txt": b"longer\n"}
    assert tree_of(sd) == ORDERED | changed
    assert sync_plan.foreign == tuple(sorted(changed))
    assert "models/10-shapes/m.kmodel" in " ".join(report.notes(sync_plan))
    assert {send.path for send in sync_plan.sends if not send.origin} == {"models/20-shapes/m.kmodel"}
    sync(tmp_path / "card", FolderTarget(sd), Options(delete=True))
    assert tree_of(sd) == ORDERED


def test_a_card_without_a_manifest_keeps_what_it_has(tmp_path: Path) -> None:
    sd = write_tree(tmp_path / "sd", CARD)
    sync_plan = sync(write_tree(tmp_path / "card", ORDERED), FolderTarget(sd))
    assert tree_of(sd) == CARD | ORDERED
    assert sync_plan.size == sum(len(data) for path, data in ORDERED.items() if path not in CARD)
    assert sync(tmp_path / "card", FolderTarget(sd), Options(delete=True)).deletes
    assert tree_of(sd) == ORDERED


def test_only_the_app(tmp_path: Path) -> None:
    """With --app-only the models stay, and the next full sync still knows which of them sync put there."""
    sd = synced(tmp_path, Case(CARD))
    new = {("device/application.py" if path == "device/app.py" else path): data for path, data in ORDERED.items()}
    card = write_tree(tmp_path / "card", new)
    target = FolderTarget(sd)
    sync_plan = plan.make(inventory.sources(card, app_only=True), target, Options(app_only=True))
    apply(sync_plan, target)
    assert [(send.origin, send.path) for send in sync_plan.sends] == [("device/app.py", "device/application.py")]
    assert not (sd / "device/app.py").exists()
    assert (sd / "models/20-digits/m.kmodel").exists()
    assert not sync(card, target).size
    assert tree_of(sd) == new


def test_the_plan_shows_moves_as_moves(tmp_path: Path) -> None:
    sd = synced(tmp_path, CASES["order"])
    sync_plan = plan.make(inventory.sources(write_tree(tmp_path / "card", ORDERED)), FolderTarget(sd), KEEP, dry=True)
    assert sum(line.startswith("move ") for line in report.table(sync_plan)) == 6
    assert any("models/20-digits/m.kmodel -> models/10-digits/m.kmodel" in line for line in report.table(sync_plan))
    document = plan.document(sync_plan)
    assert document["send"] == document["delete"] == document["copy"] == []
    assert {"from": "models/10-shapes/m.kmodel", "path": "models/20-shapes/m.kmodel", "bytes": 300} in document["move"]  # type: ignore[operator]
    assert {row["from"].split("/")[1] for row in document["move"] if "10-digits" in row["path"]} == {"20-digits"}  # type: ignore[attr-defined]
    assert tree_of(sd) == CARD


class Limited(FolderTarget):
    """A card with `limit` bytes for all files together, with clusters of one byte."""

    limit = 0

    def space(self) -> tuple[int, int]:
        return self.limit - sum(self.listing().files.values()), 1


def test_with_little_room_one_file_moves_after_the_other(tmp_path: Path) -> None:
    """600 bytes move, 350 are free: not all can be copied before the old ones go, but nothing is sent again."""
    sd = synced(tmp_path, CASES["order"])
    target = Limited(sd)
    target.limit = sum(target.listing().files.values()) + 350
    sync_plan = sync(write_tree(tmp_path / "card", ORDERED), target)
    assert any(
        step.line().startswith("copy\tmodels/10-shapes/m.kmodel\tmodels/20-shapes/m.kmodel") for step in sync_plan.steps
    )
    assert not sync_plan.size
    assert not sync_plan.first
    assert tree_of(sd) == ORDERED
    assert folders(sd) == parents(ORDERED)
    assert remembered(sd) == "10-digits"


def test_without_room_for_one_copy_the_old_file_goes_first(tmp_path: Path) -> None:
    sd = synced(tmp_path, CASES["order"])
    target = Limited(sd)
    target.limit = sum(target.listing().files.values()) + 100
    sync_plan = plan.make(inventory.sources(write_tree(tmp_path / "card", ORDERED)), target, KEEP)
    assert any("deletes the models that CARD does not have" in note for note in report.notes(sync_plan))
    apply(sync_plan, target)
    assert sync_plan.size == sum(len(data) for path, data in ORDERED.items() if path not in CARD)
    assert tree_of(sd) == ORDERED
    assert remembered(sd) == "10-digits"


def test_folders_that_change_places_on_a_full_card_are_refused(tmp_path: Path) -> None:
    case = CASES["two folders swapped"]
    target = Limited(synced(tmp_path, case))
    target.limit = sum(target.listing().files.values()) + 100
    with pytest.raises(MaixSwitchError, match="full"):
        sync(write_tree(tmp_path / "card", case.new), target)
    assert tree_of(target.folder) == CARD


def test_order_on_the_pc(tmp_path: Path) -> None:
    """With the renames that `maixswitch order` makes."""
    case = Case(CARD)
    sd = synced(tmp_path, case)
    card = tmp_path / "first"
    names = ["30-colours", "20-digits", "10-shapes"]
    pairs = ordering.rename(card / "models", ordering.renumbered(names))
    assert not sync(card, FolderTarget(sd)).size
    assert tree_of(sd) == tree_of(card)
    assert seen_models(sd) == {new for _, new in pairs} | {"20-digits"}


NAMES = st.sampled_from(["10-a", "20-b", "30-c", "10-A", "20-b2"])
DATA = st.sampled_from([b"", b"one", b"two", b"another network", b"labels\n"])
FILES = st.dictionaries(st.sampled_from(["model.json", "m.kmodel", "labels.txt", "more/x.txt"]), DATA, min_size=1)
Change = Callable[[Tree], Tree]


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


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), FOREIGN)
def test_any_changes(data: st.DataObject, foreign: Tree) -> None:
    import tempfile

    old = data.draw(changes(CARD))
    new = data.draw(changes(old))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sd = folder / "sd"
        sd.mkdir()
        sync(write_tree(folder / "old", old), FolderTarget(sd))
        write_tree(sd, foreign)
        sync_plan = sync(write_tree(folder / "new", new), FolderTarget(sd))
        # As on FAT, case does not matter, and a name on the card keeps its spelling.
        spelled = {path.casefold(): content for path, content in tree_of(sd).items()}
        assert spelled == {path.casefold(): content for path, content in (new | foreign).items()}
        assert len(spelled) == len(tree_of(sd))
        known = set(old.values())
        assert sync_plan.size == sum(len(content) for path, content in new.items() if content not in known)
        assert sync(folder / "new", FolderTarget(sd)).empty
