"""What the tests of the page in a real browser share: a board behind it, a watch for trouble, and patience."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.host.web.web_helpers import PATIENCE_S, draw_spot, end_server, photo_bytes, start_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
GOOD, COLOURS, MISLABELLED, LARGE = range(4)
"""The models of the card of `write_troubled`."""
HOLD_MS = 1000
"""Longer than a long press of the app, with room for a busy PC."""
BLOB = "<i>blob</i>"
"""What the first model finds: what a card calls its things is anybody's, and must never become markup."""
STATES = ("RUNNING", "UNLOADED", "FAULT", "NO_CARD", "EMPTY", "OFF")
_marks = itertools.count(1)


def write_troubled(card: Path) -> None:
    """To the two models of a sample card one with a label too many, and one that no firmware has room for.

    Labels and titles are such that a page would show or run them as markup if it took them for that.
    """
    models = card / "models"
    document = json.loads((models / "10-blobs/model.json").read_text())
    for folder, title, labels in (
        ("10-blobs", "Bright blobs", [BLOB]),
        ("30-mislabelled", "<img src=x onerror=alert(1)>", [BLOB, "more"]),
        ("40-large", "Large", [BLOB]),
    ):
        if folder != "10-blobs":
            shutil.copytree(models / "10-blobs", models / folder)
        text = json.dumps({**document, "title": title, "labels": labels})
        (models / folder / "model.json").write_text(text)
    with (models / "40-large/model.kmodel").open("ab") as file:
        file.truncate(6 * 1024 * 1024)


class Desk:
    """A simulator behind its page, in a process of its own; `wish` speaks to it as a page does."""

    def __init__(self, card: Path, port: int = 0, *words: str) -> None:
        self.address, self.process = start_server(card, port, *words)
        self.port = int(self.address.rstrip("/").rpartition(":")[2])

    def close(self) -> None:
        end_server(self.process)

    def wish(self, *wishes: dict[str, Any] | bytes, wanted: tuple[str, ...] = ("RUNNING",)) -> dict[str, Any]:
        """Has them done and waits for one of these states; the status then. The board goes on at speed 1."""
        mark = round(12 + next(_marks) / 1000, 3)
        origin = Origin(self.address.rstrip("/"))
        with connect(
            self.address.replace("http", "ws") + "live", origin=origin, max_size=2**24, compression=None
        ) as line:
            for wish in (*wishes, {"do": "speed", "speed": mark}):
                line.send(wish if isinstance(wish, bytes) else json.dumps(wish))
            found = self._until(line, lambda status: status["speed"] == mark and status["state"] in wanted)
            line.send(json.dumps({"do": "speed", "speed": 1}))
            return found

    @staticmethod
    def _until(line: Any, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            message = line.recv(timeout=PATIENCE_S)
            if isinstance(message, str) and (found := json.loads(message))["type"] == "status":
                status = found
                if holds(status):
                    return status
        raise AssertionError(status)

    def tidy(self) -> None:
        """All as it was at the beginning, whatever a test left: whole, running, the first model, a spot to look at."""
        found = self.wish(
            {"do": "language", "name": "en"},
            {"do": "pause", "on": False},
            {"do": "record", "on": False},
            b"MXP1" + photo_bytes(draw_spot()),
            wanted=STATES,
        )
        whole: list[dict[str, Any]] = [{"do": "heal"}, {"do": "slow", "factor": 1}, {"do": "card", "in": True}]
        if found["state"] != "RUNNING":
            self.wish({"do": "power"}, *whole, wanted=("RUNNING", "FAULT"))
        self.wish(*whole, {"do": "camera", "on": True}, {"do": "select", "index": 0})

    def rest(self) -> None:
        """Pauses it, so that it takes no time from the tests of others."""
        self.wish({"do": "pause", "on": True}, wanted=STATES)


@contextmanager
def serving(card: Path, port: int = 0, *words: str) -> Iterator[Desk]:
    desk = Desk(card, port, *words)
    try:
        yield desk
    finally:
        desk.close()


class Watch:
    """All that a page must not do: say something on the console, fail, or ask anybody but its own server."""

    def __init__(self, context: Any, address: str) -> None:
        self.troubles: list[str] = []
        self.allowed: list[str] = []
        self._address = address
        context.on("console", lambda message: self.troubles.append(f"console: {message.text}"))
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        context.on("request", lambda request: self._look(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._look(socket.url)))
        context.route(lambda url: not self._ours(url), lambda route: route.abort())

    def _ours(self, url: str) -> bool:
        return url.startswith((self._address, self._address.replace("http", "ws"), "data:"))

    def _look(self, url: str) -> None:
        if not self._ours(url):
            self.troubles.append(f"request: {url}")

    def verdict(self) -> list[str]:
        """What is left but for what the test allowed, each a regular expression."""
        return [text for text in self.troubles if not any(re.search(one, text) for one in self.allowed)]


def eventually(ask: Callable[[], Any], page: Any, seconds: float = PATIENCE_S) -> Any:
    """The first answer that is true; the page lives on while we wait."""
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {found!r} after {seconds} s")
        page.wait_for_timeout(40)
    return found


def javascript(name: str) -> str:
    """Return the program of js/NAME.js beside this file, for `page.evaluate`."""
    return (Path(__file__).parent / "js" / f"{name}.js").read_text(encoding="utf-8").strip()


def figure(page: Any, place: str) -> float:
    """The first number of a text of the page."""
    found = re.search(r"[\d.]+", page.inner_text(place))
    assert found, place
    return float(found.group())


def state(page: Any, name: str, **options: Any) -> None:
    page.wait_for_selector(f'#state[data-state="{name}"]', **options)


def model(page: Any, index: int) -> None:
    """Waits until that model, from 0, is the selected one and runs."""
    page.wait_for_selector(f'#models > li:nth-child({index + 1}) > button[aria-current="true"]')
    state(page, "RUNNING")


def save(image: Image.Image, path: Path) -> str:
    image.save(path)
    return str(path)


def plain(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (320, 240), colour)
