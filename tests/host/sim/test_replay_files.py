"""Damaged and hostile recordings give one message each; `--as-test` writes a pytest case that replays one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.sim.recording import MAX_ROWS_BYTES, ROWS, read
from maixswitch.sim.recording_writer import RecordingWriter
from maixswitch.sim.replay import Replay
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options
from tests.host.sim_helpers import ROOT, Command

Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def good(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("recorded") / "good.rec"
    with RecordingWriter(file, Options(card=card, script=parse("press\nframes 3"), quiet=True)) as writer:
        writer.complete(writer.session.run())
    return file


def parts(file: Path) -> Parts:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(file: Path, members: Parts) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def head(**changes: object) -> Callable[[Parts], None]:
    def change(members: Parts) -> None:
        first, _, events = members[ROWS].partition(b"\n")
        document = json.loads(first)
        document.update({name: value for name, value in changes.items() if name == "schema"})
        document["options"].update({name: value for name, value in changes.items() if name != "schema"})
        members[ROWS] = json.dumps(document).encode() + b"\n" + events

    return change


def rows(old: bytes, new: bytes) -> Callable[[Parts], None]:
    def change(members: Parts) -> None:
        assert old in members[ROWS]
        members[ROWS] = members[ROWS].replace(old, new)

    return change


def part(name: str, data: bytes | None) -> Callable[[Parts], None]:
    """Return a function that adds a part, or without `data` removes the first whose name begins with `name`."""

    def change(members: Parts) -> None:
        if data is None:
            members.pop(next(member for member in members if member.startswith(name)))
        else:
            members[name] = data

    return change


def wrong_picture(members: Parts) -> None:
    name = next(member for member in members if member.startswith("frames/"))
    members[name] = bytes(len(members[name]))


def huge_picture(members: Parts) -> None:
    name = next(member for member in members if member.startswith("frames/"))
    members[name] = bytes(50_000_000)


HOSTILE: dict[str, tuple[Callable[[Parts], None], str]] = {
    "a name that leads out": (part("../../evil.py", b"x"), "evil.py"),
    "an absolute name": (part("/etc/evil", b"x"), "evil"),
    "a part that is in no row": (part("frames/" + "0" * 32, b"x"), "0000"),
    "no rows": (part(ROWS, None), "is missing"),
    "a picture is missing": (part("frames/", None), "is missing"),
    "a file of the card is missing": (part("card/", None), "is missing"),
    "another picture under its name": (wrong_picture, "is damaged"),
    "a picture that unpacks to 50 MB": (huge_picture, "more than 230400 bytes"),
    "rows that unpack to more than any": (part(ROWS, bytes(MAX_ROWS_BYTES + 1)), "more than"),
    "rows that are not JSON": (part(ROWS, b"\xff\xfe{"), "cannot be used"),
    "rows that nest deep": (part(ROWS, b"[" * 200_000), "cannot be used"),
    "no head": (part(ROWS, b"[]\n"), "the schema is None"),
    "another version": (head(schema="maixswitch.recording/99"), "maixswitch.recording/99"),
    "an option of another type": (head(frames="many"), "frames"),
    "an unknown language": (head(language="../x"), "language"),
    "a card path that leads out": (
        rows(b'"models/10-blobs/model.json"', b'"../../model.json"'),
        "not a path on a card",
    ),
    "a picture without a size": (rows(b", 320, 240,", b", 0, 240,"), "view"),
    "a picture of an enormous size": (rows(b", 320, 240,", b", 99999, 240,"), "view"),
    "a view that is a number": (rows(b'{"view": ', b'{"view": 1}\n{"view": '), "line"),
    "a row of another kind": (rows(b'{"finger": ', b'{"run": "id"}\n{"finger": '), "not a row"),
    "no end": (rows(b'{"end": ', b'{"finger": '), "its end is missing"),
    "an unknown board": (head(board="../../x"), "no board"),
    "an unknown firmware": (head(flavour="x"), "x"),
    "a script that is not one": (head(script="import os"), "unknown action"),
    "an event at a time beyond all clocks": (
        rows(b'{"end": ', b'{"event": {"event": "x", "t": 1' + b"0" * 400 + b'}}\n{"end": '),
        "a wrong value of event",
    ),
    "a time too large for a number": (head(script="wait " + "9" * 400 + "s"), "is not a time"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recording(good: Path, tmp_path: Path, name: str) -> None:
    change, words = HOSTILE[name]
    members = parts(good)
    change(members)
    file = write(tmp_path / "bad.rec", members)
    with pytest.raises(MaixSwitchError) as caught, read(file) as recording:
        Replay(recording)
    assert caught.value.exit_code == EXIT_IO
    assert str(file) in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1500
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_file_that_was_cut(good: Path, tmp_path: Path, keep: float) -> None:
    data = good.read_bytes()
    file = tmp_path / "cut.rec"
    file.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(MaixSwitchError, match="is not a recording") as caught:
        read(file)
    assert caught.value.exit_code == EXIT_IO


def test_every_flipped_byte_is_reported_or_harmless(good: Path, tmp_path: Path) -> None:
    """A changed byte gives one message, or a recording that can be read in spite of it."""
    data = good.read_bytes()
    file = tmp_path / "flipped.rec"
    refused = 0
    positions = [*range(0, len(data), len(data) // 60), *range(len(data) - 300, len(data), 7)]
    for position in positions:
        file.write_bytes(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        try:
            read(file).archive.close()
        except MaixSwitchError:
            refused += 1
    assert refused > len(positions) // 2


def test_the_command_reports_a_damaged_file_in_one_line(command: Command, good: Path, tmp_path: Path) -> None:
    members = parts(good)
    wrong_picture(members)
    write(tmp_path / "bad.rec", members)
    for words in (("replay", "bad.rec"), ("replay", "bad.rec", "--as-test", "test_it.py")):
        result = command(*words)
        assert (result.returncode, result.stdout) == (4, "")
        assert result.stderr.count("\n") == 1
        assert "is damaged" in result.stderr
    assert not (tmp_path / "test_it.py").exists()


def test_as_test_passes_and_fails_when_the_log_is_altered(command: Command, good: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    file = tmp_path / "runs" / "my 'run'.rec"
    file.write_bytes(good.read_bytes())
    result = command("replay", file, "--as-test", "test_it.py")
    assert result.returncode == 0, result.stderr
    assert (
        command("replay", file, "--as-test", "test_it.py").returncode == 0
    )  # a file that it wrote may be written again

    def pytest_says() -> subprocess.CompletedProcess[str]:
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            "test_it.py",
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "host"), "PYTEST_ADDOPTS": ""}
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    passed = pytest_says()
    assert (passed.returncode, "1 passed" in passed.stdout) == (0, True), passed.stdout
    members = parts(file)
    rows(b'"title": "Colours", "ms": ', b'"title": "Colours", "ms": 1')(members)
    write(file, members)
    failed = pytest_says()
    assert failed.returncode == 1, failed.stdout
    assert "differs" in failed.stdout
    replayed = command("replay", file)
    assert replayed.returncode == 1
    assert "recorded: " in replayed.stderr
    assert '"event": "load"' in replayed.stderr


def test_as_test_leaves_other_files_alone(command: Command, good: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("# mine\n")
    refused = command("replay", good, "--as-test", "test_mine.py")
    assert refused.returncode == 2
    assert (tmp_path / "test_mine.py").read_text() == "# mine\n"
