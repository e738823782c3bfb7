"""A CanMV board has no KPU module, so this folder, before stubs/ on sys.path, makes its import fail."""

import sys

sys.modules.pop("KPU", None)  # v1.11 keeps a module whose import failed
raise ImportError("no module named 'KPU'")
