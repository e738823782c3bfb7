"""The quantised network: emulator and plain model agree on every byte, and both are near the float network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.graph import Graph, Node, evaluate
from maixswitch.convert.lower.layers import KpuConv, Quantised, Requantize
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.concat import Concat, QuantizedConcat
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.unary import Unary
from maixswitch.convert.quantise.quantiser import QuantiseOptions, border_pixel, quantise
from maixswitch.convert.report import emulate
from maixswitch.convert.report.compare import compare
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.hand_graphs import CLIP, CURVES, LEAKY, PIXELS, RELU, SIGMOID, Drawing, everything, pictures


def floats(graph: Graph, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the tensors of one picture, whose border is 0 for the network."""
    pad = border_pixel(graph)
    nodes: list[Node] = []
    for op in graph.nodes:
        if isinstance(op, Conv) and op.inputs[0] == graph.input:
            op = replace(op, bias=op.bias + pad * op.weights.sum(axis=(1, 2, 3)))
        nodes.append(op)
    result = evaluate(replace(graph, nodes=nodes), image[None].astype(np.float32) - pad)
    return {name: values[0] for name, values in result.items()}


def nearness(graph: Graph, net: Quantised, images: np.ndarray) -> dict[str, float]:
    pairs = [(plain.run(net, image), floats(graph, image)) for image in images]
    return {name: near.snr for name, near in compare(net, pairs).items()}


@pytest.fixture(scope="module")
def everything_quantised() -> tuple[Graph, Quantised, np.ndarray]:
    graph = everything()
    images = pictures(12, graph.shapes["x"])
    return graph, quantise(graph, images[:10]), images[10:]


@pytest.mark.parametrize("rounding", plain.ROUNDINGS)
def test_the_emulator_computes_every_tensor_of_the_plain_model(
    everything_quantised: tuple[Graph, Quantised, np.ndarray], rounding: str
) -> None:
    _, net, images = everything_quantised
    lowered = lower(net)
    result = emulate.run(load(lowered.data, rounding), lowered, net, images[0])
    expected = plain.run(net, images[0], rounding)
    moved = {step.output for step in net.layers if isinstance(step, KpuConv) and step.depthwise and step.pool}
    assert set(expected) - set(result) == moved  # the next layer does its pool
    for name, values in expected.items():
        assert values.dtype == (np.uint8 if name in net.scales else np.float32), name
        assert values.shape == tuple(net.shapes[name]), name
        if name not in moved:
            np.testing.assert_array_equal(result[name], values, name)


def test_it_is_near_the_float_network(everything_quantised: tuple[Graph, Quantised, np.ndarray]) -> None:
    graph, net, images = everything_quantised
    near = nearness(graph, net, images)
    assert set(near) == {op.output for op in graph.nodes}
    assert min(near.values()) > 24, near
    assert min(near[name] for name in graph.outputs) > 30, near


def test_outputs_are_floats_in_the_order_of_the_file(everything_quantised: tuple[Graph, Quantised, np.ndarray]) -> None:
    graph, net, _ = everything_quantised
    assert [net.origin[name] for name in net.outputs] == list(graph.outputs)
    assert not set(net.outputs) & set(net.scales)


def test_the_same_images_give_the_same_network() -> None:
    graph = everything()
    images = pictures(4, graph.shapes["x"])
    first, second = (lower(quantise(graph, images)).data for _ in range(2))
    assert first == second


@pytest.mark.parametrize("curve", [None, *CURVES], ids=lambda curve: curve.name if curve else "none")
@pytest.mark.parametrize("pool", ["", "max2", "mean4"])
def test_every_curve_and_pool_is_near_the_float_network(curve: Curve | None, pool: str) -> None:
    d = Drawing(3, 16, 24)
    graph = d.graph(d.conv(d.conv("x", 8, RELU, gain=1 / 100), 8, curve, pool=pool))
    images = pictures(6, (3, 16, 24))
    assert nearness(graph, quantise(graph, images[:5]), images[5:])["t1"] > (27 if pool == "mean4" else 29)


def test_a_clamp_that_a_scale_cannot_express_gets_a_table() -> None:
    d = Drawing(3, 16, 16)
    graph = d.graph(d.conv("x", 4, CLIP, gain=1 / 64))
    net = quantise(graph, pictures(4, (3, 16, 16)))
    image = pictures(1, (3, 16, 16), seed=9)[0]
    result = plain.run(net, image)["t0:float"]
    step = 1 / net.scales["t0"].steps
    assert 0.5 - step <= result.min() <= 0.5 + step
    assert 1.5 - step <= result.max() <= 1.5 + step


def test_joined_tensors_have_one_scale_and_the_camera_keeps_its_own() -> None:
    d = Drawing(3, 16, 16)
    left, right = d.conv("x", 4, RELU, gain=1 / 64), d.conv("x", 4, LEAKY, gain=1 / 8)
    joined = d.put(lambda n: Concat((n,), (left, right, "x"), n))
    net = quantise(d.graph(d.conv(joined, 4)), pictures(4, (3, 16, 16)))
    assert net.scales[left] == net.scales[right] == net.scales[joined]
    assert (net.scales["x"].steps, net.scales["x"].zero) == (1.0, 0)
    (table,) = (step for step in net.layers if isinstance(step, Requantize))
    assert net.scales[table.output] == net.scales[joined]
    concat = next(step for step in net.layers if isinstance(step, QuantizedConcat))
    assert concat.inputs == (left, right, table.output)


