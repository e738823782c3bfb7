"""The CPU layers of kmodel v3, each in its own file, against plain loops written from the SDK's behaviour.

test_firmware_layers.py has the layers that the firmware computes differently.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, linear, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.kmodel_cases import BACKEND_CASES

F = np.float32
RNG = np.random.default_rng(7)


def floats(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, count).astype(F)


def entry(net: KModelWriter) -> tuple[object, np.ndarray]:
    """A float network needs a fully connected layer first; the unit matrix changes nothing."""
    count = net.input.count
    return net.fully_connected(net.input, np.eye(count, dtype=F), np.zeros(count, F)), np.eye(count)


def run_floats(count: int, build) -> tuple[np.ndarray, np.ndarray]:
    """Return (input, output) of a network whose layers ``build`` adds after the first one."""
    net = KModelWriter(floats=count)
    x, _ = entry(net)
    net.output(build(net, x))
    values = floats(count)
    return values, load(net.build(), runtime="sdk").run(values)[0]


def test_fully_connected_sums_in_order_and_applies_its_activation() -> None:
    weights, bias, values = floats(40, 2).reshape(5, 8), floats(5, 3), floats(8)
    for act, limit in ((0, lambda v: v), (1, lambda v: max(v, F(0))), (2, lambda v: min(max(v, F(0)), F(6)))):
        net = KModelWriter(floats=8)
        net.output(net.fully_connected(net.input, weights, bias, act))
        computed = load(net.build(), runtime="sdk").run(values)[0]
        for row, start, result in zip(weights, bias, computed, strict=True):
            total = F(0)
            for weight, value in zip(row, values, strict=True):
                total = F(total + F(weight * value))
            assert result == limit(F(total + start))


def test_add() -> None:
    values, computed = run_floats(9, lambda net, x: net.add(x, x))
    assert computed.tolist() == (values + values).tolist()


def test_global_average_pool_sums_in_order() -> None:
    def build(net, x):
        x.shape = (3, 5, 7)
        return net.global_average_pool(x)

    values, computed = run_floats(105, build)
    for channel in range(3):
        total = F(0)
        for value in values[35 * channel : 35 * channel + 35]:
            total = F(total + value)
        assert computed[channel] == F(total / F(35))


@pytest.mark.parametrize(
    ("window", "stride", "pad"), [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (1, 0)), ((3, 3), (2, 2), (1, 1))]
)
def test_average_pool_divides_by_the_taps_inside(window, stride, pad) -> None:
    width, height, channels = 7, 5, 2
    out_w = (width + 2 * pad[0] - window[0]) // stride[0] + 1
    out_h = (height + 2 * pad[1] - window[1]) // stride[1] + 1
    numbers = (width, height, channels, out_w, out_h, channels, *window, *stride, *pad, 1)
    shape = (channels, out_h, out_w)
    values, computed = run_floats(70, lambda net, x: net.layer(9, body.AveragePool, [x], shape, "float32", *numbers))
    image, computed = values.reshape(channels, height, width), computed.reshape(shape)
    for c, oy, ox in np.ndindex(shape):
        total, count = F(0), 0
        for ky in range(window[1]):
            for kx in range(window[0]):
                y, x = oy * stride[1] - pad[1] + ky, ox * stride[0] - pad[0] + kx
                if 0 <= y < height and 0 <= x < width:
                    total, count = F(total + image[c, y, x]), count + 1
        assert computed[c, oy, ox] == F(total / F(count))


def test_quantize_rounds_halves_away_and_saturates() -> None:
    scale, bias = 0.25, -1.0
    values = np.array([-9, -1.125, -1, -0.875, -0.625, 0, 0.124, 0.125, 62.8, 99], F)
    net = KModelWriter(floats=10)
    x, _ = entry(net)
    net.output(net.quantize(x, scale, bias))
    assert load(net.build(), runtime="sdk").run(values)[0].tolist() == [0, 0, 0, 1, 2, 4, 4, 5, 255, 255]


def test_dequantize_and_requantize() -> None:
    table = np.arange(256)[::-1].astype(np.uint8)

    def build(net, x):
        q = net.quantize(x, 0.5, 0.0)
        q = net.layer(13, body.Requantize, [q], q.shape, "uint8", q.count, table)
        return net.dequantize(q, 0.1, -3.0)

    values, computed = run_floats(20, build)
    for value, result in zip(values, computed, strict=True):
        q = min(255, max(0, math.floor(abs(float(F(value) * F(2))) + 0.5) * (1 if value > 0 else -1)))
        assert result == F(F(F(255 - q) * F(0.1)) + F(-3.0))


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("count", [3, 64])
def test_nan_has_one_pattern(backend: str, count: int) -> None:
    """RISC-V writes the canonical NaN; the sign that a PC writes depends on the length of the array."""
    net = KModelWriter(floats=count)
    x, _ = entry(net)
    net.output(net.dequantize(net.quantize(x, 0.5, 0.0), float("-inf"), 0.0))
    computed = load(net.build(), runtime="sdk", backend=backend).run(np.zeros(count, F))[0]
    assert set(computed.view(np.uint32).tolist()) == {0x7FC00000}


def test_channelwise_dequantize() -> None:
    factors = [(0.5, 1.0), (0.1, -2.0)]

    def build(net, x):
        q = net.quantize(x, 0.05, -6.0)
        return net.layer(24, body.ChannelwiseDequantize, [q], (2, 5), "float32", 2, 5, factors)

    values, computed = run_floats(10, build)
    inverse = F(F(1) / F(0.05))
    for index, (value, result) in enumerate(zip(values, computed, strict=True)):
        q = min(255, max(0, math.floor(float(F(F(value - F(-6.0)) * inverse)) + 0.5)))
        scale, bias = factors[index // 5]
        assert result == F(F(F(q) * F(scale)) + F(bias))


def test_l2_normalization() -> None:
    values, computed = run_floats(6, lambda net, x: net.layer(14, body.Elementwise, [x], (6,), "float32", 6))
    total = F(0)
    for value in values:
        total = F(total + F(value * value))
    factor = F(F(1) / np.sqrt(total))
    assert computed.tolist() == [F(value * factor) for value in values]


def test_softmax_never_subtracts_a_negative_maximum() -> None:
    for values in (np.array([1, 2, -4], F), np.array([-90, -91, -92], F)):
        net = KModelWriter(floats=3)
        net.output(net.softmax(entry(net)[0]))
        computed = load(net.build(), runtime="sdk").run(values)[0]
        powers = np.exp(values.astype(np.float64) - max(float(values.max()), 0))
        np.testing.assert_allclose(computed, powers / powers.sum(), atol=1e-6)


def test_logistic() -> None:
    values, computed = run_floats(6, lambda net, x: net.logistic(x))
    np.testing.assert_allclose(computed, 1 / (1 + np.exp(-values.astype(np.float64))), atol=1e-6)


def test_concat_of_floats_and_of_bytes() -> None:
    values, computed = run_floats(4, lambda net, x: net.concat([x, net.add(x, x)]))
    assert computed.tolist() == [*values, *(values + values)]
    values, computed = run_floats(4, lambda net, x: net.concat([net.quantize(x, 1.0, 0.0), net.quantize(x, 1.0, -9.0)]))
    assert computed.dtype == np.uint8
    assert computed[4:].tolist() != computed[:4].tolist()
    assert computed.size == 8


def test_flatten_puts_channels_last() -> None:
    def build(net, x):
        x.shape = (2, 3, 4)
        return net.flatten(x)

    values, computed = run_floats(24, build)
    assert computed.tolist() == values.reshape(2, 3, 4).transpose(1, 2, 0).reshape(-1).tolist()


@pytest.mark.parametrize(("out_w", "out_h"), [(8, 6), (4, 3), (5, 7), (2, 1)])
def test_resize_nearest(out_w: int, out_h: int) -> None:
    shape, numbers = (2, out_h, out_w), (4, 3, 2, out_w, out_h, 0)
    values, computed = run_floats(24, lambda net, x: net.layer(22, body.ResizeNearest, [x], shape, "float32", *numbers))
    image = values.reshape(2, 3, 4)
    expected = [
        image[c, min(math.floor(F(y) * F(F(3) / F(out_h))), 2), min(math.floor(F(x) * F(F(4) / F(out_w))), 3)]
        for c, y, x in np.ndindex(shape)
    ]
    assert computed.tolist() == expected

    def quantised(net, x):
        return net.layer(23, body.QuantizedResizeNearest, [net.quantize(x, 0.1, -9.0)], shape, "uint8", *numbers)

    _, computed = run_floats(24, quantised)
    assert computed.dtype == np.uint8
    assert computed.size == 2 * out_h * out_w


@pytest.mark.parametrize("shifts", [(3, 3, 2), (2, 5, 4), (0, 1, 0)])
def test_quantized_add(shifts: tuple[int, int, int]) -> None:
    numbers = (13, -4, 7, shifts[0], 9, 5, shifts[1], 3, 11, shifts[2])

    def build(net, x):
        a, b = net.quantize(x, 0.1, -9.0), net.quantize(x, 0.2, -20.0)
        return net.concat([a, b, net.layer(2, body.QuantizedAdd, [a, b], (13,), "uint8", *numbers)])

    _, computed = run_floats(13, build)
    a, b, result = computed.reshape(3, 13).astype(int).tolist()
    for x, y, sum_ in zip(a, b, result, strict=True):
        left, right = (x - 4) * 7, (y + 9) * 5
        equal = shifts[0] == shifts[1]
        total = (left + right) >> shifts[0] if equal else (left >> shifts[0]) + (right >> shifts[1])
        total *= 11
        if shifts[2]:
            half = total >> (shifts[2] - 1)
            total = (half >> 1) + ((1 if half >= 0 else -1) if half & 1 else 0)
        assert sum_ == min(255, max(0, total + 3))


@pytest.mark.parametrize("offset", [2, 5, 8])
@pytest.mark.parametrize("shift", [-1, 64, 1 << 20])
def test_quantized_add_refuses_shifts_that_c_does_not_know(offset: int, shift: int) -> None:
    numbers = [8, -4, 7, 3, 9, 5, 3, 3, 11, 2]
    numbers[offset + 1] = shift
    net = KModelWriter(floats=8)
    q = net.quantize(entry(net)[0], 0.1, -9.0)
    net.output(net.layer(2, body.QuantizedAdd, [q, q], (8,), "uint8", *numbers))
    with pytest.raises(KModelError, match=r"_shift\): found .*; expected 0\.\.63"):
        load(net.build())


@pytest.mark.parametrize("pad", [0, 1])
def test_quantized_max_pool(pad: int) -> None:
    out = (5 + 2 * pad - 3) // 2 + 1
    numbers = (5, 5, 2, out, out, 2, 3, 3, 2, 2, pad, pad)

    def build(net, x):
        q = net.quantize(x, 0.1, -9.0)
        return net.concat([q, net.layer(8, body.QuantizedMaxPool, [q], (2 * out * out,), "uint8", *numbers)])

    _, computed = run_floats(50, build)
    image, result = computed[:50].reshape(2, 5, 5), computed[50:].reshape(2, out, out)
    for c, oy, ox in np.ndindex(2, out, out):
        y, x = oy * 2 - pad, ox * 2 - pad
        assert result[c, oy, ox] == image[c, max(y, 0) : y + 3, max(x, 0) : x + 3].max()


def test_a_fully_connected_layer_on_the_kpu() -> None:
    """quantize, add padding, 1x1 convolution on 4x4 maps, remove padding."""
    weights = RNG.integers(0, 256, (3, 10, 1, 1)).astype(np.uint8)
    part = KpuWeights(weights, BatchNorm(*np.array([[2000] * 3, [15] * 3, [0] * 3])), linear())
    net = KModelWriter(floats=10)
    q = net.quantize(entry(net)[0], 0.05, -6.0)
    padded = net.add_padding(q)
    computed = net.remove_padding(net.conv(padded, part, to_main=True))
    net.output(computed)
    net.output(q)
    result, bytes_in = load(net.build(), runtime="sdk").run(floats(10))
    sums = weights.reshape(3, 10).astype(int) @ bytes_in.astype(int)
    assert result.tolist() == [min(255, round(((int(s) * 2000) >> 15) / 1024)) for s in sums]


def test_upload_brings_main_memory_into_the_ai_ram() -> None:
    image = RNG.integers(0, 256, (3, 6, 9)).astype(np.uint8)
    one = quantize_conv(np.eye(3).reshape(3, 3, 1, 1), np.zeros(3), Scale(255.0), Scale(255.0))
    net = KModelWriter(3, 6, 9)
    y = net.conv(net.input, one, to_main=True)
    net.output(net.conv(net.upload(y), one, to_main=True))
    assert np.array_equal(load(net.build(), runtime="sdk").run(image)[0].reshape(3, 6, 9), image)
