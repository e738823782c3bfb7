"""Fifty pages, slow ones and ones that send garbage among them: the board goes on, and a good page still sees it."""

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

from tests.host.web.web_helpers import PATIENCE_S, serve_card

CLIENTS = 50
SLOW = 10
NO_HTTP = (b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n", b"GET /live HTTP/1.1\r\nUpgrade: websocket\r\n")


async def join(address: str) -> ClientConnection:
    origin = address.rstrip("/")
    return await connect(
        origin.replace("http", "ws") + "/live", origin=websockets.Origin(origin), max_size=2**24, compression=None
    )


class Watcher:
    """A page that reads all that comes, at once. What lies before the camera is still, so a status is what counts."""

    def __init__(self, page: ClientConnection) -> None:
        self.page = page
        self.status: dict[str, Any] = {}
        self._publisher = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.page:
            if isinstance(message, str) and (found := json.loads(message))["type"] == "status":
                self.status = found
                self._publisher.set()

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status, from now on, for which `holds` does."""

        async def wait() -> dict[str, Any]:
            while True:
                self._publisher.clear()
                await self._publisher.wait()
                if holds(self.status):
                    return self.status

        return await asyncio.wait_for(wait(), PATIENCE_S)


async def send_garbage(address: str, dice: random.Random) -> int:
    """A page that sends what comes to its mind, until it is shown the door; returns how often it was let in."""
    doors = 0
    for _ in range(5):
        page = await join(address)
        doors += 1
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(200):
                size = dice.choice((0, 1, 4, 100, 5000, 300_000))
                blob = dice.choice((b"", b"MXP1", b"MXA1\xff", b"MXW1", b"MXA0")) + dice.randbytes(size)
                await page.send(blob if dice.random() < 0.6 else blob.decode("latin-1"))
        page.transport.abort()  # it never read what was said to it, a goodbye neither
    return doors


def knock(port: int, words: bytes) -> None:
    """Bytes that are no HTTP, and a hang-up."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(words)


async def crowd(address: str, port: int) -> None:
    pages = [await join(address) for _ in range(CLIENTS)]
    # The slow ones never read: what waits for them must not grow, nor hold up the others.
    watchers = [Watcher(page) for page in pages[SLOW:]]
    good = Watcher(await join(address))
    before = await good.until(lambda status: status["state"] == "RUNNING")
    for words in NO_HTTP:
        await asyncio.to_thread(knock, port, words)
    assert await send_garbage(address, random.Random(1)) == 5
    await good.until(lambda status: status["now"] > before["now"] + 1000 and status["frames"] > before["frames"] + 10)
    await asyncio.gather(*(watcher.until(bool) for watcher in watchers))  # whatever it says, it comes to each
    await good.page.send(json.dumps({"do": "select", "index": 1}))
    await good.until(lambda status: status["state"] == "RUNNING" and status["title"] == "Colours")
    # Half of them vanish without a word, the rest says goodbye.
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
