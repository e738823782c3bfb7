"""The live view as text: what a person must be able to read in it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from maixswitch.sim.keyboard import KEYS
from maixswitch.sim.view import HalfBlocks, Status, View, describe, render

STATUS = Status(
    now=12_340,
    state="RUNNING",
    title="Face",
    index=1,
    total=3,
    fps=14,
    frames=170,
    used=[("camera", 384_000), ("model file", 388_776)],
    free=2_000_000,
    results=[("face", 0.93)],
)


def text_of(status: Status, width: int = 120, events: tuple[str, ...] = (), color: str | None = None) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=color, force_terminal=color is not None)  # type: ignore[arg-type]
    console.print(render(status, list(events), "space press", width))
    return out.getvalue()


def test_shows_what_runs_and_what_it_sees() -> None:
    text = text_of(STATUS, events=("   1.00s  load Face",))
    for words in ("RUNNING", "Face  (2/3)", "12.3 s", "170  (14 fps)", "1953 KiB free", "camera 375K", "face", "0.93"):
        assert words in text
    assert "1.00s  load Face" in text
    assert "space press" in text


def test_fault_and_missing_card_stand_out() -> None:
    status = Status(**{**vars(STATUS), "state": "FAULT", "fault": "2006 memory not enough: x", "card": False})
    text = text_of(status)
    assert "2006 memory not enough" in text
    assert "taken out" in text


def test_no_model_yet() -> None:
    text = text_of(Status(**{**vars(STATUS), "title": "", "total": 0, "results": [], "state": "NO_CARD"}))
    assert "NO_CARD" in text
    assert "(2/0)" not in text


@pytest.mark.parametrize(("width", "shown"), [(120, True), (80, True), (79, False)])
def test_picture_only_where_there_is_room(width: int, shown: bool) -> None:
    status = Status(**{**vars(STATUS), "picture": np.full((240, 320, 3), (255, 0, 0), np.uint8)})
    assert ("▀" in text_of(status, width, color="truecolor")) is shown


def test_a_small_terminal_says_what_is_missing() -> None:
    status = Status(**{**vars(STATUS), "picture": np.full((240, 320, 3), (255, 0, 0), np.uint8)})
    assert "│ no picture: the terminal has 60x50, it needs 80x24 " in text_of(status, 60)
    assert "no picture" not in text_of(status, 80)


def test_results_in_a_row_leave_room_for_other_events() -> None:
    out = io.StringIO()
    with View(Console(file=out, width=140, height=50, force_terminal=True, color_system=None)) as view:
        view.event({"t": 0, "event": "load", "title": "Face", "ms": 400})
        for t in range(1000, 9000, 100):
            view.event({"t": t, "event": "results", "title": "Face", "found": [["face", t / 10_000]]})
        view.event({"t": 9000, "event": "unload", "title": "Face"})
        view.update(STATUS)
    shown = out.getvalue()
    assert "loaded Face" in shown
    assert "sees face 0.88" not in shown
    assert "sees face 0.89" in shown


@pytest.mark.parametrize("size", [(80, 24), (100, 24), (120, 24), (120, 40)])
def test_picture_results_and_all_keys_fit_the_terminal(size: tuple[int, int]) -> None:
    status = Status(**{**vars(STATUS), "picture": np.full((240, 320, 3), (255, 0, 0), np.uint8)})
    out = io.StringIO()
    console = Console(file=out, width=size[0], height=size[1], force_terminal=True, color_system="truecolor")
    with View(console, KEYS) as view:
        for number in range(9):
            view.event({"event": "unload", "t": number, "title": "Face"})
        view.update(status)
        lines = console.render_lines(view._fitting(status), pad=False)
    shown = "\n".join("".join(part.text for part in line) for line in lines)
    assert len(lines) <= size[1]
    for words in ("▀▀▀", "face", *KEYS.split()):
        assert words in shown


def test_half_blocks_keep_colours_and_shape() -> None:
    """The upper half is red and the lower half blue, so the first line is red on red and the last blue on blue."""
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[:120, :, 0] = 255
    picture[120:, :, 2] = 255
    out = io.StringIO()
    Console(file=out, width=64, color_system="truecolor", force_terminal=True).print(HalfBlocks(picture, 64))
    lines = out.getvalue().rstrip("\n").split("\n")
    assert len(lines) == 24
    assert "38;2;255;0;0" in lines[0]
    assert "0;0;255" not in lines[0]
    assert "38;2;0;0;255;48;2;0;0;255" in lines[-1]


def test_texts_of_a_card_cannot_act_on_the_terminal() -> None:
    """Titles, labels, faults and names of folders may come from a stranger; rich's markup must not act either."""
    evil = "\x1b]0;PWN\x07\x1b[2J\x9b2J[bold]"
    status = Status(**{**vars(STATUS), "title": evil, "fault": evil, "results": [(evil, 0.9)], "used": [(evil, 1024)]})
    out = io.StringIO()
    with View(Console(file=out, width=140, height=50, force_terminal=True, color_system=None)) as view:
        view.event({"t": 0, "event": "select", "title": evil, "index": 0, "total": 1})
        view.event({"t": 0, "event": "say", "text": evil})
        view.update(status)
    for control in ("\x1b]0", "\x07", "\x1b[2J", "\x9b"):
        assert control not in out.getvalue()
    assert out.getvalue().count("[bold]") >= 5


