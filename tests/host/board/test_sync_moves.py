"""After folders were renamed or removed on the PC, sync gives the card exactly the same, and sends only new content."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.board.sync import inventory, plan, report
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.plan import Options
from maixswitch.card import ordering
from maixswitch.errors import MaixSwitchError
from tests.host.board.cut_helpers import Tree, remembered, seen_models, tree_of, write_tree
from tests.host.board.move_helpers import (
    CARD,
    CASES,
    FOREIGN,
    KEEP,
    ORDERED,
    Case,
    Limited,
    changes,
    folders,
    outcome,
    parents,
    sync,
    synced,
)

pytestmark = pytest.mark.usefixtures("no_waiting")


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


def test_files_of_systems_do_not_keep_an_old_folder(tmp_path: Path) -> None:
    """macOS and Windows put hidden files into folders of a card that they show; other hidden files are the user's."""
    sd = synced(tmp_path, CASES["order"])
    write_tree(sd, {f"models/20-digits/{name}": b"" for name in (".DS_Store", "._m.kmodel", "Thumbs.db")})
    write_tree(sd, {"models/10-shapes/.notes": b"mine"})
    sync(write_tree(tmp_path / "card", ORDERED), FolderTarget(sd))
    assert folders(sd) == parents(ORDERED) | {"models/10-shapes"}
    assert (sd / "models/10-shapes/.notes").read_bytes() == b"mine"


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


@settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), FOREIGN)
def test_any_changes(data: st.DataObject, foreign: Tree) -> None:
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


def test_what_a_board_has_learnt_stays_and_moves_with_its_model(tmp_path: Path) -> None:
    sd = synced(tmp_path, CASES["order"])
    lessons = {f"models/20-digits/learnt.{end}": end.encode() * 9 for end in ("0", "1", "s0", "s1")}
    write_tree(sd, lessons)
    write_tree(sd, {"models/10-shapes/learnt.s0": b"shape"})
    # The copies of the PC are old: they never reach the board.
    stale = {f"models/10-digits/learnt.{end}": b"old" for end in ("0", "s0")}
    sync(write_tree(tmp_path / "card", ORDERED | stale), FolderTarget(sd))
    after = {path.replace("20-", "10-"): data for path, data in lessons.items()}
    after["models/20-shapes/learnt.s0"] = b"shape"
    assert tree_of(sd) == ORDERED
    assert {path.relative_to(sd).as_posix(): path.read_bytes() for path in sd.rglob("learnt.*")} == after
    assert sync(tmp_path / "card", FolderTarget(sd)).empty
    shutil.rmtree(tmp_path / "card/models/10-digits")
    sync(tmp_path / "card", FolderTarget(sd))
    assert not (sd / "models/10-digits").exists()
