"""A sync after renames and removals that is cut anywhere leaves the old card or the new one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.errors import MaixSwitchError
from tests.host.board.cut_helpers import Cut, Cuttable, Tree, boot, remembered, seen_models, tree_of, write_tree
from tests.host.board.move_helpers import (
    CARD,
    CASES,
    FOREIGN,
    REFUSED,
    Case,
    CuttableLimited,
    changes,
    outcome,
    renamed,
    sync,
    synced,
)

pytestmark = pytest.mark.usefixtures("no_waiting")
STRIDES = [3, pytest.param(1, marks=pytest.mark.nightly)]
"""Of so many steps one is cut; at night each of them."""


def cut_everywhere(
    before: Path,
    card: Path,
    after: Tree,
    choice: tuple[str, str],
    target: Callable[[Path, int], Cuttable],
    stride: int = 1,
) -> int:
    """Cuts a sync before each of its actions, starts the board, and syncs again; returns the number of actions.

    before: the board's card before the sync.
    after: the files on it after the sync.
    choice: the folder of the remembered model before and after.
    target: returns a card that lives for a number of actions.
    stride: of so many actions one is tried, and the last one.
    """
    old = tree_of(before)
    uncut = target(shutil.copytree(before, before.parent / "whole"), 1 << 30)
    sync_plan = sync(card, uncut)
    assert tree_of(uncut.folder) == after
    assert remembered(uncut.folder) == choice[1]
    # Without room for old and new files, models that the folder does not have go first, as with --delete.
    first = {step.path for step in sync_plan.first}
    without_first = {path: data for path, data in old.items() if path not in first}
    allowed = [(old, choice[0]), (without_first, choice[bool(first)]), (after, choice[1])]
    for life in {*range(0, uncut.done, stride), *range(uncut.done)[-1:]}:
        sd = shutil.copytree(before, before.parent / "cut")
        with pytest.raises(Cut):
            sync(card, target(sd, life))
        boot(sd)
        started = tree_of(sd)
        assert (started, remembered(sd)) in allowed, life
        assert seen_models(sd) == {path.split("/")[1] for path in started if path.startswith("models/")}, life
        again = target(sd, 1 << 30)
        sync(card, again)
        assert tree_of(sd) == after, life
        assert remembered(sd) == choice[1], life
        assert {path for path in again.listing().files if path.startswith("SYNC/")} == {"SYNC/SUMS"}
        assert sync(card, again).empty
        shutil.rmtree(sd)
    return uncut.done


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("name", CASES)
def test_a_cut_at_any_step_leaves_old_or_new(name: str, stride: int, tmp_path: Path) -> None:
    """So it is with the remembered model, and the next sync completes the card, whatever the cut has left."""
    case = CASES[name]
    before = synced(tmp_path, case)
    card = write_tree(tmp_path / "card", case.new)
    steps = cut_everywhere(before, card, outcome(case), case.choice, Cuttable, stride)
    assert steps >= (0 if outcome(case) == tree_of(before) else 5)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("name", CASES)
def test_a_cut_with_little_room(name: str, stride: int, tmp_path: Path) -> None:
    case = CASES[name]
    before = synced(tmp_path, case)
    card = write_tree(tmp_path / "card", case.new)
    limit = sum(FolderTarget(before).listing().files.values()) + 400

    def target(folder: Path, life: int) -> Cuttable:
        card_with_limit = CuttableLimited(folder, life)
        card_with_limit.limit = limit
        return card_with_limit

    if name in REFUSED:
        with pytest.raises(MaixSwitchError, match="full"):
            sync(card, target(before, 0))
    else:
        cut_everywhere(before, card, outcome(case), case.choice, target, stride)


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


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), FOREIGN)
def test_a_cut_after_any_changes(data: st.DataObject, foreign: Tree) -> None:
    old = data.draw(changes(CARD))
    new = data.draw(changes(old))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = sorted({path.split("/")[1] for path in old if path.startswith("models/")}) or ["none"]
        before = synced(
            folder, Case(new, foreign=tuple(foreign.items()), choice=(data.draw(st.sampled_from(models)), "")), old
        )
        card = write_tree(folder / "card", new)
        whole = shutil.copytree(before, folder / "uncut")
        sync(card, FolderTarget(whole))
        cut_everywhere(before, card, tree_of(whole), (remembered(before), remembered(whole)), Cuttable)
