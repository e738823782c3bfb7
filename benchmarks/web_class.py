"""Measures a class that watches `maixswitch sim CARD --web`: what each page gets, and the server's processor time.

    .venv/bin/python benchmarks/web_class.py [--pages 30] [--seconds 10]

Ends with 1 if a page gets fewer than 15 frames a second. The pages are WebSockets in this process that read every
message and draw nothing. Processor time (user and system) is the server's. The card is that of `maixswitch new`.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
import websockets
from web import processor, served
from websockets.asyncio.client import connect

TARGET = 15.0
SETTLE_S = 5.0


async def watch(address: str, frames: Counter[int], sizes: Counter[int], number: int) -> None:
    origin = address.rstrip("/")
    url = origin.replace("http", "ws") + "/live"
    async with connect(url, origin=websockets.Origin(origin), max_size=2**24, compression=None) as page:
        async for message in page:
            frames[number] += isinstance(message, bytes)
            sizes[number] += len(message if isinstance(message, bytes) else message.encode())


async def measure(address: str, server: psutil.Process, pages: int, seconds: float) -> tuple[float, float, float]:
    """Return frames a second of the slowest page, Mbit/s of a page, and the server's cores."""
    frames, sizes = Counter[int](), Counter[int]()
    tasks = [asyncio.create_task(watch(address, frames, sizes, number)) for number in range(pages)]
    await asyncio.sleep(SETTLE_S)
    frames.clear()
    sizes.clear()
    spent, began = processor(server), time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    spent = processor(server) - spent
    slowest = min(frames[number] for number in range(pages)) / passed
    rate = sum(sizes.values()) * 8 / pages / passed / 1e6
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return slowest, rate, spent / passed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=30, help="how many watch")
    parser.add_argument("--seconds", type=float, default=10.0, help="of watching")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "maixswitch", "new", str(card)], check=True, capture_output=True)
        with served(card) as (address, process):
            slowest, rate, cores = asyncio.run(measure(address, process, chosen.pages, chosen.seconds))
    print(f"{chosen.pages} pages: at least {slowest:.1f} frames a second, {rate:.2f} Mbit/s a page, {cores:.2f} cores")
    return 1 if slowest < TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
