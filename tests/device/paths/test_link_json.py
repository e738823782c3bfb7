"""The commands of the protocol json: each line gets one answer with its id, and the machine moves as by a press."""

from __future__ import annotations

import json

import pytest

import bench
from device import link, link_commands
from maixswitch.link import serial_commands
from tests.device.paths.link_helpers import UART, Talk
from tests.device.paths.path_helpers import CARD, FACE

FACE_AT = [(100, 90, 60, 50, 0, 0.935)]


@pytest.fixture
def talk(board):
    """A running board whose UART takes commands."""
    board.start(settings={"link": UART}).until("RUNNING")
    return Talk(board)


def test_the_table_is_the_documents_and_every_command_has_a_method():
    table = serial_commands.commands(link_commands.rows())
    assert list(table) == list(serial_commands.MEANINGS)
    assert {f"{name}.{field}" for name in table for field in table[name]} == set(serial_commands.FIELDS)
    for name in table:
        assert callable(getattr(link_commands.Commands, name))


def test_models_are_listed_after_the_answer(talk):
    answer = talk.ask("models")
    assert (answer["ok"], answer["total"], answer["index"]) == (True, 3, 0)
    models = [talk.until("model") for _ in range(3)]
    assert [(row["id"], row["index"], row["title"], row["kind"]) for row in models] == [
        (1, 0, "Face", "yolo2"),
        (1, 1, "Digits", "classifier"),
        (1, 2, "Things", "classifier"),
    ]


@pytest.mark.parametrize("fields", [{"index": 2}, {"title": "Things"}])
def test_a_model_is_selected_as_by_a_press_and_answered_before_it_loads(talk, fields):
    board = talk.board
    bench.kpu.ledger.clear()
    answer = talk.ask("select", **fields)
    assert answer == {"v": 1, "t": answer["t"], "event": "answer", "id": 1, "ok": True}
    assert "load" not in [message["event"] for message in talk.others if message["t"] >= answer["t"] - 1]
    board.until("RUNNING")
    load = talk.until("load")
    assert answer["t"] <= load["t"] - load["ms"]
    assert board.app.slot.loaded.title == "Things"
    assert [row[0] for row in bench.kpu.ledger if row[0] != "run"] == ["deinit", "load"]
    assert ("state", "RUNNING", "SELECT", "UNLOADED") in board.log


def test_next_previous_and_reload(talk):
    board = talk.board
    for name, title in (("next", "Digits"), ("previous", "Face"), ("previous", "Things"), ("reload", "Things")):
        assert talk.ask(name)["ok"]
        board.until("RUNNING").run(100)
        assert board.app.slot.loaded.title == title


def test_threshold_and_nms_of_the_running_model(talk):
    board = talk.board
    assert talk.ask("tune", threshold=0.75, nms=1)["ok"]
    board.until("RUNNING")
    spec = board.app.slot.loaded
    assert (spec.title, spec.threshold, spec.nms) == ("Face", 0.75, 1)
    given = bench.kpu.slots[0]
    assert (board.app.slot._tasks[0]._args._threshold, board.app.slot._tasks[0]._args._nms_value) == (0.75, 1.0), given
    assert talk.ask("reload")["ok"]
    board.until("RUNNING")
    assert board.app.slot.loaded.threshold == 0.5
    talk.ask("select", title="Digits")
    board.until("RUNNING")
    assert talk.ask("tune", nms=0.5)["error"] == "nms: this model has none"
    assert board.state == "RUNNING"


def test_kept_on_the_card_until_model_json_changes(talk):
    board = talk.board
    assert talk.ask("tune", threshold=0.25, keep=True)["ok"]
    board.until("RUNNING").end()
    kept = bench.card.backend
    for changed, threshold in ((None, 0.25), (dict(FACE, threshold=0.6), 0.6), (FACE, 0.25)):
        if changed:
            kept.write("models/1-face/model.json", json.dumps(changed).encode())
        bench.reset()
        bench.screen.capture = bench.screen.draw = False
        bench.card.insert(kept)
        board.boot().until("RUNNING")
        assert board.app.slot.loaded.threshold == threshold
        assert board.app.slot.loaded.nms == 0.3
        board.end()


