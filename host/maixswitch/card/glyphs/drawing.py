"""Draws glyphs with Noto Sans SC, which the package pylopdf-fonts-zh-cn brings (SIL Open Font License 1.1)."""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .font_file import RECORD, SIDE

PACKAGE = "pylopdf_fonts_zh_cn"
INSTALL = "pip install pylopdf-fonts-zh-cn"
SIZE = 15
"""At this size, and without grey levels, most strokes of this font are one pixel wide."""
BASE_LINE = 13
NOTHING = "\U0010ffff"
"""A letter that no font has."""


def font_path() -> Path | None:
    """Return the file of the font, None if its package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.origin:
        return None
    path = Path(spec.origin).with_name("NotoSansSC-Regular.otf")
    return path if path.is_file() else None


def draw(letters: Iterable[str], path: Path) -> dict[str, bytes]:
    """Return the records of the letters that the font has."""
    # Pillow takes a tenth of a second to load, and most cards need no glyphs.
    from PIL import ImageFont

    font = ImageFont.truetype(path, SIZE)
    nothing = record(NOTHING, font)
    drawn = {letter: record(letter, font) for letter in letters}
    return {letter: bits for letter, bits in drawn.items() if bits != nothing}


def record(letter: str, font: Any) -> bytes:
    """Return the record of a letter: a narrow one stands in the left half, so that it takes one cell."""
    from PIL import Image, ImageDraw

    picture = Image.new("1", (SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"
    left, _, right, _ = font.getbbox(letter, "1")
    narrow = right - left <= SIDE // 2 and unicodedata.east_asian_width(letter) not in "WF"
    pen.text((SIDE // 4 if narrow else SIDE // 2, BASE_LINE), letter, 1, font, "ms")
    if narrow:
        picture.paste(0, (SIDE // 2, 0, SIDE, SIDE))
    rows = picture.tobytes()
    bits = rows[0::2] + rows[1::2]
    assert len(bits) == RECORD
    return bits
