"""Helpers of the tests of the page: a photo for the camera, a board behind a client, and waiting."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from maixswitch.sim.session import Options
from maixswitch.web.access import Address
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.runner import Runner
from maixswitch.web.simulation import Simulation

ADDRESS = Address("127.0.0.1", 8000)
HERE = {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}
TIMEOUT_S = 60.0
MOST_TURNS = 3000


def draw_spot() -> Image.Image:
    """Draw one bright spot on a dark ground: the scene has more spots than the firmware's array of boxes holds."""
    image = Image.new("RGB", (320, 240), (20, 20, 20))
    ImageDraw.Draw(image).rectangle((100, 80, 150, 130), fill=(255, 255, 255))
    return image


def photo_bytes(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def make_runner(card: Path, folder: Path, broadcast: Broadcast, speed: float = 1.0) -> Runner:
    path = folder / "spot.png"
    draw_spot().save(path)
    return Runner(Options(card, camera=path), broadcast, speed)


def start_server(subject: Path, port: int, *words: str, command: str = "sim") -> tuple[str, subprocess.Popen[str]]:
    """Start `maixswitch sim CARD --web` or `run SCRIPT --web`; return its address and its process.

    subject: the folder of the card, or the script. port: 0 for a free one.
    """
    arguments = [command, str(subject), "--web", "--port", str(port), "--lang", "en", *words]
    server = subprocess.Popen([sys.executable, "-m", "maixswitch", *arguments], stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    line = server.stderr.readline()
    match = re.search(r"http://127\.0\.0\.1:\d+/", line)
    if not match:
        server.kill()
        raise AssertionError(line)
    return match.group(), server


def end_server(server: subprocess.Popen[str]) -> None:
    """End the server as Ctrl-C does, and kill it if that takes more than 20 s."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    finally:
        server.kill()
        if server.stderr is not None:
            server.stderr.close()


@contextmanager
def serve_card(card: Path, folder: Path, *words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with a photo before the camera: its address and its process."""
    draw_spot().save(folder / "spot.png")
    address, server = start_server(card, 0, "--camera", str(folder / "spot.png"), *words)
    try:
        yield address, server
    finally:
        end_server(server)


def turn_until(simulation: Simulation, holds: Callable[[], object]) -> None:
    """Turn the simulation until `holds()` is true."""
    for _ in range(MOST_TURNS):
        if holds():
            return
        simulation.turn()
    raise AssertionError("the simulation never got there")


class Page:
    """The page's end of a WebSocket."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.status: dict[str, Any] = {}

    def ask(self, do: str, **fields: Any) -> None:
        self.socket.send_text(json.dumps({"do": do, **fields}))

    def until(self, holds: Callable[[Any], Any]) -> Any:
        """Return the first message, a document or a frame's bytes, for which `holds` is true."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            message = self.socket.receive()
            if message["type"] == "websocket.close":
                raise AssertionError(f"closed with {message['code']}")
            data = message.get("bytes")
            contents = data if data is not None else json.loads(message["text"])
            if holds(contents):
                return contents
        raise AssertionError("no such message came")

    def text(self, kind: str, /, **fields: Any) -> Any:
        """Return the first document of the type `kind` with these fields."""
        return self.until(
            lambda message: (
                isinstance(message, dict)
                and message["type"] == kind
                and all(message[name] == value for name, value in fields.items())
            )
        )


def upload_body(files: Mapping[str, bytes], **fields: Any) -> bytes:
    """Return what a page sends for dropped files. fields: of the head, such as pictures="noise"."""
    head = json.dumps({"files": [[name, len(data)] for name, data in files.items()], **fields}).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(files.values())
