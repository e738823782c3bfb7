"""What the chip's devices and harts may ask of the chip; Chip is the only class that has all of it.

The devices cannot import Chip, which makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from maixswitch.k210.clock import Clock
from maixswitch.k210.memory import Memory


class I2cPart(Protocol):
    """A part at an address of an I2C bus."""

    def write(self, data: bytes) -> None:
        """Take the bytes of one write."""

    def read(self) -> int:
        """Return the next byte."""


class HartView(Protocol):
    """A hart, as the devices that interrupt it see it."""

    @property
    def number(self) -> int:
        """0 or 1."""

    def set_line(self, line: int, high: bool) -> None:
        """Raise or lower one of the interrupt lines, given as its bit of mip."""


class PlicView(Protocol):
    """The PLIC, as the devices behind it see it."""

    def set_level(self, source: int, high: bool) -> None:
        """Set the line of a source."""


class DmacView(Protocol):
    """The DMAC, as the devices that it serves see it."""

    def pump(self) -> None:
        """Do the transfers whose devices are ready."""


class SysctlView(Protocol):
    """The clock tree, as the devices with a clock see it."""

    def get(self, offset: int) -> int:
        """Return the register at an offset."""

    def pll(self, offset: int) -> int:
        """Return the frequency of a PLL in Hz."""

    def cpu_clock(self) -> int:
        """Return the clock of the CPU in Hz."""


class FpioaView(Protocol):
    """The table of pins."""

    def function(self, pin: int) -> int:
        """Return the number of the function that a pin has."""


class UnmodelledView(Protocol):
    """Who counts the registers that nobody models."""

    def count(self, device: str, offset: int, access: str) -> None:
        """Note an access."""


class Named(Protocol):
    """A device, as the chip's list of events knows it."""

    name: str


class ChipView(Protocol):
    """The chip; its methods are described in Chip."""

    clock: Clock
    memory: Memory
    stopping: bool
    reset_requested: bool
    watched_outputs: int
    accesses: int

    @property
    def reset_sensor(self) -> Callable[[], None]: ...
    @property
    def harts(self) -> Sequence[HartView]: ...
    @property
    def plic(self) -> PlicView: ...
    @property
    def dmac(self) -> DmacView: ...
    @property
    def sysctl(self) -> SysctlView: ...
    @property
    def fpioa(self) -> FpioaView: ...
    @property
    def unmodelled(self) -> UnmodelledView: ...
    @property
    def sccb(self) -> Mapping[int, I2cPart]: ...

    def later(self, cycles: int, device: Named, action: str, argument: int) -> None: ...
    def stop(self) -> None: ...
    def cycles_to_next_change(self) -> int: ...
    def raise_failure(self) -> None: ...
    def software_interrupt(self, hart: int) -> None: ...
    def port(self, address: int) -> Any: ...
    def pins_changed(self) -> None: ...
    def outputs_changed(self, changed: int) -> None: ...
    def camera_present(self) -> bool: ...
    def camera_frame(self, width: int, height: int) -> NDArray[np.uint8]: ...
