"""Every node that the v4 writer makes runs in the emulator with the values of plain loops over whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.kmodel import load
from maixswitch.kmodel.format.airam import ROW
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import KModel
from maixswitch.kmodel.write.quantize import KpuWeights, Scale
from maixswitch.kmodel.write.rewrite import rewrite
from maixswitch.kmodel.write.v4_numbers import BINARY, binary_numbers
from maixswitch.kmodel.write.v4_writer import V4Writer, kpu_registers
from maixswitch.kmodel.write.value import PlacedTensor
from tests.host.kmodel.run import slow_kpu
from tests.host.kmodel.run import slow_ops as slow
from tests.host.kmodel.small_networks import Choice, part
from tests.host.sim_helpers import Command

SIZES = st.tuples(*[st.integers(1, 7)] * 3)
SEEDS = st.integers(0, 1 << 30)
Build = Callable[..., PlacedTensor]


def octets(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    return rng.integers(0, 256, shape).astype(np.uint8)


def floats(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    return rng.normal(0, 2, shape).astype(np.float32)


def model_of(build: Build, *values: np.ndarray) -> KModel:
    """Return a model of the nodes that ``build`` adds; it gets the writer and the inputs."""
    net = V4Writer()
    net.add_output(build(net, *(net.add_input(value.shape, str(value.dtype)) for value in values)))
    data = net.build()
    assert rewrite(data) == data
    model = load(data, runtime="sdk")
    assert model.notes == ()
    return model


def run(build: Build, *values: np.ndarray) -> np.ndarray:
    """Return the output of the nodes that ``build`` adds, in the shape that the file tells, without leading ones."""
    model = model_of(build, *values)
    full = [value.reshape((*[1] * (4 - value.ndim), *value.shape)) for value in values]
    (result,) = model.run(*full)
    return result.reshape(model.outputs[0].shape or result.shape)


REPEATED = st.tuples(*[st.booleans()] * 3)


class TestOperationsOnTwo:
    @given(st.sampled_from(BINARY), SIZES, REPEATED, st.booleans(), SEEDS)
    @settings(max_examples=20, deadline=None)
    def test_floats(self, operation, shape, repeated, swapped, seed) -> None:
        rng = np.random.default_rng(seed)
        other = tuple(1 if one else size for one, size in zip(repeated, shape, strict=True))
        a, b = floats(rng, other if swapped else shape), floats(rng, shape if swapped else other)
        computed = run(lambda net, x, y: net.binary(operation, x, y, (-1.0, 2.5)), a, b)
        functions = {
            "add": np.add,
            "sub": np.subtract,
            "mul": np.multiply,
            "div": np.divide,
            "min": np.minimum,
            "max": np.maximum,
        }
        expected = np.clip(functions[operation](a, b), np.float32(-1.0), np.float32(2.5))
        assert computed.reshape(shape).tolist() == expected.tolist()

    @given(
        st.sampled_from([name for name in BINARY if name != "div"]),
        SIZES,
        REPEATED,
        st.lists(st.floats(0.02, 50), min_size=3, max_size=3),
        SEEDS,
    )
    @settings(max_examples=20, deadline=None)
    def test_bytes(self, operation, shape, repeated, ranges, seed) -> None:
        """Equal to the whole numbers, and within one step of the real ones."""
        rng = np.random.default_rng(seed)
        other = tuple(1 if one else size for one, size in zip(repeated, shape, strict=True))
        a, b = octets(rng, shape), octets(rng, other)
        low = rng.uniform(0, 1, 3) * ranges
        scales = tuple(Scale.covering(-low, top - low) for low, top in zip(low, ranges, strict=True))
        computed = run(lambda net, x, y: net.quantized_binary(operation, x, y, scales), a, b).reshape(shape)
        function = {
            "add": lambda p, q: p + q,
            "sub": lambda p, q: p - q,
            "mul": lambda p, q: p * q,
            "min": min,
            "max": max,
        }[operation]
        ao, am, as_, bo, bm, bs, oo, om, os_ = binary_numbers(operation, *scales)
        for at, p, q in slow.broadcast(a, b, shape):
            left, right = slow.multiplied(int(p) + ao, am, as_), slow.multiplied(int(q) + bo, bm, bs)
            assert computed[at] == slow.clamp8(slow.multiplied(function(left, right), om, os_) + oo)
            one, two, target = scales
            real = function((int(p) - one.zero) / one.steps, (int(q) - two.zero) / two.steps) * target.steps
            assert abs(float(computed[at]) - min(255, max(0, real + target.zero))) < 0.51 + 0.001 * target.steps

    def test_sums_that_cannot_be_written(self) -> None:
        fine, coarse = Scale(1e9), Scale(1.0)
        with pytest.raises(ValueError, match="far finer"):
            binary_numbers("add", coarse, coarse, fine)
        with pytest.raises(ValueError, match="no operation on bytes: div"):
            binary_numbers("div", coarse, coarse, coarse)


@given(st.sampled_from(["mean", "min", "max", "sum"]), SIZES, REPEATED, SEEDS)
@settings(max_examples=24, deadline=None)
def test_reduce(operation, shape, reduced, seed) -> None:
    x = floats(np.random.default_rng(seed), shape)
    axes = [axis - 3 for axis, one in enumerate(reduced) if one]
    computed = run(lambda net, a: net.reduce(operation, a, axes), x)
    out = tuple(1 if one else size for one, size in zip(reduced, shape, strict=True))
    start = {"mean": 0.0, "sum": 0.0, "min": np.finfo(np.float32).max, "max": np.finfo(np.float32).min}[operation]
    expected = slow.reduce(x, ("mean", "min", "max", "sum").index(operation), out, start)
    assert computed.reshape(out).tolist() == np.asarray(expected).tolist()


@given(SIZES, st.lists(st.tuples(st.integers(-3, 4), st.integers(-3, 4)), min_size=1, max_size=3), st.booleans(), SEEDS)
@settings(max_examples=32, deadline=None)
def test_pad(shape, pads, as_bytes, seed) -> None:
    rng = np.random.default_rng(seed)
    x = octets(rng, shape) if as_bytes else floats(rng, shape)
    every = [(0, 0)] * (3 - len(pads)) + pads
    out = tuple(size + sum(pair) for size, pair in zip(shape, every, strict=True))
    value = 7 if as_bytes else 1.5
    if min(out) < 1:
        with pytest.raises(ValueError, match="leave nothing"):
            run(lambda net, a: net.pad(a, pads, value), x)
        return
    computed = run(lambda net, a: net.pad(a, pads, value), x).reshape(out)
    for at in np.ndindex(out):
        source = tuple(index - before for index, (before, _) in zip(at, every, strict=True))
        inside = all(0 <= index < size for index, size in zip(source, shape, strict=True))
        assert computed[at] == (x[source] if inside else value)


@given(SIZES, st.integers(0, 2), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans(), SEEDS)
@settings(max_examples=24, deadline=None)
def test_concat(shape, axis, sizes, as_bytes, seed) -> None:
    rng = np.random.default_rng(seed)
    shapes = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    values = [octets(rng, one) if as_bytes else floats(rng, one) for one in shapes]
    computed = run(lambda net, *parts: net.concat(parts, axis), *values)
    assert computed.reshape(-1).tolist() == np.concatenate(values, axis).reshape(-1).tolist()


@given(SIZES, st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 1]), st.booleans(), st.booleans(), SEEDS)
@settings(max_examples=32, deadline=None)
def test_resize(shape, height, width, mode, align, as_bytes, seed) -> None:
    rng = np.random.default_rng(seed)
    x = octets(rng, shape) if as_bytes else floats(rng, shape)
    name = ("bilinear", "nearest")[mode]
    computed = run(lambda net, a: net.resize(a, height, width, name, align), x)
    expected = slow.resize(x[None], height, width, mode, align)
    assert computed.reshape(-1).tolist() == expected.reshape(-1).tolist()


@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), SEEDS)
@settings(max_examples=20, deadline=None)
def test_copy(height, width, as_bytes, seed) -> None:
    """Whole words only: the firmware leaves up to three bytes behind."""
    rng = np.random.default_rng(seed)
    x = octets(rng, (height, width)) if as_bytes else floats(rng, (height, width))
    if x.nbytes % 4:
        with pytest.raises(ValueError, match="four at a time"):
            run(lambda net, a: net.copy(a), x)
        return
    assert run(lambda net, a: net.copy(a), x).reshape(-1).tolist() == x.reshape(-1).tolist()


@given(st.integers(1, 40), st.floats(0.1, 60), st.floats(0, 1), SEEDS)
@settings(max_examples=20, deadline=None)
def test_quantize_and_dequantize(count, size, below, seed) -> None:
    """The levels of a scale survive the way to floats and back."""
    x = octets(np.random.default_rng(seed), (count,))
    scale = Scale.covering(-below * size, (1 - below) * size)
    assert run(lambda net, a: net.quantize(net.dequantize(a, scale), scale), x).reshape(-1).tolist() == x.tolist()


class TestKpu:
    @given(
        st.integers(1, 3),
        st.integers(1, 9),
        st.integers(4, 12),
        st.sampled_from([4, 5, 16, 17, 32, 33, 64, 65]),
        st.builds(Choice, st.sampled_from([1, 3]), st.integers(1, 9), st.sampled_from([0, 1, 2, 5]), st.booleans()),
        SEEDS,
    )
    @settings(max_examples=20, deadline=None)
    def test_convolutions(self, batches, channels, height, width, choice, seed) -> None:
        """From main memory by an upload and from there to a second layer, in batches, against the loops."""
        rng = np.random.default_rng(seed)
        x = octets(rng, (batches, channels, height, width))
        first = part(rng, channels, choice)
        second = part(rng, first.weights.shape[0], Choice(1, 3))
        net = V4Writer()
        source = net.add_input(x.shape)
        kept, copied = net.conv_both(net.upload(source), first, pool=choice.pool, depthwise=choice.depthwise)
        net.add_output(copied)
        net.add_output(net.conv(kept, second, to_main=True))
        data = net.build()
        assert rewrite(data) == data
        model = load(data)
        assert [finding for finding in check(model) if not finding.limit] == []
        results = model.run(x)
        images = x
        for layer, kernel, computed in zip(model.layers[1:], (first, second), results, strict=True):
            norm = list(
                zip(kernel.norm.mul.tolist(), kernel.norm.shift.tolist(), kernel.norm.add.tolist(), strict=True)
            )
            curve = kernel.activation
            table = list(zip(*(c.tolist() for c in (curve.start, curve.mul, curve.shift, curve.bias)), strict=True))
            registers, weights = layer.spec.conv.registers, kernel.weights.tolist()
            images = np.array([slow_kpu.layer(i, weights, registers, norm, table, "v02") for i in images.tolist()])
            assert computed.tolist() == images.reshape(-1).tolist()

    def test_a_picture_in_the_ai_ram(self) -> None:
        """The range of the input has the size of its lines with their unused bytes, and begins at a row."""
        rng = np.random.default_rng(3)
        net = V4Writer()
        kernel = part(rng, 3, Choice())
        net.add_output(net.conv(net.add_input((3, 24, 40), memory="ai_ram"), kernel, to_main=True))
        model = load(net.build())
        (source,) = model.inputs
        assert (source.memory, source.dtype, source.bytes) == ("ai_ram", "uint8", 3 * 24 * ROW)
        assert source.address % ROW == 0
        assert model.run(octets(rng, (3, 24, 40)))[0].size == 4 * 24 * 40

    def test_what_does_not_fit(self) -> None:
        net = V4Writer()
        rng = np.random.default_rng(1)
        picture = net.add_input((3, 8, 8), memory="ai_ram")
        with pytest.raises(ValueError, match="do not fit the input"):
            net.conv(picture, part(rng, 4, Choice()))
        with pytest.raises(ValueError, match="use upload"):
            net.conv(net.add_input((3, 8, 8)), part(rng, 3, Choice()))
        with pytest.raises(ValueError, match="use to_main"):
            net.copy(picture)
        with pytest.raises(ValueError, match="one node and one output"):
            net.build()
        net.add_output(net.conv(picture, part(rng, 3, Choice(wide=True)), to_main=True))
        with pytest.raises(ValueError, match="8-bit"):
            net.build()


def gated_network() -> bytes:
    """Return a map times a factor for each channel, back in the AI RAM, which v3 cannot express."""
    rng, unit = np.random.default_rng(8), Scale(255.0)
    first, second = part(rng, 3, Choice(3, 8)), part(rng, 8, Choice(1, 5))
    net = V4Writer()
    copied = net.conv(net.add_input((3, 12, 20), memory="ai_ram"), first, to_main=True)
    mean = net.reduce("mean", net.dequantize(copied, unit), (-2, -1))
    factors = net.constant((rng.normal(0, 2, (8, 1, 1)) ** 2).astype(np.float32))
    gate = net.quantize(net.binary("mul", mean, factors, (0.0, 1.0)), unit)
    gated = net.upload(net.quantized_binary("mul", copied, gate, (unit, unit, unit)))
    net.add_output(net.dequantize(net.conv(gated, second, to_main=True), unit))
    return net.build()


def network_of_moves() -> bytes:
    """Return a network with a node of every other type: operations on bytes and on floats, and moves of both."""
    rng, unit = np.random.default_rng(9), Scale(100.0, 90)
    net = V4Writer()
    maps = net.conv(net.add_input((3, 13, 21), memory="ai_ram"), part(rng, 3, Choice(3, 4)), to_main=True)
    for operation in ("add", "min", "sub", "max"):
        other = net.table(maps, rng.permutation(256).astype(np.uint8))
        maps = net.quantized_binary(operation, maps, other, (unit, unit, unit))
    padded = net.pad(net.resize(maps, 9, 30), [(1, 2), (-3, 4)], 77)
    joined = net.concat([padded, padded, net.resize(padded, 12, 31, "nearest")], -3)
    numbers = net.dequantize(net.transpose(joined, (1, 0, 2)), unit)
    for operation in BINARY:
        # The ends lie so far out that a minimum and a maximum keep most values.
        low, high = {"min": (1.0, 3.0), "max": (-3.0, -1.0)}.get(operation, (0.5, 1.0))
        numbers = net.binary(operation, numbers, net.constant(rng.uniform(low, high, (12, 1))), (-9, 9))
    small = net.window("mean", net.pad(numbers, [(-1, 1)], 0.5), (3, 4), (2, 2), (5, 15), (1, 0))
    large = net.resize(small, 7, 20, align_corners=True)
    for operation in ("min", "max", "sum"):
        large = net.concat([large, net.reduce(operation, large, (-3,))])
    net.add_output(net.copy(large))
    return net.build()


def test_a_gate_over_channels() -> None:
    steps = list(load(gated_network()).run_layers(octets(np.random.default_rng(1), (3, 12, 20))))
    results = {layer.name: [values.astype(int) for values in written] for layer, written in steps[:-2]}
    maps, gates = results["kpu_conv2d"][1].reshape(8, 12, 20), results["quantize"][0]
    assert len(set(gates.tolist())) > 2
    gated = results["quantized_binary"][0].reshape(8, 12, 20)
    assert gated.tolist() == np.rint(maps * gates[:, None, None] / 255).tolist()


def test_info_describes_it(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "gate.kmodel"
    path.write_bytes(gated_network())
    done = command("kmodel", "info", path)
    assert done.returncode == 0, done.stderr
    for text in (
        "gate.kmodel: kmodel v4",
        "input 0: 20x12x3 uint8 in AI RAM",
        "output 0: 20x12x5 float32",
        "quantized_binary",
        "8x12x20",
        "fits",
    ):
        assert text in done.stdout


def test_every_type_of_node_in_one_file() -> None:
    picture = octets(np.random.default_rng(1), (3, 13, 21))
    results = []
    for runtime in ("maixpy", "sdk"):
        model = load(network_of_moves(), runtime=runtime)
        assert check(model) == []
        results.append(model.run(picture)[0])
    assert np.unique(results[0]).size > 100
    np.testing.assert_allclose(results[0], results[1], atol=0.1)


def test_memory_as_in_published_files(kmodels: Path) -> None:
    """Starts, sizes and offsets obey the same rules in the vendor's files and in ours."""
    rng = np.random.default_rng(4)
    net = V4Writer()
    source = net.add_input((3, 9, 18), memory="ai_ram")
    maps = net.conv(source, part(rng, 3, Choice()), to_main=True)
    numbers = net.dequantize(maps, Scale(10.0))
    odd = net.binary("add", net.reduce("max", numbers, (-1,)), net.constant(floats(rng, (4, 9, 1))))
    net.add_output(net.resize(net.binary("mul", odd, net.constant(floats(rng, (1,)))), 5, 7))
    ours = load(net.build())
    files = [path for path in sorted(kmodels.glob("*.kmodel")) if path.read_bytes()[:8] == b"LDMK\4\0\0\0"]
    assert len(files) >= 7
    for model in [ours, *map(load, files)]:
        for layer in model.layers:
            for use in layer.uses():
                assert use.start % (ROW if use.memory == "ai_ram" else 8) == 0, layer
                if use.shape and use.memory != "ai_ram" and use.size:
                    assert use.size == np.prod(use.shape) * (4 if use.dtype == "float32" else 1), layer
        for tensor in (*model.inputs, *model.outputs):
            assert tensor.address % 8 == 0
        assert len(model.program.constants) % 8 == model.program.main_memory % 8 == 0
        for one, other in pairwise(model.layers):
            assert one.offset + one.size == other.offset


def test_registers_as_in_published_files(kmodels: Path) -> None:
    """Every register of every KPU node in the vendor's files, except for the rows, is what the writer computes."""
    compared = 0
    for path in sorted(kmodels.glob("*_v4.kmodel")):
        for layer in load(path).layers:
            conv = getattr(layer.spec, "conv", None)
            if conv is None:
                continue
            zeros = -conv.registers["arg_x"], -conv.registers["arg_w"]
            kernel = KpuWeights(conv.weights, conv.norm, conv.activation, *zeros)
            to_main = layer.spec.head.main_output.size > 0
            computed = kpu_registers(kernel, conv.input, conv.output, conv.pool, conv.depthwise, to_main)
            free = ("image_src_addr", "image_dst_addr", "bwsx_base_addr", "active_addr", "para_start_addr")
            expected = {name: value for name, value in conv.registers.items() if name not in free}
            assert {name: computed.get(name, 0) for name in expected} == expected, (path.name, layer)
            compared += 1
    assert compared > 150
