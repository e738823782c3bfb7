"""The server of the page: it serves the page's own files and one WebSocket, and nothing else of this PC."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import socket
import time
import webbrowser
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from maixswitch import console
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, tr
from maixswitch.web.access import LOOPBACK, AccessCheck, Address
from maixswitch.web.broadcast import MOST_CLIENTS, Broadcast, Client
from maixswitch.web.connections import Connection
from maixswitch.web.messages import MOST_BYTES, MOST_TEXT, Command, read_command, write_text
from maixswitch.web.pictures import read_bytes_message
from maixswitch.web.runner import Runner

PAGE = Path(__file__).resolve().parent / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PATIENCE_S = 10.0
BACKLOG = 32  # also how many are let in at once, before one too many can be closed
MOST_WRONG = 32  # messages that make no sense, until a page is shown the door


def make_app(runner: Runner, broadcast: Broadcast, address: Address) -> ASGIApp:
    """Return the ASGI application. The board starts and stops with it."""
    # Read once: a request chooses among these by name, so no path of a request ever reaches the disk.
    files = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in PAGE.iterdir() if path.suffix in TYPES}

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        broadcast.bind(asyncio.get_running_loop())
        runner.start()
        try:
            yield
        finally:
            # The board's thread still ends its run and publishes: from now on nobody hears it. The wait for it is in a
            # thread, because the loop must close the connections meanwhile.
            broadcast.bind(None)
            await asyncio.to_thread(runner.stop)

    async def serve_file(request: Request) -> Response:
        found = files.get(request.path_params.get("name") or "index.html")
        if found is None:
            return Response(tr("there is no such file") + "\n", 404, media_type="text/plain")
        return Response(found[0], media_type=found[1])

    async def serve_recording(request: Request) -> Response:
        path = runner.recorded
        if path is None or not path.is_file():
            return Response(tr("there is no recording") + "\n", 404, media_type="text/plain")
        return FileResponse(path, media_type="application/zip", filename=path.name)

    async def talk(socket: WebSocket) -> None:
        await _talk(socket, runner, broadcast)

    routes = [
        Route("/", serve_file),
        Route("/recording", serve_recording),
        Route("/{name}", serve_file),
        WebSocketRoute("/live", talk),
    ]
    return AccessCheck(Starlette(routes=routes, lifespan=life), address)


async def _talk(socket: WebSocket, runner: Runner, broadcast: Broadcast) -> None:
    await socket.accept()
    client = broadcast.join()
    # Accepted first: a refused handshake could not tell the page why.
    if client is None:
        text = tr("{most} pages watch already; close one of them", most=MOST_CLIENTS)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it may be gone already
            await socket.send_text(write_text("refused", text=text))
            await socket.close(1013)
        return
    sender = asyncio.create_task(_send(socket, client, runner.hello()))
    try:
        await _receive(socket, client, runner, broadcast)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: the sender found the socket closed first
        pass
    finally:
        broadcast.leave(client)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sender
        # This command must not get lost: the fingers of the page would stay on their keys.
        while not runner.ask(Command("gone", (), client.number)):
            await asyncio.sleep(0.05)


async def _send(socket: WebSocket, client: Client, hello: str) -> None:
    """Send waiting messages one by one and then take the newest: a slow page gets fewer frames."""
    await socket.send_text(hello)
    while True:
        for message in await client.take():
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
            await asyncio.sleep(0)  # sending does not wait, and a page that has gone must be noticed at once


async def _receive(socket: WebSocket, client: Client, runner: Runner, broadcast: Broadcast) -> None:
    wrong = 0
    while wrong < MOST_WRONG:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            wish = _wish(message, client)
        # A page may make mistakes, and learns of them. One that makes only mistakes is not ours.
        except MaixSwitchError as error:
            wrong += 1
            client.put("", write_text("error", text=str(error)))
            continue
        deadline = time.monotonic() + PATIENCE_S
        while not runner.ask(wish):  # the page is not read meanwhile, so an album comes no faster than it is taken
            if time.monotonic() > deadline:
                client.put("", write_text("error", text=tr("too many commands wait for the board; try again")))
                break
            await asyncio.sleep(0.02)
    await socket.close(1008)


def _wish(message: Any, client: Client) -> Command:
    data = message.get("bytes")
    # A photo comes as bytes, every other command as text.
    if data is None:
        return read_command(message.get("text") or "", client.number)
    kind, name, contents = read_bytes_message(bytes(data))
    return Command(kind, (name, contents), client.number)


def bind(host: str, port: int) -> tuple[socket.socket, Address]:
    """Return the socket to listen on and its address, with a token unless only this PC reaches it.

    Port 0 takes a free one. Raises MaixSwitchError (input) if the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        try:
            # Otherwise a restart would wait a minute for old connections of this port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        # The message names the option to change: the host if this PC has no such address, otherwise the port.
        if isinstance(error, socket.gaierror | UnicodeError) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
            raise MaixSwitchError(
                tr("--host {host}: cannot listen there ({why}); wanted an address of this PC", host=host, why=why),
                EXIT_IO,
            ) from error
        raise MaixSwitchError(
            tr("--port {port}: cannot listen on {host} ({why}); choose another", port=port, host=host, why=why), EXIT_IO
        ) from error
    # Only the loopback keeps other PCs out, so every other address needs a token.
    loopback = host in ("127.0.0.1", "localhost", "::1")
    token = "" if loopback else secrets.token_urlsafe(24)
    return listening, Address(host, int(listening.getsockname()[1]), token)


def serve(make: Callable[[Broadcast], Runner], host: str, port: int, open_page: bool) -> int:
    """Serve until Ctrl-C, which is the normal end and returns 0. Prints the address to open on stderr.

    Raises MaixSwitchError if the port cannot be used, and at the end if the recording could not be written.
    """
    listening, address = bind(host, port)  # first, so that nothing has begun if the port is taken
    with listening:
        broadcast = Broadcast()
        runner = make(broadcast)
        try:
            _run(make_app(runner, broadcast, address), listening, address, open_page)
        finally:
            runner.stop()  # also where the app's life never began
    if runner.simulation.lost is not None:
        raise runner.simulation.lost
    return 0


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ignore a second Ctrl-C: a recorded run ends completely, which has a time limit of its own."""
        super().handle_exit(sig, frame)
        self.force_exit = False


def _run(app: ASGIApp, listening: socket.socket, address: Address, open_page: bool) -> None:
    config = uvicorn.Config(
        app,
        log_level="error",
        http=Connection,
        backlog=BACKLOG,
        ws="websockets-sansio",
        # A larger message ends the connection before it is in memory.
        ws_max_size=MOST_BYTES + MOST_TEXT,
        ws_max_queue=4,
        ws_per_message_deflate=False,  # pages of this PC: packing a frame costs more than its bytes
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    console.say(tr("the board is at {url} (Ctrl-C ends it)", url=address.url))
    # Whoever opens the board to the network must know it.
    if address.name not in LOOPBACK:
        console.say(tr("others on the network can reach it; whoever has that address may use it"))
    if open_page:
        webbrowser.open(address.url)
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listening])
