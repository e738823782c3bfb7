"""The software that runs a model's CPU layers: which of them apply what a file asks for, and with which arithmetic.

The KPU's own rounding is another choice (``arithmetic.ROUNDINGS``); a runtime says nothing about it.
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
    """``arithmetic``: of the CPU layers; ``dense_activation``: does a v3 dense layer apply its relu or relu6?"""

    name: str
    about: str
    arithmetic: type[SdkArithmetic]
    dense_activation: bool


MAIXPY = Runtime("maixpy", "MaixPy's closed library and its libnncase", FirmwareArithmetic, False)
CANMV = Runtime("canmv", "CanMV's library: MaixPy's with the activation of dense layers", FirmwareArithmetic, True)
SDK = Runtime("sdk", "the vendor's open sources, built on a PC", SdkArithmetic, True)
RUNTIMES: Mapping[str, Runtime] = {runtime.name: runtime for runtime in (MAIXPY, CANMV, SDK)}
DEFAULT_RUNTIME = MAIXPY.name


def runtime_named(name: str) -> Runtime:
    """The runtime of that name; MaixSwitchError (usage) tells the known ones."""
    if name not in RUNTIMES:
        raise MaixSwitchError(
            tr("no runtime {name!r}; there are {known}", name=name, known=", ".join(RUNTIMES)), EXIT_USAGE
        )
    return RUNTIMES[name]
