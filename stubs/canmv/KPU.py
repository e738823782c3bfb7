"""On a CanMV board there is no KPU module: put this folder before stubs/ on sys.path."""

import sys

sys.modules.pop("KPU", None)  # v1.11 keeps a module whose import failed; CanMV has none to begin with
raise ImportError("no module named 'KPU'")
