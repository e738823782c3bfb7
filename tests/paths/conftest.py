"""The fixture of the paths: a board whose end leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from path_helpers import Board


@pytest.fixture
def board() -> Iterator[Board]:
    """A board, switched off; what a test leaves running is stopped, and nothing may stay loaded or armed."""
    made = Board()
    yield made
    made.end()
