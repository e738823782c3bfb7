"""What a run leaves behind: complete lines, exact pictures, and an animation of limited length."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.sim import recorder as recording
from maixswitch.sim.camera import rgb565
from maixswitch.sim.recorder import Recorder


def panel(shade: int, size: tuple[int, int] = (32, 24)) -> tuple[bytes, int, int]:
    width, height = size
    return rgb565(np.full((height, width, 3), shade, np.uint8)), width, height


def test_each_event_is_written_at_once_as_a_complete_line(tmp_path: Path) -> None:
    """The lines are there before close(), so an interrupted run leaves a readable file."""
    heard: list[dict[str, object]] = []
    recorder = Recorder(tmp_path / "out")
    recorder.listeners.append(heard.append)
    recorder.event(5, "load", title="Gesicht ü", ms=7)
    lines = (tmp_path / "out" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == heard == [{"t": 5, "event": "load", "title": "Gesicht ü", "ms": 7}]


def test_pictures_show_the_panel_exactly(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, zoom=2)
    path = recorder.picture(120, "running", *panel(255))
    assert path == tmp_path / "frames" / "001-0000120ms-running.png"
    with Image.open(path) as image:
        assert image.size == (64, 48)
        assert image.getpixel((0, 0)) == (255, 255, 255)
    assert recorder.screenshot("mine", *panel(0)) == tmp_path / "mine.png"


def test_pictures_of_an_earlier_run_are_deleted(tmp_path: Path) -> None:
    Recorder(tmp_path).picture(1, "old", *panel(0))
    (tmp_path / "frames" / "mine.png").write_bytes(b"")
    Recorder(tmp_path)
    assert [path.name for path in (tmp_path / "frames").iterdir()] == ["mine.png"]


def test_number_of_pictures_is_limited(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for number in range(recording.MAX_PICTURES + 5):
        recorder.picture(number, "x", *panel(0))
    assert len(list((tmp_path / "frames").iterdir())) == recording.MAX_PICTURES


def test_animation_covers_the_run_in_bounded_length(tmp_path: Path) -> None:
    """Ten minutes of a moving line become at most 200 pictures and about a minute, and show both start and end."""
    recorder = Recorder(tmp_path)
    for t in range(0, 600_000, 100):
        picture = np.zeros((24, 96, 3), np.uint8)
        picture[:, t * 96 // 600_000] = 255
        recorder.sample(t, rgb565(picture), 96, 24)
    recorder.close(600_000)
    with Image.open(tmp_path / "screen.gif") as image:
        columns, total = [], 0
        for index in range(image.n_frames):
            image.seek(index)
            total += image.info["duration"]
            columns.append(int(np.asarray(image.convert("L"))[0].argmax()))
    assert columns == list(range(96))  # equal pictures become one that is shown longer
    assert 55_000 <= total <= 65_000


def test_animation_keeps_the_pace_of_the_board(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for t, shade in ((0, 0), (250, 100), (1250, 200)):
        recorder.sample(t, *panel(shade))
    recorder.close(2000)
    with Image.open(tmp_path / "screen.gif") as image:
        assert image.n_frames == 3
        times = []
        for index in range(3):
            image.seek(index)
            times.append(image.info["duration"])
    assert times == [250, 1000, 750]


def test_no_folder_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = Recorder(None)
    recorder.event(0, "start")
    recorder.sample(0, *panel(0))
    assert recorder.picture(0, "x", *panel(0)) is None
    recorder.close(0)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_folder_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MaixSwitchError, match="--out: cannot write") as caught:
        Recorder(tmp_path / "file")
    assert caught.value.exit_code == EXIT_IO
