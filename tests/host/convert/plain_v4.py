"""The v4 file of a quantised network, layer by layer, against the plain integer model.

v4 rounds sums of bytes to the nearest level, and QUANTIZE rounds on every firmware; all other bytes are those of v3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maixswitch.convert.lower import layers as q
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.global_mean import FloatMean
from maixswitch.convert.report import emulate
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.write.v4_numbers import sum_numbers
from tests.host.convert import plain
from tests.host.convert.plain import Values

TIE = 1e-3
"""Of a level: floats this near a half may round either way, because their last digits differ."""
DIGITS = 1e-5
"""Of the largest float: sums of floats have another order in v4."""


def compare_with_plain(net: q.Quantised, image: Values) -> None:
    """Assert that each layer of the v4 file makes of its inputs what the plain model makes of the same inputs."""
    lowered = lower(net, 4)
    model = load(lowered.data)
    assert (model.version, model.notes) == (4, ())
    assert [finding for finding in check(model) if not finding.limit] == []
    tensors = emulate.run(model, lowered, net, image)
    compared = set()
    for layer in net.layers:
        # Lowering moves some pools to the next layer, and the tensor before it does not exist then.
        if layer.output in tensors and set(layer.inputs) <= set(tensors):
            _compare(layer, [tensors[name] for name in layer.inputs], tensors[layer.output], net)
            compared.add(layer.output)
    assert set(net.outputs) <= compared


def _compare(layer: q.Layer, inputs: Sequence[Values], computed: Values, net: q.Quantised) -> None:
    if isinstance(layer, q.Quantize):
        levels = (inputs[0].astype(np.float64) - layer.bias) / layer.factor
        # The firmware rounds two at a time, and cuts off what is left of an odd count.
        cut = np.arange(levels.size).reshape(levels.shape) == levels.size - 1 if levels.size % 2 else False
        near = np.where(cut, np.abs(levels - np.rint(levels)), np.abs(levels - np.floor(levels) - 0.5))
        expected = np.clip(np.where(cut, np.trunc(levels), np.rint(levels)), 0, 255)
        np.testing.assert_array_equal(computed[near > TIE], expected[near > TIE], layer.output)
        return
    if isinstance(layer, q.QuantizedAdd):
        expected = quantized_add(layer.numbers, *inputs)
    else:
        expected = plain.run_layer(layer, inputs, net)
    assert computed.dtype == expected.dtype, layer.output
    if expected.dtype == np.uint8:
        np.testing.assert_array_equal(computed.reshape(expected.shape), expected, layer.output)
    else:
        # What nearly cancels out has the digits of its parts: the numbers of a mean, the offset of a level.
        largest = max(float(np.abs(values).max()) for values in (expected, *inputs[: isinstance(layer, FloatMean)]))
        if isinstance(layer, q.Dequantize):
            largest = max(largest, abs(layer.bias))
        near = DIGITS * largest
        np.testing.assert_allclose(computed.reshape(expected.shape), expected, rtol=DIGITS, atol=near)


def quantized_add(numbers: Sequence[int], a: Values, b: Values) -> Values:
    """QUANTIZED_BINARY: the operands have no shifts of their own, and the sum is rounded once, halves up."""
    a_offset, a_mul, a_shift, b_offset, b_mul, b_shift, offset, mul, shift = sum_numbers(numbers)
    assert (a_shift, b_shift, mul) == (0, 0, 1)
    total = (a.astype(np.int64) + a_offset) * a_mul + (b.astype(np.int64) + b_offset) * b_mul
    rounded = (total + ((1 << shift) >> 1)) >> shift
    return np.clip(rounded + offset, 0, 255).astype(np.uint8)
