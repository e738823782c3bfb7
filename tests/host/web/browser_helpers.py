"""Helpers of the tests in a real browser: a simulator behind the page, a watch for complaints, and waiting."""

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

from tests.host.web.web_helpers import TIMEOUT_S, draw_spot, end_server, photo_bytes, start_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
GOOD, COLOURS, MISLABELLED, LARGE = range(4)
"""The models of the card of `write_troubled`."""
HOLD_MS = 1000
"""Longer than a long press of the app, with room for a busy PC."""
BLOB = "<i>blob</i>"
"""The label that the first model finds: anybody may write a card's labels, so they must never become markup."""
TABS = ("faults", "memories", "times", "machine")
"""The tabs of the board's inside."""
STATES = ("RUNNING", "UNLOADED", "FAULT", "NO_CARD", "EMPTY", "OFF")
_marks = itertools.count(1)


def write_faulty_card(card: Path) -> None:
    """Add to a sample card a model with one label too many and one that is too large for every firmware.

    Labels and titles look like markup, so a page that does not escape them would show or run them.
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


class Simulation:
    """A simulator behind its page, in its own process."""

    def __init__(self, card: Path, port: int = 0, *words: str) -> None:
        self.address, self.process = start_server(card, port, *words)
        self.port = int(self.address.rstrip("/").rpartition(":")[2])

    def close(self) -> None:
        end_server(self.process)

    def send(self, *messages: dict[str, Any] | bytes, states: tuple[str, ...] = ("RUNNING",)) -> dict[str, Any]:
        """Send messages as a page does, wait until they are done and the state is one of `states`; return the status.

        Afterwards the board runs at speed 1.
        """
        # No other page sets such a speed, so a status that shows it comes after all the messages.
        mark = round(12 + next(_marks) / 1000, 3)
        origin = Origin(self.address.rstrip("/"))
        with connect(
            self.address.replace("http", "ws") + "live", origin=origin, max_size=2**24, compression=None
        ) as connection:
            for message in (*messages, {"do": "speed", "speed": mark}):
                connection.send(message if isinstance(message, bytes) else json.dumps(message))
            status = self._until(connection, lambda status: status["speed"] == mark and status["state"] in states)
            connection.send(json.dumps({"do": "speed", "speed": 1}))
            return status

    @staticmethod
    def _until(connection: Any, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_S
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            message = connection.recv(timeout=TIMEOUT_S)
            if isinstance(message, str) and (document := json.loads(message))["type"] == "status":
                status = document
                if holds(status):
                    return status
        raise AssertionError(status)

    def restore(self) -> None:
        """Undo what a test did: the first model runs on a healthy board, with a bright spot before the camera."""
        status = self.send(
            {"do": "pause", "on": False},
            {"do": "record", "on": False},
            b"MXP1" + photo_bytes(draw_spot()),
            states=STATES,
        )
        repairs: list[dict[str, Any]] = [{"do": "heal"}, {"do": "slow", "factor": 1}, {"do": "card", "in": True}]
        if status["state"] != "RUNNING":
            self.send({"do": "power"}, *repairs, states=("RUNNING", "FAULT"))
        self.send(*repairs, {"do": "camera", "on": True}, {"do": "select", "index": 0})

    def pause(self) -> None:
        """Pause the board, so that it takes no time from other tests."""
        self.send({"do": "pause", "on": True}, states=STATES)


@contextmanager
def serving(card: Path, port: int = 0, *words: str) -> Iterator[Simulation]:
    simulation = Simulation(card, port, *words)
    try:
        yield simulation
    finally:
        simulation.close()


class Watch:
    """What a page must not do: write to the console, fail, or send a request to another server than its own."""

    def __init__(self, context: Any, address: str) -> None:
        self.complaints: list[str] = []
        self.allowed: list[str] = []
        self._address = address
        context.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", lambda request: self._look(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._look(socket.url)))
        context.route(lambda url: not self._ours(url), lambda route: route.abort())

    def _ours(self, url: str) -> bool:
        return url.startswith((self._address, self._address.replace("http", "ws"), "data:"))

    def _look(self, url: str) -> None:
        if not self._ours(url):
            self.complaints.append(f"request: {url}")

    def unexpected(self) -> list[str]:
        """Return the complaints that no regular expression in `allowed` matches."""
        return [text for text in self.complaints if not any(re.search(one, text) for one in self.allowed)]


def eventually(ask: Callable[[], Any], page: Any, seconds: float = TIMEOUT_S) -> Any:
    """Call `ask` until its answer is true, and return that; the page keeps running meanwhile."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {seconds} s")
        page.wait_for_timeout(40)
    return answer


def javascript(name: str) -> str:
    """Return the program of js/NAME.js beside this file, for `page.evaluate`."""
    return (Path(__file__).parent / "js" / f"{name}.js").read_text(encoding="utf-8").strip()


def figure(page: Any, selector: str) -> float:
    """Return the first number in the text of an element."""
    match = re.search(r"[\d.]+", page.inner_text(selector))
    assert match, selector
    return float(match.group())


def state(page: Any, name: str, **options: Any) -> None:
    page.wait_for_selector(f'#state[data-state="{name}"]', **options)


def tab(page: Any, name: str) -> None:
    """Open a tab of the board's inside: faults, memories, times or machine."""
    page.click(f"#tab-{name}")
    page.wait_for_selector(f"#{name}")


def model(page: Any, index: int) -> None:
    """Wait until the model with this index, from 0, is selected and runs."""
    page.wait_for_selector(f'#models > li:nth-child({index + 1}) > button[aria-current="true"]')
    state(page, "RUNNING")


def save(image: Image.Image, path: Path) -> str:
    image.save(path)
    return str(path)


def plain(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (320, 240), colour)