def test_no_color_is_respected() -> None:
    """Without colours half blocks show nothing, so the picture is left out."""
    out = io.StringIO()
    with View(Console(file=out, width=140, force_terminal=True, no_color=True)) as view:
        view.update(Status(**{**vars(STATUS), "picture": np.zeros((240, 320, 3), np.uint8)}))
    assert "▀" not in out.getvalue()
    assert "RUNNING" in out.getvalue()


@pytest.mark.parametrize("height", [22, 18, 50])
def test_a_low_terminal_shows_fewer_events_and_the_complete_frame(height: int) -> None:
    out = io.StringIO()
    status = Status(**{**vars(STATUS), "results": [("3", 0.9), ("8", 0.1), ("9", 0.0)]})
    console = Console(file=out, width=80, height=height, force_terminal=True, color_system=None)
    with View(console, "space press") as view:
        for at in range(8):
            view.event({"t": at, "event": "say" if at == 3 else "load", "text": "Watch", "title": f"M{at}", "ms": 1})
        view.update(status)
        frame = out.getvalue()
        assert ("M0" in frame) == (height == 50)
        for words in ("RUNNING", "Watch", "M7", "space press", "╰"):
            assert words in frame


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"t": 1500, "event": "state", "old": "RUNNING", "cause": "NEXT", "new": "UNLOADED"},
         "    1.50s  RUNNING --NEXT--> UNLOADED"),
        ({"t": 20, "event": "results", "title": "Face", "found": [["face", 0.934]]}, "    0.02s  sees face 0.93"),
        ({"t": 20, "event": "results", "title": "Face", "found": []}, "    0.02s  sees nothing"),
        ({"t": 0, "event": "load", "title": "Face", "ms": 400, "free": 9}, "    0.00s  loaded Face in 400 ms"),
        ({"t": 0, "event": "unload", "title": "Face"}, "    0.00s  released Face"),
        ({"t": 0, "event": "unload", "title": "Face", "error": "x"}, "    0.00s  released Face: x"),
        ({"t": 0, "event": "camera", "what": "ok"}, "    0.00s  camera is there"),
        ({"t": 0, "event": "camera", "what": "missing", "detail": "x"}, "    0.00s  camera is missing: x"),
    ],
)  # fmt: skip
def test_events_read_as_lines(document: dict[str, object], line: str) -> None:
    assert describe(document) == line


@pytest.mark.parametrize(("frames", "end"), [(1, "after 1 frame"), (2, "after 2 frames")])
def test_one_frame_is_no_plural(frames: int, end: str) -> None:
    assert describe({"t": 0, "event": "end", "state": "RUNNING", "frames": frames}).endswith(end)
