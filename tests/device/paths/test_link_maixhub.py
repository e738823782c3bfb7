"""The protocol maixhub: what MaixHub's own scripts would have sent for the same results, line for line."""

from __future__ import annotations

import bench
from tests.device.paths.link_helpers import UART
from tests.device.paths.path_helpers import CARD

SENDS = {"uart": 1, "tx": 8, "protocol": "maixhub"}


def detections(objects, labels):
    """Return what the script of a detector sends: [(x, y, w, h, class, score), ...]; it sends only when it has any."""
    message = ""
    for x, y, w, h, index, score in objects:
        message += "{}:{}:{}:{}:{}:{:.2f}:{}, ".format(x, y, w, h, index, score, labels[index])
    return message[:-2] + "\n" if message else ""


def classification(score, index, label):
    """Return what the script of a classifier sends for each picture."""
    return "{}:{:.2f}:{}\n".format(index, score, label)


def lines(board, ms=1000):
    board.run(300)
    wire = bench.wire(0)
    wire.leave()
    frames = board.app.frames
    board.run(ms)
    text = wire.leave().decode()
    return board.app.frames - frames, [line + "\n" for line in text.split("\n")[1:-1]]


def test_a_detector(board):
    board.start(settings={"link": SENDS}).until("RUNNING")
    objects = [(100, 90, 60, 50, 0, 0.93), (10, 20, 30, 40, 0, 1.0), (5, 6, 7, 8, 0, 0.5)]
    for count in (1, 2, 3):
        bench.kpu.boxes = objects[:count]
        frames, told = lines(board)
        assert set(told) == {detections(objects[:count], ["face"])}
        assert len(told) >= (frames - 2) // count  # a line for each picture, as far as 48 bytes a picture allow
    bench.kpu.boxes = []
    assert lines(board)[1] == []


def test_a_classifier_in_the_pixels_of_its_input(board):
    files = {name: data for name, data in CARD.items() if "3-things" in name}
    board.start(files=files, settings={"link": SENDS}).until("RUNNING")
    bench.kpu.scores = [0.0, 9.0, 0.0, 0.0]
    frames, told = lines(board)
    assert set(told) == {classification(1.0, 1, "dog")}
    assert len(told) >= frames - 2


def test_the_best_of_many_classes_and_its_rounded_score(board):
    files = {name: data for name, data in CARD.items() if "2-digits" in name}
    board.start(files=files, settings={"link": dict(SENDS, rate=5)}).until("RUNNING")
    for score in (0.1234, 0.5, 0.996, 0.007):
        bench.kpu.scores = [0.001] * 3 + [score] + [0.0] * 6
        _, told = lines(board, 4000)
        assert set(told) == {classification(score, 3, "3")}
        assert 17 <= len(told) <= 21


def test_it_only_sends_results(board):
    board.start(settings={"link": dict(UART, protocol="maixhub")}).until("RUNNING")
    bench.wire(0).rx.extend(b'{"id": 1, "do": "next"}\n')
    board.run(1000)
    board.press()
    board.until("RUNNING")
    bench.fail_next("KPU.load", 2006)
    board.press()
    board.until("FAULT").run(2000)
    assert {line.count(b":") for line in bytes(bench.wire(0).tx).split(b"\n")} <= {0, 2, 6}
    assert board.app.slot.loaded is None


def test_over_the_cable_of_the_repl(board):
    board.start(settings={"link": {"protocol": "maixhub"}}).until("RUNNING")
    bench.kpu.boxes = [(100, 90, 60, 50, 0, 0.93)]
    board.run(500)
    assert b"100:90:60:50:0:0.93:face\n" in bytes(bench.wire(4).tx)
