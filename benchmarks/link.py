#!/usr/bin/env python3
"""Measures what a link costs the frames and how late it answers, in board time on the fakes; writes JSON to stdout.

link.py             frames with each protocol, rate and load, over those without a link; and the latest answers

The line takes its time here (stubs/benchlib/timed_wire.py), and the time of the interpreter is left out: for that see
benchmarks/device.py and docs/cost.md.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "stubs"), str(ROOT / "host")]

import bench  # noqa: E402  the path comes first
from tests.device.paths.husky_helpers import frame, word  # noqa: E402
from tests.device.paths.path_helpers import Board  # noqa: E402

SECONDS = 20
UART = {"uart": 1, "tx": 8, "rx": 9}
ASK_ALL, KNOCK, TEXT, ALGORITHM = frame(0x20), frame(0x2C), frame(0x34, b"\2\0\x0a\x0ahi"), frame(0x2D, word(0))
STATUS = b'{"id": 1, "do": "status"}\n'


def start(protocol: str, baud: int, run_ms: int) -> Board:
    """Return a board that runs, with one face in view; protocol: "" for no link."""
    board = Board()
    board.power(settings={"link": dict(UART, protocol=protocol, baud=baud)} if protocol else None)
    if protocol:
        bench.timed_wire(0)
    bench.kpu.run_ms = run_ms
    bench.kpu.boxes = [(100, 90, 60, 50, 0, 0.9)]
    return board.boot().until("RUNNING").run(1000)


def frames(board: Board, load: Callable[[], None]) -> float:
    """Return the frames a second while load() is called after each step."""
    begun, shown = bench.clock.now, board.app.frames
    while bench.clock.now < begun + SECONDS * 1000:
        board.app.step()
        load()
    return (board.app.frames - shown) * 1000 / (bench.clock.now - begun)


def loads(baud: int) -> dict[str, Callable[[], None]]:
    """Return what the far end may do: nothing, ask in each frame, or fill the line with noise."""
    rng = random.Random(1)
    last = [bench.clock.now]

    def noise() -> None:
        # What the line carries in the time that has passed: random bytes, half of them frames with one wrong byte.
        passed, last[0] = bench.clock.now - last[0], bench.clock.now
        data = b""
        while len(data) < passed * baud // 10000:
            data += rng.choice(
                [rng.randbytes(9), KNOCK[:-1] + b"\0", ASK_ALL[:4], frame(0x2F, rng.randbytes(20))[:-1] + b"\1"]
            )
        bench.wire(0).say(data[: passed * baud // 10000])

    return {
        "idle": lambda: None,
        "asked": lambda: bench.wire(0).say(ASK_ALL),
        "noise": noise,
        "commands": lambda: bench.wire(0).say(STATUS),
    }


def lateness(baud: int, run_ms: int) -> dict[str, int]:
    """Return for some commands the longest time in ms from their first byte to the last byte of the first answer."""
    board = start("husky", baud, run_ms)
    wire = bench.wire(0)
    worst = {}
    for name, data, size in (("request", ASK_ALL, 16), ("algorithm", ALGORITHM, 6), ("text", TEXT, 6)):
        times = []
        for phase in range(0, 200, 3):
            board.run(200 + phase)
            wire.leave()
            seen: list[int] = []
            bench.clock.tick = lambda seen=seen: seen.extend([bench.clock.now] * len(wire.leave()))
            begun = bench.clock.now
            wire.say(data)
            while len(seen) < size:
                board.app.step()
            bench.clock.tick = None
            times.append(seen[size - 1] - begun)
        worst[name] = max(times)
    return worst


def main() -> int:
    figures: dict[str, Any] = {"frames": {}, "latest answer": {}}
    plain = frames(start("", 0, 40), lambda: None)
    figures["frames a second without a link"] = round(plain, 2)
    for protocol, kinds in (("json", "idle commands noise"), ("maixhub", "idle"), ("husky", "idle asked noise")):
        for baud in (9600, 115200):
            for kind in kinds.split():
                board = start(protocol, baud, 40)
                ratio = frames(board, loads(baud)[kind]) / plain
                figures["frames"][f"{protocol} {baud} {kind}"] = round(ratio, 3)
    for run_ms in (25, 40, 60):
        for baud in (9600, 115200):
            figures["latest answer"][f"run {run_ms} ms, {baud} baud"] = lateness(baud, run_ms)
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
