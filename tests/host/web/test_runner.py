"""The board's thread: a bug is reported to the pages; it does not end the thread and does not keep it from ending."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from maixswitch.web.broadcast import Broadcast
from maixswitch.web.server import make_app
from tests.host.web.web_helpers import ADDRESS, HERE, Page, make_runner


@pytest.mark.parametrize("part", ["step", "panel", "detections"])
def test_a_bug_is_reported_once_and_the_server_still_ends(card: Path, tmp_path: Path, part: str) -> None:
    broadcast = Broadcast()
    runner = make_runner(card, tmp_path, broadcast)

    def fail(*_: object) -> None:
        raise LookupError("nobody expected this")

    setattr(runner.simulation.sim, part, fail)
    with TestClient(make_app(runner, broadcast, ADDRESS), base_url="http://127.0.0.1:8000", headers=HERE) as client:
        with client.websocket_connect("/live") as socket:
            page = Page(socket)
            assert "LookupError: nobody expected this" in page.text("error")["text"]
            page.ask("speed", speed=-1)  # the answer comes after all earlier messages
            assert page.text("error")["text"].startswith("speed:")
        assert runner.thread.is_alive()
    assert not runner.thread.is_alive()
