"""The panel's frames for the pages: small ones are exact, and photographs too as soon as there is room for them."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from maixswitch.sim.camera import from_rgb565
from maixswitch.web.frames import HEAD, RATE, SMALL, FrameWriter, estimate

WIDTH, HEIGHT = 320, 240


def noise(seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(WIDTH * HEIGHT * 2)


def smooth(level: int) -> bytes:
    return bytes([level]) * (WIDTH * HEIGHT * 2)


def pixels_of(message: bytes | None) -> bytes | None:
    """Return the pixels of an exact frame, None for a JPEG."""
    assert message is not None
    magic, width, height, _ = HEAD.unpack(message[: HEAD.size])
    if magic == b"MXFZ":
        return zlib.decompress(message[HEAD.size :])
    assert (magic, Image.open(io.BytesIO(message[HEAD.size :])).size) == (b"MXFJ", (width, height))
    return None


def test_a_frame_names_its_size_and_time() -> None:
    message = FrameWriter().message(b"\x12\x34" * 6, 3, 2, 2**32 + 5, 0.0)
    assert message is not None
    assert HEAD.unpack(message[: HEAD.size]) == (b"MXFZ", 3, 2, 5)
    assert pixels_of(message) == b"\x12\x34" * 6


def test_a_board_without_a_panel_has_an_empty_frame_once() -> None:
    frames = FrameWriter()
    assert pixels_of(frames.message(b"", 0, 0, 0, 0.0)) == b""
    assert frames.message(b"", 0, 0, 1, 9.0) is None


def test_a_drawing_is_always_exact_and_sent_once() -> None:
    frames = FrameWriter()
    for number in range(100):
        pixels = smooth(number)
        assert pixels_of(frames.message(pixels, WIDTH, HEIGHT, 0, 0.0)) == pixels
        assert frames.message(pixels, WIDTH, HEIGHT, 0, 0.0) is None


def test_a_moving_photograph_is_a_jpeg_and_becomes_exact_at_rest() -> None:
    frames = FrameWriter()
    moving = [frames.message(noise(number), WIDTH, HEIGHT, 0, number / 15) for number in range(60)]
    exact = sum(pixels_of(message) is not None for message in moving)
    # The first one has room; after that the rate leaves room for one of many.
    assert 1 <= exact < 12
    last = noise(59)
    rested = [frames.message(last, WIDTH, HEIGHT, 0, 4 + tenths / 10) for tenths in range(10)]
    followed = [message for message in rested if message is not None]
    assert [pixels_of(message) for message in followed] == [last]


def test_a_photograph_whose_counter_changes_once_a_second_stays_exact() -> None:
    frames = FrameWriter()
    for second in range(5):
        pixels = noise(1)[:-2] + bytes([second, 0])
        assert pixels_of(frames.message(pixels, WIDTH, HEIGHT, 0, float(second))) == pixels


def test_a_jpeg_resembles_the_panel() -> None:
    frames = FrameWriter()
    rows = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) // 16 % 32
    grain = np.random.default_rng(3).integers(0, 3, (HEIGHT, WIDTH))
    words = ((rows << 11) | (rows << 6) | (rows + grain).clip(0, 31)).astype(">u2").tobytes()
    for number in range(4):
        frames.message(noise(number), WIDTH, HEIGHT, 0, 0.0)
    message = frames.message(words, WIDTH, HEIGHT, 0, 0.0)
    assert message is not None
    if estimate(words, WIDTH) <= SMALL:
        pytest.fail("the picture is too smooth to need a JPEG")
    assert pixels_of(message) is None
    shown = np.asarray(Image.open(io.BytesIO(message[HEAD.size :])).convert("RGB")).astype(int)
    assert abs(shown - from_rgb565(words, WIDTH, HEIGHT).astype(int)).mean() < 12


def test_the_estimate_is_near() -> None:
    for pixels in (noise(1), smooth(3)):
        real = len(zlib.compress(pixels, 3))
        assert real * 0.95 < estimate(pixels, WIDTH) < real + 2000
    assert estimate(b"", 0) < 100
    assert estimate(np.random.default_rng(1).bytes(480 * 320 * 2), 480) < RATE, "the largest panel must fit once"
