"""Starts one scenario inside an interpreter: start.py ROOT APP SCENARIO, the project, the app's folder, a name.

ROOT/stubs are the fakes, APP holds device/ (ROOT itself, or what `maixswitch build --mpy` wrote).
"""

import gc
import sys

root, app, scenario = sys.argv[1:4]
here = root + "/tests/micropython"
sys.path[:] = [app, root + "/stubs", here, here + "/scenarios"] + sys.path

if sys.implementation.name == "micropython":
    # The fakes take half of the heap, which on the board is free; what compiling them leaves behind must not make holes
    # in the other half, so collect early and often.
    gc.threshold(32768)

import bench  # noqa: E402  the path comes first

bench.install()
__import__(scenario).run()
