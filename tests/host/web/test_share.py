"""The class's address: its pages watch and are refused all else, by token, Host, Origin and what they send."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import catalogue
from maixswitch.web.access import GUEST, OWNER, WATCHER, Address
from maixswitch.web.broadcast import MOST_CLIENTS, MOST_GUESTS, Broadcast
from maixswitch.web.messages import MOST_TEXT
from maixswitch.web.server import MOST_WRONG, make_app
from maixswitch.web.share import check_share, qr_rows, qr_text, shared_address
from tests.host.web.web_helpers import ADDRESS, TIMEOUT_S, Page, make_runner, serve_card

TOKEN = "a-token-of-the-class"
CLASS = {"host": "10.0.0.5:8001", "origin": "http://10.0.0.5:8001"}


@pytest.fixture(params=[WATCHER])
def members(request: pytest.FixtureRequest, card: Path, tmp_path: Path) -> Iterator[tuple[TestClient, TestClient]]:
    """The owner's client, and one at the shared address without its token yet."""
    broadcast = Broadcast()
    shared = Address("10.0.0.5", 8001, TOKEN, request.param)
    app = make_app(make_runner(card, tmp_path, broadcast), broadcast, ADDRESS, shared)
    own = {"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}
    with TestClient(app, base_url="http://127.0.0.1:8000", headers=own) as owner:
        guest = TestClient(app, base_url="http://10.0.0.5:8001", headers=CLASS)
        guest.portal = owner.portal  # one event loop for both, as in the server
        yield owner, guest


@contextlib.contextmanager
def live(client: TestClient, query: str = "", **headers: str) -> Iterator[Page]:
    """The WebSocket at a client's address: the test client itself would always go to another host."""
    headers.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in client.cookies.items()))
    url = str(client.base_url).replace("http", "ws").rstrip("/") + "/live" + query
    with client.websocket_connect(url, headers=headers) as socket:
        yield Page(socket)


def enter(client: TestClient) -> None:
    assert client.get(f"/?token={TOKEN}").status_code == 200


def test_the_class_needs_its_token_host_and_origin(members: tuple[TestClient, TestClient]) -> None:
    owner, guest = members
    for path in ("/", "/main.js", "/?token=wrong", "/?token="):
        assert guest.get(path).status_code == 403
    with pytest.raises(WebSocketDisconnect), live(guest, f"?token={TOKEN}"):
        pass
    enter(guest)
    assert guest.get("/main.js").status_code == 200
    # The token does not help under another name, nor on the page of another site.
    assert guest.get("/", headers={"host": "evil.example:8001"}).status_code == 421
    assert guest.get("/", headers={"host": "127.0.0.1:8000"}).status_code == 421
    for origin in ("http://evil.example", "http://127.0.0.1:8000", "null"):
        assert guest.get("/", headers={"origin": origin}).status_code == 403
        with pytest.raises(WebSocketDisconnect), live(guest, origin=origin):
            pass
    # Nor does it open the owner's door.
    assert owner.get("/", headers=CLASS).status_code == 421


ORDERS: tuple[str | bytes, ...] = (
    '{"do": "key", "key": 1, "down": true}',
    '{"do": "select", "index": 1}',
    '{"do": "power"}',
    '{"do": "pause", "on": true}',
    '{"do": "record", "on": true}',
    '{"do": "film"}',
    "{",
    b"MXP1 a photo",
    b"MXA0",
)


def test_a_watcher_orders_nothing(members: tuple[TestClient, TestClient]) -> None:
    _, guest = members
    enter(guest)
    with live(guest) as watcher:
        assert watcher.text("hello")["watch"] is True
        before = watcher.text("status", state="RUNNING")
        for order in ORDERS:
            watcher.socket.send_bytes(order) if isinstance(order, bytes) else watcher.socket.send_text(order)
            assert watcher.text("error")["text"]
        after = watcher.text("status", state="RUNNING")
        unchanged = ("title", "down", "source", "recording", "paused", "speed")
        assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_a_watcher_that_keeps_ordering_is_disconnected(members: tuple[TestClient, TestClient]) -> None:
    _, guest = members
    enter(guest)
    with live(guest) as watcher:
        for _ in range(MOST_WRONG):
            watcher.ask("power")
        with pytest.raises(AssertionError, match="closed with 1008"):
            watcher.until(lambda message: False)


def test_the_owner_controls_and_only_the_owner_learns_the_address(members: tuple[TestClient, TestClient]) -> None:
    owner, guest = members
    enter(guest)
    with live(owner) as own, live(guest) as watcher:
        hello = own.text("hello")
        assert (hello["watch"], hello["share"]["control"]) == (False, False)
        assert hello["share"]["url"] == f"http://10.0.0.5:8001/?token={TOKEN}"
        assert watcher.text("hello")["share"] is None
        watcher.text("status", state="RUNNING")
        own.ask("select", index=1)
        assert watcher.text("status", state="RUNNING", title="Colours")["down"] == []
    assert owner.get("/recording").text == "there is no recording\n"
    assert guest.get("/recording").text == "there is no such file\n"


