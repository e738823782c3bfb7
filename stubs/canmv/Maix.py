"""On a CanMV board the module is called maix."""

import sys

sys.modules.pop("Maix", None)  # v1.11 keeps a module whose import failed; CanMV has none to begin with
raise ImportError("no module named 'Maix'")
