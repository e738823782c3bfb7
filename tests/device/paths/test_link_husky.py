"""The protocol husky, frame by frame: what a command gives, the rule for several at once, and silence for all else."""

from __future__ import annotations

import json

import pytest

import bench
from maixswitch.link.husky_table import ROWS
from tests.device.paths.husky_helpers import BUSY, HUSKY, INFO, OK, PRO, Client, frame, frames, word
from tests.device.paths.path_helpers import CARD

KNOCK = frame(0x2C)


@pytest.fixture
def client(board):
    board.start(settings={"link": HUSKY}).until("RUNNING").run(500)
    return Client(board)


def test_the_worked_frames_of_the_document():
    assert frame(0x20) == bytes.fromhex("55AA11002030")
    assert frame(0x2D, word(2)) == bytes.fromhex("55AA11022D020041")
    assert frame(0x2F, b"\x01\x04cat\0") == bytes.fromhex("55AA11062F01046361740082")


def test_it_says_nothing_by_itself(client):
    client.board.run(5000)
    client.board.press()
    client.board.until("RUNNING").run(2000)
    bench.fail_next("KPU.load", 2006)
    client.board.press()
    client.board.until("FAULT").run(2000)
    assert client.wire.leave() == b""


def test_blocks_are_centres_in_320_by_240(client):
    bench.kpu.boxes = [(290, 190, 20, 20, 0, 0.9), (100, 90, 60, 50, 0, 0.8)]
    client.board.run(200)
    numbers, blocks = client.blocks()
    assert numbers[:2] == (2, 1)
    assert 0 < numbers[2] <= client.board.app.frames
    assert blocks == [(300, 200, 20, 20, 1), (130, 115, 60, 50, 1)]
    bench.kpu.boxes = []
    client.board.run(200)
    numbers, blocks = client.blocks()
    assert (numbers[:2], blocks) == ((0, 1), [])


@pytest.mark.parametrize(("code", "data", "count"), [
    (0x20, b"", 2), (0x21, b"", 2), (0x22, b"", 0), (0x23, b"", 2), (0x24, b"", 2), (0x25, b"", 0),
    (0x26, word(1), 2), (0x27, word(1), 2), (0x28, word(1), 0), (0x26, word(2), 0), (0x27, word(0), 0),
    (0x26, b"", 0), (0x27, word(-1), 0),
])  # fmt: skip
def test_every_request(client, code, data, count):
    bench.kpu.boxes = [(290, 190, 20, 20, 0, 0.9), (100, 90, 60, 50, 0, 0.8)]
    client.board.run(200)
    assert len(client.blocks(code, data)[1]) == count


def test_a_classifier_is_one_block_over_the_whole_view(client):
    bench.kpu.scores = [0.1, 0.2, 0.6, 0.1, 0, 0, 0, 0, 0, 0]
    assert client.ask(0x2D, word(1)) == [(OK, b"")]
    client.board.until("RUNNING").run(300)
    assert client.board.app.slot.loaded.title == "Digits"
    numbers, blocks = client.blocks()
    assert numbers[:2] == (1, 10)
    assert blocks == [(160, 120, 320, 240, 3)]
    assert client.blocks(0x26, word(3))[1] == blocks
    assert client.blocks(0x26, word(2))[1] == []


def test_an_algorithm_is_a_model_answered_before_it_loads(client):
    board = client.board
    bench.trace = calls = []
    assert client.ask(0x2D, word(2), 1000) == [(OK, b"")]
    bench.trace = None
    assert calls.index("UART.write") < calls.index("KPU.deinit") < calls.index("KPU.load")
    assert board.app.slot.loaded.title == "Things"
    loads = bench.kpu.loads
    for number in (2, 3, 99, -1):  # the model that runs, and none
        assert client.ask(0x2D, word(number)) == [(OK, b"")]
    assert (bench.kpu.loads, board.app.slot.loaded.title) == (loads, "Things")


def test_a_fault_is_tried_again_by_its_algorithm(client):
    bench.fail_next("KPU.load", 2006)
    client.ask(0x2D, word(1))
    client.board.until("FAULT")
    assert client.blocks()[0][:2] == (0, 0)
    client.ask(0x2D, word(1))
    client.board.until("RUNNING")


