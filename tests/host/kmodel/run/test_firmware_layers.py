"""Layers that the firmware computes differently from the vendor's sources, against loops on fractions."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format import v4_layers as node
from maixswitch.kmodel.format.v4_node import Clamp
from maixswitch.kmodel.run.runtimes import RUNTIMES
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.kmodel_cases import BACKEND_CASES
from tests.host.kmodel.run import exact_numbers as exact
from tests.host.kmodel.small_networks import Choice, part
from tests.host.kmodel.v4_files import BYTE, FLOAT, NO_CLAMP, File

F = np.float32
NAN = 0x7FC00000
backends = pytest.mark.parametrize("backend", BACKEND_CASES)


def floats(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, count).astype(F)


def words(values: object) -> list[int]:
    return np.atleast_1d(np.asarray(values, F)).view(np.uint32).tolist()


def run(backend: str, values: np.ndarray, build, runtime: str = "maixpy") -> np.ndarray:
    """Return the output of the layers that ``build`` adds after a dense layer that changes nothing."""
    net = KModelWriter(floats=values.size)
    unit = net.fully_connected(net.input, np.eye(values.size, dtype=F), np.zeros(values.size, F))
    net.output(build(net, unit))
    return load(net.build(), runtime=runtime, backend=backend).run(values)[0]


def run_node(backend: str, opcode: int, make, values: np.ndarray, size: int, dtype: int = FLOAT) -> np.ndarray:
    file = File()
    source = file.input(values.shape, BYTE if values.dtype == np.uint8 else FLOAT)
    file.node(opcode, make(source, file.output((size,), dtype)))
    return load(file.build(), backend=backend).run(values.reshape(1, 1, 1, -1))[0]


def dense(weights: np.ndarray, values: np.ndarray) -> F:
    """Return one output before its bias."""
    total = F(0)
    if values.size % 8:
        for weight, value in zip(weights, values, strict=True):
            total = exact.fma(value, weight, total)
        return total
    for w, x in zip(weights.reshape(-1, 8), values.reshape(-1, 8), strict=True):
        total = F(total + exact.fma(x[0], w[0], F(x[1] * w[1])))
        for index in range(2, 8):
            total = exact.fma(x[index], w[index], total)
    return total


@backends
@pytest.mark.parametrize("inputs", [1, 5, 8, 16, 17, 40])
@pytest.mark.parametrize("outputs", [1, 7, 8])
def test_dense_sums_in_eights(backend: str, inputs: int, outputs: int) -> None:
    weights, bias, values = floats(inputs * outputs, 2).reshape(outputs, -1), floats(outputs, 3), floats(inputs)
    sums = [F(dense(row, values) + start) for row, start in zip(weights, bias, strict=True)]
    relus = {0: sums, 1: [max(v, F(0)) for v in sums], 2: [min(max(v, F(0)), F(6)) for v in sums]}
    for act, active in relus.items():
        net = KModelWriter(floats=inputs)
        net.output(net.fully_connected(net.input, weights, bias, act))
        for runtime, expected in (("maixpy", sums), ("canmv", active)):
            computed = load(net.build(), runtime=runtime, backend=backend).run(values)[0]
            assert computed.tolist() == expected, (act, runtime)


@backends
def test_a_dense_activation_is_the_runtimes_choice(backend: str) -> None:
    """A file of 160 bytes showed this: MaixPy answers -3 after a relu."""
    spec = struct.pack("<6I6f", 1, 0, 8, 2, 2, 1, *(1, 0, 0, 1), *(0, 0))
    data = struct.pack("<7I2I2I", 3, 1, 0, 1, 32768, 64, 1, 8, 8, 18, len(spec)) + spec
    answers = {name: load(data, "v02", name, backend).run(np.array([-3, 2], F))[0].tolist() for name in RUNTIMES}
    assert answers == {"maixpy": [-3, 2], "canmv": [0, 2], "sdk": [0, 2]}


@backends
@pytest.mark.parametrize("width", [32, 60, 64, 128])
def test_the_last_byte_of_packed_lines_is_not_copied(backend: str, width: int) -> None:
    """Random network 197 of the converter showed this: MaixPy leaves what the main memory held before."""
    net = KModelWriter(3, 4, width)
    net.output(net.conv(net.input, part(np.random.default_rng(3), 3, Choice(out=2)), to_main=True))
    image = np.random.default_rng(4).integers(0, 256, (3, 4, width)).astype(np.uint8)
    models = {name: load(net.build(), runtime=name, backend=backend) for name in RUNTIMES}
    for model in models.values():
        model.machine.main[:] = 77
    outputs = {name: model.run(image)[0].tolist() for name, model in models.items()}
    assert outputs["sdk"][-1] != 77
    assert outputs["canmv"] == outputs["sdk"]
    last = 77 if width % 64 == 0 else outputs["sdk"][-1]
    assert outputs["maixpy"] == [*outputs["sdk"][:-1], last]


@backends
def test_quantize_truncates(backend: str) -> None:
    """Another file that showed this, and values that are NaN."""

    def build(net, x):
        return net.dequantize(net.quantize(x, 1.0, 0.0), 1.0, 0.0)

    values = np.array([0.6, 1.5, -0.9, 254.99, 255.5, 3e9], F)
    assert run(backend, values, build).tolist() == [0, 1, 0, 254, 255, 255]
    assert run(backend, values, build, "canmv").tolist() == [0, 1, 0, 254, 255, 255]
    assert run(backend, values, build, "sdk").tolist() == [1, 2, 0, 255, 255, 255]
    net = KModelWriter(floats=1)
    net.output(net.quantize(net.fully_connected(net.input, np.ones((1, 1), F), np.zeros(1, F)), 1.0, 0.0))
    for special, expected in ((np.nan, 255), (np.inf, 255), (-np.inf, 0)):
        assert load(net.build(), backend=backend).run(np.array([special], F))[0].tolist() == [expected]


@backends
def test_dequantize_is_fused(backend: str) -> None:
    scale, offset = F(0.24219520390033722), F(-57.1580696105957)
    values = np.arange(256, dtype=F)
    computed = run(backend, values, lambda net, x: net.dequantize(net.quantize(x, 1.0, 0.0), scale, offset))
    assert words(computed) == words([exact.fma(value, scale, offset) for value in values])
    assert round(float(computed[236]), 8) == -1.49e-06  # where two roundings give 0
    factors = [(scale, offset), (F(0.1), F(-3.3))]

    def channels(net, x):
        spec = (2, 128, factors)
        return net.layer(24, body.ChannelwiseDequantize, [net.quantize(x, 1.0, 0.0)], (2, 128), "float32", *spec)

    expected = [exact.fma(value, *factors[index // 128]) for index, value in enumerate(values)]
    assert words(run(backend, values, channels)) == words(expected)


@backends
def test_global_average_pool_multiplies_by_the_reciprocal(backend: str) -> None:
    values = floats(12 * 49)

    def build(net, x):
        x.shape = (12, 7, 7)
        return net.global_average_pool(x)

    expected = []
    for channel in values.reshape(12, 49):
        total = channel[0]
        for value in channel[1:]:
            total = F(total + value)
        expected.append(F(total * F(F(1) / F(49))))
    assert words(run(backend, values, build)) == words(expected)


@backends
def test_softmax_and_logistic(backend: str) -> None:
    for values in (floats(11), floats(9, 2) - F(70), np.array([1, np.nan], F)):
        top = max([F(1.17549435e-38), *(v for v in values if v == v)])
        powers = [exact.exp(F(v - top)) if v == v else F("nan") for v in values]
        total = powers[0]
        for power in powers[1:]:
            total = F(total + power)
        softmax = [F(power * F(F(1) / total)) for power in powers]
        computed = run(backend, values, lambda net, x: net.softmax(x))
        assert words(computed) == [NAN if value != value else words(value)[0] for value in softmax]
    values = floats(30)
    logistic = [F(F(1) / F(F(1) + exact.exp(-value))) for value in values]
    assert words(run(backend, values, lambda net, x: net.logistic(x))) == words(logistic)


@backends
def test_l2_normalization(backend: str) -> None:
    def build(net, x):
        return net.layer(14, body.Elementwise, [x], (x.count,), "float32", x.count)

    values, total = floats(37), F(0)
    for value in values:
        total = exact.fma(value, value, total)
    factor = F(F(1) / np.sqrt(total))
    assert words(run(backend, values, build)) == words([F(value * factor) for value in values])
    small = F(F(1) / np.sqrt(F(1e-10)))
    assert run(backend, np.full(2, 1e-9, F), build).tolist() == [F(F(1e-9) * small)] * 2


@backends
@pytest.mark.parametrize("size", [9, 10])
def test_v4_quantize_rounds_pairs_to_even(backend: str, size: int) -> None:
    values = np.resize(np.array([0.25, 0.75, 1.25, -9, 300, 0.3, np.nan, np.inf, 0.75, 1.75], F), size)
    computed = run_node(backend, 6, lambda a, b: node.Quantize(a, b, 1, 2.0), values, size, BYTE)
    # Halves to even: 1.5, 2.5, 3.5; the odd last 2.5 is cut as well.
    assert computed.tolist()[:9] == [2, 2, 4, 0, 255, 2, 255, 255, 2]
    if size == 10:
        assert computed[9] == 4
    odd = run_node(backend, 6, lambda a, b: node.Quantize(a, b, 1, 2.0), np.full(3, 1.4, F), 3, BYTE)
    assert odd.tolist() == [4, 4, 3]


@backends
def test_v4_dequantize_folds_its_zero_point(backend: str) -> None:
    values, inverse = np.arange(256).astype(np.uint8), F(F(1) / F(7.3))
    computed = run_node(backend, 3, lambda a, b: node.Dequantize(a, b, 100, 7.3), values, 256)
    assert words(computed) == words([exact.fma(F(value), inverse, F(F(-100) * inverse)) for value in values])


@backends
def test_v4_softmax_divides(backend: str) -> None:
    values, beta, expected = floats(12) - F(50), F(0.7), []
    computed = run_node(backend, 0x0B, lambda a, b: node.Softmax(a, b, 6, 2, float(beta)), values, 12)
    for row in values.reshape(2, 6):
        powers = [exact.exp(F(F(value - row.max()) * beta)) for value in row]
        total = powers[0]
        for power in powers[1:]:
            total = F(total + power)
        expected += [F(power / total) for power in powers]
    assert words(computed) == words(expected)


@backends
@pytest.mark.parametrize(("op", "name"), [(2, "cos"), (3, "exp"), (5, "log"), (8, "sin")])
def test_v4_functions_are_the_c_librarys(backend: str, op: int, name: str) -> None:
    values = np.abs(floats(40)) + F(0.01)
    expected = words([getattr(exact, name)(value) for value in values])
    assert words(run_node(backend, 0x0E, lambda a, b: node.Unary(a, b, op), values, 40)) == expected


@backends
def test_v4_negation_flips_the_sign_of_nan(backend: str) -> None:
    values = np.array([1, -2, 0, np.inf, np.nan], F)
    computed = run_node(backend, 0x0E, lambda a, b: node.Unary(a, b, 6), values, 5)
    assert words(computed) == [word ^ 0x80000000 for word in words(values)]


@backends
def test_a_v4_matmul_applies_its_activation(backend: str) -> None:
    file, a, b = File(), floats(6), floats(12, 2).reshape(6, 2)
    source = file.input((1, 6))
    weights, computed = file.constant(b), file.output((1, 2))
    file.node(4, node.Matmul(source, weights, computed, 1, 6, 2, Clamp(0.0, NO_CLAMP[1]), np.array([0.5, -40], F)))
    expected = []
    for column, start in enumerate((F(0.5), F(-40))):
        total = start
        for value, weight in zip(a, b[:, column], strict=True):
            total = exact.fma(value, weight, total)
        expected.append(max(total, F(0)))
    assert load(file.build(), backend=backend).run(a.reshape(1, 1, 1, 6))[0].tolist() == expected
