"""A CanMV board has a module maix and none with this name, so its import fails."""

import sys

sys.modules.pop("Maix", None)  # v1.11 keeps a module whose import failed
raise ImportError("no module named 'Maix'")
