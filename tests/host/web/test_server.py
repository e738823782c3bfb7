"""The server sends only its own files to its own page, and the board keeps running when pages leave."""

from __future__ import annotations

import asyncio
import json
import shutil
import zlib
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.sim.session import Options
from maixswitch.web import command as web_command
from maixswitch.web.access import Address
from maixswitch.web.broadcast import MOST_CLIENTS, MOST_EVENTS, Broadcast, Client
from maixswitch.web.frames import HEAD
from maixswitch.web.messages import MOST_TEXT
from maixswitch.web.server import MOST_WRONG, PAGE, bind, make_app
from tests.host.web.web_helpers import ADDRESS, HERE, Page, make_runner, photo_bytes


def test_page_and_its_files_are_served_with_their_policy(client: TestClient) -> None:
    for name in ["", *(path.name for path in PAGE.iterdir())]:
        answer = client.get(f"/{name}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/server.py", "/../server.py", "/%2e%2e/server.py", "/page/main.js", "/..%2fcli.py"])
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", ""])
def test_foreign_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://localhost:8000"])
def test_foreign_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/", headers={"origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers={"origin": origin}):
        pass


def test_a_page_that_others_can_reach_needs_a_token(card: Path, tmp_path: Path) -> None:
    broadcast = Broadcast()
    address = Address("0.0.0.0", 8000, "secret")
    app = make_app(make_runner(card, tmp_path, broadcast), broadcast, address)
    here = {"host": "box:8000", "origin": "http://box:8000"}
    with TestClient(app, base_url="http://box:8000", headers=here) as client:
        for address in ("/", "/main.js", "/?token=wrong", "/?token="):
            assert client.get(address).status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live"):
            pass
        answer = client.get("/?token=secret")
        assert (answer.status_code, str(answer.url)) == (200, "http://box:8000/")
        assert client.get("/main.js").status_code == 200
        # The test client opens a WebSocket to the host testserver, to which the cookie does not belong by itself.
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        with client.websocket_connect("/live", headers={"cookie": cookie}) as socket:
            assert Page(socket).text("hello")["board"] == "dock"


def test_frames_keys_models_and_faults(client: TestClient) -> None:
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        hello = page.text("hello")
        assert [key["short"] for key in hello["keys"]] == ["NEXT"]
        assert ["RUNNING", "NEXT", ["unload", "select_next"], "UNLOADED"] in hello["rows"]
        assert [row["title"] for row in page.text("models")["rows"]] == ["Bright blobs", "Colours"]
        frame = page.until(lambda message: isinstance(message, bytes))
        magic, width, height, _ = HEAD.unpack(frame[: HEAD.size])
        assert (magic, width, height, len(zlib.decompress(frame[HEAD.size :]))) == (b"MXFZ", 320, 240, 320 * 240 * 2)

        status = page.until(lambda message: isinstance(message, dict) and message.get("results"))
        memory = status["memory"]
        assert memory["capacity"] - sum(size for _, size in memory["blocks"]) == memory["free"]
        assert abs(memory["free"] - memory["largest"]) < 4096, (
            "the free memory is in one piece, except for the pages that malloc uses"
        )
        assert {"lcd", "camera pixels", "model file"} <= {name for name, _ in memory["blocks"]}
        page.ask("speed", speed=0.1)  # on a busy PC the press would else become a long one
        page.ask("key", key=1, down=True)
        page.text("status", down=[1])
        page.ask("key", key=1, down=False)
        page.ask("speed", speed=1)
        page.text("status", title="Colours", state="RUNNING", down=[])

        page.ask("fail", what="load", code=2006)
        page.ask("select", index=0)
        fault = page.text("status", state="FAULT")["fault"]
        assert fault.startswith("2006 ")
        assert ": " in fault  # the remedy
        page.ask("select", index=0)
        page.text("status", state="RUNNING", title="Bright blobs", fault="")

        page.ask("card", **{"in": False})
        assert page.text("status", state="NO_CARD")["fault"].startswith("101 ")
        page.ask("card", **{"in": True})
        page.text("status", state="RUNNING", card=True)
        page.ask("camera", on=False)
        assert page.text("status", state="FAULT")["camera"] is False
        page.ask("camera", on=True)
        page.text("status", state="RUNNING", camera=True)


def test_a_card_that_is_inserted_again_is_read_again(card: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(card, changed)
    broadcast = Broadcast()
    app = make_app(make_runner(changed, tmp_path, broadcast), broadcast, ADDRESS)
    with (
        TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as client,
        client.websocket_connect("/live") as socket,
    ):
        page = Page(socket)
        page.text("status", state="RUNNING")
        page.ask("card", **{"in": False})
        page.text("status", state="NO_CARD")
        settings = changed / "models/10-blobs/model.json"
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "title": "Other name", "nms": 7}))
        page.ask("card", **{"in": True})
        row = page.until(
            lambda message: (
                isinstance(message, dict)
                and message["type"] == "models"
                and message["rows"]
                and message["rows"][0]["level"] == "error"
            )
        )["rows"][0]
        assert "nms" in row["says"][0]["text"]


