"""Which board runs the app: the fakes for a flavour, the virtual K210 for an image file."""

from __future__ import annotations

from collections.abc import Callable

from maixswitch.k210.choice import image_path
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.chip_board import ChipBoard
from maixswitch.sim.simulated_board import SimulatedBoard


def board_class(firmware: str) -> Callable[..., AppBoard]:
    """Return the class of the board for a value of `--firmware`."""
    return SimulatedBoard if image_path(firmware) is None else ChipBoard
