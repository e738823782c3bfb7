"""The command as users see it: exit codes, messages, streams, and no heavy import before it is needed."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from maixswitch.cli.main import COMMANDS, GROUPS
from maixswitch.cli.main import Command as CommandRow
from maixswitch.sim import demo
from tests.host.sim_helpers import ROOT, Command

REFUSALS = {
    "no card": (["sim", "absent"], 4, "absent: no such folder"),
    "a folder that is no card": (["sim", "."], 2, "is not a card: expected a folder models/ in it"),
    "firmware": (["sim", "CARD", "--firmware", "max"], 2, "no firmware 'max'; there are full, with_lvgl, minimum"),
    "board": (["sim", "CARD", "--board", "uno"], 2, "uno"),
    "camera": (["sim", "CARD", "--camera", "no.png"], 4, "no.png: no such picture or folder of pictures"),
    "script": (["sim", "CARD", "--script", "no.txt"], 4, "--script: cannot read no.txt"),
    "fit": (["sim", "CARD", "--fit", "squash"], 2, "--fit squash: expected one of stretch, cover, contain"),
    "speed": (["sim", "CARD", "--speed", "fast"], 2, "--speed fast: expected a number such as 1 or 0.5, or max"),
    "rounding": (["sim", "CARD", "--rounding", "v9"], 2, "no rounding 'v9'; there are v0.2, v0.1"),
    "out": (["sim", "CARD", "--out", "/dev/null/x"], 4, "--out: cannot write /dev/null/x"),
    "option": (["sim", "CARD", "--loud"], 2, "No such option"),
    "command": (["fly"], 2, "No such command"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(command: Command, card: Path, name: str) -> None:
    """Each ends with its exit code and a message on stderr, without a traceback and without output on stdout."""
    words, code, text = REFUSALS[name]
    result = command(*(str(card) if word == "CARD" else word for word in words))
    assert result.returncode == code, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_help_needs_nothing_heavy() -> None:
    """The commands import numpy, Pillow, rich and the emulator, so --help stays under 0.2 s."""
    program = (
        "import sys, maixswitch.cli.main; print([m for m in ('numpy', 'PIL', 'rich', 'pydantic') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
    )  # fmt: skip
    assert result.stdout.strip() == "[]"


def test_the_help_lists_every_command_once_and_by_its_group(command: Command) -> None:
    lines = command("--help").stdout.splitlines()
    for group in GROUPS:
        start = lines.index(f"{group}:") + 1
        names = [line.split()[0] for line in lines[start : lines.index("", start)]]
        assert names == [row.name for row in COMMANDS if row.group == group]


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_every_row_of_the_table_is_a_command_with_a_help_page(row: CommandRow) -> None:
    target = getattr(importlib.import_module(f"maixswitch.cli.{row.module}"), row.function)
    page = target.info.help if hasattr(target, "info") else target.__doc__
    assert page
    assert row.summary.endswith(".")


def test_the_help_imports_no_command() -> None:
    program = (
        "import sys; sys.argv = ['maixswitch', '--help']\n"
        "from maixswitch.cli import main\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "print([row.name for row in main.COMMANDS if f'maixswitch.cli.{row.module}' in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
    )  # fmt: skip
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_and_version(command: Command) -> None:
    result = command("sim", "--help")
    assert result.returncode == 0
    for word in ("--firmware", "expect detection face >= 0.9", "[within 20s]", "stretch", "--write-back"):
        assert word in result.stdout
    assert command("--version").stdout.startswith("maixswitch 0.")


def test_diagram_is_the_table(command: Command) -> None:
    result = command("diagram")
    assert result.returncode == 0
    assert result.stdout.startswith("stateDiagram-v2")
    assert "RUNNING --> UNLOADED" in result.stdout


def test_script_mistakes_are_reported_before_anything_runs(command: Command, card: Path, tmp_path: Path) -> None:
    script = tmp_path / "story.txt"
    script.write_text("wait 1s\njump\npress 7\n")
    result = command("sim", card, "--script", script, "--out", "run")
    assert result.returncode == 2
    assert f"{script}:2: unknown action 'jump'" in result.stderr
    script.write_text("wait 1s\npress 7\n")  # a valid script, but not for this board
    result = command("sim", card, "--script", script)
    assert result.returncode == 2
    assert f"{script}:2: no key '7'; this board has 1 (" in result.stderr


def test_failed_expectation_names_line_wanted_and_found(command: Command, card: Path, tmp_path: Path) -> None:
    script = tmp_path / "story.txt"
    script.write_text("expect state RUNNING\nexpect title Cats within 1s\n")
    done = command("sim", card, "--script", script)
    assert done.returncode == 1
    assert f"{script}:2: expect title Cats" in done.stderr
    assert "expected: title Cats within 1 s" in done.stderr
    assert "found:    Bright blobs" in done.stderr


def test_stdout_holds_only_the_json(command: Command, card: Path) -> None:
    result = command("sim", card, "--frames", 5, "--json")
    assert result.returncode == 0, result.stderr
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0]["event"] == "start"
    assert events[0]["schema"] == "maixswitch.sim/1"
    assert events[-1]["event"] == "end"
    assert (events[-1]["exit"], events[-1]["state"], events[-1]["frames"]) == (0, "RUNNING", 5)
    assert [event["t"] for event in events] == sorted(event["t"] for event in events)
    assert result.stderr == ""


def test_out_folder(command: Command, card: Path, tmp_path: Path) -> None:
    result = command("sim", card, "--seconds", 3, "--out", "run", "--zoom", 2)
    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["event"] == "start"
    assert json.loads(lines[-1])["event"] == "end"
    pictures = sorted((tmp_path / "run" / "frames").glob("*.png"))
    assert any("sees-blob" in path.name for path in pictures)
    with Image.open(pictures[-1]) as image:
        assert image.size == (640, 480)
    with Image.open(tmp_path / "run" / "screen.gif") as image:
        assert image.size == (320, 240)
        assert image.n_frames > 5


def test_fault_at_the_end_is_exit_3(command: Command, card: Path, tmp_path: Path) -> None:
    script = tmp_path / "story.txt"
    script.write_text("fail load 2006\nwait 3s\n")
    result = command("sim", card, "--script", script)
    assert result.returncode == 3
    assert "the app ended in FAULT: 2006" in result.stderr
    script.write_text("fail load 2006\nexpect fault 2006\n")
    assert command("sim", card, "--script", script).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT exists on POSIX only")
def test_interruption_ends_cleanly(card: Path, tmp_path: Path) -> None:
    """After Ctrl-C the app stops and releases its model, the files are complete, and the exit code is 130."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maixswitch", "sim", str(card), "--seconds", "100000", "--out", str(tmp_path / "run"),
         "--speed", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    events = tmp_path / "run" / "events.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (events.exists() and '"results"' in events.read_text()):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert [line["event"] for line in lines[-3:]] == ["unload", "state", "end"]
    assert lines[-1]["exit"] == 130
    with Image.open(tmp_path / "run" / "screen.gif") as image:
        assert image.size == (320, 240)
        assert max(high for _, high in image.convert("RGB").getextrema()) > 0


