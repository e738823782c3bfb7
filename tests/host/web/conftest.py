"""A board at real time behind the page's server, as a test client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")
pytest.importorskip("uvicorn", reason="the extra web is not installed")
pytest.importorskip("httpx2", reason="httpx2, which the test client needs, is not installed")

from starlette.testclient import TestClient
from web_helpers import HERE, PLACE, make_runner

from maixswitch.web.hub import Hub
from maixswitch.web.server import make_app


@pytest.fixture
def client(card: Path, tmp_path: Path) -> Iterator[TestClient]:
    hub = Hub()
    app = make_app(make_runner(card, tmp_path, hub), hub, PLACE)
    with TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as found:
        yield found
