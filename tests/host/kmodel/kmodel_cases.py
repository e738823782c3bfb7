"""Parameters that several tests share."""

from __future__ import annotations

import pytest

from maixswitch.kmodel.run.backends import BACKENDS, NEEDS, available

BACKEND_CASES = [
    pytest.param(name, marks=pytest.mark.skipif(not available(name), reason=f"{NEEDS.get(name)} is not installed"))
    for name in BACKENDS
]
