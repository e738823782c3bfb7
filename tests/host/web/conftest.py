"""A board in real time behind the page's server, seen by a test client and by a real browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")
pytest.importorskip("uvicorn", reason="the extra web is not installed")
pytest.importorskip("websockets", reason="the extra web is not installed")
pytest.importorskip("httpx2", reason="httpx2, which the test client needs, is not installed")

from starlette.testclient import TestClient

from maixswitch.kmodel.write.samples import write_card
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.server import make_app
from tests.host.web.browser_helpers import CHROMIUM, Simulation, Watch, serving, state, write_faulty_card
from tests.host.web.web_helpers import ADDRESS, HERE, TIMEOUT_S, make_runner


@pytest.fixture
def client(card: Path, tmp_path: Path) -> Iterator[TestClient]:
    broadcast = Broadcast()
    app = make_app(make_runner(card, tmp_path, broadcast), broadcast, ADDRESS)
    with TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as test_client:
        yield test_client


@pytest.fixture(scope="session")
def faulty_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card with two good models, one with wrong labels and one that is too large."""
    folder = tmp_path_factory.mktemp("troubled")
    write_card(folder)
    write_faulty_card(folder)
    return folder


@pytest.fixture(scope="session")
def shared_simulation(faulty_card: Path) -> Iterator[Simulation]:
    """One simulator for all tests; `simulation` restores it before each of them."""
    with serving(faulty_card) as simulation:
        yield simulation


def in_order(shared: Simulation) -> Iterator[Simulation]:
    """Restore a shared simulator for one test; it is paused while no test needs it."""
    shared.restore()
    yield shared
    shared.pause()


@pytest.fixture
def simulation(shared_simulation: Simulation) -> Iterator[Simulation]:
    """The simulator of `shared_simulation`, restored."""
    yield from in_order(shared_simulation)


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One simulator of a board with three keys and a large panel, with the card that `maixswitch new` makes."""
    card = tmp_path_factory.mktemp("new") / "card"
    words = [sys.executable, "-m", "maixswitch", "new", str(card)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    with serving(card, 0, "--board", "amigo_tft") as simulation:
        yield simulation


@pytest.fixture
def demo(shared_demo: Simulation) -> Iterator[Simulation]:
    """The simulator of `shared_demo`, restored."""
    yield from in_order(shared_demo)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, with a webcam that shows a test picture. For one module, or its event loop would remain."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    playwright.expect.set_options(timeout=TIMEOUT_S * 1000)
    with playwright.sync_playwright() as driver:
        words = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=words)
        yield chromium
        chromium.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """A function that opens a simulator's page in a new browser context and waits until the board runs.

    ready: False does not wait. Other options are those of a browser's context.
    `page.watch` collects what the page must not do; if there is any, the test fails at its end.
    """
    watches: list[Watch] = []
    contexts: list[Any] = []

    def open_page(address: str, ready: bool = True, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(TIMEOUT_S * 1000)
        contexts.append(context)
        watch = Watch(context, address.partition("?")[0])  # a token is in the first request only
        watches.append(watch)
        page = context.new_page()
        page.watch = watch
        page.goto(address)
        page.wait_for_selector("#panel[data-frames]")
        if ready:
            state(page, "RUNNING")
        return page

    yield open_page
    complaints = [complaint for watch in watches for complaint in watch.unexpected()]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(visit: Visit, simulation: Simulation) -> Any:
    """The page of `simulation` on a wide screen."""
    return visit(simulation.address)
