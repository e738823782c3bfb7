"""The cache of started firmwares: the same in every byte, never in the way, and bounded."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from maixswitch import files
from maixswitch.k210 import boot_cache, saved_state
from maixswitch.k210.image import read_image
from maixswitch.k210.virtual_board import VirtualBoard
from tests.host.sim.talking_image import write_image

BANNER = b"[MaixPy] init end\r\n"
SECRET = b"only this user knows"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(files.CACHE, str(folder))
    return folder


def new_board(tmp_path: Path, text: bytes = BANNER, flash: bytes = b"") -> VirtualBoard:
    card = tmp_path / "card"
    card.mkdir(exist_ok=True)
    (card / "main.py").write_bytes(SECRET)
    return VirtualBoard(read_image(write_image(tmp_path / "firmware.bin", text)), "bit", card, flash)


def started(tmp_path: Path, text: bytes = BANNER, flash: bytes = b"") -> VirtualBoard:
    board = new_board(tmp_path, text, flash)
    boot_cache.start(board)
    return board


def everything(board: VirtualBoard) -> tuple[str, bytes, bytes]:
    """Return all of a board's state after it has run to its prompt and a little on."""
    board.type(b"x")
    board.wait_for(b">>> ", 1)
    board.run(0.01)
    return saved_state.document_of(board), board.chip.memory.data.tobytes(), bytes(board.flash.content)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*")) if folder.is_dir() else []


def test_a_run_from_the_cache_is_the_same_in_every_byte(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = everything(started(tmp_path))
    (path,) = kept(folder)
    before = path.read_bytes()
    second = everything(started(tmp_path))
    monkeypatch.setenv(files.CACHE, "off")
    assert first == second == everything(started(tmp_path))
    assert kept(folder) == [path]
    assert path.read_bytes() == before


def test_a_start_from_the_cache_runs_no_instruction(tmp_path: Path, folder: Path) -> None:
    cycles = started(tmp_path).chip.clock.cycles
    board = new_board(tmp_path)
    assert board.chip.clock.cycles == 0
    board.chip.run = pytest.fail  # type: ignore[assignment, method-assign]
    boot_cache.start(board)
    assert board.chip.clock.cycles == cycles > 0


@pytest.mark.parametrize("damage", [lambda data: data[:1000], lambda data: data[:-1] + b"?", lambda data: b""])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, folder: Path, damage: object) -> None:
    expected = everything(started(tmp_path))
    (path,) = kept(folder)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert everything(started(tmp_path)) == expected
    assert kept(folder) == [path]
    digest, content = path.read_bytes()[: boot_cache.DIGEST_BYTES], path.read_bytes()[boot_cache.DIGEST_BYTES :]
    assert digest == hashlib.sha256(content).digest()


def test_what_is_on_the_card_does_not_matter_and_is_not_kept(tmp_path: Path, folder: Path) -> None:
    started(tmp_path)
    (path,) = kept(folder)
    (tmp_path / "card" / "more.py").write_text("another file")
    board = started(tmp_path)
    assert kept(folder) == [path]
    assert board.card is not None
    assert any(SECRET in block for block in board.card.blocks.values())
    opened = new_board(tmp_path)
    opened.pull_card()
    saved_state.restore(opened, path.read_bytes()[boot_cache.DIGEST_BYTES :], path)
    assert opened.card is None


def test_another_flash_or_firmware_gets_another_file(tmp_path: Path, folder: Path) -> None:
    started(tmp_path)
    started(tmp_path, flash=b"a model")
    started(tmp_path, b"another " + BANNER)
    assert len(kept(folder)) == 3


def test_a_firmware_that_says_something_else_is_not_kept(tmp_path: Path, folder: Path) -> None:
    board = started(tmp_path, b"hello\r\n")
    assert b"hello" in board.heard()
    assert kept(folder) == []


def test_the_oldest_files_go(tmp_path: Path, folder: Path) -> None:
    folder.mkdir()
    for number in range(boot_cache.MOST_FILES):
        path = folder / f"{number}{boot_cache.SUFFIX}"
        path.write_bytes(b"old")
        os.utime(path, (number, number))
    (folder / "other.txt").write_text("not ours")
    started(tmp_path)
    assert len(kept(folder)) == boot_cache.MOST_FILES + 1
    assert not (folder / f"0{boot_cache.SUFFIX}").exists()
    assert (folder / "other.txt").exists()


def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(files.CACHE, str(tmp_path / "file"))
    assert b"init end" in started(tmp_path).heard()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the rules of other systems")
def test_the_folder_follows_the_rules_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(files.CACHE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert files.cache_folder() == tmp_path / ".cache" / "maixswitch"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert files.cache_folder() == tmp_path / ".cache" / "maixswitch"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert files.cache_folder() == tmp_path / "x" / "maixswitch"
    monkeypatch.setenv(files.CACHE, "OFF")
    assert files.cache_folder() is None
