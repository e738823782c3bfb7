"""The board's thread: our own mistake is told to the pages, and neither ends it nor keeps it from ending."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from maixswitch.web.broadcast import Broadcast
from maixswitch.web.server import make_app
from tests.host.web.web_helpers import HERE, PLACE, Page, make_runner


@pytest.mark.parametrize("part", ["step", "panel", "detections"])
def test_own_mistake_is_told_once_and_the_server_still_ends(card: Path, tmp_path: Path, part: str) -> None:
    broadcast = Broadcast()
    runner = make_runner(card, tmp_path, broadcast)

    def fall(*_: object) -> None:
        raise LookupError("nobody expected this")

    setattr(runner.simulation.sim, part, fall)
    with TestClient(make_app(runner, broadcast, PLACE), base_url="http://127.0.0.1:8000", headers=HERE) as client:
        with client.websocket_connect("/live") as socket:
            page = Page(socket)
            assert "LookupError: nobody expected this" in page.text("error")["text"]
            page.ask("speed", speed=-1)  # the server answers this, and would have sent what came before
            assert page.text("error")["text"].startswith("speed:")
        assert runner.thread.is_alive()
    assert not runner.thread.is_alive()
