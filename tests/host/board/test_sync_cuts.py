"""A sync that is cut anywhere leaves the complete old card or the complete new one; the next sync completes it."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.folder_target import FolderTarget
from maixswitch.board.sync.plan import Options
from maixswitch.errors import MaixSwitchError
from tests.host.board.cut_helpers import FINISHER, Cut, Cuttable, Tree, boot, seen_models, tree_of, write_tree

pytestmark = pytest.mark.usefixtures("no_waiting")


def sync(card: Path, target: FolderTarget, options: Options = Options(delete=True)) -> plan.Plan:  # noqa: B008
    sync_plan = plan.make(inventory.sources(card), target, options)
    apply(sync_plan, target)
    return sync_plan


def expected(old: Tree, new: Tree) -> Tree:
    """Returns the files after a sync with --delete: the new ones and the old ones outside models/ and device/."""
    return {name: data for name, data in old.items() if not name.startswith(("models/", "device/"))} | new


def without_boot(tree: Tree) -> Tree:
    return {name: data for name, data in tree.items() if name != "boot.py"}


def cut_everywhere(old: Tree, new: Tree) -> int:
    """Cuts a sync before each of its actions; returns the number of actions."""
    after = expected(old, new)
    with tempfile.TemporaryDirectory() as base_name:
        base = Path(base_name)
        card = write_tree(base / "card", new)
        uncut = Cuttable(write_tree(base / "whole", old))
        sync_plan = sync(card, uncut)
        assert tree_of(uncut.folder) == after
        for life in range(uncut.done):
            sd = write_tree(base / "sd", old)
            with pytest.raises(Cut):
                sync(card, Cuttable(sd, life))
            if sync_plan.safe:
                boot(sd)
                booted = tree_of(sd)
                # a boot.py that is cut while it is replaced does nothing; the firmware then runs main.py
                boot_cut = booted.get("boot.py") not in (old.get("boot.py"), after.get("boot.py"))
                allowed = [without_boot(tree) if boot_cut else tree for tree in (old, after)]
                assert (without_boot(booted) if boot_cut else booted) in allowed, (life, sync_plan.steps)
                models = [{name.split("/")[1] for name in tree if name.startswith("models/")} for tree in allowed]
                assert seen_models(sd) in models, life
            again = FolderTarget(sd)
            sync(card, again)
            assert tree_of(sd) == after
            left = {path for path in again.listing().files if not inventory.travels(path)}
            assert left == {"SYNC/SUMS"}
            assert sync(card, again).empty
            shutil.rmtree(sd)
        return uncut.done


OLD = {
    "main.py": b"old main",
    "device/app.py": b"old app",
    "device/hal.py": b"hal",
    "models/10-a/model.json": b"{}",
    "models/10-a/m.kmodel": b"k" * 300,
    "models/20-gone/m.kmodel": b"g" * 100,
    "settings.txt": b"kept",
}
NEW = {
    "boot.py": FINISHER,
    "main.py": b"new main",
    "device/app.mpy": b"new app",
    "device/hal.py": b"hal",
    "device/kinds/yolo.py": b"kind",
    "models/10-a/model.json": b"{ }",
    "models/10-a/m.kmodel": b"k" * 300,
    "models/30-new/deep/m.kmodel": b"n" * 200,
    "models/30-new/model.json": b"{}",
}


@pytest.mark.parametrize("before", [b"", b'"""Safety only."""\n', FINISHER + b"# older\n", FINISHER])
def test_a_card_cut_at_every_step_is_old_or_new(before: bytes) -> None:
    old = OLD | ({"boot.py": before} if before else {})
    assert cut_everywhere(old, NEW) > 15


CONTENT = st.sampled_from([b"", b"one", b"two", b"longer than the others"])
APP = ["main.py", "device/a.py", "device/a.mpy", "device/kinds/b.py"]
PATHS = [*APP, "models/1/m", "models/1/sub/l", "models/2/m", "s"]
BOOTS = st.sampled_from([None, b"pass\n", FINISHER, FINISHER + b"#\n"])
TREES = st.dictionaries(st.sampled_from(PATHS), CONTENT)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, TREES, BOOTS, st.sampled_from([FINISHER, FINISHER + b"#\n", b"pass\n"]))
def test_any_two_cards(old: Tree, new: Tree, before: bytes | None, after: bytes) -> None:
    old = old | ({} if before is None else {"boot.py": before})
    cut_everywhere(old, new | {"boot.py": after})


def test_a_part_with_the_wrong_beginning_is_sent_again(tmp_path: Path) -> None:
    card = write_tree(tmp_path / "card", NEW)
    sd = write_tree(tmp_path / "sd", OLD)
    sync_plan = plan.make(inventory.sources(card), FolderTarget(sd), Options())
    parts = {send.path: send.part for send in sync_plan.sends}
    assert {send.path for send in sync_plan.sends if send.part == send.path} == {"models/30-new/deep/m.kmodel"}
    write_tree(sd, {parts["device/app.mpy"]: b"wrong", parts["main.py"]: b"new", "SYNC/A0000000": b"of another sync"})
    write_tree(
        sd, {"models/30-new/deep/m.kmodel": b"n" * 50, "models/30-new/gone.txt": b"", "models/30-new/ARRIVING": b""}
    )
    sync_plan = plan.make(inventory.sources(card), FolderTarget(sd), Options())
    offsets = {send.path: send.offset for send in sync_plan.sends}
    assert offsets["device/app.mpy"] == 0
    assert offsets["main.py"] == 3
    assert offsets["models/30-new/deep/m.kmodel"] == 50
    apply(sync_plan, FolderTarget(sd))
    assert tree_of(sd) == {name: data for name, data in (OLD | NEW).items() if name != "device/app.py"}
    assert {path.name for path in (sd / "SYNC").iterdir()} == {"SUMS"}


class Small(Cuttable):
    """A card with room for `room` bytes in all files together."""

    room = 2000

    def space(self) -> tuple[int, int]:
        return self.room - sum(self.listing().files.values()), 1


def test_a_card_without_room_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    card = write_tree(tmp_path / "card", NEW | {"models/40-big/m.kmodel": bytes(5000)})
    sd = Small(write_tree(tmp_path / "sd", OLD))
    with pytest.raises(MaixSwitchError, match=r"full.*--delete would free") as refused:
        sync(card, sd, Options())
    assert refused.value.exit_code == 4
    assert sd.done == 0
    assert tree_of(sd.folder) == OLD


def test_delete_makes_room_first_if_both_cards_do_not_fit(tmp_path: Path) -> None:
    old = OLD | {"models/20-gone/m.kmodel": bytes(1000), "boot.py": FINISHER}
    new = {**NEW, "models/40-big/m.kmodel": bytes(300)}
    card = write_tree(tmp_path / "card", new)
    sd = Small(write_tree(tmp_path / "sd", old))
    sd.room = sum(map(len, old.values())) + 500
    sync_plan = plan.make(inventory.sources(card), sd, Options(delete=True))
    assert sync_plan.first
    apply(sync_plan, sd)
    assert tree_of(sd.folder) == expected(old, new)
    assert sync(card, sd).empty


def listed(*lines: str) -> bytes:
    """Returns a valid list of these steps, with its checksum."""
    body = "\n".join(lines).encode()
    return body + b"\nend %08x" % zlib.crc32(body)


def test_a_damaged_list_of_steps_does_nothing(tmp_path: Path) -> None:
    valid = listed("delete\tmain.py")
    torn = [valid[:-1], valid.replace(b"main", b"mine"), b"delete\tmain.py\nend", b"\xff\xfe" * 9, b"", bytes(600)]
    for text in (*torn, listed("format\tmain.py"), listed("delete")):
        sd = write_tree(tmp_path / f"{zlib.crc32(text)}", {"boot.py": FINISHER, "main.py": b"kept", "SYNC/STEPS": text})
        boot(sd)
        assert (sd / "main.py").read_bytes() == b"kept"
        sync(write_tree(tmp_path / "card", NEW), FolderTarget(sd))
        assert not (sd / "SYNC/STEPS").exists()


def test_a_step_that_fails_is_printed_and_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other steps are done, a damaged part is not copied, and the next sync still succeeds."""
    part = f"{zlib.crc32(b'wanted'):08x}"
    steps = listed(f"copy\tSYNC/A1\tdevice\t{part}", f"copy\tSYNC/A2\tmain.py\t{part}", f"copy\tSYNC/A3\tx\t{part}")
    tree: Tree = {"boot.py": FINISHER, "models/a/m": b"", "main.py": b"old", "SYNC/A3": b"damaged", "SYNC/STEPS": steps}
    sd = write_tree(
        tmp_path / "sd", tree | {"device/app.py": b"in the way", "SYNC/A1": b"wanted", "SYNC/A2": b"wanted"}
    )
    boot(sd)
    output = capsys.readouterr().out
    assert f"copy\tSYNC/A1\tdevice\t{part}" in output
    assert f"copy\tSYNC/A3\tx\t{part}" in output
    assert (sd / "main.py").read_bytes() == b"wanted"
    assert (sd / "SYNC/STEPS").exists()
    stuck = shutil.copytree(sd, tmp_path / "stuck")
    shutil.rmtree(sd / "device")
    (sd / "SYNC/A3").write_bytes(b"wanted")
    boot(sd)
    assert (sd / "device").read_bytes() == (sd / "x").read_bytes() == b"wanted"
    assert not (sd / "SYNC").joinpath("STEPS").exists()
    sync(write_tree(tmp_path / "card", NEW), FolderTarget(stuck))
    assert tree_of(stuck) == NEW | {"x": b"damaged"}


def test_boot_py_is_replaced_last_if_the_old_one_can_finish_a_sync_and_otherwise_first(tmp_path: Path) -> None:
    card = write_tree(tmp_path / "card", NEW)
    able = write_tree(tmp_path / "able", OLD | {"boot.py": FINISHER + b"#"})
    sync_plan = plan.make(inventory.sources(card), FolderTarget(able), Options(delete=True))
    assert [step.name for step in sync_plan.steps].index("boot.py") == len(sync_plan.steps) - 1
    unable = write_tree(tmp_path / "unable", OLD | {"boot.py": b"while True: pass\n"})
    sync_plan = plan.make(inventory.sources(card), FolderTarget(unable), Options(delete=True))
    assert [step.name for step in sync_plan.steps].index("boot.py") == 0
