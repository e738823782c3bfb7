"""Starts one scenario inside an interpreter: start.py ROOT APP SCENARIO [CALLS]: the project, the app's folder, a name.

ROOT/stubs are the fakes, APP holds device/ (ROOT itself, or what `maixswitch build --mpy` wrote). With CALLS, the
scenario gets stack for so many nested calls of a short function, whatever the interpreter's own limit is.
"""

import gc
import sys

root, app, scenario = sys.argv[1:4]
calls = sys.argv[4:]
here = root + "/tests/micropython"
sys.path[:] = [app, root + "/stubs", here, here + "/scenarios"] + sys.path

if sys.implementation.name == "micropython":
    # The fakes take half of the heap, which on the board is free; what compiling them leaves behind must not make holes
    # in the other half, so collect early and often.
    gc.threshold(32768)

import bench  # noqa: E402  the path comes first

bench.install()


def dive(calls, action):
    """Call action() below so many nested calls."""
    if calls:
        dive(calls - 1, action)
    else:
        action()


def deepest():
    """Return how many nested calls the stack holds here."""
    calls = 0
    try:
        while True:
            dive(calls + 1, gc.isenabled)
            calls += 1
    except RuntimeError:  # "maximum recursion depth exceeded"
        return calls


run = __import__(scenario).run
if calls:
    # The firmware's modules are built in: nothing of theirs is compiled below the app.
    for fake in ("KPU", "Maix", "maix", "fpioa_manager", "image", "lcd", "machine", "sensor", "uio", "uos", "utime"):
        try:
            __import__(fake)
        except ImportError:  # a module of the other firmware
            pass
    dive(deepest() - int(calls[0]), run)
else:
    run()
