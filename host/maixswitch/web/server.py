"""The server of the page: its own files, one WebSocket, and nothing else of this PC."""

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
from maixswitch.web.doors import Door
from maixswitch.web.guard import LOOPBACK, Guard, Place
from maixswitch.web.hub import MOST_CLIENTS, Client, Hub
from maixswitch.web.messages import MOST_BYTES, MOST_TEXT, Command, read_command, write_text
from maixswitch.web.pictures import read_bytes_message
from maixswitch.web.runner import Runner

PAGE = Path(__file__).resolve().parent / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PATIENCE_S = 10.0
BACKLOG = 32  # also how many are let in at once, before one too many can be closed
MOST_WRONG = 32  # messages that make no sense, until a page is shown the door


def make_app(runner: Runner, hub: Hub, place: Place) -> ASGIApp:
    """The ASGI application; the board starts with it and stops with it."""
    # Read once: a request chooses among these by name, so no path of a request ever reaches the disk.
    files = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in PAGE.iterdir() if path.suffix in TYPES}

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        hub.bind(asyncio.get_running_loop())
        runner.start()
        try:
            yield
        finally:
            hub.bind(None)
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
        await _talk(socket, runner, hub)

    routes = [
        Route("/", serve_file),
        Route("/recording", serve_recording),
        Route("/{name}", serve_file),
        WebSocketRoute("/live", talk),
    ]
    return Guard(Starlette(routes=routes, lifespan=life), place)


async def _talk(socket: WebSocket, runner: Runner, hub: Hub) -> None:
    await socket.accept()
    client = hub.join()
    if client is None:
        text = tr("{most} pages watch already; close one of them", most=MOST_CLIENTS)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it may be gone already
            await socket.send_text(write_text("refused", text=text))
            await socket.close(1013)
        return
    sender = asyncio.create_task(_send(socket, client, runner.hello()))
    try:
        await _receive(socket, client, runner, hub)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: the sender found the socket closed first
        pass
    finally:
        hub.leave(client)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sender
        while not runner.ask(Command("gone", (), client.number)):
            await asyncio.sleep(0.05)


async def _send(socket: WebSocket, client: Client, hello: str) -> None:
    """Waits for each message to go before it takes what is newest then: a slow page gets fewer frames."""
    await socket.send_text(hello)
    while True:
        for message in await client.take():
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
            await asyncio.sleep(0)  # sending need not wait, and a page that went shall be noticed at once


async def _receive(socket: WebSocket, client: Client, runner: Runner, hub: Hub) -> None:
    wrong = 0
    while wrong < MOST_WRONG:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            wish = _wish(message, client)
        except MaixSwitchError as error:
            wrong += 1
            client.put("", write_text("error", text=str(error)))
            continue
        deadline = time.monotonic() + PATIENCE_S
        while not runner.ask(wish):  # the page is not read meanwhile, so an album comes no faster than it is taken
            if time.monotonic() > deadline:
                client.put("", write_text("error", text=tr("too many wishes wait for the board; try again")))
                break
            await asyncio.sleep(0.02)
    await socket.close(1008)


def _wish(message: Any, client: Client) -> Command:
    data = message.get("bytes")
    if data is None:
        return read_command(message.get("text") or "", client.number)
    kind, name, contents = read_bytes_message(bytes(data))
    return Command(kind, (name, contents), client.number)


def bind(host: str, port: int) -> tuple[socket.socket, Place]:
    """The socket the server shall listen on, and its place, with a token unless only this PC reaches it.

    Port 0 takes a free one. Raises MaixSwitchError (input) where the address cannot be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        if isinstance(error, socket.gaierror | UnicodeError) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
            raise MaixSwitchError(
                tr("--host {host}: cannot listen there ({why}); wanted an address of this PC", host=host, why=why),
                EXIT_IO,
            ) from error
        raise MaixSwitchError(
            tr("--port {port}: cannot listen on {host} ({why}); choose another", port=port, host=host, why=why), EXIT_IO
        ) from error
    loopback = host in ("127.0.0.1", "localhost", "::1")
    token = "" if loopback else secrets.token_urlsafe(24)
    return listening, Place(host, int(listening.getsockname()[1]), token)


def serve(make: Callable[[Hub], Runner], host: str, port: int, open_page: bool) -> int:
    """Serves until Ctrl-C, which is the way to end it: returns 0. Says the address to open on stderr.

    Raises MaixSwitchError where the port cannot be had, and at the end where the recording asked for could not be kept.
    """
    listening, place = bind(host, port)  # first: where there is no port nothing shall have been begun
    with listening:
        hub = Hub()
        runner = make(hub)
        try:
            _run(make_app(runner, hub, place), listening, place, open_page)
        finally:
            runner.stop()  # also where the app's life never began
    if runner.desk.lost is not None:
        raise runner.desk.lost
    return 0


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second Ctrl-C changes nothing: the run that is recorded ends whole, which has its own limit of time."""
        super().handle_exit(sig, frame)
        self.force_exit = False


def _run(app: ASGIApp, listening: socket.socket, place: Place, open_page: bool) -> None:
    config = uvicorn.Config(
        app,
        log_level="error",
        http=Door,
        backlog=BACKLOG,
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES + MOST_TEXT,
        ws_max_queue=4,
        ws_per_message_deflate=False,  # pages of this PC: packing a frame costs more than its bytes
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    console.say(tr("the board is at {url} (Ctrl-C ends it)", url=place.url))
    if place.name not in LOOPBACK:
        console.say(tr("others on the network can reach it; whoever has that address may use it"))
    if open_page:
        webbrowser.open(place.url)
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config).run(sockets=[listening])
