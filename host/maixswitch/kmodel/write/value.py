"""The tensors between the layers of a network that is being written."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.arrays import DTYPES

BLOCK_BYTES = 8


@dataclass(eq=False)
class PlacedTensor:
    """A tensor between two layers: in "main" memory or in "ai_ram", uint8 or float32, shape (channels, h, w) or (n,).

    address: byte offset in main memory, or row in the AI RAM; set when the file is built.
    first, last: the layers between which the value is needed.
    """

    memory: str
    dtype: str
    shape: tuple[int, ...]
    address: int = -1
    first: int = 0
    last: int = 0

    @property
    def count(self) -> int:
        return prod(self.shape)

    @property
    def room(self) -> int:
        """The memory that it takes: rows of AI RAM, or bytes of main memory rounded up to a multiple of 8."""
        if self.memory == "ai_ram":
            return MapLayout(*self.shape).rows
        size = self.count * DTYPES[self.dtype].itemsize
        return -(-size // BLOCK_BYTES) * BLOCK_BYTES
