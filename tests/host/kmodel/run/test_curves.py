"""Fast forms of an activation table, and the proofs of the fast backends, against the reference arithmetic."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.registers import Activation, BatchNorm
from maixswitch.kmodel.run.arithmetic import activate
from maixswitch.kmodel.run.backends.curve import Buckets, Formula, Pieces, curve_of, proven
from maixswitch.kmodel.run.backends.prepare import EXACT32, prepare
from maixswitch.kmodel.run.native.kpu_layers import apply as compiled
from maixswitch.kmodel.run.roundings import ROUNDINGS
from maixswitch.kmodel.write.quantize import KpuWeights, linear
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, curve, part

LOW, HIGH = -300_000, 500_000
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")


def results(form, values: np.ndarray) -> np.ndarray:
    computed = np.empty(values.shape, np.uint8)
    form.apply(values - float(form.origin), computed)
    return computed


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", ["linear", "leaky", "falling", "wild"])
def test_every_value_of_a_curve(kind: str, rounding: str) -> None:
    table = curve(np.random.default_rng(8), kind)
    result = curve_of(table, rounding, LOW, HIGH)
    assert result is not None
    z = np.arange(LOW, HIGH + 1)
    expected = activate(z, table, rounding)
    assert np.array_equal(results(result.form, z.astype(float)), expected)
    assert np.array_equal(results(result.form, z[1:] - 2.0**-15), expected[:-1])
    assert result.rising == bool(np.all(np.diff(expected.astype(int)) >= 0)) or kind == "wild"
    if kind != "wild":
        assert isinstance(result.form, {"linear": Formula, "leaky": Buckets, "falling": Pieces}[kind])


def test_curves_of_real_files(kmodels) -> None:
    """Dense samples around every step of every activation table of the real files."""
    tested = set()
    for path in sorted(kmodels.glob("*_v[34].kmodel")):
        for layer in load(path).layers:
            conv = getattr(layer.spec, "conv", None)
            if conv is None:
                continue
            layer_form = prepare(conv, "v02")
            assert layer_form is not None, (path.name, str(layer))
            tested.add(type(layer_form.curve.form))
            z = np.random.default_rng(layer.index).integers(-(1 << 22), 1 << 22, 20_000)
            z = np.concatenate([z, np.arange(-2000, 2000)])
            assert np.array_equal(results(layer_form.curve.form, z + 0.25), activate(z, conv.activation, "v02"))
    assert tested == {Formula, Buckets}


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("start", [0, 1 << 10, 1 << 11])
def test_a_fall_at_the_end_of_the_range(start: int, rounding: str) -> None:
    """If a piece begins at the smallest or largest possible z, its other end counts."""
    table = curve(np.random.default_rng(8), "linear")
    begins, slopes, bias = table.start.copy(), np.zeros_like(table.mul), np.full_like(table.bias, 255)
    begins[15], bias[15] = start, 7
    table = replace(table, start=begins, mul=slopes, shift=np.zeros_like(table.shift), bias=bias)
    result = curve_of(table, rounding, 0, 1 << 10)
    assert result is not None
    z = np.arange(0, (1 << 10) + 1)
    assert np.array_equal(results(result.form, z.astype(float)), activate(z, table, rounding))


def test_shifts_larger_than_a_c_int_use_the_reference() -> None:
    table = curve(np.random.default_rng(8), "linear")
    wide = replace(table, shift=np.full_like(table.shift, 63))
    result = curve_of(wide, "v02", LOW, 1 << 30)
    assert result is not None
    z = np.random.default_rng(8).integers(LOW, 1 << 30, 5000)
    assert np.array_equal(results(result.form, z.astype(float)), activate(z, wide, "v02"))


def test_a_wrong_formula_is_not_proven() -> None:
    table = linear()
    result = curve_of(table, "v02", LOW, HIGH)
    assert result is not None
    steps = np.array([np.argmax(activate(np.arange(0, 262_000), table, "v02") >= k) for k in range(1, 256)])
    assert proven(result.form, steps, -1 << 19, 1 << 20)
    for wrong in (
        Formula(2.0**-10, 0.0, False, True),
        Formula(2.0**-10, 0.0, True, False),
        Formula(2.0**-10, 2.0**-11, True, True),
        Formula(1.0001 * 2.0**-10, 0.0, True, True),
    ):
        assert not proven(wrong, steps, -1 << 19, 1 << 20)


@needs_numba
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", ["linear", "leaky", "falling", "wild"])
def test_the_loops_that_numba_compiles(kind: str, rounding: str) -> None:
    table = curve(np.random.default_rng(8), kind)
    result = curve_of(table, rounding, LOW, HIGH)
    assert result is not None
    z = np.arange(LOW, HIGH + 1)
    for form in (result.form, result.looped):
        computed = np.empty(z.shape, np.uint8)
        compiled(form)(z + (0.75 - form.origin), computed)
        assert np.array_equal(computed, activate(z, table, rounding))


@needs_numba
@pytest.mark.parametrize("case", range(60))
def test_tables_of_any_order_over_the_whole_range(case: int) -> None:
    """Starts in disorder and equal ones, falling pieces, every shift: each z next to a start, and random ones."""
    rng = np.random.default_rng(case)
    starts = rng.integers(-(1 << 35), 1 << 35, 16) >> rng.integers(0, 34, 16)
    starts[rng.integers(1, 16, 4)] = starts[rng.integers(0, 16, 4)]
    if case % 2:
        starts = np.sort(starts)
        starts[0] = -(1 << 35)
    shift = rng.integers(0, 64, 16) if case % 3 else np.full(16, 20)
    table = Activation(starts, rng.integers(-(1 << 15), 1 << 15, 16), shift, rng.integers(0, 256, 16))
    low, high = (-(1 << 35) + 1, (1 << 34) - 1) if case % 4 else (-(1 << 20), 1 << 21)
    z = np.concatenate([np.add.outer(starts, np.arange(-3, 4)).reshape(-1), rng.integers(low, high, 20_000)])
    z = z[(z >= low) & (z <= high)]
    for rounding in ROUNDINGS:
        result = curve_of(table, rounding, low, high)
        assert result is not None
        expected = activate(z, table, rounding)
        computed = np.empty(z.shape, np.uint8)
        compiled(result.looped)(z.astype(float) - result.looped.origin, computed)
        assert np.array_equal(computed, expected)
        assert np.array_equal(results(result.form, z.astype(float)), expected)


def conv_of(kernel: KpuWeights, channels: int, size: int = 6) -> Conv:
    net = KModelWriter(channels, size, size)
    net.output(net.conv(net.input, kernel, to_main=True))
    return load(net.build()).layers[0].spec.conv


def test_sums_too_large_for_float32_are_split_or_widened() -> None:
    rng = np.random.default_rng(6)
    norm = BatchNorm(np.full(2, 3), np.full(2, 15), np.zeros(2, np.int64))
    heavy = KpuWeights(np.full((2, 600, 1, 1), 255, np.uint8), norm, linear())
    layer = prepare(conv_of(heavy, 600), "v02")
    assert layer is not None
    assert layer.weights.dtype == np.float64
    assert [(part.start, part.stop) for part in layer.parts] == [(0, 200), (200, 400), (400, 600)]
    wide = prepare(conv_of(part(rng, 64, Choice(3, 4, wide=True)), 64), "v02")
    assert wide is not None
    assert wide.weights.dtype == np.float64
    small = prepare(conv_of(part(rng, 8, Choice(3, 4)), 8), "v02")
    assert small is not None
    assert small.weights.dtype == np.float32
    assert np.abs(small.weights).sum() * 255 / 4 < EXACT32


def test_registers_without_an_integer_zero_point_use_the_reference() -> None:
    rng = np.random.default_rng(6)
    conv = conv_of(part(rng, 3, Choice(3, 4)), 3)
    odd = {**conv.registers, "arg_x": conv.registers["arg_x"] + 1, "shr_x": 15}
    assert prepare(Conv(odd, conv.weights, conv.norm, conv.activation), "v02") is None
