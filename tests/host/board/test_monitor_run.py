"""`maixswitch monitor` beside a virtual board that runs the app: it listens, waits, and says why nothing comes."""

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
from maixswitch.board.serial_schema import fits
from maixswitch.board.virtual import VirtualBoard
from maixswitch.card.build import build
from maixswitch.kmodel.write.samples import write_card

LIMIT = 60.0

Start = Callable[..., VirtualBoard]
Item = dict[str, Any] | Note


@pytest.fixture
def app(virtual_board: Start, tmp_path: Path) -> Start:
    """Starts a board with the app on its card; settings: text of maixswitch.json."""

    def start(settings: str = '{"link": {"rate": 30}}', **options: Any) -> VirtualBoard:
        card = tmp_path / "app"
        card.mkdir()
        write_card(card)
        build(card)
        (card / "maixswitch.json").write_text(settings)
        return virtual_board(card, **options)

    return start


def until(items: Iterator[Item | None], wanted: Callable[[Item], bool]) -> list[Item]:
    """The items up to the wanted one; fails when it does not come in time."""
    end = time.monotonic() + LIMIT
    seen: list[Item] = []
    for item in items:
        if item is not None:
            seen.append(item)
            if wanted(item):
                return seen
        assert time.monotonic() < end, seen[-10:]
    raise AssertionError(seen[-10:])


def event(name: str, **fields: Any) -> Callable[[Item], bool]:
    return lambda item: isinstance(item, dict) and item["event"] == name and fields.items() <= item.items()


def note(text: str) -> Callable[[Item], bool]:
    return lambda item: isinstance(item, Note) and text in item.text


def command(*words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "maixswitch", "monitor", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MAIXSWITCH_LANG": "en", "PYTHONUTF8": "1"},
        **options,
    )


def test_it_passes_on_what_the_app_says_and_leaves_it_alone(app: Start) -> None:
    board = app()
    until(Listener(board.port).listen(LIMIT), event("status", state="RUNNING"))  # a busy PC needs a while to start it
    ended = command("--port", board.port, "--json", "--seconds", "4")
    out, said = ended.communicate(timeout=LIMIT)
    assert ended.returncode == 0, said
    messages = [json.loads(line) for line in out.splitlines()]
    assert all(fits(message) for message in messages)
    frames = [message["frames"] for message in messages if message["event"] == "status"]
    assert len(frames) >= 2
    assert frames == sorted(frames)
    assert "end" not in {message["event"] for message in messages}
    assert board.wire.to_board == 0
    items = Listener(board.port).listen(LIMIT)
    assert until(items, event("status", state="RUNNING"))  # it goes on


def test_lines_for_people_and_the_end_by_ctrl_c(app: Start) -> None:
    board = app()
    process = command("--port", board.port)
    assert process.stdout
    seen = ""
    while "RUNNING" not in seen:
        line = process.stdout.readline()
        assert line, process.communicate(timeout=LIMIT)[1]
        seen += line
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_it_comes_back_after_the_cable_and_after_the_power(app: Start) -> None:
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


def test_a_line_at_115200_carries_it(app: Start) -> None:
    board = app(rate=115200)
    listener = Listener(board.port)
    items = listener.listen(LIMIT)
    until(items, event("results"))
    until(items, event("status", state="RUNNING"))
    assert listener.lines.broken <= 1  # the port may open in the middle of one


@pytest.mark.parametrize(
    ("settings", "wanted"), [("{}", '"link": true'), ('{"link": {"uart": 1, "tx": 8}}', '"link": true')]
)
def test_a_link_that_is_off_is_named(app: Start, settings: str, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.5)
    board = app(settings)
    until(Listener(board.port).listen(LIMIT), note(wanted))


def test_a_board_without_the_app_is_named(virtual_board: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.0)
    board = virtual_board()
    (said,) = (item for item in until(Listener(board.port).listen(LIMIT), note("maixswitch ")) if item)
    assert isinstance(said, Note)
    assert board.port in said.text


def test_a_program_that_is_none_of_ours_is_named(
    virtual_board: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 1.0)
    card = tmp_path / "other"
    card.mkdir()
    (card / "main.py").write_text("import time\nwhile True:\n    print('hello', 5)\n    time.sleep_ms(50)\n")
    until(Listener(virtual_board(card).port).listen(LIMIT), note("the last line: hello 5"))


def test_nothing_at_all_is_named_and_ends_with_3(virtual_board: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SILENCE", 0.3)
    board = virtual_board(boot=False)
    seen = until(Listener(board.port).listen(LIMIT), note("nothing comes"))
    assert "maixswitch.json" in str(seen[-1])
    process = command("--port", board.port, "--seconds", "0.5")
    out, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (3, "")
    assert "no message came" in said


def test_a_port_that_is_not_there_or_busy(virtual_board: Start) -> None:
    process = command("--port", "/dev/ttyNONE", "--seconds", "1")
    _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, "Traceback" in said) == (3, False)
    assert "B601" in said
    board = virtual_board(boot=False)
    items = Listener(board.port).listen(LIMIT)
    next(items)
    process = command("--port", board.port, "--seconds", "1")
    _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, "Traceback" in said) == (4, False)
    assert "B603" in said
    items.close()
