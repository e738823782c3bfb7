"""What the emulator expects of a backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from maixswitch.kmodel.format.airam import ROW
from maixswitch.kmodel.format.arrays import Bytes
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.program import Layer

NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True, eq=False)
class LayerMemory:
    """The memory that a KPU layer works on.

    ram: all of the AI RAM.
    main: main memory for the packed results of all ``batches``, or None.
    """

    ram: Bytes = field(repr=False)
    main: Bytes | None = field(repr=False)
    batches: int

    def ends(self, conv: Conv, batch: int) -> tuple[int, int, Bytes]:
        """The byte offsets of the input and output of one batch in the AI RAM, and its part of main memory.

        That part is empty if the layer writes nothing to main memory.
        """
        source, target = conv.input, conv.output
        # A batch of the copy has no gaps, unlike the rows of the AI RAM.
        size = target.channels * target.height * target.width
        main = NOTHING if self.main is None else self.main[batch * size : (batch + 1) * size]
        return (conv.source + batch * source.rows) * ROW, (conv.target + batch * target.rows) * ROW, main


Kernel = Callable[[Bytes], Bytes]
"""One run of a KPU layer: uint8 (in, h, w) to uint8 (out, h', w')."""
Step = Callable[[], None]
"""One run of a layer whose input and output are already known."""


class Backend(Protocol):
    """Prepares the KPU layers of a model."""

    name: str

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        """Makes the function that runs ``conv``.

        The function keeps no reference to its argument. The functions of one backend share memory for their results, so
        that a result must be used before the next call.
        """
        ...


@runtime_checkable
class Binding(Protocol):
    """An optional part of a backend: layers that work on the chip's memory themselves."""

    binds: bool
    """True if all packages for this are installed."""

    def bind(self, conv: Conv, rounding: str, memory: LayerMemory) -> Step | None:
        """Ties a KPU layer to the chip's memory; None if only ``prepare`` can run it."""
        ...

    def bind_layer(self, layer: Layer, runner: Callable[[Any, Any], None], chip: Any) -> Step | None:
        """Ties any layer to the memory of ``chip`` (a run.chip.Chip); None if only ``runner`` can run it."""
        ...
