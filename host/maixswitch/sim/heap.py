"""The memory of a board, as its views show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heap:
    """The memory that Python's heap and the system heap share, in bytes.

    capacity: of the system heap. python, python_used: Python's heap. largest: the largest free block.
    blocks: (name, bytes) of the blocks in the system heap.
    """

    capacity: int
    python: int
    python_used: int
    free: int
    largest: int
    blocks: Sequence[tuple[str, int]] = ()
