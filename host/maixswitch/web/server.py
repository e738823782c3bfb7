"""The server of the page: it serves the page's own files, the last recording, what was dropped, and one WebSocket."""

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
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import LANGUAGES, chosen, reason, speaking, tr
from maixswitch.web.access import LOOPBACK, OWNER, WATCHER, AccessCheck, Address
from maixswitch.web.broadcast import MOST_CLIENTS, Broadcast, Client
from maixswitch.web.connections import Connection
from maixswitch.web.intake.jobs import Intake
from maixswitch.web.intake.routes import intake_routes
from maixswitch.web.messages import MOST_BYTES, MOST_TEXT, Command, read_command, write_text
from maixswitch.web.pictures import ALBUM_SIZE, PHOTO_SIZE, read_bytes_message, read_photo
from maixswitch.web.publisher import page_texts
from maixswitch.web.runner import Runner
from maixswitch.web.share import Doors, document, lan_address, say, shared_address

LOCAL = "127.0.0.1"
PAGE = Path(__file__).resolve().parent / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PATIENCE_S = 10.0
BACKLOG = 32  # connections that wait to be accepted; as many may be accepted before one too many is closed
MOST_WRONG = 32  # invalid messages after which a page is disconnected
LANGUAGE_S = 0.2  # a change of the language sends everything again: not more often


def make_app(runner: Runner, broadcast: Broadcast, address: Address, shared: Address | None = None) -> ASGIApp:
    """Return the ASGI application. The board starts and stops with it.

    shared: a further address, for others.
    """
    # Read the files once: a request chooses among them by name, so no path of a request ever reaches the disk.
    decoding = asyncio.Lock()
    files = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in PAGE.iterdir() if path.suffix in TYPES}

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        broadcast.bind(asyncio.get_running_loop())
        runner.start()
        try:
            yield
        finally:
            # The board's thread still ends its run and publishes, but no page hears it any more. Wait for it in another
            # thread, because the loop must close the connections meanwhile.
            broadcast.bind(None)
            await intake.close()
            await asyncio.to_thread(runner.stop)
            intake.clean()

    async def serve_file(request: Request) -> Response:
        file = files.get(request.path_params.get("name") or "index.html")
        if file is None:
            return Response(tr("there is no such file") + "\n", 404, media_type="text/plain")
        return Response(file[0], media_type=file[1])

    async def serve_recording(request: Request) -> Response:
        path = runner.recorded
        if path is None or not path.is_file():
            return Response(tr("there is no recording") + "\n", 404, media_type="text/plain")
        return FileResponse(path, media_type="application/zip", filename=path.name)

    intake = Intake(runner, broadcast)
    class_address = document(shared) if shared is not None else None

    def greet(client: Client) -> str:
        return write_text(
            "hello",
            **runner.hello(),
            language=client.language,
            texts=page_texts(client.language),
            watch=client.role == WATCHER,
            share=class_address if client.role == OWNER else None,
        )

    def app_at(place: Address, **options: Any) -> ASGIApp:
        async def talk(socket: WebSocket) -> None:
            await _talk(socket, place.role, greet, runner, broadcast, decoding)

        routes = [Route("/", serve_file), Route("/{name}", serve_file), WebSocketRoute("/live", talk)]
        # A recording and the card's zip contain its files: pages that only watch do not get them, and add no models.
        if place.role != WATCHER:
            routes[:0] = [Route("/recording", serve_recording), *intake_routes(intake)]
        return AccessCheck(Starlette(routes=routes, **options), place)

    own = app_at(address, lifespan=life)
    return Doors(own, address, app_at(shared)) if shared is not None else own


async def _talk(
    socket: WebSocket,
    role: str,
    greet: Callable[[Client], str],
    runner: Runner,
    broadcast: Broadcast,
    decoding: asyncio.Lock,
) -> None:
    await socket.accept()
    asked = socket.query_params.get("language", "")
    language = asked if asked in LANGUAGES else chosen()
    client = broadcast.join(language, role)
    # Accept first: a refused handshake could not tell the page why.
    if client is None:
        with speaking(language):
            text = tr("{most} pages watch already; close one of them", most=MOST_CLIENTS)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it may be gone already
            await socket.send_text(write_text("refused", text=text))
            await socket.close(1013)
        return
    broadcast.tell_all(client, greet(client))
    sender = asyncio.create_task(_send(socket, client))

    def speak(language: str) -> None:
        client.language = language
        broadcast.tell_all(client, greet(client))

    try:
        await _receive(socket, client, speak, runner, decoding)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: the sender found the socket closed first
        pass
    finally:
        broadcast.leave(client)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sender
        # Repeat this command until it is queued, or the keys that the page holds would stay down.
        while role != WATCHER and not runner.ask(Command("gone", (), client.number)):
            await asyncio.sleep(0.05)


async def _send(socket: WebSocket, client: Client) -> None:
    """Send waiting messages, then take the newest ones: so a slow page gets fewer frames."""
    while True:
        for message in await client.take():
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)
            await asyncio.sleep(0)  # sending does not wait: let the loop notice a page that has gone


