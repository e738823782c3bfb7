"""The tensors between the layers of a network that is being written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.arrays import DTYPES

BLOCK_BYTES = 8


@dataclass(eq=False)
class PlacedTensor:
    """A tensor between two layers, uint8 or float32, of shape (channels, h, w) or (n,); in v4 also with batches before.

    memory: "main", "ai_ram", or "const" for the constants of v4.
    address: byte offset in main memory or in the constants, or row in the AI RAM; set when the file is built.
    first, last: the layers between which the value is needed.
    base: the tensor whose bytes this one shares, None for a tensor that has its bytes for itself.
    offset: of its first byte in the bytes of ``base``, or of its first row in the AI RAM.
    """

    memory: str
    dtype: str
    shape: tuple[int, ...]
    address: int = -1
    first: int = 0
    last: int = 0
    base: PlacedTensor | None = None
    offset: int = 0

    @property
    def storage(self) -> PlacedTensor:
        """The tensor that has the address."""
        return self if self.base is None else self.base

    @property
    def start(self) -> int:
        """Its own address, once the tensor that has the bytes has one."""
        return self.storage.address + self.offset

    def channels(self, first: int, count: int) -> PlacedTensor:
        """``count`` channels of a map (channels, h, w), from ``first`` on, at the same address.

        Raises ValueError where they begin or end inside a row of the AI RAM or a word of main memory.
        """
        total, height, width = self.shape
        # The DMA writes words of 8 bytes, and the KPU whole rows, in which narrow maps lie side by side.
        unit = MapLayout(*self.shape).groups if self.memory == "ai_ram" else 1
        inside = first % unit or (count % unit and first + count != total)
        offset = first * height * width * DTYPES[self.dtype].itemsize
        if self.memory == "ai_ram":
            offset = MapLayout(first, height, width).rows if first else 0
        elif offset % BLOCK_BYTES:
            inside = 1
        if inside or not 0 <= first < first + count <= total:
            raise ValueError(f"channels {first} to {first + count} of {self.shape} cannot be used apart")
        shape = (count, height, width)
        return PlacedTensor(self.memory, self.dtype, shape, base=self.storage, offset=self.offset + offset)

    def viewed(self, shape: tuple[int, ...], dtype: str = "", offset: int = 0) -> PlacedTensor:
        """Bytes of main memory or constants, from ``offset`` on, under another shape.

        dtype: another type, or "" for the same one.
        Raises ValueError where there are too few bytes.
        """
        view = PlacedTensor(self.memory, dtype or self.dtype, shape, base=self.storage, offset=self.offset + offset)
        if not 0 <= offset <= self.bytes - view.bytes or self.memory == "ai_ram":
            raise ValueError(f"{self.dtype} {self.shape} in {self.memory} cannot be seen as {view.dtype} {shape}")
        return view

    @property
    def count(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes of its elements, one after another."""
        return self.count * DTYPES[self.dtype].itemsize

    @property
    def room(self) -> int:
        """The memory that it takes: rows of AI RAM, or bytes of main memory rounded up to a multiple of 8."""
        if self.memory == "ai_ram":
            return _rows(self.shape)
        return -(-self.bytes // BLOCK_BYTES) * BLOCK_BYTES


@cache
def _rows(shape: tuple[int, ...]) -> int:
    """The rows of AI RAM that maps of a shape take; the allocator asks for the same shapes very often."""
    return MapLayout(*shape[-3:]).rows * prod(shape[:-3])
