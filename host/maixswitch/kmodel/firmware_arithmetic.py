"""The float32 arithmetic of MaixPy's and CanMV's firmware, where it differs from the vendor's open sources.

Seen on unmodified firmware images that ran on an emulated K210: MaixPy v0.6.2-72 (v3 and v4), CanMV lite 1.0.7 (v3).
"""

from __future__ import annotations

import numpy as np

from .arrays import Bytes, Floats
from .cpu_arithmetic import SdkArithmetic


def truncated8(values: Floats) -> Bytes:
    """uint8 cut toward zero, saturating; not-a-number becomes 255."""
    return np.fmax(np.fmin(values, np.float32(255)), np.float32(0)).astype(np.uint8)


class FirmwareArithmetic(SdkArithmetic):
    """What the firmware's own machine code computes."""

    def quantized(self, values: Floats) -> Bytes:
        """The firmware has its own roundf, which cuts (MaixPy's sipeed_math.c)."""
        return truncated8(values)
