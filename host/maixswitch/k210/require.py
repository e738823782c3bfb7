"""Says what to install when the virtual K210 lacks its CPU emulator."""

from __future__ import annotations

import importlib.util

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

INSTALL = 'pip install "maixswitch[chip]"'


def require_unicorn() -> None:
    """Raise MaixSwitchError (usage), which says what to install, unless Unicorn and what goes with it are installed."""
    # Only look for it: the import takes a tenth of a second, and a command that refuses something need not wait for it.
    if any(importlib.util.find_spec(name) is None for name in ("unicorn", "llvmlite")):
        raise MaixSwitchError(
            tr("running a firmware image needs Unicorn and llvmlite; install them: {command}", command=INSTALL),
            EXIT_USAGE,
        )