def test_without_a_terminal_it_names_its_end(command: Command, card: Path) -> None:
    result = command("sim", card)
    assert result.returncode == 0
    assert "running 10 s of board time" in result.stderr
    assert "\x1b" not in result.stderr


def test_the_folder_stays_unchanged(command: Command, card: Path) -> None:
    """The app remembers the model that ran for five seconds, by default only in memory."""
    before = {path: path.read_bytes() for path in card.rglob("*") if path.is_file()}
    assert command("sim", card, "--seconds", 8).returncode == 0
    assert {path: path.read_bytes() for path in card.rglob("*") if path.is_file()} == before


def test_demo(command: Command, tmp_path: Path) -> None:
    """On a pipe every expectation holds, each row is printed once, and the animation is small and complete."""
    result = command("demo", "--speed", "max")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert "\x1b" not in result.stderr
    rows = [line for line in result.stderr.splitlines() if line]
    assert len(rows) == len(set(rows))
    texts = [row.split("s  ", 1)[1] for row in rows if " s  " in row]
    assert [text for text in texts if text in demo.CAPTIONS] == list(demo.CAPTIONS)
    assert sum("new CARD" in row for row in rows) == 1
    assert "out/demo.gif" in result.stderr
    total = 0
    with Image.open(tmp_path / "out" / "demo.gif") as image:
        assert (image.size, image.info["loop"]) == ((680, 604), 0)
        assert image.n_frames > 60
        for index in range(image.n_frames):
            image.seek(index)
            total += image.info["duration"]
    assert 20_000 < total < 30_000
    assert (tmp_path / "out" / "demo.gif").stat().st_size < 4_000_000