def test_photo_pause_step_speed_and_power(client: TestClient) -> None:
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        page.ask("select", index=1)
        page.text("status", state="RUNNING", title="Colours")
        socket.send_bytes(b"MXP1" + photo_bytes(Image.new("RGB", (64, 48), (0, 0, 255))))
        page.until(lambda message: isinstance(message, dict) and message.get("results", [["", 0]])[0:1] and
                   message["type"] == "status" and message["results"][0][0] == "blue")  # fmt: skip
        page.ask("pause", on=True)
        before = page.text("status", paused=True)["now"]
        page.ask("step")
        after = page.until(lambda message: isinstance(message, dict) and message["type"] == "status" and
                           message["now"] > before)["now"]  # fmt: skip
        assert after - before < 1000
        assert page.text("status")["now"] == after
        page.ask("speed", speed=4)
        page.ask("pause", on=False)
        page.text("status", paused=False, speed=4.0)
        page.ask("power")
        page.text("event", kind="hands", text="> power")
        seen = page.text("status", state="RUNNING")["source"]
        assert (seen["kind"], seen["photos"]) == ("photo", [])
        page.ask("scene")
        page.until(lambda message: isinstance(message, dict) and message.get("source", {}).get("kind") == "scene")


def test_garbage_does_not_stop_the_app(client: TestClient) -> None:
    with client.websocket_connect("/live") as bad, client.websocket_connect("/live") as good:
        bad.send_text("x" * (MOST_TEXT + 1))
        bad.send_bytes(b"MXP1 no photo")
        bad.send_bytes(b"????")
        page = Page(bad)
        assert str(MOST_TEXT) in page.text("error")["text"]
        errors = (
            page.text("error")["text"] + page.text("error")["text"]
        )  # one from the server, one from the board's thread
        assert "PNG" in errors
        assert "MXP1" in errors
        for _ in range(MOST_WRONG):
            bad.send_text("{")
        with pytest.raises(AssertionError, match="closed with 1008"):
            page.until(lambda message: False)
        other = Page(good)
        frames = other.text("status", state="RUNNING")["frames"]
        other.until(
            lambda message: isinstance(message, dict) and message["type"] == "status" and message["frames"] > frames
        )


def test_a_key_comes_up_when_its_page_leaves(client: TestClient) -> None:
    with client.websocket_connect("/live") as watching:
        page = Page(watching)
        page.text("status", state="RUNNING")
        with client.websocket_connect("/live") as going:
            Page(going).ask("key", key=1, down=True)
            page.text("status", down=[1])
        page.text("status", down=[])


def test_a_webcam_stops_with_its_page_even_on_a_stopped_board(client: TestClient) -> None:
    with client.websocket_connect("/live") as watching:
        page = Page(watching)
        page.text("status", state="RUNNING")
        with client.websocket_connect("/live") as going:
            gone = Page(going)
            gone.ask("scene")  # more blobs than the firmware's array of boxes holds
            gone.text("status", state="OFF")
            gone.ask("key", key=1, down=True)
            gone.ask("film")
            page.until(lambda message: isinstance(message, dict) and message.get("source", {}).get("kind") == "webcam")
        page.until(lambda message: isinstance(message, dict) and message.get("source", {}).get("kind") == "scene")
        page.text("status", down=[])


def test_one_page_too_many_is_refused() -> None:
    broadcast = Broadcast()
    pages = [broadcast.join() for _ in range(MOST_CLIENTS)]
    assert None not in pages
    assert broadcast.join() is None
    assert pages[0] is not None
    broadcast.leave(pages[0])
    assert broadcast.join() is not None


def test_slow_page_skips_frames_and_old_events() -> None:
    async def watch() -> list[str | bytes]:
        client = Client(1)
        for number in range(1000):
            client.put("frame", b"%d" % number)
            client.put("", f"event {number}")
        return await client.take()

    messages = asyncio.run(watch())
    assert messages == [*(f"event {number}" for number in range(1000 - MOST_EVENTS, 1000)), b"999"]


def test_a_port_in_use_is_reported() -> None:
    listener, address = bind("127.0.0.1", 0)
    with listener:
        assert address.url == f"http://127.0.0.1:{address.port}/"
        with pytest.raises(MaixSwitchError, match=f"--port {address.port}: cannot listen") as caught:
            bind("127.0.0.1", address.port)
    assert caught.value.exit_code == EXIT_IO


def test_a_foreign_host_address_is_reported() -> None:
    with pytest.raises(MaixSwitchError, match=r"--host 192\.0\.2\.1: cannot listen there") as caught:
        bind("192.0.2.1", 0)
    assert caught.value.exit_code == EXIT_IO


def test_another_address_has_a_token() -> None:
    listening, address = bind("0.0.0.0", 0)
    listening.close()
    assert len(address.token) > 20
    assert address.token in address.url


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(MaixSwitchError, match="leave out --script, --json") as caught:
        web_command.refuse_others({"--script": Path("a"), "--frames": None, "--json": True})
    assert caught.value.exit_code == EXIT_USAGE


def test_missing_packages_are_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch, card: Path) -> None:
    monkeypatch.setattr(web_command, "NEEDED", ("starlette", "no_such_package"))
    with pytest.raises(MaixSwitchError, match=r"needs no_such_package: pip install 'maixswitch\[web\]'") as caught:
        web_command.run(Options(card), host="", port=0, open_page=False, speed=1.0, record=None)
    assert caught.value.exit_code == EXIT_USAGE
