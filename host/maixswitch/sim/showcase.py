"""The pictures of the demonstration's animation: the panel on a drawn board with its key, its card and a caption."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from maixswitch.sim.app_board import HOLD_MS, PRESS_MS
from maixswitch.sim.camera import Picture

ZOOM = 2
MARGIN = 20
FOOT = 84
SHORTEST_MS = 400
"""The shortest time in ms that a key is shown pressed: the animation has a picture every 100 ms."""

BOARD = (23, 48, 66)
EDGE = (12, 26, 38)
SILK = (214, 226, 232)
LETTERS = range(30, 9, -2)
"""Heights of a caption in pixels; the first one that fits is used, otherwise the last."""
KEY_UP, KEY_DOWN = (196, 202, 208), (255, 122, 56)
CARD_IN, CARD_OUT = (120, 190, 120), (70, 84, 94)


class Showcase:
    """Listens to a run's events and draws a board around pictures of the panel; times are in ms of board time.

    zoom: enlargement of the panel.
    """

    def __init__(self, zoom: int = ZOOM) -> None:
        self._zoom = zoom
        self._captions: list[tuple[int, str]] = [(0, "")]
        self._presses: list[tuple[int, int]] = []  # from, to
        self._cards: list[tuple[int, bool]] = [(0, True)]
        self._blank: Image.Image | None = None
        self._small = ImageFont.load_default(15)

    def hear(self, event: dict[str, Any]) -> None:
        """Note captions, presses and the card from one event of the run; captions are ASCII."""
        t, kind = int(event["t"]), event["event"]
        if kind == "say":
            self._captions.append((t, event["text"]))
        elif kind == "script" and event["text"] in ("press", "hold"):
            long = HOLD_MS if event["text"] == "hold" else PRESS_MS
            # Show it longer than it was: the animation has too few pictures for a short press.
            self._presses.append((t, t + max(long, SHORTEST_MS)))
        elif kind == "script" and event["text"] in ("eject", "insert"):
            self._cards.append((t, event["text"] == "insert"))

    def dress(self, t: int, panel: Picture) -> Picture:
        """Return the panel on its board at a time: (height * zoom + 124, width * zoom + 40, 3)."""
        height, width = (side * self._zoom for side in panel.shape[:2])
        # Draw once what never changes: everything but panel, key, caption and slot.
        if self._blank is None:
            self._blank = self._board(width, height)
        image = self._blank.copy()
        image.paste(Image.fromarray(panel).resize((width, height), Image.Resampling.NEAREST), (MARGIN, MARGIN))
        pen = ImageDraw.Draw(image)
        middle = MARGIN + height + FOOT // 2 + 8
        down = any(start <= t < end for start, end in self._presses)
        self._key(pen, MARGIN + 34, middle, down)
        # Events come in order of time: the last one that has begun is the present one.
        caption = [text for at, text in self._captions if at <= t][-1]
        left, right = MARGIN + 84, MARGIN + width - 30 - 24
        pen.text((left, middle), caption, SILK, _fitting(caption, right - left - 6), anchor="lm")
        card_in = [state for at, state in self._cards if at <= t][-1]
        self._slot(pen, MARGIN + width - 30, middle, card_in)
        return np.asarray(image)

    def _board(self, width: int, height: int) -> Image.Image:
        image = Image.new("RGB", (width + 2 * MARGIN, height + FOOT + 2 * MARGIN), BOARD)
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=EDGE, width=3)
        pen.rectangle((MARGIN - 6, MARGIN - 6, MARGIN + width + 5, MARGIN + height + 5), fill=EDGE)
        return image

    def _key(self, pen: ImageDraw.ImageDraw, x: int, y: int, down: bool) -> None:
        pen.rounded_rectangle((x - 32, y - 32, x + 32, y + 32), 8, fill=EDGE)
        r = 20 if down else 24
        pen.ellipse((x - r, y - r, x + r, y + r), fill=KEY_DOWN if down else KEY_UP)

    def _slot(self, pen: ImageDraw.ImageDraw, x: int, y: int, inside: bool) -> None:
        """Draw the memory card in its slot, or an empty slot."""
        pen.rounded_rectangle((x - 24, y - 32, x + 24, y + 32), 6, fill=EDGE)
        corners = [(x - 17, y - 25), (x + 8, y - 25), (x + 17, y - 16), (x + 17, y + 25), (x - 17, y + 25)]
        pen.polygon(corners, fill=CARD_IN if inside else None, outline=CARD_IN if inside else CARD_OUT)
        pen.text((x, y), "TF", EDGE if inside else CARD_OUT, self._small, anchor="mm")


def _fitting(text: str, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the largest letters in which the text is no wider than `width`."""
    font = ImageFont.load_default(LETTERS[0])
    for size in LETTERS:
        font = ImageFont.load_default(size)
        if font.getlength(text) <= width:
            break
    return font
