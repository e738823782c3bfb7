"""Memory for intermediate numbers, shared by the layers of a model, of which only one runs at a time.

Separate memory for each layer would be held between the calls. Shared memory also stays in the processor's cache from
layer to layer.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import DTypeLike

from maixswitch.kmodel.format.arrays import Array, Bytes


class Scratch:
    """Arrays by name; their content is lost when another layer runs."""

    def __init__(self) -> None:
        self._rooms: dict[str, Bytes] = {}
        self._borders: dict[tuple[tuple[int, ...], int, int], Bytes] = {}

    def room(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """An array for one call, with undefined content. It overlaps all other arrays of that name."""
        size = prod(shape) * np.dtype(dtype).itemsize
        held = self._rooms.get(name, np.empty(0, np.uint8))
        if held.size < size:
            # Earlier layers keep the smaller arrays. The size at least doubles, so those add up to no more than the
            # last one.
            held = self._rooms[name] = np.empty(max(size, 2 * held.size), np.uint8)
        return held[:size].view(dtype).reshape(shape)

    def border(self, shape: tuple[int, int, int], edge: int, value: int) -> Bytes:
        """uint8 (channels, height + 2 * edge, width + 2 * edge) with a border of ``value`` and any content inside.

        shape: (channels, height, width). Layers of one shape and value share the array and do not change its border.
        """
        # The border is written once. The layers of one shape only write the inside.
        border = self._borders.get((shape, edge, value))
        if border is None:
            channels, height, width = shape
            border = np.full((channels, height + 2 * edge, width + 2 * edge), value, np.uint8)
            self._borders[shape, edge, value] = border
        return border