def test_of_several_commands_all_but_the_last_are_answered_with_busy(client):
    board = client.board
    assert client.say(frame(0x2D, word(1)) + KNOCK).heard() == [(BUSY, b""), (OK, b"")]
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"
    told = client.say(KNOCK * 3 + frame(0x34, b"\2\0\x0a\x0ahi") + frame(0x3B)).heard()
    assert told == [(BUSY, b"")] * 4 + [(PRO, b"\1\0")]
    told = client.say(KNOCK * 85).heard(3000)  # what the ring holds
    assert told == [(BUSY, b"")] * 84 + [(OK, b"")]
    assert set(client.say(KNOCK * 300).heard(3000)) == {(BUSY, b""), (OK, b"")}


def test_a_command_that_follows_within_the_pause_counts_as_at_once(client):
    """pyhuskylens sends a knock 5 ms after an algorithm or a text, and reads one answer."""
    for gap in (0, 3, 5, 9):
        for phase in range(0, 66, 7):
            client.board.run(phase)
            client.wire.rx.extend(frame(0x34, b"\2\0\x0a\x0ahi"))
            bench.clock.at(bench.clock.now + gap, lambda: client.wire.rx.extend(KNOCK))
            assert client.heard() == [(BUSY, b""), (OK, b"")], (gap, phase)


def test_a_request_is_answered_in_time(client):
    """Arduino's library waits 100 ms for the beginning of an answer, counted from the end of its command."""
    worst = 0
    for phase in range(0, 140, 3):
        client.board.run(200 + phase)
        client.wire.leave()
        begun = bench.clock.now
        client.say(frame(0x20))
        while not client.wire.tx:
            client.board.app.step()
        worst = max(worst, bench.clock.now - begun)
    assert worst <= 75


QUIET = {
    "a knock of version 2": bytes.fromhex("55AA000000FF"),
    "another address": b"\x55\xaa\x12\x00\x2c\x3d",
    "a wrong checksum": KNOCK[:-1] + b"\x3d",
    "noise": bytes(range(256)),
    "half a command": KNOCK[:4],
    "text": b"AT+GMR\r\n",
    "heads": b"\x55" * 40,
    "a long one without an end": b"\x55\xaa\x11\xff\x2f" + bytes(40),
}


@pytest.mark.parametrize("noise", QUIET.values(), ids=QUIET)
def test_silence_for_what_is_no_command_of_ours(client, noise):
    assert client.say(noise).heard() == []
    client.board.run(200)
    assert client.ask(0x2C) == [(OK, b"")]
    assert client.say(noise + KNOCK).heard(400) == [(OK, b"")]


def test_a_command_inside_what_looked_like_a_longer_one(client):
    """A lost byte makes the next command a part of a broken one: it is found when the broken one does not fit."""
    cut = frame(0x2F, b"\x01\x04cat\0")[:6]
    assert client.say(cut + KNOCK + KNOCK).heard()[-1] == (OK, b"")
    assert client.say(b"\x55\xaa\x11\x06\x2f" + KNOCK + b"\x00").heard() == [(OK, b"")]


def test_more_data_than_needed_is_accepted(client):
    for code in (0x30, 0x35, 0x37, 0x39):  # MakeCode adds two bytes
        assert client.ask(code, b"\0\0") == [(OK, b"")]
    assert client.ask(0x2C, bytes(255)) == [(OK, b"")]


def test_every_row_of_the_document_answers_as_it_says(client):
    answers = {"OK": OK, "INFO": INFO, "PRO": PRO}
    for row in ROWS:
        told = client.ask(row.code, word(0))
        assert told[0][0] == answers[row.answer], hex(row.code)
        client.board.run(500)
    for code in sorted(set(range(256)) - {row.code for row in ROWS}):
        assert client.ask(code, word(1), 100) == [(OK, b"")], hex(code)


def shown(board, monkeypatch):
    """Return the texts of the last picture: a set of (x, y, text)."""
    from benchlib.img import Image

    texts = []
    draw = Image.draw_string

    def noting(img, *given):
        given = given[0] if isinstance(given[0], tuple) else given
        texts.append(given[:3])
        return draw(img, *given)

    monkeypatch.setattr(Image, "draw_string", noting)
    board.run(70)
    texts.clear()
    board.run(70)
    monkeypatch.undo()
    return set(texts)


def text(x, y, words, flag=0, size=None):
    return bytes([len(words) if size is None else size, flag, x, y]) + words


