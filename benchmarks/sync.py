"""Sends a model to a virtual board with `maixswitch sync` and with `mpremote fs cp`, and compares the two.

Ends with 1 if ours is not as much faster as TARGETS asks, or sends too many bytes.

    .venv/bin/python benchmarks/sync.py [--kmodel FILE] [--write] [--json]

It takes about two minutes, most of them for mpremote. Without --kmodel it makes a model: three convolutions with 8-bit
weights from a normal distribution, like trained ones. --write puts the tables into docs/sync.md. No figure comes from a
board: the line is simulated, and the card is a folder of this PC.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from maixswitch.board import stream
from maixswitch.board.connection import connect
from maixswitch.board.virtual import VirtualBoard
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter

RATES = (None, 1_500_000, 115_200)
TARGETS = {None: 5.0, 1_500_000: 5.0, 115_200: 2.5}
OVERHEAD = 1.02
PAYLOAD = 1_000_000
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "sync.md"
START, END = "<!-- measured by benchmarks/sync.py -->\n", "<!-- end of what was measured -->\n"


@dataclass(frozen=True)
class Run:
    """Seconds, including entering and leaving the REPL, and bytes over the wire in both directions."""

    seconds: float
    wire: int


def model() -> bytes:
    """Return a kmodel of about 110 KB."""
    chance = np.random.default_rng(1)
    scale = Scale(255.0)
    net = KModelWriter(3, 48, 64)
    at, inner = net.input, 3
    for out in (24, 64, 160):
        weights = chance.normal(0, 0.1, (out, inner, 3, 3))
        at = net.conv(at, quantize_conv(weights, np.zeros(out), scale, scale), to_main=out == 160)
        inner = out
    net.output(net.dequantize(at, scale.factor, scale.bias))
    return net.build()


def ours(board: VirtualBoard, content: bytes, card: Path) -> Run:
    before, start = board.wire, perf_counter()
    with connect(board.port) as line:
        stream.send(line, content, "/sd/ours")
    seconds = perf_counter() - start
    return _run(board, before, seconds, card / "ours", content)


def mpremote(board: VirtualBoard, content: bytes, card: Path) -> Run:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        words = f"mpremote connect {board.port} resume fs cp {file.name} :/sd/theirs".split()
        before, start = board.wire, perf_counter()
        subprocess.run([sys.executable, "-m", *words], check=True, stdout=subprocess.DEVNULL, timeout=600)
        seconds = perf_counter() - start
    return _run(board, before, seconds, card / "theirs", content)


def _run(board: VirtualBoard, before: object, seconds: float, there: Path, content: bytes) -> Run:
    assert there.read_bytes() == content, "the file did not arrive as it was sent"
    after = board.wire
    moved = [getattr(after, way) - getattr(before, way) for way in ("to_board", "from_board")]
    return Run(seconds, sum(moved))


def race(content: bytes, rate: int | None) -> tuple[Run, Run]:
    with tempfile.TemporaryDirectory() as folder, VirtualBoard(Path(folder), rate=rate) as board:
        with connect(board.port):  # do not count the boot
            pass
        return ours(board, content, Path(folder)), mpremote(board, content, Path(folder))


def overhead(content: bytes) -> float:
    """Return the wire bytes in both directions for each byte of a file, once the receiver runs."""
    with tempfile.TemporaryDirectory() as folder, VirtualBoard(Path(folder)) as board, connect(board.port) as line:
        line.load("receiver")
        before = board.wire
        stream.send(line, content, "/sd/file")
        return _run(board, before, 0.0, Path(folder) / "file", content).wire / len(content)


def tables(size: int, races: dict[int | None, tuple[Run, Run]], overheads: dict[str, float]) -> str:
    text = f"A kmodel of {size:,} bytes, from the start of the command's work to its end:\n\n"
    text += "| line | maixswitch | mpremote fs cp | faster | wire bytes per byte: ours | mpremote |\n"
    text += "| --- | --- | --- | --- | --- | --- |\n"
    for rate, (mine, theirs) in races.items():
        name = f"{rate:,} bit/s" if rate else "no limit"
        text += f"| {name} | {mine.seconds:.2f} s | {theirs.seconds:.1f} s | {theirs.seconds / mine.seconds:.1f}x "
        text += f"| {mine.wire / size:.3f} | {theirs.wire / size:.3f} |\n"
    text += f"\nWire bytes, both ways, per byte of a file of {PAYLOAD:,} bytes:\n\n| payload | wire bytes per byte |\n"
    text += "| --- | --- |\n"
    return text + "".join(f"| {name} | {ratio:.4f} |\n" for name, ratio in overheads.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kmodel", type=Path, help="a real model; mpremote needs about 4 s for 10 KB at 115200")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/sync.md")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    chosen = parser.parse_args()
    content = chosen.kmodel.read_bytes() if chosen.kmodel else model()
    races = {rate: race(content, rate) for rate in RATES}
    payloads = {
        "random": random.Random(1).randbytes(PAYLOAD),
        "zeros": bytes(PAYLOAD),
        "control bytes only": bytes((1, 2, 3, 4, 5)) * (PAYLOAD // 5),
    }
    overheads = {name: overhead(payload) for name, payload in payloads.items()}
    text = tables(len(content), races, overheads)
    if chosen.json:
        rows = [{"rate": rate, "ours": asdict(a), "mpremote": asdict(b)} for rate, (a, b) in races.items()]
        print(json.dumps({"bytes": len(content), "races": rows, "overhead": overheads}))
    else:
        print(text, end="")
    if chosen.write:
        before, _, after = DOCUMENT.read_text(encoding="utf-8").partition(START)
        DOCUMENT.write_text(before + START + text + END + after.partition(END)[2], encoding="utf-8")
    reached = all(theirs.seconds / mine.seconds >= TARGETS[rate] for rate, (mine, theirs) in races.items())
    return 0 if reached and max(overheads.values()) <= OVERHEAD else 1


if __name__ == "__main__":
    sys.exit(main())
