"""The fixture of the paths: a board whose end leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import lcd
from tests.device.paths.path_helpers import Board


@pytest.fixture
def board() -> Iterator[Board]:
    """A board, switched off. After the test the app is stopped, and nothing may stay loaded or armed."""
    new_board = Board()
    yield new_board
    new_board.end()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """A function that returns the text on the panel, without the spaces that fill its lines."""
    texts: list[str] = []
    clear, write = lcd.clear, lcd.draw_string

    def cleared(*colour: object) -> None:
        texts.clear()
        clear(*colour)

    def drawn(x: int, y: int, text: str, *colours: int) -> None:
        texts.append(text)
        write(x, y, text, *colours)

    monkeypatch.setattr(lcd, "clear", cleared)
    monkeypatch.setattr(lcd, "draw_string", drawn)
    return lambda: " ".join(" ".join(texts).split())
