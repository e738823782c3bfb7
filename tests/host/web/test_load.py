"""What must not slow the board or burn the PC: large pictures that wait, storms of checks, a board that nobody sees."""

from __future__ import annotations

import io
import json
import shutil
import time
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.testclient import TestClient

from maixswitch.web.broadcast import Broadcast
from maixswitch.web.fingers import MOST_WAITING, Fingers
from maixswitch.web.messages import Command
from maixswitch.web.pictures import read_photo
from maixswitch.web.runner import ALONE_S
from maixswitch.web.server import make_app
from tests.host.web.web_helpers import ADDRESS, HERE, Page, make_runner

LARGE = 6
"""Pictures of an album; decoding them takes seconds."""


def large_photo() -> bytes:
    """Return a PNG of 23 million pixels in less than 100 KB."""
    data = io.BytesIO()
    Image.new("RGB", (4800, 4800), (20, 120, 40)).save(data, "PNG")
    return data.getvalue()


def test_an_album_of_large_pictures_does_not_stop_the_board(client: TestClient) -> None:
    photo = large_photo()
    assert len(photo) < 100_000
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        page.text("status", state="RUNNING")
        socket.send_bytes(b"MXA0")
        for number in range(LARGE):
            name = f"{number}.png".encode()
            socket.send_bytes(b"MXA1" + bytes([len(name)]) + name + photo)
        counts = {0}
        while LARGE not in counts:
            counts.add(len(page.text("status")["source"]["photos"]))
        # In the board's thread all of them came in one turn, without any status for seconds.
        assert len(counts) >= 3


def test_pictures_that_wait_are_bounded_by_their_pixels(card: Path, tmp_path: Path) -> None:
    runner = make_runner(card, tmp_path, Broadcast())  # not started: all that comes waits
    photo = read_photo(large_photo())
    assert photo.size == (960, 960)
    taken = 0
    while runner.ask(Command("add", (photo,), 1)):
        taken += 1
    assert taken == 32 * 1024 * 1024 // (960 * 960 * 3)
    runner.stop()


def test_a_storm_of_cards_starts_one_check_after_the_other(card: Path, tmp_path: Path) -> None:
    own = tmp_path / "card"
    shutil.copytree(card, own)
    broadcast = Broadcast()
    runner = make_runner(own, tmp_path, broadcast)
    app = make_app(runner, broadcast, ADDRESS)
    with (
        TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as client,
        client.websocket_connect("/live") as socket,
    ):
        page = Page(socket)
        page.text("status", state="RUNNING")
        settings = own / "models/10-blobs/model.json"
        for number in range(8):
            page.ask("card", **{"in": False})
            settings.write_text(json.dumps({**json.loads(settings.read_text()), "nms": 2 + number}))
            page.ask("card", **{"in": True})

        def judged(message: Any) -> bool:
            rows = message.get("rows") if isinstance(message, dict) and message["type"] == "models" else None
            return bool(rows) and "9" in json.dumps(rows[0]["says"])

        # The card as it is at the end is what the page shows, although most of the checks were left out.
        page.until(judged)


def test_the_board_rests_while_no_page_watches(card: Path, tmp_path: Path) -> None:
    broadcast = Broadcast()
    runner = make_runner(card, tmp_path, broadcast)
    sim = runner.simulation.sim
    with TestClient(make_app(runner, broadcast, ADDRESS), base_url="http://127.0.0.1:8000", headers=HERE) as client:
        with client.websocket_connect("/live") as socket:
            Page(socket).text("status", state="RUNNING")
        time.sleep(ALONE_S + 1)
        rested = sim.now
        began = time.process_time()
        time.sleep(1.5)
        assert sim.now == rested
        assert time.process_time() - began < 0.1  # one core has 1.5 s
        with client.websocket_connect("/live") as socket:
            page = Page(socket)
            page.until(
                lambda message: isinstance(message, dict) and message["type"] == "status" and message["now"] > rested
            )
        # The time that nobody watched is not made up for.
        assert sim.now - rested < 3000


def test_a_tap_stays_long_enough_and_taps_stay_apart() -> None:
    now = 0
    log: list[tuple[int, bool]] = []
    fingers = Fingers(lambda key, down: log.append((now, down)))
    for _ in range(2):
        fingers.touch(1, 1, True, 1)
        fingers.touch(1, 1, False, 1)
    for now in range(1, 400):
        fingers.pass_on(now)
    assert log == [(0, True), (81, False), (141, True), (221, False)]
    assert fingers.down() == []


def test_endless_taps_do_not_queue_up() -> None:
    log: list[bool] = []
    fingers = Fingers(lambda key, down: log.append(down))
    for _ in range(1000):
        fingers.touch(1, 1, True, 1)
        fingers.touch(1, 1, False, 1)
    for now in range(1, 10_000):
        fingers.pass_on(now)
    assert len(log) <= MOST_WAITING + 2
    assert log[-1] is False


def test_a_tap_of_no_time_goes_on_after_a_fault(client: TestClient) -> None:
    with client.websocket_connect("/live") as socket:
        page = Page(socket)
        page.text("status", state="RUNNING", title="Bright blobs")
        for title in ("Colours", "Bright blobs"):
            page.ask("fail", what="run", code=2008)
            page.text("status", state="FAULT")
            page.ask("key", key=1, down=True)
            page.ask("key", key=1, down=False)
            page.text("status", state="RUNNING", title=title)
