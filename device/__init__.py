"""The app of the board; `main.py` starts it with device.app.main()."""

import gc
import sys


def forget(names):
    """Drop modules of this package (names between spaces) that are not needed while a model runs; no harm if absent.

    Also takes away what an import that failed left behind: v1.11 would hand it out the next time.
    """
    for name in names.split(" "):
        sys.modules.pop("device." + name, None)
        globals().pop(name, None)
    gc.collect()