def test_a_card_that_cannot_be_written_keeps_nothing(talk):
    for nth in (1, 4):  # reading model.json, and the write
        bench.fail_at("uio.open", nth, OSError(5))
        assert "not kept" in talk.ask("tune", threshold=0.25, keep=True)["error"]
        assert talk.board.state == "RUNNING"
        assert "models/1-face/tuned.s0" not in bench.card.backend.listdir("models/1-face")


def test_results_and_status_on_request(talk):
    board = talk.board
    bench.kpu.boxes = FACE_AT
    assert talk.ask("subscribe", rate=0)["ok"]
    board.run(1000)
    list(talk.pop())
    board.run(3000)
    assert not [row for row in talk.pop() if row["event"] == "results"]
    assert talk.ask("results")["ok"]
    results = talk.until("results")
    assert (results["id"], results["found"]) == (2, [["face", 0.935, 100, 90, 60, 50]])
    assert talk.ask("status")["ok"]
    while (status := talk.until("status")).get("id") != 3:
        pass
    assert status["state"] == "RUNNING"
    assert talk.ask("subscribe", rate=10)["ok"]
    list(talk.pop())
    board.run(5000)
    assert 15 <= len([row for row in talk.pop() if row["event"] == "results"]) <= 51


@pytest.mark.parametrize("screen", [True, False])
def test_a_snapshot_lands_on_the_card(board, screen):
    board.start(settings={"link": UART}, panel=True).until("RUNNING")
    talk = Talk(board)
    # The frame of the box is green.
    bench.jpeg = lambda pixels, *size: b"green" if b"\x07\xe0" * 9 in pixels else b"grey"
    bench.kpu.boxes = [(0, 0, 320, 240, 0, 0.9)]
    board.run(500)
    for number in (1, 2):
        answer = talk.ask("snapshot", **({"screen": True} if screen else {}))
        assert (answer["ok"], answer["file"]) == (True, "photos/%04d.jpg" % number)
        assert bytes(bench.card.backend.read(answer["file"])) == b"green" if screen else b"grey"
    bench.fail_next("Image.save", OSError(28))
    assert talk.ask("snapshot", screen=screen)["error"] == "not saved"
    assert board.state == "RUNNING"


def test_without_a_model_that_runs(board):
    board.power(files=None, settings=None)
    files = dict(CARD, **{"maixswitch.json": json.dumps({"link": UART})})
    bench.card.insert(bench.MemoryCard(files))
    bench.fail_next("KPU.load", 2006)
    board.boot().until("FAULT")
    talk = Talk(board)
    for name in ("results", "tune", "snapshot"):
        assert talk.ask(name)["error"] == "no model runs"
    assert talk.ask("status")["ok"]
    assert talk.until("status")["state"] == "FAULT"
    assert talk.ask("select", index=1)["ok"]
    board.until("RUNNING")
    bench.card.eject()
    board.until("NO_CARD")
    assert talk.ask("select", index=1)["error"] == "cannot SELECT in NO_CARD"
    assert talk.ask("next")["ok"]
    assert board.state == "NO_CARD"


BAD = {
    b"hello": "not a JSON object",
    b"[1]": "not a JSON object",
    b'{"do": "next"': "not a JSON object",
    b'{"do": "next': "not a JSON object",
    b'{"do" "next"}': "not names and plain values",
    b'{"do": "next",}': "not names and plain values",
    b'{"do": {"a": 1}}': "not names and plain values",
    b'{"id": 1 2, "do": "next"}': "not names and plain values",
    b'{"do": nonsense}': "broken text",
    b'{"do": "next", "do": "next"}': "a name twice",
    b'{"do": "a\x01b"}': "a control character",
    b'{"do": "\xff\xfe"}': "broken text",
    b'{"do": 7}': "do: wanted: one of models select next",
    b'{"do": ""}': "do: wanted: one of models select next",
    b'{"do": "models select"}': "do: wanted: one of models select next",
    b'{"do": "fly"}': "do: wanted: one of models select next",
    b"{}": "not names and plain values",
    b'{"id": -1, "do": "next"}': "id: wanted: a whole number",
    b'{"id": true, "do": "next"}': "id: wanted: a whole number",
    b'{"id": 4, "do": "next", "far": 1}': "far: wanted: no field",
    b'{"id": 4, "do": "select", "index": "1"}': "index: wanted: index=0..999",
    b'{"id": 4, "do": "select", "index": 1.5}': "index: wanted: index=0..999",
    b'{"id": 4, "do": "select", "index": 3}': "no such model; there are 3",
    b'{"id": 4, "do": "select", "title": "Nobody"}': "no such model; there are 3",
    b'{"id": 4, "do": "select"}': "no such model; there are 3",
    b'{"id": 4, "do": "tune", "threshold": 1.5}': "threshold: wanted: threshold=0.0..1.0",
    b'{"id": 4, "do": "tune", "keep": 1}': "keep: wanted: keep=flag",
    b"x" * 300: "more than 256 bytes",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: line[:40].decode(errors="replace"))
