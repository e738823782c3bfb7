"""The two ways in which the KPU may round; no public source says which of the vendor's simulators is right.

``V02`` is nncase 0.2 to 1.6 and the vendor's SDK, ``V01`` is the emulator that came with nncase 0.1. Everything that
runs a model takes one of these names; users may write them with a dot.
"""

from __future__ import annotations

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

V02, V01 = "v02", "v01"
ROUNDINGS = (V02, V01)
DEFAULT_ROUNDING = V02


def rounding_named(name: str) -> str:
    """The rounding that a user names.

    name: "v0.2" or "v0.1", also without the dot.
    Returns a member of ``ROUNDINGS``.
    Raises MaixSwitchError (usage) for any other name.
    """
    rounding = name.replace(".", "")
    if rounding not in ROUNDINGS:
        raise MaixSwitchError(
            tr("no rounding {rounding!r}; there are {known}", rounding=name, known="v0.2, v0.1"), EXIT_USAGE
        )
    return rounding
