"""A real image has all names that the type stubs give to every firmware, and no name that they lack."""

from __future__ import annotations

from pathlib import Path

import flavours
from tests.firmware.boards import FACTS, IMAGES, with_each
from tests.host.maixpy_stubs.test_table import NOT_DESCRIBED, TABLE, is_of_python, rows


@with_each(IMAGES)
def test_the_stubs_have_the_names_of_the_image(image: Path) -> None:
    missing, other = [], []
    for module, names in FACTS[image].modules.items():
        # Modules in Python have no table of names in the image. Python's own types check `collections`.
        if not names or module in NOT_DESCRIBED or module in ("builtins", "__main__", "_boot", "_webrepl"):
            continue
        if module not in TABLE:
            missing.append(module)
            continue
        described = TABLE[module][0].declaration.removeprefix("same as ")
        known = rows(described if described in TABLE else module)
        missing += [f"{module}.{name}" for name in names if name not in known and not is_of_python(name)]
        everywhere = {name for name, same in known.items() if not same[0].where and same[0].name != "import"}
        other += [f"{module}.{name}" for name in everywhere if not is_of_python(name) and name not in names]
    # The stubs are of v0.6.0 and later: what came between v0.5.1 and v0.6.0 has no mark of its own.
    item = FACTS[image]
    old = item.api == "maixpy" and flavours.parse(item.version) < (0, 6, 0, 0)
    assert (missing, [] if old else other) == ([], [])