@pytest.mark.parametrize("members", [GUEST], indirect=True)
def test_a_class_that_may_control_does(members: tuple[TestClient, TestClient]) -> None:
    _, guest = members
    enter(guest)
    with live(guest) as page:
        assert page.text("hello")["watch"] is False
        page.ask("select", index=1)
        page.text("status", state="RUNNING", title="Colours")


def test_two_pages_hear_the_same_in_two_languages(members: tuple[TestClient, TestClient]) -> None:
    owner, guest = members
    enter(guest)
    with live(owner, "?language=en") as english, live(guest, "?language=zh") as chinese:
        assert chinese.text("hello")["texts"]["Pause"] == catalogue("zh")["Pause"]
        assert english.text("hello")["texts"]["Pause"] == "Pause"
        english.text("status", state="RUNNING")
        english.ask("fail", what="run", code=2008)
        texts = [page.text("status", state="FAULT")["fault"] for page in (english, chinese)]
        assert [text[:5] for text in texts] == ["2008 "] * 2
        assert [any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts] == [False, True]
        # What has been said is told again in the new language.
        chinese.ask("language", name="en")
        assert chinese.text("hello")["language"] == "en"
        chinese.text("event", kind="hands", text="> fail run 2008")
        assert chinese.text("status", state="FAULT")["fault"] == texts[0]
        # A refusal is in the language of the page that asked.
        english.ask("language", name="zh")
        english.text("hello", language="zh")
        english.ask("turn", index=5)
        refusal = catalogue("zh")["the camera's source has no photo of that number"]
        assert english.text("error")["text"] == refusal


def test_the_owner_always_finds_room() -> None:
    broadcast = Broadcast()
    guests = [broadcast.join(role=WATCHER) for _ in range(MOST_GUESTS)]
    assert None not in guests
    assert broadcast.join(role=WATCHER) is None
    owners = [broadcast.join(role=OWNER) for _ in range(MOST_CLIENTS - MOST_GUESTS)]
    assert None not in owners
    assert broadcast.join(role=OWNER) is None


def read_until_closed(connection: ClientConnection) -> None:
    while True:
        connection.recv(TIMEOUT_S)


def test_a_watcher_cannot_fill_the_memory(card: Path, tmp_path: Path) -> None:
    """The real server prints both addresses; a large message ends the watcher's connection, not the owner's."""
    with serve_card(card, tmp_path, "--share", "watch", "--host", "127.0.0.1") as (address, server):
        assert server.stderr is not None
        line = server.stderr.readline()
        found = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", line)
        assert found, line
        origin, token = found.groups()
        assert origin != address.rstrip("/")
        cookie = f"maixswitch-{origin.rpartition(':')[2]}={token}"
        url = origin.replace("http", "ws") + "/live"
        large = "x" * (MOST_TEXT + 1)
        with connect(url, origin=Origin(origin), additional_headers={"Cookie": cookie}, compression=None) as watcher:
            watcher.send(large)
            with pytest.raises(ConnectionClosed) as caught:
                read_until_closed(watcher)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009
        own = address.rstrip("/")
        with connect(own.replace("http", "ws") + "/live", origin=Origin(own), compression=None) as page:
            page.send(large)
            while not isinstance(text := page.recv(TIMEOUT_S), str) or json.loads(text)["type"] != "error":
                pass


def test_wrong_words_are_refused() -> None:
    for share, host, message in (
        ("wach", "", "expected watch, control; did you mean watch"),
        ("watch", "0.0.0.0", "name one address"),
    ):
        with pytest.raises(MaixSwitchError, match=message) as caught:
            check_share(share, host)
        assert caught.value.exit_code == EXIT_USAGE
    check_share("", "0.0.0.0")
    check_share("control", "10.0.0.5")


def test_a_shared_address_has_a_new_token_each_time() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        one, other = (shared_address(listening, "watch") for _ in range(2))
    assert len(one.token) >= 16
    assert one.token != other.token
    assert (one.role, one.accepts(f"127.0.0.1:{one.port}"), one.accepts("evil")) == (WATCHER, True, False)


def test_the_terminal_shows_the_same_code_as_the_page() -> None:
    rows = qr_rows("http://192.168.100.200:8000/?token=0123456789abcdef")
    size = len(rows)
    assert {len(row) for row in rows} == {size}
    assert set("".join(rows[:4])) == {"0"}, "the white border"
    assert rows[4][4:11] == "1111111", "the corner that a camera looks for"
    lines = qr_text(rows, False).split("\n")
    upper = {"\u2588": "0", "\u2580": "0", "\u2584": "1", " ": "1"}
    lower = {"\u2588": "0", "\u2580": "1", "\u2584": "0", " ": "1"}
    read = [row for line in lines for row in ("".join(upper[c] for c in line), "".join(lower[c] for c in line))]
    assert read[:size] == rows
    assert all(line.startswith("\x1b[") for line in qr_text(rows, True).split("\n"))
