"""The K210's AI RAM: 2 MiB in rows of 64 bytes, and how a feature map lies in it.

Source: K210 register block (row_switch_addr, channel_switch_addr, coef_group) and nncase's K210 memory layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from .arrays import Bytes, Ints

ROW = 64
ROWS = 32768
SIZE = ROW * ROWS


@dataclass(frozen=True)
class MapLayout:
    """How one feature map of ``channels`` x ``height`` x ``width`` bytes lies in the AI RAM, from its first row on.

    ``groups`` channels stand side by side in a row, ``pitch`` bytes apart. One image line takes ``line_rows`` rows.
    """

    channels: int
    height: int
    width: int

    @cached_property
    def groups(self) -> int:
        """Channels that lie side by side in a row: 4 up to width 16, 2 up to width 32, else 1."""
        return 4 if self.width <= 16 else 2 if self.width <= 32 else 1

    @cached_property
    def line_rows(self) -> int:
        """Rows of one image line."""
        return -(-self.width // ROW)

    @cached_property
    def pitch(self) -> int:
        """Bytes from one channel to its neighbour in the same row."""
        return ROW // self.groups

    @cached_property
    def blocks(self) -> int:
        """Number of groups of channels; each group lies below the one before it."""
        return -(-self.channels // self.groups)

    @cached_property
    def rows(self) -> int:
        """Rows of the whole map."""
        return self.line_rows * self.height * self.blocks

    @cached_property
    def size(self) -> int:
        """Bytes of the whole map, slack included."""
        return self.rows * ROW

    def _blocks(self, ram: Bytes, row: int) -> Bytes:
        """A view of shape (blocks, height, groups, bytes of one channel's line)."""
        part = ram[row * ROW : row * ROW + self.size]
        return part.reshape(self.blocks, self.height, self.groups, self.line_rows * self.pitch)

    def read(self, ram: Bytes, row: int) -> Bytes:
        """The map at ``row`` as uint8 (channels, height, width); a view of the RAM where the layout allows it."""
        # A map of one channel in a row needs no repacking, and a view saves the copy of the largest maps.
        view = self._blocks(ram, row)[..., : self.width]
        if self.groups == 1:
            return view[:, :, 0, :]
        packed = view.transpose(0, 2, 1, 3).reshape(self.blocks * self.groups, self.height, self.width)
        return packed[: self.channels]

    def write(self, ram: Bytes, row: int, values: Bytes) -> None:
        """Stores uint8 (channels, height, width) at ``row``; the bytes between width and pitch do not change."""
        view = self._blocks(ram, row)
        if self.groups == 1:
            view[:, :, 0, : self.width] = values
            return
        for lane in range(self.groups):
            part = values[lane :: self.groups]
            view[: len(part), :, lane, : self.width] = part

    def pixel_offsets(self) -> Ints:
        """Byte offset of every pixel from the start of the map, shape (channels, height, width)."""
        channel, line, column = np.ogrid[: self.channels, : self.height, : self.width]
        block = (channel // self.groups) * self.line_rows * self.height * ROW
        offsets: Ints = block + (channel % self.groups) * self.pitch + line * self.line_rows * ROW + column
        return offsets


@lru_cache(maxsize=64)
def layout_of(channels: int, height: int, width: int) -> MapLayout:
    """The layout of maps of this size; the same object for each call, so that its numbers are computed once."""
    return MapLayout(channels, height, width)


def maps_in(shape: tuple[int, ...] | None, dtype: str, size: int) -> tuple[MapLayout, int] | None:
    """The feature maps that a tensor in the AI RAM consists of.

    shape: (..., channels, height, width), None if unknown.
    size: bytes of AI RAM that the tensor takes.
    Returns (layout of one map, number of maps). None for values that lie one after another: types other than uint8,
    unknown shapes, and tensors that are too small for the layout.
    """
    # Only bytes have the layout of maps. Floats in the AI RAM lie one after another, as the CPU copied them.
    if shape is None or len(shape) < 3 or dtype != "uint8":
        return None
    layout, number = layout_of(*shape[-3:]), prod(shape[:-3])
    # A tensor that is too small for the rows of a map can only be packed bytes.
    return (layout, number) if layout.size * number <= size else None
