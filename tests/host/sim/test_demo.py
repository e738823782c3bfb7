"""The demonstration: what it says and when, and that it fails when the app does not do what it shows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.sim import demo
from maixswitch.sim.script import parse
from maixswitch.sim.view import View
from tests.host.sim_helpers import Play


def test_a_failed_expectation_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, why = demo.run(tmp_path, 0.0, False, "say Look\nexpect title Nothing within 1s\n")
    assert code == EXIT_FINDINGS
    assert why.startswith("demo:2: expect title Nothing")
    output = capsys.readouterr().err
    assert output.count("Look") == 1
    assert "new CARD" not in output
    assert (tmp_path / "demo.gif").is_file()


def test_rows_wait_for_a_live_view(capsys: pytest.CaptureFixture[str]) -> None:
    story = demo.Story(True, list)
    story.hear({"t": 300, "event": "say", "text": demo.START})
    assert capsys.readouterr().err == ""
    story.end()
    story.end()
    assert capsys.readouterr().err == f"   0.3 s  {demo.START}\n"


def test_rows_tell_what_is_seen_after_the_last_of_several_expectations(capsys: pytest.CaptureFixture[str]) -> None:
    detections: list[tuple[str, float]] = [("7", 0.93), ("1", 0.04)]
    story = demo.Story(False, lambda: detections)
    for t, text in enumerate(("expect detection 7", "expect detection 7 >= 0.9", "wait 1s", "expect state RUNNING")):
        story.hear({"t": t * 1000, "event": "script", "line": t, "text": text})
    story.hear({"t": 9000, "event": "results", "title": "Digits", "found": [["3", 0.9]]})
    assert capsys.readouterr().err == "   2.0 s    sees 7 93%\n"


def test_a_caption_of_a_script_is_an_event(play: Play, tmp_path: Path) -> None:
    session = play("say 'Now: the key'\npress\nsay done", out=tmp_path)
    assert session.code == 0
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["text"] for event in events if event["event"] == "say"] == ["Now: the key", "done"]
    assert [event["text"] for event in events if event["event"] == "script"] == ["press"]
    with pytest.raises(MaixSwitchError, match=r"script:1: say takes a text"):
        parse("say")


def test_the_view_shows_the_last_caption(play: Play) -> None:
    session = play("expect state RUNNING")
    console = Console(record=True, width=120, force_terminal=True, file=io.StringIO())
    view = View(console)
    with view:
        for text in ("first", "second"):
            view.event({"t": 0, "event": "say", "text": text})
        view.update(session.sim.status(picture=False))
    shown = console.export_text()
    assert "» second" in shown
    assert "first" not in shown
