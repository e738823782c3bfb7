"""The link: the messages on the serial line agree with their table, and a frame sends a bounded part of one."""

from __future__ import annotations

import json
import sys

import pytest

import bench
from device import app, hal, link, link_json
from maixswitch.link.serial_schema import BY_NAME, LABEL, TEXT
from maixswitch.sim.reports import FIELDS
from tests.device.paths.link_helpers import heard
from tests.device.paths.path_helpers import CARD, FACE

FACE_AT = [(100, 90, 60, 50, 0, 0.935)]


def events(kind, number=4):
    return [message for message in heard(number) if message["event"] == kind]


def written(board):
    """Return a list of byte strings into which the link writes from now on."""
    slices = []
    board.app.link._write = lambda data, at, count: slices.append(bytes(data[at : at + count]))
    return slices


def test_off_unless_the_settings_ask_for_it(board):
    for name in [name for name in sys.modules if name.startswith("device.link")]:
        del sys.modules[name]
    for settings in (None, {"link": False}):
        board.start(settings=settings).until("RUNNING").run(1500)
        assert board.app.link is None
        assert not [name for name in sys.modules if name.startswith("device.link")]
        assert not bench.wires
        board.end()


def test_fields_are_those_of_the_table_and_of_the_simulator():
    rows = [line.split(" ") for line in link_json.FIELDS.strip().split("\n")]
    for name, *names in rows:
        assert names == [field.name for field in BY_NAME[name].fields], name
        assert tuple(names) == FIELDS.get(name, tuple(names))
    assert {row[0] for row in rows} | {"results", "status"} == set(BY_NAME)
    assert (link_json.TEXT, link_json.LABEL) == (TEXT, LABEL)


def test_the_app_tells_what_happens_in_its_order(board):
    board.start(settings={"link": True}).until("RUNNING")
    bench.kpu.boxes = FACE_AT
    board.run(3000)
    bench.fail_next("KPU.load", 2006)
    board.press()
    board.until("FAULT").run(1500)
    board.end()
    told = heard()
    kinds = [message["event"] for message in told if message["event"] not in ("results", "status")]
    assert kinds == [
        *("start", "camera", "select", "state", "load", "state"),
        *("unload", "select", "state", "fault", "state", "end"),
    ]
    results = [message for message in told if message["event"] == "results"]
    assert results[-1]["found"] == [["face", 0.935, 100, 90, 60, 50]]
    assert 60 <= results[-1]["ms"] <= 70
    status = [message for message in told if message["event"] == "status"]
    assert status[-1]["state"] == "FAULT"
    assert status[-1]["fault"] == 2006
    times = [message["t"] for message in told if message["event"] != "end"]
    assert times == sorted(times)
    assert [row for row in board.log if row[0] != "state"]  # the listener from before still gets the reports


def test_a_message_is_one_piece_whatever_is_printed(board):
    """The app's reports go to the same serial line, and so does the firmware's own line when a model is released."""
    board.power(settings={"link": {"rate": 30}})
    board.app = app.build(lambda *row: bench.uart.print("[maixswitch] " + " ".join([str(word) for word in row])))
    bench.kpu.boxes = [(i * 30, 50, 25, 40, 0, 0.5 + i / 100) for i in range(8)]
    for i in range(24):
        board.until("RUNNING")
        bench.kpu.scores = [0.1 * (i % 10)]
        board.run(300 + 37 * i)  # the key comes at another slice each time
        if i == 20:
            bench.fail_next("sensor.snapshot", RuntimeError("Sensor timeout!"))
        else:
            board.press()
    board.app.close(KeyboardInterrupt())
    text = bytes(bench.wire(4).tx)
    unloads = text.count(b"[maixswitch] unload")
    told = [message["event"] for message in heard()]
    assert told.count("unload") == unloads >= 20
    assert told.count("load") == text.count(b"[maixswitch] load ")
    assert told[-1] == "end"
    assert text.count(b"kpu_net __del__") >= 20


def test_every_report_of_the_app_is_a_message(board):
    board.start(settings={"link": True}, files=CARD).until("RUNNING")
    for row in (("note", 'a "b"\n\\ 猫'), ("choice", "1-face", False), ("camera", "missing", None)):
        board.app.report(*row)
    board.run(1000)
    told = {message["event"]: message for message in heard()}
    assert told["note"]["text"] == 'a "b"\n\\ 猫'
    assert told["choice"]["written"] is False
    assert "detail" not in told["camera"]


def test_a_frame_sends_one_slice_at_most(board):
    board.start(settings={"link": {"rate": 30}}).until("RUNNING")
    bench.kpu.boxes = [(i * 30, 50, 25, 40, 0, 0.5 + i / 100) for i in range(10)]
    slices = written(board)
    for _ in range(100):
        before = len(slices)
        reported = len(board.log)
        board.app.step()
        assert len(slices) - before <= 1 or len(board.log) > reported  # a print waits for the end of the message
    assert max(len(data) for data in slices) == link.SLICE
    assert len(slices) > 90  # the line is busy in nearly every frame
    assert board.app.link.dropped > 0


