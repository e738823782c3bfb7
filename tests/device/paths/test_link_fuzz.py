"""A receiver that gets anything: never stuck, never an exception, never a byte that nobody asked for."""

from __future__ import annotations

import json
import random

import pytest

import bench
from tests.device.paths.husky_helpers import BLOCK, HUSKY, OK, Client, frame, frames, word
from tests.device.paths.link_helpers import UART, heard

RING = 512
CODES = [*range(0x20, 0x29), 0x2C, 0x2C, 0x2F, 0x34, 0x34, 0x35, 0x36, 0x37, 0x3B, 0x3C]
RARE = [0x2D, 0x30, 0x32, 0x33, 0x39]  # these load a model, or write to the card


def whole(data):
    """Return how many commands there are in bytes, by the document alone: at each place a whole frame, or noise."""
    at = count = 0
    while at < len(data):
        size = data[at + 3] + 6 if data[at : at + 3] == b"\x55\xaa\x11" and at + 3 < len(data) else 0
        if size and at + size <= len(data) and sum(data[at : at + size - 1]) & 255 == data[at + size - 1]:
            count += 1
            at += size
        else:
            at += 1
    return count


def piece(rng):
    """Return a random frame: right, broken in one place, cut, or no frame at all."""
    code = rng.choice(CODES) if rng.random() < 0.98 else rng.choice([*RARE, rng.randrange(256)])
    size = rng.choice([0, 0, 0, 2, 2, 2, 7, rng.randrange(40)])
    if code == 0x2D:
        data = frame(code, word(rng.choice([0, 0, 1, 2, 9])))
    else:
        data = frame(code, rng.randbytes(size))
    how = rng.randrange(9)
    if how == 0:
        at = rng.randrange(len(data))
        data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    elif how == 1:
        data = data[: rng.randrange(len(data))]
    elif how == 2:
        data = data[rng.randrange(1, len(data)) :]
    elif how == 3:
        data = rng.randbytes(rng.randrange(12))
    elif how == 4:
        data = b"\x55\xaa\x11"[: rng.randrange(4)] + rng.randbytes(rng.randrange(5))
    elif how == 5:
        data = b"\x55" * rng.randrange(5) + data
    return data


def husky(board, total, seed):
    """Send so many random frames to a board; return (frames that were whole, answers)."""
    rng = random.Random(seed)
    board.start(settings={"link": dict(HUSKY, baud=115200)}).until("RUNNING").run(500)
    client = Client(board)
    sent = right = told = 0
    while sent < total:
        bench.kpu.boxes = [(100, 90, 60, 50, 0, 0.9)] * rng.randrange(3)
        data = b""
        for _ in range(rng.randrange(1, 40)):
            data += piece(rng)
            sent += 1
        data = data[:RING] or b"\0"
        # In one piece, or in several with short pauses: at any moment of a frame of the app.
        cuts = sorted({rng.randrange(1, len(data) + 1) for _ in range(rng.choice([0, 0, 1, 3, 9]))})
        when = bench.clock.now + rng.randrange(66)
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            bench.clock.at(when, lambda part=data[start:end]: client.say(part))
            when += rng.choice([0, 1, 3, 8, 20, 40])
        while bench.clock.now < when:
            board.app.step()
        end = bench.clock.now + 4000
        quiet = 0
        answers = b""
        while quiet < 6:  # a load takes a while
            board.app.step()
            new = client.wire.leave()
            answers += new
            still = not (new or client.wire.rx or board.app.link._size or board.app.link._at)
            quiet = quiet + 1 if still and board.state == "RUNNING" else 0
            assert bench.clock.now < end, "stuck in %s" % board.state
        count = len([row for row in frames(answers) if row[0] != BLOCK])
        assert count == whole(data), data.hex()
        right += count
        told += len(answers)
        assert board.state == "RUNNING"
        assert not board.reports("fault")
        del board.log[:]
    assert client.ask(0x2C) == [(OK, b"")]
    return right, told


@pytest.mark.parametrize("seed", range(4))
def test_random_frames(board, seed):
    right, told = husky(board, 3000, seed)
    assert right > 500
    assert told > 6 * right - 1


@pytest.mark.nightly
def test_a_million_random_frames(board):
    right, _ = husky(board, 1_000_000, 20)
    print(f"{right} whole commands of 1000000 frames")


@pytest.mark.parametrize("number", range(3))
def test_random_bytes_without_a_pause(board, number):
    """Noise at the speed of the line: nothing is said, and the frames go on."""
    rng = random.Random(number)
    board.start(settings={"link": dict(HUSKY, baud=115200)}).until("RUNNING").run(1000)
    begun, shown = bench.clock.now, board.app.frames
    client = Client(board)
    for _ in range(300):
        noise = rng.randbytes(760) if number else b"\x55\xaa\x11\xff" * 190
        client.say(noise)
        board.app.step()
    assert client.wire.leave() == b"" or whole(noise) > 0
    passed = bench.clock.now - begun
    assert board.app.frames - shown >= 0.97 * passed / 66
    board.run(500)
    assert client.ask(0x2C) == [(OK, b"")]


LINES = [
    b'{"id": 5, "do": "status"}', b'{"id": 5, "do": "results"}', b'{"id": 5, "do": "models"}', b'{"do": "next"}',
    b'{"id": 5, "do": "select", "index": 1}', b'{"id": 5, "do": "subscribe", "rate": 30}', b"{", b"}", b'"', b"\\",
    b'{"id": 5, "do": "tune", "threshold": 0.5}', b"", b"\r", b"x" * 300, b"\xff\xfe", b"\x00", b"\x1e{}",
]  # fmt: skip


def json_lines(board, total, seed):
    """Send so many random lines; each that is not empty gets one answer."""
    rng = random.Random(seed)
    board.start(settings={"link": UART}).until("RUNNING").run(500)
    heard(0)
    for _ in range(total // 4):
        lines = []
        for _ in range(4):
            line = bytearray(rng.choice(LINES))
            while line and rng.random() < 0.4:
                at = rng.randrange(len(line))
                line[at : at + rng.randrange(2)] = rng.choice([b"", b"{", b'"', b",", b":", b" ", rng.randbytes(1)])
            if sum(map(len, lines)) + len(line) > RING - 20:
                break
            lines.append(bytes(line).replace(b"\n", b"").replace(b"\r", b""))
        bench.wire(0).rx.extend(b"\n".join(lines) + b"\n")
        wanted = len([line for line in lines if line])
        answers, end = [], bench.clock.now + 9000
        while len(answers) < wanted:
            board.app.step()
            answers += [row for row in heard(0) if row["event"] == "answer"]
            assert bench.clock.now < end, lines
        board.run(200)
        answers += [row for row in heard(0) if row["event"] == "answer"]
        assert len(answers) == wanted, lines
        assert board.state in ("RUNNING", "UNLOADED")
        assert not board.reports("fault")
        assert all(row["ok"] or row["error"] for row in answers)
        del board.log[:]
    json.dumps(answers)


@pytest.mark.parametrize("seed", range(3))
def test_random_lines(board, seed):
    json_lines(board, 400, seed)


@pytest.mark.nightly
def test_many_random_lines(board):
    json_lines(board, 100_000, 7)
