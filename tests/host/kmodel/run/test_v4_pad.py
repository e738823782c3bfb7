"""The pad node of kmodel v4 with pads that crop, even more than the input has."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.v4_node import Padding
from tests.host.kmodel.run.test_v4_nodes import floats, octets, run
from tests.host.kmodel.v4_files import BYTE, FLOAT

PADS = [(0, 0), (2, 1), (-1, 0), (0, -2), (-2, -2), (-1, 3), (3, -1), (3, -4), (-4, 3), (6, -5), (-5, 6), (-3, -1)]


@pytest.mark.parametrize("dtype", [FLOAT, BYTE])
@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("pads", PADS)
def test_pads_of_either_sign(dtype: int, axis: int, pads: tuple[int, int]) -> None:
    """Element by element: positions before and after the input are filled, whatever was cropped."""
    before, after = pads
    shape = tuple(5 if index == axis else 2 for index in range(4))
    out = tuple(size + sum(pads) if index == axis else size for index, size in enumerate(shape))
    rows = [Padding(*pads) if index == axis else Padding(0, 0) for index in range(4)]
    x = (octets if dtype == BYTE else floats)(shape)
    filler = np.frombuffer(bytes([9, 0, 0, 0]) if dtype == BYTE else struct.pack("<f", 1.5), np.uint8)
    output = run(5, lambda a, b: moves.Pad(a, b, shape, *rows, dtype, filler), [x], out, dtype)
    for offset in np.ndindex(out):
        filled = offset[axis] < before or offset[axis] >= out[axis] - after
        source = tuple(at - before if index == axis else at for index, at in enumerate(offset))
        assert output[offset] == ((9 if dtype == BYTE else 1.5) if filled else x[source]), offset
