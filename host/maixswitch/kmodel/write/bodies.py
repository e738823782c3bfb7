"""The bodies of the layers, one after another: what the files of v3 and v4 have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

BODY_ALIGNMENT = 8
Encode = Callable[[int], bytes]
"""A body's bytes at a file position, without the padding after it."""


def gap(position: int, alignment: int) -> bytes:
    """The zeros from a position to the next multiple of ``alignment``."""
    return bytes(-position % alignment)


def lay_out(start: int, layers: Sequence[tuple[int, Encode]]) -> tuple[list[int], bytes]:
    """The table of layers and their bodies.

    start: the file position of the first body.
    layers: (type, function that encodes the body) of each.
    Returns type and size of each body as one flat list, and the bodies, each padded to a multiple of 8 in the file.
    """
    heads, bodies = list[int](), bytearray()
    for number, encode in layers:
        begin = start + len(bodies)
        # A KPU layer aligns its parts by their position in the file, so each body has to know where it begins.
        bodies += encode(begin)
        bodies += gap(start + len(bodies), BODY_ALIGNMENT)
        heads += [number, start + len(bodies) - begin]
    return heads, bytes(bodies)
