"""Connections that send nothing, requests that contradict themselves, and every way to end the server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from maixswitch.sim.recording import read
from maixswitch.web import connections
from maixswitch.web.access import AccessCheck
from maixswitch.web.connections import MOST_OPEN, Connection
from maixswitch.web.server import bind
from tests.host.web.web_helpers import ADDRESS, TIMEOUT_S, serve_card

HALF = b"GET / HTTP/1.1\r\nX: "


def ask(port: int, text: str) -> str:
    """Send `text`; return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as line:
        line.sendall(text.encode())
        return line.makefile("rb").readline().decode().strip()


def is_open(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def port_of(address: str) -> int:
    return int(address.rstrip("/").rpartition(":")[2])


def test_half_open_connections_are_closed_for_new_ones(card: Path, tmp_path: Path) -> None:
    with serve_card(card, tmp_path) as (address, _), contextlib.ExitStack() as stack:
        port = port_of(address)
        lines = []
        for _ in range(MOST_OPEN * 3):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
            with contextlib.suppress(OSError):  # closed already
                line.sendall(HALF)
            lines.append(line)
        host = f"Host: 127.0.0.1:{port}\r\n"
        assert ask(port, f"GET / HTTP/1.1\r\n{host}\r\n").endswith("200 OK")
        deadline = time.monotonic() + TIMEOUT_S
        while sum(map(is_open, lines)) > MOST_OPEN:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert ask(port, f"GET / HTTP/1.1\r\n{host}{host}\r\n").endswith("400 Bad Request")


def test_the_server_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE_S", 0.1)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    async def app(scope: object, receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def wait() -> None:
        config = uvicorn.Config(app, log_level="critical", http=Connection, lifespan="off")  # type: ignore[arg-type]
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
        for words in (b"", HALF, request + HALF):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(words)
            with contextlib.suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), TIMEOUT_S)  # until the server closes
            writer.close()
        server.close()

    asyncio.run(wait())


@pytest.mark.parametrize("header", [b"host", b"origin"])
@pytest.mark.parametrize("first", [True, False])
def test_a_request_with_two_hosts_or_origins_is_refused(header: bytes, first: bool) -> None:
    heard: list[int] = []
    good = {b"host": b"127.0.0.1:8000", b"origin": b"http://127.0.0.1:8000"}
    bad = (header, b"http://evil.example" if header == b"origin" else b"evil.example")
    headers = [bad, *good.items()] if first else [*good.items(), bad]

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("the request was accepted")

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        if message["type"] == "http.response.start":
            heard.append(message["status"])

    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    asyncio.run(AccessCheck(app, ADDRESS)(scope, receive, send))
    assert heard[0] in (403, 421)


def test_a_port_in_use_leaves_no_incomplete_recording(card: Path, tmp_path: Path) -> None:
    listener, address = bind("127.0.0.1", 0)
    with listener:
        words = [
            "sim",
            str(card),
            "--web",
            "--port",
            str(address.port),
            "--record",
            str(tmp_path / "a.rec"),
            "--lang",
            "en",
        ]
        result = subprocess.run(
            [sys.executable, "-m", "maixswitch", *words], capture_output=True, text=True, timeout=60
        )
    assert (result.returncode, "cannot listen" in result.stderr) == (4, True)
    assert [path.name for path in tmp_path.iterdir() if "a.rec" in path.name] == []


@pytest.mark.parametrize("signals", [[signal.SIGINT] * 3, [signal.SIGTERM]])
def test_the_recording_is_complete_however_the_server_ends(
    card: Path, tmp_path: Path, signals: list[signal.Signals]
) -> None:
    file = tmp_path / "a.rec"
    with serve_card(card, tmp_path, "--record", str(file)) as (address, server):
        port = port_of(address)
        host = f"Host: 127.0.0.1:{port}\r\n"
        assert ask(port, f"GET / HTTP/1.1\r\n{host}\r\n").endswith("200 OK")
        for number in signals:
            server.send_signal(number)
        server.wait(TIMEOUT_S)
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()
        assert server.returncode == (0 if signals[0] == signal.SIGINT else -signal.SIGTERM)
    with read(file) as recording:
        assert recording.interrupted
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
