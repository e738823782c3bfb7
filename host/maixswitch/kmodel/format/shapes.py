"""What the layers write to each address: its type, and its shape where the layers tell it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .arrays import DTYPES
from .program import Layer, Use

Shapes = dict[tuple[str, int], tuple[Use, tuple[int, ...] | None]]


def written_shapes(layers: Sequence[Layer]) -> Shapes:
    """(memory, start) -> what was last written there and its shape.

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
            if shape is None and source is not None and source[1] is not None:
                # Another number of elements means that the layer changed the shape, so nothing is known about it.
                count = use.size // DTYPES[use.dtype].itemsize
                shape = source[1] if prod(source[1]) == count else None
            results.append(((use.memory, use.start), (use, shape)))
        # All results of a layer become known at once: it may write where it reads.
        known.update(results)
    return known
