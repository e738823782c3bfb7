"""The software that runs the CPU layers of a model: its arithmetic, and whether it applies dense activations.

How the KPU rounds is a separate choice (``roundings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from .cpu_arithmetic import SdkArithmetic
from .firmware_arithmetic import FirmwareArithmetic


@dataclass(frozen=True)
class Runtime:
    """One runtime.

    about: what it is, in words.
    arithmetic: how it computes the CPU layers.
    dense_activation: True if a v3 dense layer applies its relu or relu6.
    copies_last_byte: False if the copy of a v3 KPU layer's result in main memory lacks its last byte where the lines of
        the result have a multiple of 64 pixels.
    """

    name: str
    about: str
    arithmetic: type[SdkArithmetic]
    dense_activation: bool
    copies_last_byte: bool


MAIXPY = Runtime("maixpy", "MaixPy's closed library and its libnncase", FirmwareArithmetic, False, False)
CANMV = Runtime(
    "canmv", "CanMV's library: MaixPy's with the activation of dense layers", FirmwareArithmetic, True, True
)
SDK = Runtime("sdk", "the vendor's open sources, built on a PC", SdkArithmetic, True, True)
RUNTIMES: Mapping[str, Runtime] = {runtime.name: runtime for runtime in (MAIXPY, CANMV, SDK)}
DEFAULT_RUNTIME = MAIXPY.name


def runtime_named(name: str) -> Runtime:
    """The runtime of that name; MaixSwitchError (usage) lists the known ones."""
    if name not in RUNTIMES:
        raise MaixSwitchError(
            tr("no runtime {name!r}; there are {known}", name=name, known=", ".join(RUNTIMES)), EXIT_USAGE
        )
    return RUNTIMES[name]