async def _receive(
    socket: WebSocket, client: Client, speak: Callable[[str], None], runner: Runner, decoding: asyncio.Lock
) -> None:
    wrong = 0
    while wrong < MOST_WRONG:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            with speaking(client.language):
                command = _command(message, client)
        # Tell the page about invalid messages. A client that sends only such messages is not our page.
        except MaixSwitchError as error:
            wrong += 1
            client.put("", write_text("error", text=str(error)))
            continue
        if command.do == "language":
            speak(*command.values)
            await asyncio.sleep(LANGUAGE_S)
            continue
        if command.do in ("photo", "add"):
            # A small file may hold a huge picture: decode one at a time and not in the board's thread, which would
            # stand still meanwhile. What then waits for the board is the reduced picture.
            try:
                async with decoding:
                    with speaking(client.language):
                        command = await asyncio.to_thread(_decoded, command)
            except MaixSwitchError as error:
                client.put("", write_text("error", text=str(error)))
                continue
        deadline = time.monotonic() + PATIENCE_S
        # Do not read on while the queue is full: so the photos of an album come no faster than they are taken.
        while not runner.ask(command):
            if time.monotonic() > deadline:
                with speaking(client.language):
                    text = tr("too many commands wait for the board; try again")
                client.put("", write_text("error", text=text))
                break
            await asyncio.sleep(0.02)
    await socket.close(1008)


def _command(message: Any, client: Client) -> Command:
    data = message.get("bytes")
    # A photo comes as bytes, every other command as text.
    if data is None:
        command = read_command(message.get("text") or "", client.number)
        if command.do == "language" or client.role != WATCHER:
            return command
    elif client.role != WATCHER:
        kind, name, contents = read_bytes_message(bytes(data))
        return Command(kind, (name, contents), client.number)
    # Its own page sends no such message, so this also counts as a wrong one.
    raise MaixSwitchError(tr("this page only watches; the board obeys the page that shares it"), EXIT_USAGE)


def _decoded(command: Command) -> Command:
    """Return the command with its photo decoded. Raises MaixSwitchError (input) if that cannot be read."""
    name, contents = command.values
    photo = read_photo(contents, name, ALBUM_SIZE) if command.do == "add" else read_photo(contents, most=PHOTO_SIZE)
    return Command(command.do, (photo,), command.client)


def bind(host: str, port: int) -> tuple[socket.socket, Address]:
    """Return the socket to listen on and its address, with a token unless only this PC can reach it.

    port: 0 for a free one.
    Raises MaixSwitchError (input) if the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        try:
            # Without this a restart would have to wait a minute for old connections of this port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        # Name the option to change: the host if this PC has no such address, otherwise the port.
        if isinstance(error, socket.gaierror | UnicodeError) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
            raise MaixSwitchError(
                tr("--host {host}: cannot listen there ({why}); expected an address of this PC", host=host, why=why),
                EXIT_IO,
            ) from error
        raise MaixSwitchError(
            tr("--port {port}: cannot listen on {host} ({why}); choose another", port=port, host=host, why=why), EXIT_IO
        ) from error
    # Only the loopback address keeps other PCs out, so every other address needs a token.
    loopback = host in ("127.0.0.1", "localhost", "::1")
    token = "" if loopback else secrets.token_urlsafe(24)
    return listening, Address(host, int(listening.getsockname()[1]), token)


def serve(make: Callable[[Broadcast], Runner], host: str, port: int, open_page: bool, share: str = "") -> int:
    """Print the URL on stderr and serve until Ctrl-C; return 0.

    make: makes the runner.
    host, port: as in `bind`. With `share`, host is where others reach it, "" for the address of this PC in its network,
    and the page of this PC stays on 127.0.0.1.
    open_page: whether to open the page in the browser.
    share: "" for no further address, or a key of share.ROLES.
    Raises MaixSwitchError if the port cannot be used, and at the end if the recording could not be written.
    """
    with contextlib.ExitStack() as stack:
        # First, so that nothing has started if the port is taken.
        listening, address = bind(LOCAL if share else host, port)
        sockets = [stack.enter_context(listening)]
        shared = None
        if share:
            listening, _ = bind(host or lan_address(), port)
            sockets.append(stack.enter_context(listening))
            shared = shared_address(listening, share)
        broadcast = Broadcast()
        runner = make(broadcast)
        try:
            _run(make_app(runner, broadcast, address, shared), sockets, address, shared, open_page)
        finally:
            runner.stop()  # even if the app never started
    if runner.simulation.lost is not None:
        raise runner.simulation.lost
    return 0


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ignore a second Ctrl-C, so that a recorded run can end completely; `stop` limits the time."""
        super().handle_exit(sig, frame)
        self.force_exit = False


def _run(app: ASGIApp, sockets: list[socket.socket], address: Address, shared: Address | None, open_page: bool) -> None:
    class Door(Connection):
        watched = (shared.host, shared.port) if shared is not None and shared.role == WATCHER else None

    config = uvicorn.Config(
        app,
        log_level="error",
        http=Door,
        backlog=BACKLOG,
        ws="websockets-sansio",
        # A larger message ends the connection before it is in memory.
        ws_max_size=MOST_BYTES + MOST_TEXT,
        ws_max_queue=4,
        ws_per_message_deflate=False,  # it would compress for each page anew, and frames are compressed already
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    console.say(tr("the board is at {url} (Ctrl-C ends it)", url=address.url))
    # Tell users when they open the board to the network.
    if address.name not in LOOPBACK:
        console.say(tr("others on the network can reach it; whoever has that address may use it"))
    if shared is not None:
        say(shared)
    if open_page:
        webbrowser.open(address.url)
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config).run(sockets=sockets)
