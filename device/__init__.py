"""The app of the board; `main.py` starts it with device.app.main()."""

import gc
import sys


def forget():
    """Drop the modules of device/once, which no running app needs, and collect the garbage.

    This also takes away what a failed import left behind: v1.11 would hand it out the next time.
    """
    for name in list(sys.modules):
        if name.startswith("device.once"):
            del sys.modules[name]
    globals().pop("once", None)
    gc.collect()
