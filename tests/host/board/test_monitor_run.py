"""`maixswitch monitor` listens to a virtual board that runs the app, waits for it, and says why nothing arrives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maixswitch.board import monitor
from maixswitch.board.monitor import Listener, Note
from maixswitch.board.monitor_commands import Commands
from maixswitch.board.virtual import VirtualBoard
from maixswitch.card.build import build
from maixswitch.kmodel.write.samples import write_card
from maixswitch.link.serial_schema import fits

LIMIT = 60.0

Start = Callable[..., VirtualBoard]
Item = dict[str, Any] | Note


@pytest.fixture
def app(virtual_board: Start, tmp_path: Path) -> Start:
    """Starts a board with the app on its card; `settings` is the text of maixswitch.json."""

    def start(settings: str = '{"link": {"rate": 30}}', **options: Any) -> VirtualBoard:
        card = tmp_path / "app"
        card.mkdir()
        write_card(card)
        build(card)
        (card / "maixswitch.json").write_text(settings)
        return virtual_board(card, **options)

    return start


def until(items: Iterator[Item | None], matches: Callable[[Item], bool]) -> list[Item]:
    """Returns the items up to the first one that matches; fails if none arrives in time."""
    end = time.monotonic() + LIMIT
    seen: list[Item] = []
    for item in items:
        if item is not None:
            seen.append(item)
            if matches(item):
                return seen
        assert time.monotonic() < end, seen[-10:]
    raise AssertionError(seen[-10:])


def event(name: str, **fields: Any) -> Callable[[Item], bool]:
    return lambda item: isinstance(item, dict) and item["event"] == name and fields.items() <= item.items()


def note(text: str) -> Callable[[Item], bool]:
    return lambda item: isinstance(item, Note) and text in item.text


def command(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "maixswitch", "monitor", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MAIXSWITCH_LANG": "en", "PYTHONUTF8": "1"},
        **options,
    )


def test_it_prints_the_messages_and_sends_nothing(app: Start) -> None:
    board = app()
    # a busy PC may take a while to start the app
    until(Listener(board.port).listen(LIMIT), event("status", state="RUNNING"))
    process = command("--port", board.port, "--json", "--seconds", "4")
    out, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, stderr
    messages = [json.loads(line) for line in out.splitlines()]
    assert all(fits(message) for message in messages)
    frames = [message["frames"] for message in messages if message["event"] == "status"]
    assert len(frames) >= 2
    assert frames == sorted(frames)
    assert "end" not in {message["event"] for message in messages}
    assert board.wire.to_board == 0
    items = Listener(board.port).listen(LIMIT)
    assert until(items, event("status", state="RUNNING"))  # the app still runs


def test_it_prints_readable_lines_until_ctrl_c(app: Start) -> None:
    board = app()
    process = command("--port", board.port)
    assert process.stdout
    seen = ""
    while "RUNNING" not in seen:
        line = process.stdout.readline()
        assert line, process.communicate(timeout=LIMIT)[1]
        seen += line
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert "Traceback" not in stderr


def test_it_recovers_after_unplugging_and_after_a_power_cycle(app: Start) -> None:
    board = app()
    items = Listener(board.port).listen(3 * LIMIT)
    until(items, event("status", state="RUNNING"))
    board.unplug()
    until(items, note("is gone"))
    board.plug()
    until(items, note("is back"))
    until(items, event("status", state="RUNNING"))
    board.power_cycle()
    until(items, note("restarted"))
    until(items, event("status", state="RUNNING"))


def test_a_line_at_115200_is_fast_enough(app: Start) -> None:
    board = app(rate=115200)
    listener = Listener(board.port)
    items = listener.listen(LIMIT)
    until(items, event("results"))
    until(items, event("status", state="RUNNING"))
    assert listener.lines.broken <= 1  # the port may open in the middle of a message


@pytest.mark.parametrize(
    ("settings", "remedy"), [("{}", '"link": true'), ('{"link": {"uart": 1, "tx": 8}}', '"link": true')]
)
def test_a_link_that_is_switched_off_is_reported(
    app: Start, settings: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.5)
    board = app(settings)
    until(Listener(board.port).listen(LIMIT), note(remedy))


def test_a_board_without_the_app_is_reported(virtual_board: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.0)
    board = virtual_board()
    (hint,) = (item for item in until(Listener(board.port).listen(LIMIT), note("maixswitch ")) if item)
    assert isinstance(hint, Note)
    assert board.port in hint.text


def test_another_program_on_the_board_is_reported(
    virtual_board: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.0)
    card = tmp_path / "other"
    card.mkdir()
    (card / "main.py").write_text("import time\nwhile True:\n    print('hello', 5)\n    time.sleep_ms(50)\n")
    until(Listener(virtual_board(card).port).listen(LIMIT), note("the last line: hello 5"))


def test_a_silent_board_is_reported_with_exit_code_3(virtual_board: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 0.3)
    board = virtual_board(boot=False)
    seen = until(Listener(board.port).listen(LIMIT), note("nothing comes"))
    assert "maixswitch.json" in str(seen[-1])
    process = command("--port", board.port, "--seconds", "0.5")
    out, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (3, "")
    assert "no message came" in stderr


def test_a_missing_port_and_a_busy_port_are_refused(virtual_board: Start) -> None:
    process = command("--port", "/dev/ttyNONE", "--seconds", "1")
    _, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, "Traceback" in stderr) == (3, False)
    assert "B601" in stderr
    board = virtual_board(boot=False)
    items = Listener(board.port).listen(LIMIT)
    next(items)
    process = command("--port", board.port, "--seconds", "1")
    _, stderr = process.communicate(timeout=LIMIT)
    assert (process.returncode, "Traceback" in stderr) == (4, False)
    assert "B603" in stderr
    items.close()


def test_commands_are_sent_and_answered(app: Start) -> None:
    board = app()
    until(Listener(board.port).listen(LIMIT), event("status", state="RUNNING"))
    process = command(
        *("--port", board.port, "--seconds", "9", "--models", "--select", "2", "--results", "--status", "--rate", "10"),
        *("--snapshot", "camera"),
    )
    out, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, stderr
    for text in ("models: done", "select: done", "results: done", "subscribe: done", "status: done"):
        assert text in stderr
    assert "model 1: " in out
    assert "--SELECT--> UNLOADED" in out
    assert "snapshot: saved as photos/0001.jpg on the card" in stderr


def test_a_refused_command_is_exit_code_3(app: Start) -> None:
    board = app()
    until(Listener(board.port).listen(LIMIT), event("status", state="RUNNING"))
    process = command("--port", board.port, "--seconds", "4", "--select", "99", "--threshold", "0.6", "--json")
    out, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 3
    assert "select: refused: no such model" in stderr
    assert "not every command was carried out" in stderr
    answers = [json.loads(line) for line in out.splitlines() if '"answer"' in line]
    assert [(answer["id"], answer["ok"]) for answer in answers] == [(1, False), (2, True)]


@pytest.mark.parametrize("options", [("--step", "sideways"), ("--snapshot", "moon"), ("--select", "0")])
def test_wrong_commands_are_refused_before_the_port_opens(options: tuple[str, ...]) -> None:
    process = command("--port", "/dev/ttyNONE", *options)
    _, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert options[0] in stderr


def test_keys_are_commands() -> None:
    commands = Commands()
    for key in "n2r+-sp0 ?":
        assert not commands.key(key)
    assert commands.key("q")
    assert commands.waiting == [
        ("next", {}),
        ("select", {"index": 1}),
        ("reload", {}),
        ("tune", {"threshold": 0.55}),
        ("tune", {"threshold": 0.5}),
        ("snapshot", {}),
        ("previous", {}),
    ]
