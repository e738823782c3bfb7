"""The app of the board; `main.py` starts it with device.app.main()."""

import gc
import sys


def kind(name):
    """Return the module of a kind of model, such as device.kinds.yolo2.

    forget() drops it again: a running model keeps alive the parts of its kind that it needs.
    """
    try:
        return __import__("device.kinds." + name, None, None, ("prepare",))
    # Ctrl-C too: the next import would return the half-imported module as if it were complete.
    except BaseException:
        forget()
        raise


def forget():
    """Drop the modules of device/once and device/kinds, which a running app does not need, and collect the garbage.

    This also removes the module that a failed import leaves in sys.modules: v1.11 would return it at the next import.
    """
    # A list first: v1.11 does not notice when a dict changes during the loop, and would skip names.
    for name in list(sys.modules):
        if name.startswith("device.once") or name.startswith("device.kinds"):
            del sys.modules[name]
    for name in ("once", "kinds"):  # the packages are also attributes of this one
        globals().pop(name, None)
    gc.collect()
