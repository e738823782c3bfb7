"""The tensors between the layers of a network that is being written."""

from __future__ import annotations

from dataclasses import dataclass
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
    offset: of its first byte in the bytes of ``base``.
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
            return MapLayout(*self.shape[-3:]).rows * prod(self.shape[:-3])
        return -(-self.bytes // BLOCK_BYTES) * BLOCK_BYTES
