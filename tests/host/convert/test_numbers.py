"""Weights, sums, curves, ranges and single steps in integers, each compared with the values that they represent."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.lower.layers import KpuConv, Layer, Quantised
from maixswitch.convert.quantise.curves16 import SHIFT, fit, lookup
from maixswitch.convert.quantise.ranges import TensorStatistics, choose
from maixswitch.convert.quantise.scales import saturates
from maixswitch.convert.quantise.sums import add_numbers
from maixswitch.convert.quantise.weights import quantise_weights
from maixswitch.convert.report.compare import snr
from maixswitch.kmodel.format.registers import LOWEST_START, decode_activation, encode_activation
from maixswitch.kmodel.run import arithmetic
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, linear, norm_of
from tests.host.convert import plain
from tests.host.convert.hand_graphs import CLIP, CURVES, LEAKY, RELU, RELU6, SIGMOID


def test_every_channel_uses_its_own_scale_around_one_zero() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(0, 1, (6, 5, 3, 3)) * np.array([0.01, 0.1, 1, 5, 20, 0]).reshape(6, 1, 1, 1)
    quantised, zero, scale = quantise_weights(weights)
    real = (quantised.astype(float) - zero) / scale.reshape(-1, 1, 1, 1)
    assert np.all(np.abs(real - weights) <= 0.5001 / scale.reshape(-1, 1, 1, 1))
    for channel in range(5):
        assert snr(weights[channel], real[channel]) > 38
        assert quantised[channel].min() == 0 or quantised[channel].max() == 255
    assert np.all(quantised[5] == zero)


@pytest.mark.parametrize(("sign", "zero"), [(1, 0), (-1, 255)])
def test_weights_of_one_sign_use_all_levels(sign: int, zero: int) -> None:
    weights = sign * np.random.default_rng(1).uniform(0.1, 1, (4, 3, 1, 1))
    quantised, result, _ = quantise_weights(weights)
    assert result == zero
    assert quantised.min() == 0 if sign < 0 else quantised.max() == 255


def test_weights_that_are_all_zero() -> None:
    quantised, zero, scale = quantise_weights(np.zeros((2, 3, 1, 1)))
    assert np.all(quantised == zero)
    assert np.all(np.isfinite(scale))


@pytest.mark.parametrize(
    ("a", "b", "out"),
    [
        (Scale(20, 0), Scale(30, 0), Scale(12, 0)),
        (Scale(20, 90), Scale(37.7, 128), Scale(11.3, 117)),
        (Scale(1.7, 3), Scale(250, 250), Scale(1.65, 4)),
        (Scale(0.01, 128), Scale(0.01, 128), Scale(0.005, 128)),
        (Scale(100, 128), Scale(100, 10), Scale(20000, 255)),
        (Scale(5, 128), Scale(5, 128), Scale(3, 60)),
    ],
)
def test_a_sum_is_within_its_rounding_for_all_bytes(a: Scale, b: Scale, out: Scale) -> None:
    left, right = np.meshgrid(np.arange(256), np.arange(256))
    result = plain.quantized_add(add_numbers(a, b, out), left, right)
    real = ((left - a.zero) / a.steps + (right - b.zero) / b.steps) * out.steps + out.zero
    assert np.abs(result - np.clip(real, 0, 255)).max() < 0.53


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("rounding", plain.ROUNDINGS)
def test_fifteen_pieces_are_within_two_levels_of_the_curve(curve: Curve, rounding: str) -> None:
    argument = np.linspace(-6, 6, 4001)
    real = curve.evaluate(argument)
    out = Scale.covering(float(real.min()), float(real.max()))
    statistics_of = np.random.default_rng(2).normal(0, 2, 5000).clip(-6, 6)
    table, units = fit(curve.evaluate, out, -6, 6, statistics_of)
    z = np.rint(argument * units).astype(np.int64)
    result = arithmetic.activate(z, table, rounding).astype(int)
    exact = out.quantize(real).astype(int)
    assert np.abs(result - exact).max() <= 2
    assert np.mean(result != exact) < 0.6
    np.testing.assert_array_equal(result, plain.activate(z, table, rounding))


def test_the_table_fits_its_fields_and_uses_the_published_shift() -> None:
    for curve in CURVES:
        table, _ = fit(curve.evaluate, Scale.covering(-1, 5), -6, 6, np.linspace(-6, 6, 100))
        again = decode_activation(encode_activation(table))
        np.testing.assert_array_equal(again.start, table.start)
        assert table.start[0] == LOWEST_START
        assert np.all(np.diff(table.start) > 0)
        assert set(table.shift) <= {0, SHIFT}


def test_leaky_relu_and_clamps_lose_only_their_rounding() -> None:
    argument = np.linspace(-6, 6, 4001)
    for curve in (RELU, RELU6, CLIP, LEAKY):
        real = curve.evaluate(argument)
        out = Scale.covering(float(real.min()), float(real.max()))
        table, units = fit(curve.evaluate, out, -6, 6, argument)
        result = arithmetic.activate(np.rint(argument * units).astype(np.int64), table, "v02")
        assert np.abs(result - (real * out.steps + out.zero)).max() < 0.56, curve.name


def test_a_table_of_256() -> None:
    source, out = Scale(16, 100), Scale(255, 0)
    table = lookup(SIGMOID.evaluate, source, out)
    real = (np.arange(256) - 100) / 16
    assert np.abs(table / 255 - 1 / (1 + np.exp(-real))).max() <= 0.5 / 255 + 1e-9


@pytest.mark.parametrize(
    ("curve", "scale", "expected"),
    [
        (None, Scale(10, 100), True),
        (RELU, Scale(40, 0), True),
        (RELU, Scale(40, 1), False),
        (RELU6, Scale(42.5, 0), True),
        (RELU6, Scale(60, 0), True),
        (RELU6, Scale(40, 0), False),
        (CLIP, Scale(170, 0), False),
        (LEAKY, Scale(40, 0), False),
        (Curve("all", lambda x: x, -inf, inf), Scale(3, 7), True),
    ],
)
def test_the_ends_of_a_scale_may_be_the_clamp(curve: Curve | None, scale: Scale, expected: bool) -> None:
    assert saturates(curve, scale) is expected


def statistics_of(*images: np.ndarray) -> TensorStatistics:
    result = TensorStatistics()
    for image in images:
        result.add(image)
    return result


def test_rare_large_values_are_cut_and_even_values_are_not() -> None:
    random = np.random.default_rng(3)
    even = statistics_of(*random.uniform(-1, 3, (6, 5000)))
    scale, _ = choose([even])
    assert scale.steps == pytest.approx(255 / 4, rel=0.01)
    images = random.normal(0, 1, (6, 6000))
    images[0, 7] = 400.0
    scale, method = choose([statistics_of(*images)])
    assert method != "minmax"
    assert scale.steps > 15


def test_a_tensor_that_is_always_zero_has_a_scale() -> None:
    scale, _ = choose([statistics_of(np.zeros(50), np.zeros(50))])
    assert 0 < scale.steps < inf


def test_images_that_differ_widely_get_a_margin_within_the_limits() -> None:
    images = [height * np.linspace(0, 1, 3000) for height in (1.0, 3.0, 2.0, 4.0)]
    scale, method = choose([statistics_of(*images)])
    assert method == "wide"
    assert 255 / scale.steps == pytest.approx(4 + np.std([1, 2, 3, 4]))
    scale, _ = choose([statistics_of(*images)], limits=(0.0, 4.0))
    assert 255 / scale.steps == pytest.approx(4)


def test_tensors_of_one_scale_have_equal_weight() -> None:
    random = np.random.default_rng(4)
    scale, _ = choose([statistics_of(*random.normal(0, 1, (4, 4000))), statistics_of(*random.uniform(0, 9, (4, 4000)))])
    low, high = -scale.zero / scale.steps, (255 - scale.zero) / scale.steps
    assert low < -2.5
    assert high > 8.5


def test_the_plain_convolution_is_the_definition() -> None:
    random = np.random.default_rng(5)
    image = random.integers(0, 256, (2, 3, 4)).astype(np.uint8)
    weights = random.integers(0, 256, (1, 2, 3, 3)).astype(np.uint8)
    part = KpuWeights(weights, norm_of(np.array([0.75]), np.array([9000])), linear(), 120, 50)
    result = plain.convolve(KpuConv((), ("a",), "b", part), image, "v02")
    for y in range(3):
        for x in range(4):
            total = 0
            for c in range(2):
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        pixel = int(image[c, y + dy, x + dx]) if 0 <= y + dy < 3 and 0 <= x + dx < 4 else 50
                        total += (pixel - 50) * (int(part.weights[0, c, dy + 1, dx + 1]) - 120)
            z = ((total * int(part.norm.mul[0])) >> int(part.norm.shift[0])) + 9000
            assert result[0, y, x] == min(255, max(0, round(z / 1024)))


@pytest.mark.parametrize("pool", sorted(arithmetic.POOLS))
@pytest.mark.parametrize("rounding", plain.ROUNDINGS)
def test_the_plain_pools_are_the_emulators(pool: int, rounding: str) -> None:
    image = np.random.default_rng(6).integers(0, 256, (3, 9, 11)).astype(np.uint8)
    expected = arithmetic.POOLS[pool][2](image, rounding)
    np.testing.assert_array_equal(plain.pooled(image.astype(np.int64), pool, rounding), expected)


def test_the_plain_model_refuses_a_layer_without_a_rule() -> None:
    net = Quantised((), {"x": (1, 4, 4)}, {"x": Scale(1)}, "x", ())
    image = np.zeros((1, 4, 4), np.uint8)
    with pytest.raises(ValueError, match="no rounding"):
        plain.run(net, image, "v03")
    with pytest.raises(ValueError, match="takes uint8"):
        plain.run(net, image.astype(np.float32))
    with pytest.raises(TypeError, match="no plain rule"):
        plain.run_layer(Layer((), ("x",), "y"), [image], net)
    with pytest.raises(ValueError, match="no pool type"):
        plain.pooled(image.astype(np.int64), 11, "v02")


def test_signal_to_noise() -> None:
    assert snr(np.ones(4), np.ones(4)) == inf
    assert snr(np.zeros(4), np.ones(4)) == -inf
    assert snr(np.full(4, 10.0), np.full(4, 11.0)) == pytest.approx(20)
    with pytest.raises(ValueError, match="cannot compare"):
        snr(np.ones(4), np.ones(5))