def test_texts_on_the_picture(client, monkeypatch):
    board = client.board
    assert client.ask(0x34, text(10, 20, b"one")) == [(OK, b"")]
    assert client.ask(0x34, text(45, 30, b"far\0\0", 0xFF)) == [(OK, b"")]
    client.ask(0x34, text(255, 40, b"edge", 0xFF))
    client.ask(0x34, text(10, 20, b"two"))
    assert {(10, 20, "two"), (300, 30, "far"), (255, 40, "edge")} <= shown(board, monkeypatch)
    for at in range(9):
        client.ask(0x34, text(100, at * 10, b"%d" % at))
    texts = shown(board, monkeypatch)
    assert len([row for row in texts if row[0] == 100]) == 9
    assert not {(10, 20, "two"), (300, 30, "far")} & texts  # the oldest two made room
    client.ask(0x35)
    assert not [row for row in shown(board, monkeypatch) if row[0] == 100]


def test_names_until_the_model_goes(client, monkeypatch):
    board = client.board
    bench.kpu.boxes = [(100, 90, 60, 50, 0, 0.9)]
    for data, name in (
        (b"\x01\x04cat\0", "cat"),
        (b"\x01\x03dog\0" + bytes(range(200, 213)), "dog"),  # Arduino: 20 bytes whatever the size says
        (b"\x01\x08owl\0", "owl"),  # MakeCode: twice the size
        (b"\x01\xff\xe4\xbd\xa0", "???"),
    ):
        assert client.ask(0x2F, data) == [(OK, b"")]
        assert board.app.slot.loaded.label(0) == name
        assert [row for row in shown(board, monkeypatch) if row[2].startswith(name + " 90")]
    for data in (b"", b"\x01", b"\x01\x00", b"\x00\x04bad\0", b"\x01\x04\0\0\0\0"):
        client.ask(0x2F, data)
        assert board.app.slot.loaded.label(0) == "???"
    client.ask(0x2D, word(1))
    board.until("RUNNING")
    client.ask(0x2D, word(0))
    board.until("RUNNING")
    assert board.app.slot.loaded.label(0) == "face"


def test_photo_and_screenshot(client):
    for code in (0x30, 0x39, 0x30):
        assert client.ask(code) == [(OK, b"")]
    assert sorted(row[0] for row in bench.card.backend.listdir("photos")) == ["0001.jpg", "0002.jpg", "0003.jpg"]
    bench.fail_next("Image.save", OSError(28))
    assert client.ask(0x30) == [(OK, b"")]
    assert client.board.state == "RUNNING"


LEARNER = {
    "schema": 1,
    "title": "Learn",
    "kind": "learner",
    "kmodel": "learn.kmodel",
    "input": [64, 64, 1],
    "limit": 100,
}


@pytest.fixture
def pupil(board):
    """A client of a board whose model learns."""
    from benchlib.models import kmodel_v3

    files = {
        "models/1-learn/model.json": json.dumps(LEARNER),
        "models/1-learn/learn.kmodel": kmodel_v3((64, 64, 1), (1, 1, 8), "softmax", classes=8),
        **{name: data for name, data in CARD.items() if "2-digits" in name},
    }
    board.start(files=files, settings={"link": HUSKY}).until("RUNNING").run(300)
    return Client(board)


def see(pupil, at):
    bench.kpu.scores = [1.0 if i == at else 0.0 for i in range(8)]
    pupil.board.run(300)
    return pupil.blocks()


def test_learn_name_save_forget_load(pupil):
    board = pupil.board
    numbers, blocks = see(pupil, 0)
    assert (numbers[:2], blocks) == ((0, 0), [])
    for number in (1, 2, 3):
        see(pupil, number)
        assert pupil.ask(0x36, word(number)) == [(OK, b"")]
    for number in (1, 2, 3):
        numbers, blocks = see(pupil, number)
        assert numbers[1] == 3
        assert blocks[0][4] == number
    see(pupil, 5)
    pupil.ask(0x36, word(2))  # learn 2 anew
    assert see(pupil, 5)[1][0][4] == 2
    assert pupil.ask(0x2F, b"\x02\x04owl\0") == [(OK, b"")]
    assert board.app.slot.loaded.label(1) == "owl"
    assert pupil.ask(0x32, word(4)) == [(OK, b"")]
    assert pupil.ask(0x37) == [(OK, b"")]
    numbers, blocks = see(pupil, 5)
    assert (numbers[:2], blocks) == ((0, 0), [])
    assert pupil.ask(0x33, word(3)) == [(OK, b"")]  # nothing was saved there
    assert see(pupil, 5)[0][1] == 0
    assert pupil.ask(0x33, word(4)) == [(OK, b"")]
    board.until("RUNNING")
    numbers, blocks = see(pupil, 5)
    assert (numbers[1], blocks[0][4]) == (3, 2)
    assert [board.app.slot.loaded.label(at) for at in range(3)] == ["1", "owl", "3"]


