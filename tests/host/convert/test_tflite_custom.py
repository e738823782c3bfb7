"""Operators of TensorFlow Lite files that TensorFlow itself does not have."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.host.convert.test_tflite_operators import X, build, constant, weights
from tests.host.convert.tflite_builder import imported, in_layout, picture, referee


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (3, 2), (1, 1)])
@pytest.mark.parametrize("stride", [(2, 2), (1, 1), (2, 3)])
def test_transposed_convolution_of_mediapipe(padding: int, kernel: tuple[int, int], stride: tuple[int, int]) -> None:
    """TensorFlow's runtime does not have it, but it has the same operator with another list of inputs."""
    shape = (1, 5, 4, 2)
    sides = [
        n * s if padding == 0 else (n - 1) * s + max(k, s) for n, k, s in zip(shape[1:3], kernel, stride, strict=True)
    ]
    filters, bias = weights(3, *kernel, 2), weights(3)
    plain = ("TransposeConvOptions", {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]})
    known = build("TRANSPOSE_CONV", shape, [constant(1, *sides, 3), filters, X, bias], plain)
    own = build("Convolution2DTransposeBias", shape, [X, filters, bias], struct.pack("<3i", padding + 1, *stride[::-1]))
    (expected,), (computed,) = referee(known, picture(shape)), imported(own, picture(shape))
    np.testing.assert_allclose(in_layout(computed, expected), expected, atol=1e-5)
