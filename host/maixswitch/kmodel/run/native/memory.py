"""What compiled loops ask of the memory of a layer."""

from __future__ import annotations

from maixswitch.kmodel.format.program import Layer, Use


def overlap(a: Use, b: Use) -> bool:
    """True if two pieces of memory share a byte."""
    return a.memory == b.memory and a.start < b.start + b.size and b.start < a.start + a.size


def apart(layer: Layer, same: bool = False) -> bool:
    """True if the layer does not write where it reads.

    same: True allows it to write exactly over one of its inputs.
    """
    # A loop reads while it writes, so a result over its own input would be read again. Addresses of floats that no
    # compiler chooses would need loops of their own.
    uses = list(layer.uses())
    if any(use.start % 4 for use in uses):
        return False
    written = [use for use in uses if use.writes]
    return not any(
        overlap(use, out) and not (same and (use.start, use.size) == (out.start, out.size))
        for use in uses
        if not use.writes
        for out in written
    )