def test_a_bad_line_gets_an_error_and_changes_nothing(talk, line):
    answer = talk.say(line + b"\n").answer()
    assert answer["ok"] is False
    assert answer["id"] == (4 if b'"id": 4' in line else 0)
    assert answer["error"].startswith(BAD[line])
    assert talk.board.app.slot.loaded.title == "Face"
    assert talk.ask("status")["ok"]  # the next line is whole again


def test_lines_end_as_terminals_end_them_and_empty_ones_are_nothing(talk):
    talk.say(b'\r\n\n\r{"do":"status"}\r\n\r\n')
    assert talk.answer()["ok"]
    talk.board.run(1000)
    assert not [row for row in talk.pop() if row["event"] == "answer"]


def test_many_lines_at_once_are_answered_in_order(talk):
    for number in range(1, 7):
        talk.say(json.dumps({"id": number, "do": "next" if number % 2 else "status"}))
    assert [talk.answer()["id"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    talk.board.until("RUNNING")
    assert talk.board.app.slot.loaded.title == "Face"  # three steps round three models


def test_a_load_waits_for_the_rest_of_a_line_but_not_for_ever(talk):
    board = talk.board
    talk.say(b'{"id": 8, "do": "next"}\n{"id": 9, "do": "next"')
    assert talk.answer()["id"] == 8
    board.run(20)
    assert board.state == "UNLOADED"
    talk.say(b"}\n")
    assert talk.answer()["id"] == 9
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Things"
    talk.say(b'{"do": "next"}\nnoise')
    talk.answer()
    begun = bench.clock.now
    while board.state == "UNLOADED":  # noise without an end
        talk.say(b"noise ")
        board.app.step()
    assert board.state == "RUNNING"
    assert 250 <= bench.clock.now - begun <= 900


def test_the_line_of_the_repl_takes_commands(board):
    board.start(settings={"link": True}).until("RUNNING")
    assert Talk(board, 4).ask("select", index=1)["ok"]
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


def test_a_port_that_only_sends_takes_none(board):
    board.start(settings={"link": {"uart": 1, "tx": 8}}).until("RUNNING")
    talk = Talk(board).say('{"id": 1, "do": "next"}')
    board.run(2000)
    assert not [row for row in talk.pop() if row["event"] == "answer"]
    assert board.app.slot.loaded.title == "Face"


def test_at_9600_a_slice_is_what_the_port_takes_without_a_wait(board):
    board.power(settings={"link": dict(UART, baud=9600, rate=1)})
    bench.timed_wire(0)
    board.boot().until("RUNNING").run(2000)
    wire = bench.wire(0)
    frames = board.app.frames
    board.run(10000)
    quiet = board.app.frames - frames
    assert board.app.link._slice == link.SLOW
    assert len(wire.leave()) > 2000
    bench.wire(0).say(b'{"id": 3, "do": "select", "index": 1}\n')
    board.run(700)
    assert b'"id":3,"ok":true' in bytes(wire.tx) + wire.leave() or board.app.selected == 1
    board.end()
    board.start(settings=None).until("RUNNING").run(2000)
    frames = board.app.frames
    board.run(10000)
    assert quiet >= 0.97 * (board.app.frames - frames)
