"""A page from another address cannot use the simulator, and our page sends no request to another server."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.host.web.browser_helpers import Simulation, eventually, javascript

TRY = javascript("reach_server")
FRAME = javascript("is_frame_empty")


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body>elsewhere</body>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_page_from_another_address_gets_nothing(browser: Any, simulation: Simulation, elsewhere: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused = {"socket": "refused", "module": "refused", "picture": "refused"}
    for host in ("127.0.0.1", "localhost"):
        page.goto(elsewhere.replace("127.0.0.1", host))
        results = page.evaluate(TRY, simulation.address)
        assert results == {**refused, **dict.fromkeys(("page", "script", "recording", "blind"), "TypeError")}
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    assert page.evaluate(FRAME, simulation.address)
    eventually(lambda: any("frame" in text for text in console), page)  # frame-ancestors of our policy
    context.close()


def test_our_page_cannot_send_requests_to_other_servers(page: Any, elsewhere: str) -> None:
    """The browser enforces the policy even if our own script were wrong."""
    asked = page.evaluate(
        javascript("run_forbidden"),
        elsewhere,
    )
    assert asked == ["refused", "MaixSwitch"]
    eventually(lambda: len([text for text in page.watch.complaints if "Content Security Policy" in text]) >= 2, page)
    page.watch.allowed += ["Content Security Policy", "Fetch API cannot load", f"^request: {elsewhere}"]