def test_the_border_of_the_picture_is_the_pixel_that_means_zero() -> None:
    d = Drawing(3, 16, 16)
    graph = d.graph(d.conv("x", 4, RELU, gain=1 / 64), pixels=PIXELS)
    net = quantise(graph, pictures(4, (3, 16, 16)))
    assert net.scales["x"].zero == border_pixel(graph) == 109
    first = net.layers[0]
    assert isinstance(first, KpuConv)
    assert first.part.input_zero == 109
    assert nearness(graph, net, pictures(2, (3, 16, 16), seed=8))["t0"] > 35


def test_biases_correct_the_shift_of_rounding() -> None:
    d = Drawing(3, 24, 24, seed=5)
    x = d.conv("x", 16, RELU, gain=1 / 64)
    for _ in range(3):
        x = d.conv(x, 16, RELU)
    last = d.conv(x, 8)
    graph, images = d.graph(last), pictures(8, (3, 24, 24))
    net = quantise(graph, images)
    scale = net.scales[last]
    shift = np.mean(
        [
            (plain.run(net, image)[last].astype(float) - scale.zero) / scale.steps - floats(graph, image)[last]
            for image in images
        ],
        axis=(0, 2, 3),
    )
    assert np.abs(shift * scale.steps).max() < 0.1


@pytest.mark.parametrize("pool", ["mean2", "mean4"])
def test_a_mean_pool_loses_nothing_on_average(pool: str) -> None:
    d = Drawing(3, 32, 32, seed=2)
    last = d.conv("x", 8, None, pool=pool, gain=1 / 64)
    graph, images = d.graph(last), pictures(8, (3, 32, 32))
    net = quantise(graph, images)
    scale = net.scales[last]
    real = np.stack([floats(graph, image)[last] for image in images])
    result = np.stack([plain.run(net, image)[last] for image in images])
    assert abs(np.mean(result - (real * scale.steps + scale.zero))) < 0.05


def test_numbers_instead_of_a_picture() -> None:
    d = Drawing(12)
    hidden = d.fully_connected("x", 9, RELU)
    linear = d.fully_connected(hidden, 3)
    graph = d.graph(d.put(lambda n: Unary((n,), (linear,), n, SIGMOID)))
    values = np.random.default_rng(0).normal(0, 1, (5, 12)).astype(np.float32)
    net = quantise(graph, values)
    lowered = lower(net)
    result = emulate.run(load(lowered.data), lowered, net, values[0])
    expected = plain.run(net, values[0])
    for name in expected:
        np.testing.assert_array_equal(result[name], expected[name], name)
    np.testing.assert_allclose(expected[net.outputs[0]], floats(graph, values[0])[graph.outputs[0]], atol=1e-5)


@pytest.mark.parametrize("method", ["minmax", "wide", "percentile 99.9", "percentile 99.99", "kl"])
def test_no_other_range_has_a_smaller_error_than_the_chosen_one(method: str) -> None:
    d = Drawing(3, 24, 24, seed=4)
    graph = d.graph(d.conv(d.conv("x", 8, RELU, gain=1 / 64), 8))
    images = pictures(8, (3, 24, 24))
    best, other = (
        nearness(graph, quantise(graph, images, QuantiseOptions(ranges)), images)["t1"] for ranges in ("auto", method)
    )
    assert best > other - 0.5


@pytest.mark.parametrize("count", [0, 2])
def test_images_that_do_not_fit_are_refused(count: int) -> None:
    d = Drawing(3, 16, 16)
    graph = d.graph(d.conv("x", 4))
    with pytest.raises(MaixSwitchError, match="calibration images"):
        quantise(graph, np.zeros((count, 3, 16, 24), np.uint8))


def test_a_network_that_overflows_is_refused_by_the_tensor() -> None:
    d = Drawing(3, 16, 16)
    last = d.conv("x", 4, gain=1e38)
    with pytest.raises(MaixSwitchError, match=f"{last}: the float network's own"):
        quantise(d.graph(last), pictures(2, (3, 16, 16)))


def test_a_network_that_is_0_for_every_picture_can_be_quantised() -> None:
    d = Drawing(3, 16, 16)
    dark = d.conv("x", 4, RELU, gain=1 / 64)
    d.nodes[-1] = replace(d.nodes[-1], bias=np.full(4, -1e4))
    graph = d.graph(d.conv(dark, 4))
    images = pictures(2, (3, 16, 16))
    net = quantise(graph, images)
    assert not plain.run(net, images[0])[dark].any()
    lower(net)


def test_one_picture_is_enough() -> None:
    d = Drawing(3, 16, 16)
    graph = d.graph(d.conv("x", 4, LEAKY, gain=1 / 64))
    images = pictures(1, (3, 16, 16))
    assert nearness(graph, quantise(graph, images), images)["t0"] > 35
