"""The frames of the panel for the pages: compressed once, however many pages watch."""

from __future__ import annotations

import struct
import zlib

from maixswitch.sim.camera import to_jpeg

HEAD = struct.Struct("<4sHHI")
DEFLATED = b"MXFZ"
JPEG = b"MXFJ"
# At this level the demo's frames take 11 KB and 0.7 ms; the highest one saves 3 KB and takes three times as long.
LEVEL = 3
QUALITY = 85
SMALL = 40_000  # bytes; the drawn scene stays below 20,000, a photograph is beyond 80,000
RATE = 375_000  # bytes a second for each page: 3 Mbit/s
SAMPLE = 8  # one row in eight is compressed, to estimate the size of all


class FrameWriter:
    """Makes the message for each change of the panel. Every message is complete, so a page may skip any of them.

    A frame is exact if it compresses to less than SMALL, as drawings do, or if the last second leaves room for it
    within RATE. A moving photograph has no room: the pages get a JPEG, and the exact pixels follow once there is room.
    """

    def __init__(self) -> None:
        self._pixels: bytes | None = None  # None until the first frame, which is b"" without a panel
        self._exact = True
        self._size = 0  # estimated, of the exact message
        self._room = float(RATE)  # bytes that may be sent at once, at `_counted` on the clock of time.monotonic
        self._counted = 0.0

    def message(self, pixels: bytes, width: int, height: int, now: int, seconds: float) -> bytes | None:
        """Return the message for the pages, None if they have this frame already.

        pixels: words of RGB565, high byte first, row by row, as the panel keeps them; b"" without a panel.
        now: board time in ms. seconds: on the clock of time.monotonic.
        """
        self._room = min(self._room + (seconds - self._counted) * RATE, RATE)
        self._counted = seconds
        # The panel often stays the same between two calls, and comparing is cheaper than sending.
        changed = pixels != self._pixels
        if changed:
            self._pixels, self._size = pixels, estimate(pixels, width)
        fits = self._size <= max(SMALL, self._room)
        if not changed and (self._exact or not fits):
            return None
        self._exact = fits
        message = write_frame(pixels, width, height, now, fits)
        self._room = max(self._room - len(message), 0)
        return message


def estimate(pixels: bytes, width: int) -> int:
    """Return roughly how many bytes the compressed pixels take, a little too many, in a tenth of the time."""
    row = 2 * width
    rows = b"".join(pixels[start : start + row] for start in range(0, len(pixels), SAMPLE * row)) if row else b""
    return len(zlib.compress(rows, 1)) * SAMPLE


def write_frame(pixels: bytes, width: int, height: int, now: int, exact: bool) -> bytes:
    """Return a frame: "MXFZ" or "MXFJ", width, height (16 bits), board time in ms (32 bits), little-endian, contents.

    The contents of "MXFZ" are the pixels, compressed by zlib; those of "MXFJ" a JPEG. 0 by 0 without a panel.
    """
    head = HEAD.pack(DEFLATED if exact else JPEG, width, height, now & 0xFFFFFFFF)
    return head + (zlib.compress(pixels, LEVEL) if exact else to_jpeg(pixels, width, height, 2, QUALITY))
