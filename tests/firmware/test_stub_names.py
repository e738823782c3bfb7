"""A real image has all names that the type stubs give to every firmware, and no name that they lack."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maixswitch.k210.image import read_image
from tests.host.maixpy_stubs.test_table import NOT_DESCRIBED, TABLE, is_of_python, rows

FOLDER = os.environ.get("MAIXSWITCH_FIRMWARE", "")
IMAGES = sorted(path for path in Path(FOLDER).iterdir() if path.suffix in (".bin", ".kfpkg")) if FOLDER else []

pytestmark = pytest.mark.skipif(not IMAGES, reason="no firmware images: set MAIXSWITCH_FIRMWARE to a folder of them")


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_stubs_have_the_names_of_the_image(path: Path) -> None:
    from maixswitch.k210.contents.facts import facts

    missing, other = [], []
    for module, names in facts(read_image(path).code).modules.items():
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
    assert (missing, other) == ([], [])
