"""A folder as the card: it is read from the disk and written in memory, or on the disk if the user says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bench
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.sim.card import FolderCard, check_card


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models" / "face").mkdir(parents=True)
    (tmp_path / "models" / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("x")
    (tmp_path / "models" / "face" / "model.json").write_text("{}")
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reads_the_folder(folder: Path) -> None:
    card = FolderCard(folder, bench.MemoryCard)
    assert card.listdir("") == [("models", True, 0)]
    assert card.listdir("models") == [("empty", True, 0), ("face", True, 0)]
    assert card.stat("models/face/model.json") == (False, 2)
    assert card.read("models/face/model.json") == b"{}"
    with pytest.raises(OSError, match="2"):
        card.read("models/none")


def test_writes_stay_in_memory(folder: Path) -> None:
    before = snapshot(folder)
    card = FolderCard(folder, bench.MemoryCard)
    card.write("maixswitch.s0", b"1 face")
    card.write("models/face/model.json", b"x", append=True)
    card.mkdir("logs")
    card.rename("maixswitch.s0", "logs/s0")
    card.remove("models/face/model.json")
    assert card.read("logs/s0") == b"1 face"
    with pytest.raises(OSError, match="2"):
        card.read("models/face/model.json")
    assert snapshot(folder) == before


def test_write_back_changes_the_folder(folder: Path) -> None:
    card = FolderCard(folder, bench.MemoryCard, write_back=True)
    card.write("maixswitch.s0", b"1 face")
    card.write("models/face/model.json", b"x", append=True)
    card.mkdir("logs")
    card.rename("maixswitch.s0", "logs/s0")
    card.write("gone", b"")
    card.remove("gone")
    assert (folder / "logs" / "s0").read_bytes() == b"1 face"
    assert (folder / "models" / "face" / "model.json").read_bytes() == b"{}x"
    assert not (folder / "gone").exists()


def test_write_back_never_leaves_the_folder(folder: Path) -> None:
    (folder / "models" / "out").mkdir()
    card = FolderCard(folder, bench.MemoryCard, write_back=True)
    # The folder becomes a link after the card was read.
    (folder / "models" / "out").rmdir()
    (folder / "models" / "out").symlink_to(folder.parent)
    with pytest.raises(OSError, match="13"):
        card.write("models/out/escaped", b"x")
    assert not (folder.parent / "escaped").exists()


def test_links_that_lead_out_are_left_out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link to a file, to a folder, over a link inside, and upwards; a link to a file of the card stays."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("secret")
    face = folder / "models" / "face"
    (face / "m.kmodel").symlink_to(outside / "secret")
    (folder / "models" / "other").symlink_to(outside)
    (face / "inner").symlink_to(face / "m.kmodel")
    (face / "up").symlink_to("../../..")
    (face / "same.json").symlink_to("model.json")
    (face / "dangling").symlink_to(face / "none")
    card = FolderCard(folder, bench.MemoryCard)
    assert sorted(card.links) == [f"models/{name}" for name in ("face/inner", "face/m.kmodel", "face/up", "other")]
    assert [name for name, _, _ in card.listdir("models")] == ["empty", "face"]
    assert [name for name, _, _ in card.listdir("models/face")] == ["model.json", "same.json"]
    assert card.read("models/face/same.json") == b"{}"


@pytest.mark.parametrize("old", [None, '{"watchdog": 0, "board": "dock"}', "[1]", "{broken"])
def test_the_board_is_written_into_the_settings_in_memory(folder: Path, old: str | None) -> None:
    if old is not None:
        (folder / "maixswitch.json").write_text(old)
    before = snapshot(folder)
    card = FolderCard(folder, bench.MemoryCard)
    card.choose_board("cube")
    settings = json.loads(card.read("maixswitch.json"))
    assert settings["board"] == "cube"
    assert ("watchdog" in settings) == (old is not None and "watchdog" in old)
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("absent", EXIT_IO, "no such folder"),
        ("file", EXIT_USAGE, r"is a file; expected the folder of a card, with models/ in it"),
        ("empty", EXIT_USAGE, "is not a card: expected a folder models/ in it, found an empty folder"),
        ("other", EXIT_USAGE, r"is not a card: expected a folder models/ in it, found a, b, c, d, e, f, \.\.\."),
    ],
)
def test_refuses_what_is_not_a_card(tmp_path: Path, name: str, code: int, text: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    for letter in "abcdefgh":
        (tmp_path / "other" / letter).write_text("")
    with pytest.raises(MaixSwitchError, match=text) as caught:
        check_card(tmp_path / name)
    assert caught.value.exit_code == code


def test_a_card_with_a_program_of_its_own_is_told_how_to_run_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(1)\n")
    with pytest.raises(MaixSwitchError, match=r"found main.py; its main.py alone runs with: maixswitch run .*main.py"):
        check_card(tmp_path)
