"""What the emulator asks of a backend."""

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
    """Where a KPU layer works.

    ``ram``: the whole AI RAM. ``main``: room for the packed results of all ``batches``, or None.
    """

    ram: Bytes = field(repr=False)
    main: Bytes | None = field(repr=False)
    batches: int

    def ends(self, conv: Conv, batch: int) -> tuple[int, int, Bytes]:
        """Bytes in the AI RAM where the batch's input and output begin, and its part of main memory, empty if none."""
        source, target = conv.input, conv.output
        size = target.channels * target.height * target.width
        main = NOTHING if self.main is None else self.main[batch * size : (batch + 1) * size]
        return (conv.source + batch * source.rows) * ROW, (conv.target + batch * target.rows) * ROW, main


Kernel = Callable[[Bytes], Bytes]
Step = Callable[[], None]
"""A layer that knows where its input lies and where its output goes."""


class Backend(Protocol):
    """What the emulator asks of a backend."""

    name: str

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        """The function that runs ``conv``.

        It keeps no argument. Its result is used before any function of this backend is called again: they share room.
        """
        ...


@runtime_checkable
class Binding(Protocol):
    """What a backend may offer besides: layers that work on the chip's memory themselves."""

    binds: bool
    """Is all there that it needs for this?"""

    def bind(self, conv: Conv, rounding: str, memory: LayerMemory) -> Step | None:
        """One run of ``conv`` on that memory; None where only ``prepare`` can do it."""
        ...

    def bind_layer(self, layer: Layer, runner: Callable[[Any, Any], None], chip: Any) -> Step | None:
        """One run of any layer on the memories of ``chip`` (run.chip.Chip); None where only ``runner`` can do it."""
        ...
