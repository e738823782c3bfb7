"""The app of the board; `main.py` starts it with device.app.main()."""

import gc
import sys


def kind(name):
    """Return the module of a kind of model, such as device.kinds.yolo2.

    forget() drops it again: a model that runs keeps alive what it needs of its kind, and nobody needs the others.
    """
    try:
        return __import__("device.kinds." + name, None, None, ("prepare",))
    # Ctrl-C, too: a module that is half imported would be handed out as a whole one.
    except BaseException:
        forget()
        raise


def forget():
    """Drop the modules of device/once and device/kinds, which a running app does not need, and collect the garbage.

    This also takes away what a failed import left behind: v1.11 would hand it out the next time.
    """
    # A list first: v1.11 does not notice that a dict changes while it is read, and would pass over names.
    for name in list(sys.modules):
        if name.startswith("device.once") or name.startswith("device.kinds"):
            del sys.modules[name]
    for name in ("once", "kinds"):  # the packages are attributes of this one, too
        globals().pop(name, None)
    gc.collect()
