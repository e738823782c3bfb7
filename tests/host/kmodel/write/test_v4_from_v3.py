"""Each layer of v3, alone in a file, computes the same as its nodes of v4."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maixswitch.convert.quantise.sums import add_numbers
from maixswitch.kmodel import load
from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.runtimes import RUNTIMES
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.kmodel.write.rewrite import rewrite
from maixswitch.kmodel.write.v4_from_v3 import as_v4
from maixswitch.kmodel.write.v4_numbers import sum_numbers
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, part

Build = Callable[[KModelWriter, PlacedTensor], PlacedTensor]
RNG = np.random.default_rng(2)
WEIGHTS = RNG.normal(0, 0.1, (5, 4 * 6 * 8)).astype(np.float32)
TABLE = RNG.permutation(256).astype(np.uint8)


def floats(net: KModelWriter, maps: PlacedTensor) -> PlacedTensor:
    return net.dequantize(maps, 0.05, -6.0)


def flat(net: KModelWriter, maps: PlacedTensor) -> PlacedTensor:
    return net.flatten(floats(net, maps))


def max_pool(net: KModelWriter, maps: PlacedTensor, sizes: tuple[int, ...]) -> PlacedTensor:
    """Add a pool; ``sizes``: of the result (width, height, channels), then kernel, strides and pads (x, y)."""
    return net.layer(8, body.QuantizedMaxPool, [maps], (4, sizes[1], sizes[0]), "uint8", 8, 6, 4, *sizes)


BYTES: dict[str, Build] = {
    "upload": lambda net, maps: net.conv(net.upload(maps), part(RNG, 4, Choice()), to_main=True),
    "requantize": lambda net, maps: net.requantize(maps, TABLE),
    "max pool": lambda net, maps: max_pool(net, maps, (4, 3, 4, 3, 3, 2, 2, 0, 0)),
    "max pool that drops a row": lambda net, maps: max_pool(net, maps, (4, 2, 4, 2, 2, 2, 2, 0, 0)),
    "max pool with pads, other than square": lambda net, maps: max_pool(net, maps, (5, 3, 4, 3, 2, 2, 2, 1, 0)),
    "resize": lambda net, maps: net.quantized_resize(maps, 3),
    "concat of one input": lambda net, maps: net.concat([maps, maps]),
    "concat": lambda net, maps: net.concat([maps, net.requantize(maps, TABLE), maps]),
    "quantize": lambda net, maps: net.quantize(floats(net, maps), 0.07, -4.2),
    "paddings": lambda net, maps: net.remove_padding(
        net.conv(net.add_padding(maps), part(RNG, 4 * 6 * 8, Choice(1, 40)), to_main=True)
    ),
}
FLOATS: dict[str, Build] = {
    "dequantize": floats,
    "dequantize without a level for 0": lambda net, maps: net.dequantize(maps, 0.05, 1.2345),
    "dequantize to negative": lambda net, maps: net.dequantize(maps, -0.05, 6.0),
    "mean": lambda net, maps: net.global_average_pool(floats(net, maps)),
    "fully connected": lambda net, maps: net.fully_connected(flat(net, maps), WEIGHTS, np.arange(5.0)),
    "average pool": lambda net, maps: net.layer(
        9, body.AveragePool, [floats(net, maps)], (4, 3, 5), "float32", 8, 6, 4, 5, 3, 4, 3, 2, 2, 2, 1, 0, 0
    ),
    "flatten": flat,
    "softmax": lambda net, maps: net.softmax(flat(net, maps)),
    "logistic": lambda net, maps: net.logistic(flat(net, maps)),
    "add": lambda net, maps: net.add(floats(net, maps), net.dequantize(maps, -0.01, 0.3)),
    "concat": lambda net, maps: net.concat([floats(net, maps), floats(net, net.requantize(maps, TABLE))]),
    "masked": lambda net, maps: net.add(
        net.masked(floats(net, maps), net.quantize(floats(net, maps), -(2.0**-64), 0.5)), floats(net, maps)
    ),
}


def both(build: Build, runtime: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the results of v3 and v4 for one picture."""
    net = KModelWriter(3, 6, 8)
    net.output(build(net, net.conv(net.input, part(np.random.default_rng(1), 3, Choice()), to_main=True)))
    data, counts = as_v4(net)
    assert rewrite(data) == data
    models = load(net.build(), runtime=runtime), load(data, runtime=runtime)
    assert [finding for finding in check(models[1]) if not finding.limit] == []
    assert (len(counts), sum(counts)) == (len(net), len(models[1].layers))
    picture = np.random.default_rng(3).integers(0, 256, (3, 6, 8)).astype(np.uint8)
    third, fourth = (model.run(picture)[0] for model in models)
    assert third.size == fourth.size
    return third, fourth


@pytest.mark.parametrize("name", BYTES)
def test_bytes_are_the_same(name: str) -> None:
    """The runtime is one whose QUANTIZE rounds in both versions."""
    third, fourth = both(BYTES[name], "sdk")
    assert np.unique(third).size > 2
    assert third.tolist() == fourth.tolist()


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", FLOATS)
def test_floats_are_the_same_but_for_their_last_digits(name: str, runtime: str) -> None:
    third, fourth = both(FLOATS[name], runtime)
    assert np.unique(third).size > 2
    np.testing.assert_allclose(fourth, third, rtol=3e-6, atol=3e-6)


@given(st.lists(st.floats(0.05, 40), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
@example([33.0, 0.05, 1.0], [0.0, 0.0, 0.875])
@example([0.490234375, 0.625, 0.490234375], [0.0, 0.0, 0.75])
@example([1.0, 0.0546875, 1.0], [0.0, 0.0, 0.5])
@settings(max_examples=24, deadline=None)
def test_sums_of_bytes(ranges: list[float], below: list[float]) -> None:
    """Near the nearest step, as far as 32 bits allow, and within one step of v3, which rounds down."""
    scales = [Scale.covering(-low * size, (1 - low) * size) for size, low in zip(ranges, below, strict=True)]
    numbers = add_numbers(*scales)
    ao, am, as_, bo, bm, bs, oo, om, os_ = sum_numbers(numbers)
    assert (as_, bs, om) == (0, 0, 1)
    levels = np.arange(256)
    left, right = (levels + ao) * am, (levels + bo) * bm
    assert max(np.abs(left).max(), np.abs(right).max(), np.abs(left[:, None] + right).max()) < 1 << 31
    result = np.clip(((left[:, None] + right + (1 << os_ >> 1)) >> os_) + oo, 0, 255)
    a, b, out = scales
    real = (levels[:, None] - a.zero) / a.steps + (levels - b.zero) / b.steps
    # Both factors are rounded, for up to 255 levels; and offsets of thousands leave at most half the finer factor.
    rounded = (255 + min(min(am, bm), abs(ao) + abs(bo)) / 2) / (1 << os_)
    # The offsets lift the sum by nearly a whole number of steps, see add_numbers().
    a_offset, a_mul, _, b_offset, b_mul, _, out_offset, _, shift = numbers
    lift = ((a_offset + a.zero) * a_mul + (b_offset + b.zero) * b_mul) / 2.0**shift - (out.zero - out_offset)
    assert np.abs(result - np.clip(real * out.steps + out.zero, 0, 255)).max() < 0.501 + abs(lift) + rounded
    third, fourth = both(lambda net, maps: net.quantized_add(maps, net.requantize(maps, TABLE), numbers), "maixpy")
    assert np.abs(third.astype(int) - fourth).max() <= 1
