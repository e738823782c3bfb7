"""Fifty pages, some slow and some sending garbage: the board keeps running, and a good page still sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.host.web.web_helpers import TIMEOUT_S, serve_card

CLIENTS = 50
SLOW = 10
NO_HTTP = (b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n", b"GET /live HTTP/1.1\r\nUpgrade: websocket\r\n")


async def join(address: str) -> ClientConnection:
    origin = address.rstrip("/")
    return await connect(
        origin.replace("http", "ws") + "/live", origin=websockets.Origin(origin), max_size=2**24, compression=None
    )


class Watcher:
    """A page that reads every message at once. The picture does not change, so only a status shows progress."""

    def __init__(self, page: ClientConnection) -> None:
        self.page = page
        self.status: dict[str, Any] = {}
        self._publisher = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.page:
            if isinstance(message, str) and (document := json.loads(message))["type"] == "status":
                self.status = document
                self._publisher.set()

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next status for which `holds` is true."""

        async def wait() -> dict[str, Any]:
            while True:
                self._publisher.clear()
                await self._publisher.wait()
                if holds(self.status):
                    return self.status

        return await asyncio.wait_for(wait(), TIMEOUT_S)


async def send_garbage(address: str, dice: random.Random) -> int:
    """Connect five times and send random bytes until the server closes; return how often it accepted."""
    accepted = 0
    for _ in range(5):
        page = await join(address)
        accepted += 1
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(200):
                size = dice.choice((0, 1, 4, 100, 5000, 300_000))
                blob = dice.choice((b"", b"MXP1", b"MXA1\xff", b"MXW1", b"MXA0")) + dice.randbytes(size)
                await page.send(blob if dice.random() < 0.6 else blob.decode("latin-1"))
        page.transport.abort()  # it has read nothing, so a proper close would wait
    return accepted


def knock(port: int, words: bytes) -> None:
    """Send bytes that are not HTTP, and hang up."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(words)


async def crowd(address: str, port: int) -> None:
    pages = [await join(address) for _ in range(CLIENTS)]
    # The slow pages never read: their queues must not grow, and they must not delay the others.
    watchers = [Watcher(page) for page in pages[SLOW:]]
    good = Watcher(await join(address))
    before = await good.until(lambda status: status["state"] == "RUNNING")
    for words in NO_HTTP:
        await asyncio.to_thread(knock, port, words)
    assert await send_garbage(address, random.Random(1)) == 5
    await good.until(lambda status: status["now"] > before["now"] + 1000 and status["frames"] > before["frames"] + 10)
    await asyncio.gather(*(watcher.until(bool) for watcher in watchers))  # any status, but each page must get one
    await good.page.send(json.dumps({"do": "select", "index": 1}))
    await good.until(lambda status: status["state"] == "RUNNING" and status["title"] == "Colours")
    # Half of them vanish without closing, the others close properly.
    for watcher in watchers:
        watcher.task.cancel()
    for page in pages[: CLIENTS // 2]:
        page.transport.abort()
    await asyncio.gather(*(watcher.page.close() for watcher in watchers[CLIENTS // 2 - SLOW :]))
    left = dict(good.status)
    await good.until(lambda status: status["now"] > left["now"] + 500)
    good.task.cancel()
    await good.page.close()


def test_fifty_pages_and_garbage_do_not_stop_the_app(card: Path, tmp_path: Path) -> None:
    with serve_card(card, tmp_path) as (address, server):
        port = int(address.rstrip("/").rpartition(":")[2])
        asyncio.run(asyncio.wait_for(crowd(address, port), 100))
        assert server.poll() is None
