"""A board at real time behind the page's server, as a test client sees it, and as a real browser does."""

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
from tests.host.web.browser_helpers import CHROMIUM, Simulation, Watch, serving, state, write_troubled
from tests.host.web.web_helpers import HERE, PATIENCE_S, PLACE, make_runner


@pytest.fixture
def client(card: Path, tmp_path: Path) -> Iterator[TestClient]:
    broadcast = Broadcast()
    app = make_app(make_runner(card, tmp_path, broadcast), broadcast, PLACE)
    with TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as found:
        yield found


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card with two good models, one that is labelled wrong and one that is too large."""
    folder = tmp_path_factory.mktemp("troubled")
    write_card(folder)
    write_troubled(folder)
    return folder


@pytest.fixture(scope="session")
def shared_desk(troubled: Path) -> Iterator[Simulation]:
    """One simulator for all: `simulation` puts it back in order before each test."""
    with serving(troubled) as found:
        yield found


def in_order(shared: Simulation) -> Iterator[Simulation]:
    """The simulator with its first model running, and a bright spot to look at; it rests while no test needs it."""
    shared.tidy()
    yield shared
    shared.rest()


@pytest.fixture
def simulation(shared_desk: Simulation) -> Iterator[Simulation]:
    """The simulator of `shared_desk`, in order."""
    yield from in_order(shared_desk)


@pytest.fixture(scope="session")
def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """One simulator of a board with three keys and a large panel, with the card that `maixswitch new` makes."""
    card = tmp_path_factory.mktemp("new") / "card"
    words = [sys.executable, "-m", "maixswitch", "new", str(card)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    with serving(card, 0, "--board", "amigo_tft") as found:
        yield found


@pytest.fixture
def demo(shared_demo: Simulation) -> Iterator[Simulation]:
    """The simulator of `shared_demo`, in order."""
    yield from in_order(shared_demo)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, with a webcam that shows a test picture. Not for longer than a module: its loop would stay."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    playwright.expect.set_options(timeout=PATIENCE_S * 1000)
    with playwright.sync_playwright() as running:
        words = ["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
        found = running.chromium.launch(executable_path=CHROMIUM, args=words)
        yield found
        found.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens a simulator's page in a browser of its own, and waits until its board runs (`ready=False`: does not).

    `page.watch` has what the page must not do, and the test fails at its end where there is any. Other options are
    those of a browser's context.
    """
    watches: list[Watch] = []
    contexts: list[Any] = []

    def open_page(address: str, ready: bool = True, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_S * 1000)
        contexts.append(context)
        watch = Watch(context, address)
        watches.append(watch)
        page = context.new_page()
        page.watch = watch
        page.goto(address)
        page.wait_for_selector("#panel[data-frames]")
        if ready:
            state(page, "RUNNING")
        return page

    yield open_page
    troubles = [trouble for watch in watches for trouble in watch.verdict()]
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(visit: Visit, simulation: Simulation) -> Any:
    """The page of `simulation` on a wide screen."""
    return visit(simulation.address)
