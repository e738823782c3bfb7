"""Where a KPU layer works."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from maixswitch.kmodel.format.airam import ROW
from maixswitch.kmodel.format.arrays import Bytes
from maixswitch.kmodel.format.conv import Conv

NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True, eq=False)
class Site:
    """``ram``: the whole AI RAM. ``main``: room for the packed results of all ``batches``, or None."""

    ram: Bytes = field(repr=False)
    main: Bytes | None = field(repr=False)
    batches: int

    def ends(self, conv: Conv, batch: int) -> tuple[int, int, Bytes]:
        """Bytes in the AI RAM where the batch's input and output begin, and its part of main memory, empty if none."""
        source, target = conv.input, conv.output
        size = target.channels * target.height * target.width
        main = NOTHING if self.main is None else self.main[batch * size : (batch + 1) * size]
        return (conv.source + batch * source.rows) * ROW, (conv.target + batch * target.rows) * ROW, main
