"""How the monitor shows a board: as a table, as lines, and as the state that the messages add up to."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from maixswitch import language
from maixswitch.board.monitor_state import BLOCKS, BoardState, LineWriter, sparkline
from maixswitch.board.monitor_view import MonitorView, render
from maixswitch.link.serial_schema import EVENTS, fits

MESSAGES: list[dict[str, Any]] = [
    {"v": 1, "t": 200, "event": "start", "board": "dock", "rate": 5},
    {"v": 1, "t": 220, "event": "camera", "what": "ok"},
    {"v": 1, "t": 220, "event": "select", "title": "Face", "index": 0, "total": 3},
    {"v": 1, "t": 252, "event": "state", "old": "NO_CARD", "cause": "CARD_IN", "new": "UNLOADED"},
    {"v": 1, "t": 345, "event": "load", "title": "Face", "ms": 93, "free": 3933536},
    {"v": 1, "t": 477, "event": "state", "old": "UNLOADED", "cause": "LOAD", "new": "RUNNING"},
    {"v": 1, "t": 609, "event": "results", "ms": 66, "frame": 4, "count": 1, "found": [["face", 0.935, 1, 9, 6, 5]]},
    {"v": 1, "t": 809, "event": "results", "ms": 67, "frame": 7, "count": 1, "found": [["face", 0.5, 1, 9, 6, 5]]},
    {"v": 1, "t": 1009, "event": "results", "ms": 66, "frame": 10, "count": 0, "found": []},
    {
        **{"v": 1, "t": 1401, "event": "status", "state": "RUNNING", "title": "Face", "index": 0, "total": 3},
        **{"fps": 15, "frames": 16, "width": 320, "height": 240, "free": 3933536, "heap": 271360, "dropped": 2},
    },
    {"v": 1, "t": 2000, "event": "answer", "id": 1, "ok": True, "total": 3, "index": 0},
    {"v": 1, "t": 2001, "event": "model", "id": 1, "index": 2, "title": "Things", "kind": "classifier"},
    {"v": 1, "t": 2002, "event": "answer", "id": 2, "ok": False, "error": "no model runs"},
    {"v": 1, "t": 5000, "event": "choice", "folder": "1-face", "written": True},
    {"v": 1, "t": 5001, "event": "choice", "folder": "1-face", "written": False},
    {"v": 1, "t": 5889, "event": "unload", "title": "Face"},
    {"v": 1, "t": 5900, "event": "state", "old": "RUNNING", "cause": "NEXT", "new": "UNLOADED"},
    {"v": 1, "t": 6141, "event": "fault", "code": 2006, "name": "ERR_NO_MEM", "detail": "memory not enough"},
    {"v": 1, "t": 6221, "event": "state", "old": "UNLOADED", "cause": "FAIL", "new": "FAULT"},
    {"v": 1, "t": 6300, "event": "note", "text": "a\nb"},
    {"v": 1, "t": 7000, "event": "end", "frames": 16, "dropped": 2},
]


def shown(state: BoardState) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(render(state, "/dev/ttyUSB0", ["an event"], "a note"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def after(event: str, occurrence: int = -1) -> BoardState:
    """Returns the state after the messages up to an occurrence of an event, by default the last one."""
    last = [number for number, message in enumerate(MESSAGES) if message["event"] == event][occurrence]
    state = BoardState()
    for message in MESSAGES[: last + 1]:
        state.apply(message)
    return state


def test_the_messages_are_valid_and_cover_every_event() -> None:
    assert all(fits(message) for message in MESSAGES)
    assert {message["event"] for message in MESSAGES} == {event.name for event in EVENTS}


def test_the_table_of_a_running_model() -> None:
    text = shown(after("results", 0))
    for expected in ("RUNNING", "Face  (1/3)", "face", "0.94", "█" * 19 + "░", "66 ms a frame", "3841 KiB for models"):
        assert expected in text
    text = shown(after("status"))
    for expected in ("15 fps", "265 KiB of Python heap", "dropped", "2 messages", "an event", "a note", "/dev/ttyUSB0"):
        assert expected in text


def test_a_fault_is_shown_with_its_remedy_until_it_is_over() -> None:
    state = after("fault")
    assert "2006 memory not enough" in shown(state)
    assert "smaller" in shown(state) or "minimum" in shown(state)
    state.apply(MESSAGES[5])
    assert "2006" not in shown(state)


def test_results_disappear_with_the_model() -> None:
    assert after("results", 0).results
    assert after("state").results == []
    assert after("state").fps == 0


def test_messages_cannot_send_control_characters_to_the_terminal() -> None:
    state = after("results", 0)
    state.apply({**MESSAGES[2], "title": "\x1b[2Jx"})
    state.apply({**MESSAGES[6], "found": [["\x1b]0;x\x07", 0.5]]})
    state.apply({**MESSAGES[14], "detail": "\x1b[31m"})
    assert "\x1b" not in shown(state)
    line = LineWriter().line({**MESSAGES[16], "text": "\x1b[2J\n" * 2})
    assert line
    assert "\x1b" not in line
    assert "\n" not in line


def test_lines_show_only_changes() -> None:
    line_writer = LineWriter()
    lines = [line for line in map(line_writer.line, MESSAGES) if line]
    assert [line.split("s  ", 1)[1].split(".")[0][:30] for line in lines if "sees" in line] == [
        "sees face 0",
        "sees nothing",
    ]
    text = "\n".join(lines)
    for expected in ("loaded Face in 93 ms", "fault 2006 ERR_NO_MEM: memory not enough. ", "cannot remember 1-face"):
        assert expected in text
    assert line_writer.line({**MESSAGES[9], "t": 1402}) is None  # one status line a second would be too many
    assert line_writer.line({**MESSAGES[9], "t": 1401 + 5000})
    assert line_writer.line({**MESSAGES[9], "t": 3})  # the board started again


def test_messages_of_another_version_change_nothing() -> None:
    state, before = BoardState(), BoardState()
    for message in ({"v": 2}, {"v": 2, "t": 5, "event": "status"}, {"v": 2, "event": ["x"], "t": 1}):
        state.apply(message)
        assert LineWriter().line(message) is None
    assert state == before


def test_a_sparkline_has_a_block_for_each_value() -> None:
    state = BoardState()
    assert sparkline(state.rates) == ""
    state.rates.extend([0, 5, 10])
    assert sparkline(state.rates) == BLOCKS[0] + BLOCKS[4] + BLOCKS[7]
    assert sparkline(state.rates, 20) == BLOCKS[0] + BLOCKS[2] + BLOCKS[4]
    state.rates.extend(range(1000))
    assert len(sparkline(state.rates)) == 40


@pytest.mark.parametrize("code", ["en", "zh"])
def test_the_view_on_a_terminal_accepts_every_message(code: str) -> None:
    language.choose(code)
    try:
        out = io.StringIO()
        with MonitorView(Console(file=out, width=100, force_terminal=True), "/dev/ttyUSB0") as view:
            for message in [*MESSAGES, {"v": 2, "new": 1}]:
                view.message(message)
                view.draw()
            view.note("gone")
        text = out.getvalue()
        assert "gone" in text
        assert "FAULT" in text
        assert ("状态" if code == "zh" else "state") in text
    finally:
        language.choose("en")
