"""`--firmware FILE` for the simulator: what the app says reaches the session, and what only fakes can do is refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from maixswitch.errors import EXIT_DEVICE, EXIT_FINDINGS, EXIT_IO, EXIT_OK, EXIT_USAGE, MaixSwitchError
from maixswitch.k210.board.fat import first_block
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.chip_board import ChipBoard
from maixswitch.sim.recording import read
from maixswitch.sim.recording_writer import RecordingWriter
from maixswitch.sim.replay import Replay
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options
from tests.host.sim.talking_image import (
    APP,
    RESULTS,
    RUNNING,
    SELECT,
    START,
    UNLOADED,
    messages,
    write_crash,
    write_image,
)
from tests.host.sim_helpers import Command, Play

pytest.importorskip("unicorn", reason='the extra "chip" is not installed')

NOBODY = lambda *row: None  # noqa: E731


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "app.bin", APP)


def test_a_script_sees_what_the_app_says(play: Play, image: Path) -> None:
    heard = []
    session = play(
        """
        expect state RUNNING within 1s
        expect title "Bright blobs"
        wait 20ms
        expect detection blob >= 0.9
        expect no fault
        """,
        flavour=str(image),
        narrator=heard.append,
    )
    assert (session.code, session.explain()) == (EXIT_OK, "")
    assert session.sim.frames == 7
    kinds = [event["event"] for event in heard]
    assert [kind for kind in kinds if kind in ("select", "state", "load", "results")] == [
        "select",
        "state",
        "load",
        "state",
        "results",
    ]
    start = next(event for event in heard if event["event"] == "start")
    assert (start["firmware"], start["board"]) == (str(image), "dock")


def test_a_card_without_an_app_gets_ours_and_the_note_says_so(play: Play, image: Path, card: Path) -> None:
    heard = []
    play("wait 20ms", flavour=str(image), narrator=heard.append)
    notes = [event["text"] for event in heard if event["event"] == "note"]
    assert notes == ["the card has no main.py: the board gets the app of this package"]
    assert not (card / "main.py").exists()
    assert not (card / "maixswitch.json").exists()


def test_a_fault_is_told_with_its_remedy_and_decides_the_exit_code(play: Play, tmp_path: Path) -> None:
    failed = {"event": "state", "old": "UNLOADED", "cause": "FAIL", "new": "FAULT"}
    fault = {"event": "fault", "code": 2006, "name": "ERR_NO_MEM", "detail": "file too large"}
    image = write_image(tmp_path / "f.bin", messages(START, SELECT, UNLOADED, fault, failed))
    session = play("expect fault 2006 within 1s", flavour=str(image), quiet=True)
    assert session.sim.fault[0] == 2006
    assert "file too large" in session.sim.fault[1]
    assert play("wait 100ms", flavour=str(image), quiet=True).code == EXIT_DEVICE


def test_an_app_that_ends_is_told_with_the_last_line_of_its_traceback(play: Play, tmp_path: Path) -> None:
    text = messages(START) + b"Traceback (most recent call last):\r\nMemoryError: memory allocation failed\r\n>>> "
    session = play("wait 200ms", flavour=str(write_image(tmp_path / "e.bin", text)), quiet=True)
    assert session.code == EXIT_DEVICE
    assert session.explain() == "the app ended: MemoryError: memory allocation failed"


def test_an_exception_of_the_chip_ends_the_run(play: Play, tmp_path: Path) -> None:
    session = play("wait 1s", flavour=str(write_crash(tmp_path / "c.bin")), quiet=True)
    assert session.code == EXIT_DEVICE
    assert session.explain().startswith("the chip would have crashed here: ChipFault: ")


def test_without_an_app_an_expectation_fails_and_the_panel_is_dark(play: Play, tmp_path: Path) -> None:
    image = write_image(tmp_path / "silent.bin", b"")
    session = play("expect state RUNNING within 100ms", flavour=str(image), quiet=True)
    assert session.code == EXIT_FINDINGS
    assert "found:    state OFF" in session.explain()
    pixels, width, height = session.sim.panel()
    assert (len(pixels), set(pixels)) == (2 * width * height, {0})


def test_a_label_that_the_line_has_cut_is_shown_in_full(play: Play, tmp_path: Path, card: Path) -> None:
    long_label = "a label of more than twenty-four letters"
    shutil.copytree(card, tmp_path / "card")
    path = tmp_path / "card" / "models" / "10-blobs" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "labels": [long_label]}))
    cut = {**RESULTS, "found": [[long_label[:24], 0.5, 1, 2, 3, 4]]}
    image = write_image(tmp_path / "l.bin", messages(START, SELECT, UNLOADED, RUNNING, cut))
    session = play("wait 100ms", flavour=str(image), card=tmp_path / "card", quiet=True)
    assert session.sim.detections() == [(long_label, 0.5)]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("fail load 2006", "too large, or `damage` its file"),
        ("fail run 2008", "too large, or `damage` its file"),
        ("raise sensor.snapshot 2 RuntimeError", "`fail camera`"),
        ("skip 60s", "use `wait`"),
        ("slow 10", "leave the line out"),
        ("eject at 3", "use `wait` and `eject`"),
        ("scores 0.1 0.7", "`camera PATH`"),
        ("boxes 10,20,60,60,0,0.9", "`camera PATH`"),
    ],
)
def test_a_fault_that_only_fakes_have_is_refused_before_the_run(
    play: Play, image: Path, line: str, instead: str
) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        play(f"wait 1s\n{line}", flavour=str(image), quiet=True)
    assert caught.value.exit_code == EXIT_USAGE
    assert caught.value.message.startswith("test.txt:2: `")
    assert instead in caught.value.message


def test_what_a_real_card_and_camera_can_suffer_is_done(card: Path, image: Path) -> None:
    board = ChipBoard(BoardOptions(card, flavour=str(image)), NOBODY)
    blocks = board.virtual.slot.blocks
    assert blocks is not None
    first = [number for number in range(20_000) if blocks.read(number)[:4] == (3).to_bytes(4, "little")]
    board.damage("models/10-blobs/model.kmodel")
    assert board.damaged == {"models/10-blobs/model.kmodel"}
    assert sum(blocks.read(number) == b"\xff" * 512 for number in first) == 1
    board.heal()
    assert not board.damaged
    assert not any(blocks.read(number) == b"\xff" * 512 for number in first)
    with pytest.raises(FileNotFoundError):
        board.damage("models/none.kmodel")
    board.connect_camera(False)
    assert not board.camera_connected
    board.eject()
    assert not board.card_inserted
    board.insert()
    assert board.card_inserted


def test_the_power_goes_with_the_block_and_comes_back(card: Path, image: Path) -> None:
    board = ChipBoard(BoardOptions(card, flavour=str(image)), NOBODY)
    blocks = board.virtual.slot.blocks
    assert blocks is not None
    board.cut_power_after(600)
    blocks.write(90_000, b"1" * 512)
    blocks.write(90_001, b"2" * 512)
    blocks.write(90_002, b"3" * 512)
    assert not board.powered
    assert [blocks.read(at)[:1] for at in (90_000, 90_001, 90_002)] == [b"1", b"\0", b"\0"]
    before = board.now
    assert board.step()
    assert board.now == before + 20
    assert board.state == "OFF"
    board.power_cycle()
    board.step()
    assert board.powered
    assert board.state == "RUNNING"


def test_a_press_moves_the_pin_at_its_time_and_bounces(card: Path, image: Path) -> None:
    board = ChipBoard(BoardOptions(card, flavour=str(image)), NOBODY)
    pin = board.pin("")
    end = board.press(after=15, hold=30, bounce=(4,))
    levels = []
    move = board.virtual.chip.set_pin

    def note(moved: int, level: bool) -> None:
        levels.append((moved, board.now, level))
        move(moved, level)

    board.virtual.chip.set_pin = note  # type: ignore[method-assign]
    while board.now < end:
        board.step()
    edges = [(15, False), (19, True), (20, False), (45, True), (49, False), (50, True)]
    assert levels == [(pin, ms, level) for ms, level in edges]
    assert board.fingers == [{"t": 0, "pin": pin, "edges": [15, 19, 45, 49]}]


def test_what_the_firmware_wrote_reaches_the_folder_only_with_write_back(
    tmp_path: Path, card: Path, image: Path
) -> None:
    import shutil

    for write_back in (False, True):
        folder = tmp_path / f"card{write_back}"
        shutil.copytree(card, folder)
        (folder / "choice.txt").write_bytes(b"old")
        board = ChipBoard(BoardOptions(folder, flavour=str(image), write_back=write_back), NOBODY)
        blocks = board._card
        blocks.write(first_block(blocks._card, "CHOICE.TXT"), b"new".ljust(512, b"\0"))
        board.eject()
        assert (folder / "choice.txt").read_bytes() == (b"new" if write_back else b"old")
        assert not (folder / "main.py").exists()


def test_a_recording_is_replayed_with_the_same_image_only(tmp_path: Path, card: Path, image: Path) -> None:
    path = tmp_path / "run.rec"
    options = Options(card=card, flavour=str(image), script=parse("wait 200ms", "t.txt"), quiet=True)
    with RecordingWriter(path, options) as writer:
        writer.complete(writer.session.run())
    with read(path) as recording:
        outcome = Replay(recording).run()
    assert outcome.difference is None
    assert outcome.events == len(recording.events) > 5
    moved = image.rename(tmp_path / "moved.bin")
    with read(path) as recording:
        assert Replay(recording, image=moved).run().difference is None
        other = write_image(image, APP.replace(b"blobs", b"cubes"))
        for wrong in (None, other, tmp_path / "none.bin"):
            with pytest.raises(MaixSwitchError, match="name it with --firmware FILE") as caught:
                Replay(recording, image=wrong)
            assert caught.value.exit_code == EXIT_USAGE


def test_a_recording_of_the_fakes_takes_no_image(tmp_path: Path, card: Path, image: Path) -> None:
    path = tmp_path / "run.rec"
    with RecordingWriter(path, Options(card=card, script=parse("wait 50ms", "t.txt"), quiet=True)) as writer:
        writer.complete(writer.session.run())
    with read(path) as recording, pytest.raises(MaixSwitchError, match="recorded on the fakes"):
        Replay(recording, image=image)


def test_the_command_refuses_a_file_that_is_no_image(command: Command, card: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_text("not an image")
    done = command("sim", card, "--firmware", "notes.bin", "--seconds", "1")
    assert (done.returncode, "is not a firmware image of a K210" in done.stderr) == (EXIT_USAGE, True)
    done = command("screenshot", card, "--firmware", "none.kfpkg", "--script", "s.txt", "--out", "o")
    assert done.returncode != EXIT_OK
    done = command("sim", card, "--firmware", "none.kfpkg", "--seconds", "1")
    assert (done.returncode, "none.kfpkg" in done.stderr) == (EXIT_IO, True)


def test_without_unicorn_the_board_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, card: Path, image: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "unicorn" else find(name))
    with pytest.raises(MaixSwitchError, match=r"maixswitch\[chip\]"):
        ChipBoard(BoardOptions(card, flavour=str(image)), NOBODY)
