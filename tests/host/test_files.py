"""Reading with a limit and writing completely: what a failure leaves on the disk, and its message."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from maixswitch import files
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import speaking
from tests.host.sim_helpers import Command


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_reads_no_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert files.read(path) == b"0123456789"
    assert files.read(path, 4) == b"0123"


def test_a_file_that_is_absent_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        files.read(tmp_path / "none", option="--script")
    assert caught.value.message == f"--script: cannot read {tmp_path / 'none'}: No such file or directory"
    assert caught.value.exit_code == EXIT_IO


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_chinese_user_reads_a_chinese_reason(number: int) -> None:
    with speaking("zh"):
        message = files.unreadable("", OSError(number, os.strerror(number)))
    assert message.startswith("无法读取")
    assert not any("a" <= letter.lower() <= "z" for letter in message)


def test_import_of_an_absent_file_is_reported_in_chinese(command: Command, tmp_path: Path) -> None:
    (tmp_path / "card" / "models").mkdir(parents=True)
    result = command("--lang", "zh", "import", "/nonexistent", "--card", "card")
    assert result.returncode == EXIT_IO
    assert "C500: 无法读取 /nonexistent" in result.stderr
    assert "没有这个文件或文件夹" in result.stderr
    assert "No such file" not in result.stderr


def test_a_write_that_fails_leaves_the_old_files_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"old a")
    second.write_bytes(b"old b")
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MaixSwitchError, match=r"cannot write .*b: No space left"):
        files.write_all({first: b"new a", second: b"new b"})
    assert (first.read_bytes(), second.read_bytes(), names(tmp_path)) == (b"old a", b"old b", ["a", "b"])


def test_a_folder_instead_of_one_file_stops_all(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(MaixSwitchError, match="Is a directory"):
        files.write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert names(tmp_path) == ["b"]


def test_folders_are_made_only_where_asked(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="No such file or directory"):
        files.write(tmp_path / "new" / "a", b"1")
    files.write(tmp_path / "new" / "a", "é", make_folders=True)
    assert (tmp_path / "new" / "a").read_bytes() == "é".encode()


@pytest.mark.skipif(os.name == "nt", reason="Windows restricts links and has no named pipes in the file system")
def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"

    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.write(tmp_path / "pipe", b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
