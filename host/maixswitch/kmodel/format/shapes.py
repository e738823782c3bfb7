"""The type and the shape of what the layers write to each address, as far as the layers tell them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .arrays import DTYPES
from .program import Layer, Use

Shapes = dict[tuple[str, int], tuple[Use, tuple[int, ...] | None]]


def fitting(shape: tuple[int, ...] | None, elements: int) -> tuple[int, ...] | None:
    """The shape if it has that many elements, else None."""
    return shape if shape is not None and prod(shape) == elements else None


def written_shapes(layers: Sequence[Layer]) -> Shapes:
    """Returns (memory, start) -> the last layer's use of that address, and the shape of what it wrote.

    A layer that does not tell the shape of its output keeps that of its input if the number of elements is the same.
    """
    known: Shapes = {}
    for layer in layers:
        incoming = [use for use in layer.uses() if not use.writes]
        results = []
        for use in layer.written():
            shape = use.shape
            # Layers that work on flat values, such as a table, do not state a shape. Their input's is the best guess.
            source = known.get((incoming[0].memory, incoming[0].start)) if incoming else None
            if shape is None and source is not None:
                # Another number of elements means that the layer changed the shape, so nothing is known about it.
                shape = fitting(source[1], use.size // DTYPES[use.dtype].itemsize)
            results.append(((use.memory, use.start), (use, shape)))
        # All results of a layer become known at once: it may write where it reads.
        known.update(results)
    return known