@pytest.mark.parametrize("rate", [1, 5])
def test_results_keep_to_their_rate(board, rate):
    board.start(settings={"link": {"rate": rate}}).until("RUNNING").run(1000)
    heard()
    board.run(20000)
    count = len(events("results"))
    assert rate * 20 * 0.7 <= count <= rate * 20 + 1


def test_a_newer_result_replaces_one_that_waits(board):
    board.start(settings={"link": {"rate": 30}}).until("RUNNING")
    bench.kpu.boxes = FACE_AT
    board.run(5000)
    told = heard()
    frames = [message["frame"] for message in told if message["event"] == "results"]
    assert frames == sorted(set(frames))
    last = [message for message in told if message["event"] == "status"][-1]
    assert 0 < last["dropped"] <= board.app.link.dropped
    assert len(frames) + board.app.link.dropped <= board.app.frames


def test_the_longest_labels_and_ten_boxes_fit_a_line(board):
    label = '"\\猫\x01' * 30
    files = {
        "models/1-face/model.json": json.dumps(dict(FACE, labels=["x"], title="t" * 32)),
        "models/1-face/face.kmodel": CARD["models/1-face/face.kmodel"],
    }
    board.start(settings={"link": True}, files=files).until("RUNNING")
    board.app.slot.loaded.label = lambda at: label
    bench.kpu.boxes = [(i * 20, 50, 300, 180, 0, 1.0) for i in range(10)]
    board.run(3000)
    messages = events("results")
    assert messages
    for message in messages:
        assert message["count"] == 10
        assert 1 <= len(message["found"]) < 10
        assert message["found"][0][:2] == [label[:LABEL], 1.0]


def test_a_text_that_is_too_long_is_cut(board):
    board.start(settings={"link": True}).until("RUNNING")
    board.app.report("note", "n" * 3000)
    board.app.report("fault", 199, "猫" * 100, "犬" * 100)
    board.run(1500)
    told = heard()
    assert [message["text"] for message in told if message["event"] == "note"] == ["n" * TEXT]


def test_more_events_than_can_wait_are_dropped_and_counted(board):
    board.start(settings={"link": True}).until("RUNNING").run(1000)
    heard()
    before = board.app.link.dropped
    for number in range(20):
        board.app.report("note", str(number))
    assert board.app.link.dropped - before == 20 - link_json.EVENTS
    board.run(2000)
    assert [message["text"] for message in events("note")] == [str(number) for number in range(link_json.EVENTS)]


def test_a_port_that_fails_stops_nothing(board):
    board.start(settings={"link": True}).until("RUNNING")

    def write(*part):
        raise OSError(5)

    board.app.link._write = write
    board.run(3000)
    assert board.state == "RUNNING"
    assert board.app.link._write is hal.nothing


def test_a_uart_of_its_own(board):
    board.start(settings={"link": {"uart": 2, "tx": 8, "baud": 1500000}}).until("RUNNING").run(2000)
    assert hal.fm.get_pin_by_function(hal.fm.fpioa.UART2_TX) == 8
    assert not bench.wire(4).tx
    assert events("status", 1)
    board.end()
    assert events("end", 1)


def test_a_uart_that_the_firmware_refuses_is_a_note(board):
    board.power(settings={"link": {"uart": 2, "tx": 8}})
    bench.fail_next("UART", ValueError("[MAIXPY]UART:invalid"))
    board.boot().until("RUNNING").run(500)
    assert board.reports("note") == [("note", "link: [MAIXPY]UART:invalid")]
    assert board.app.link is None


def test_the_pin_of_a_key_is_refused_on_a_board_that_the_app_recognised(board):
    board.start(settings={"link": {"uart": 1, "tx": 16}}).until("RUNNING")
    assert "link.tx: 16; wanted: a pin that no key has" in board.reports("note")[0][1]
    assert board.app.link is None


def test_a_late_card_starts_the_link(board):
    board.power(files=None).boot().run(2500)
    assert board.app.link is None
    files = dict(CARD, **{"maixswitch.json": json.dumps({"link": True})})
    for _ in range(2):
        bench.card.insert(bench.MemoryCard(files))
        board.until("RUNNING").run(1500)
        assert events("status")[-1]["state"] == "RUNNING"
        bench.card.eject()
        board.until("NO_CARD").run(2500)
        assert events("status")[-1]["state"] == "NO_CARD"
    report = board.log.append
    board.app.link.close()
    board.app.report("note", "once")
    assert board.log.count(("note", "once")) == 1, report
