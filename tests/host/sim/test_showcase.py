"""What the demonstration's animation shows around the panel: key, card and caption, each at its time."""

from __future__ import annotations

import numpy as np

from maixswitch.sim import showcase
from maixswitch.sim.camera import Picture
from maixswitch.sim.showcase import Showcase

PANEL = np.full((240, 320, 3), 90, np.uint8)
EVENTS = (
    {"t": 1000, "event": "say", "text": "Press: the next model"},
    {"t": 1000, "event": "script", "line": 1, "text": "press"},
    {"t": 3000, "event": "script", "line": 2, "text": "eject"},
    {"t": 4000, "event": "script", "line": 3, "text": "insert"},
    {"t": 5000, "event": "script", "line": 4, "text": "hold"},
)


def show() -> Showcase:
    display = Showcase()
    for event in EVENTS:
        display.hear(event)
    return display


def has(picture: Picture, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=2).any())


def test_the_panel_is_enlarged() -> None:
    panel = np.arange(240 * 320 * 3, dtype=np.uint32).astype(np.uint8).reshape(240, 320, 3)
    picture = show().dress(0, panel)
    edge = showcase.MARGIN
    assert (picture[edge : edge + 480 : 2, edge : edge + 640 : 2] == panel).all()
    assert (picture[edge + 1 : edge + 480 : 2, edge + 1 : edge + 640 : 2] == panel).all()


def test_key_is_down_while_it_is_pressed() -> None:
    display = show()
    down = [t for t in range(0, 7000, 100) if has(display.dress(t, PANEL), showcase.KEY_DOWN)]
    assert down == [1000, 1100, 1200, 1300, *range(5000, 5900, 100)]


def test_card_is_out_between_its_two_events() -> None:
    display = show()
    out = [t for t in range(0, 7000, 500) if not has(display.dress(t, PANEL), showcase.CARD_IN)]
    assert out == [3000, 3500]


def test_the_caption_appears_at_its_time() -> None:
    display = show()
    assert not has(display.dress(900, PANEL), showcase.SILK)
    assert has(display.dress(1000, PANEL), showcase.SILK)
    assert has(display.dress(9000, PANEL), showcase.SILK)


def test_every_caption_of_the_demonstration_fits() -> None:
    """No caption reaches the card at the right."""
    from maixswitch.sim.demo import CAPTIONS

    for text in CAPTIONS:
        display = Showcase()
        display.hear({"t": 0, "event": "say", "text": text})
        inked = (display.dress(0, PANEL) == showcase.SILK).all(axis=2).any(axis=0)
        assert 0 < inked.nonzero()[0].max() < 680 - 20 - 60, text
