"""Where the board's own code is: beside this package in a clone, inside it (`_board`) in an installed wheel."""

from __future__ import annotations

import sys
from pathlib import Path

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

PACKAGE = Path(__file__).resolve().parent
PLACES = (PACKAGE.parent.parent, PACKAGE / "_board")


def board_root() -> Path:
    """The folder that holds device/, stubs/, boot.py and main.py; MaixSwitchError when the installation lacks it."""
    for place in PLACES:
        if (place / "device" / "app.py").is_file() and (place / "stubs" / "bench.py").is_file():
            return place
    raise MaixSwitchError(
        tr(
            "the board's code is missing: no device/app.py and stubs/bench.py in {places}; install maixswitch again",
            places=" or ".join(map(str, PLACES)),
        ),
        EXIT_IO,
    )


def put_on_path(canmv: bool = False) -> Path:
    """Makes `device` and the fakes importable, those of the CanMV firmware first where asked; returns the root.

    Selection by path is the only switch between firmware interfaces: no module is patched.
    """
    root = board_root()
    wanted = [root / "stubs", root]
    if canmv:
        wanted.insert(0, root / "stubs" / "canmv")
    names = [str(path) for path in wanted]
    sys.path[:] = names + [entry for entry in sys.path if entry not in names]
    return root