def test_what_was_renamed_and_saved_survives_the_power(pupil):
    board = pupil.board
    see(pupil, 1)
    pupil.ask(0x36, word(1))
    pupil.ask(0x2F, b"\x01\x04cat\0")
    pupil.ask(0x32, word(0))
    card = bench.card.backend
    board.end()
    for damage in (False, True):
        if damage:
            data = bytearray(card.read("models/1-learn/learnt.b0"))
            data[-1] ^= 1
            card.write("models/1-learn/learnt.b0", bytes(data))
        bench.reset()
        bench.screen.capture = bench.screen.draw = False
        bench.card.insert(card)
        board.boot().until("RUNNING").run(300)
        pupil.wire = bench.wire(0)
        assert board.app.slot.loaded.label(0) == "cat"
        pupil.ask(0x37)
        pupil.ask(0x33, word(0))
        board.until("RUNNING").run(300)
        assert see(pupil, 1)[0][1] == (0 if damage else 1)
        if not damage:
            board.end()


def test_at_9600_baud_every_block_comes_in_time(board):
    """Ten results are 184 ms of line: each next block begins within 100 ms, and an answer is never torn."""
    board.power(settings={"link": HUSKY})
    wire = bench.timed_wire(0)
    bench.kpu.boxes = [(i * 30, 20, 20, 20, 0, 0.9) for i in range(10)]
    board.boot().until("RUNNING").run(500)
    for phase in range(0, 130, 9):
        board.run(300 + phase)
        assert not wire.leave()
        wire.say(frame(0x20))
        begun = last = bench.clock.now + 6
        data = b""
        while len(data) < 176:
            board.app.step()
            new = wire.leave()
            if new:
                assert bench.clock.now - last <= 100, (phase, len(data))
                last = bench.clock.now
            data += new
            assert bench.clock.now - begun < 2000
        assert [row[0] for row in frames(data)] == [INFO] + [0x2A] * 10


def test_a_new_command_ends_an_answer_at_the_end_of_a_frame(board):
    board.power(settings={"link": HUSKY})
    wire = bench.timed_wire(0)
    bench.kpu.boxes = [(i * 30, 20, 20, 20, 0, 0.9) for i in range(10)]
    board.boot().until("RUNNING").run(500)
    for pause in range(10, 400, 23):
        wire.say(frame(0x20))
        board.run(pause)
        wire.say(frame(0x3B))
        board.run(1200)
        told = frames(wire.leave())
        assert told[-1] == (PRO, b"\1\0")
        assert len(told) <= 12


@pytest.mark.parametrize("labels", [12])
def test_twelve_things_are_ten_results(board, labels):
    """The firmware keeps ten results of a frame, and so does the app where it decodes a network itself."""
    from benchlib.models import kmodel_v3

    document = {
        "schema": 1, "title": "Many", "kind": "yolo2", "kmodel": "m.kmodel", "input": [64, 64, 3], "labels": ["x"],
        "anchors": [0.5, 0.5], "threshold": 0.5, "nms": 0.3,
    }  # fmt: skip
    files = {
        "models/1-many/model.json": json.dumps(document),
        "models/1-many/m.kmodel": kmodel_v3((64, 64, 3), (4, 4, 6), last="softmax", classes=96),
    }
    board.start(files=files, settings={"link": HUSKY}).until("RUNNING")
    seen = [9.0 if cell < labels else -9.0 for cell in range(16)]
    bench.kpu.scores = [0.0] * 64 + seen + [9.0] * 16  # x, y, w, h; confidence; class
    client = Client(board)
    board.run(500)
    numbers, blocks = client.blocks()
    assert numbers[0] == len(blocks) == 10
    assert len({row[:2] for row in blocks}) == 10
    bench.kpu.scores = [0.0] * 64 + [9.0] + [-9.0] * 15 + [9.0] * 16
    board.run(500)
    assert len(client.blocks()[1]) == 1
