"""Convolutions of any window: the same sums as onnxruntime's, and the emulator computes the plain model's bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.arithmetic import Add
from maixswitch.convert.ops.concat import Concat
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.depthwise_sum import DepthwiseSum
from maixswitch.convert.ops.grouped import FloatGrouped, GroupedFullyConnected
from maixswitch.convert.ops.kernels import Shifted
from maixswitch.convert.ops.pool import Pool
from maixswitch.convert.ops.subsample import Subsample
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.convert.report.compare import Comparison
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.plain_v4 import compare_with_plain
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime
from tests.host.convert.test_pools import emulated
from tests.host.convert.test_random import float_tensors

SNR = 29.5


def add_conv(b: Build, x: str, out: int, kernel: tuple[int, int], **attributes: object) -> str:
    """Add a convolution; pads default to 0, group to 1."""
    group = int(str(attributes.get("group", 1)))
    per = b.shapes[x][1] // group
    weights = b.random.normal(0, (per * kernel[0] * kernel[1]) ** -0.5, (out, per, *kernel))
    y = b.node("Conv", [x, b.constant(weights), b.constant(b.random.normal(0, 0.1, out))], **attributes)
    strides, gaps = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    pads = attributes.get("pads", [0] * 4)
    assert isinstance(strides, list)
    assert isinstance(gaps, list)
    assert isinstance(pads, list)
    sides = [
        (b.shapes[x][2 + i] + pads[i] + pads[i + 2] - gaps[i] * (kernel[i] - 1) - 1) // strides[i] + 1 for i in (0, 1)
    ]
    b.shapes[y] = (1, out, *sides)
    return y


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int, int, int, int]:
    """Draw side, kernel, stride, dilation, padding before and behind, for one axis of a map that may grow."""
    side = draw(st.integers(8, 17))
    size, stride = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    gap = draw(st.integers(1, 3)) if size <= 3 else 1
    reach = (size - 1) * gap
    before, behind = draw(st.integers(0, reach + 2)), draw(st.integers(0, reach + 2))
    out = (side + before + behind - reach - 1) // stride + 1
    assume(side + before + behind > reach and out > 1)
    return side, size, stride, gap, before, behind


def attributes_of(down: tuple[int, ...], right: tuple[int, ...]) -> dict[str, object]:
    return {
        "strides": [down[2], right[2]],
        "dilations": [down[3], right[3]],
        "pads": [down[4], right[4], down[5], right[5]],
    }


@settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
@given(down=axes(), right=axes(), depthwise=st.booleans(), behind=st.booleans(), seed=st.integers(0, 99))
def test_any_window_has_the_sums_of_onnxruntime(
    down: tuple[int, ...], right: tuple[int, ...], depthwise: bool, behind: bool, seed: int
) -> None:
    b = Build((1, 3, down[0], right[0]), seed)
    x = b.conv(b.input, 4) if behind else b.input
    channels = b.shapes[x][1]
    group = {"group": channels} if depthwise else {}
    y = add_conv(b, x, channels if depthwise else 2, (down[1], right[1]), **attributes_of(down, right), **group)
    with TemporaryDirectory() as folder:
        compare_with_onnxruntime(b.model(b.node("LeakyRelu", [y], alpha=0.2)), Path(folder), near=1e-4)


WINDOWS: dict[str, dict[str, object]] = {
    "5x5": {"kernel": (5, 5), "pads": [2] * 4},
    "5x5 without padding": {"kernel": (5, 5)},
    "7x7 stride 2": {"kernel": (7, 7), "pads": [3] * 4, "strides": [2, 2]},
    "1x7": {"kernel": (1, 7), "pads": [0, 3, 0, 3]},
    "7x1": {"kernel": (7, 1), "pads": [3, 0, 3, 0]},
    "4x4 stride 4": {"kernel": (4, 4), "strides": [4, 4]},
    "3x3 without padding": {"kernel": (3, 3)},
    "3x3 stride 3": {"kernel": (3, 3), "pads": [1] * 4, "strides": [3, 3]},
    "two strides": {"kernel": (3, 3), "pads": [1] * 4, "strides": [1, 2]},
    "dilated": {"kernel": (3, 3), "pads": [2] * 4, "dilations": [2, 2]},
    "dilated more": {"kernel": (3, 3), "pads": [4] * 4, "dilations": [4, 4]},
    "growing": {"kernel": (3, 3), "pads": [2] * 4},
    "1x1 that grows": {"kernel": (1, 1), "pads": [1, 0, 2, 1]},
    "odd padding": {"kernel": (6, 6), "pads": [2, 2, 3, 3]},
    "depthwise 5x5": {"kernel": (5, 5), "pads": [2] * 4, "group": 6, "out": 6},
    "depthwise 5x5 stride 2": {"kernel": (5, 5), "pads": [2] * 4, "strides": [2, 2], "group": 6, "out": 6},
    "depthwise without padding": {"kernel": (3, 3), "group": 6, "out": 6},
    "groups": {"kernel": (5, 5), "pads": [2] * 4, "group": 3, "out": 9},
}


def numbers_of(path: Path, least: float = SNR) -> tuple[Graph, Quantised]:
    """Convert a network; assert that its v3 and v4 files have the plain model's bytes, near the float network."""
    graph = read(path)
    images = pictures(9, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:8])
    lowered = lower(net)
    model = load(lowered.data)
    assert [finding for finding in check(model) if not finding.limit] == []
    expected, tensors = plain.run(net, images[8]), emulate.run(model, lowered, net, images[8])
    for name in set(tensors) & set(expected):
        np.testing.assert_array_equal(tensors[name], expected[name], name)
    assert set(net.outputs) <= set(tensors)
    compare_with_plain(net, images[8])
    comparison = Comparison()
    comparison.add(net, tensors, float_tensors(path, graph, net, images[8]))
    for name in graph.outputs:
        assert comparison.tensors[name].snr > least, name
    return graph, net


@pytest.mark.parametrize("first", [False, True], ids=["behind", "first"])
@pytest.mark.parametrize("name", WINDOWS)
def test_bytes(name: str, first: bool, tmp_path: Path) -> None:
    window = {"out": 4, **WINDOWS[name]}
    b = Build((1, 6 if first else 3, 17, 21), 7)
    x = b.input if first else b.curve(b.conv(b.input, 6), "LeakyRelu")
    kernel, out = window.pop("kernel"), window.pop("out")
    y = add_conv(b, x, out, kernel, **window)  # type: ignore[arg-type]
    numbers_of(save(b.model(b.node("Relu", [y])), tmp_path / "net.onnx"))


def test_a_stride_that_starts_at_the_second_pixel_rounds_once(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 20), 3)
    x = b.curve(b.conv(b.input, 5), "LeakyRelu")
    y = add_conv(b, x, 4, (3, 3), pads=[0, 0, 1, 1], strides=[2, 2])
    graph, net = numbers_of(save(b.model(b.node("Relu", [y])), tmp_path / "net.onnx"))
    moved = next(node for node in graph.nodes if isinstance(node, Shifted))
    assert net.scales[moved.output] == net.scales[moved.inputs[0]]


@pytest.mark.parametrize("window", ["5x5", "dilated", "dilated more"])
def test_shifted_copies_are_the_input_byte_for_byte(window: str, tmp_path: Path) -> None:
    b = Build((1, 3, 12, 14), 3)
    x = b.curve(b.conv(b.input, 5), "LeakyRelu")
    attributes = dict(WINDOWS[window])
    y = add_conv(b, x, 4, attributes.pop("kernel"), **attributes)  # type: ignore[arg-type]
    path = save(b.model(y), tmp_path / "net.onnx")
    graph, net = numbers_of(path)
    copies = next(node for node in graph.nodes if isinstance(node, Shifted))
    assert net.scales[copies.output] == net.scales[copies.inputs[0]]
    values = plain.run(net, pictures(1, graph.shapes[graph.input])[0])
    source, result = values[copies.inputs[0]], values[copies.output]
    zero = net.scales[copies.inputs[0]].zero
    wide = np.pad(source, ((0, 0), (1, 1), (1, 1)), constant_values=zero)
    for out, _, y_tap, x_tap in np.argwhere(copies.weights):
        channel = out if copies.depthwise else int(copies.weights[out].any(axis=(1, 2)).argmax())
        np.testing.assert_array_equal(result[out], wide[channel, y_tap : y_tap + 12, x_tap : x_tap + 14])


@pytest.mark.parametrize(
    ("kernel", "pad", "shape", "out"),
    [(5, 2, (1, 1, 28, 28), 6), (3, 0, (1, 3, 32, 32), 8), (5, 0, (1, 1, 28, 28), 6), (7, 1, (1, 3, 24, 24), 8)],
)
def test_first_networks(kernel: int, pad: int, shape: tuple[int, ...], out: int, tmp_path: Path) -> None:
    b = Build(shape, 2)
    x = b.curve(add_conv(b, b.input, out, (kernel, kernel), pads=[pad] * 4), "Relu")
    y = b.gemm(b.flat(b.pool(x, "MaxPool", 2)), 10)
    graph, _ = numbers_of(save(b.model(y), tmp_path / "net.onnx"))
    # A pool comes before the crop, so that the KPU may compute it.
    order = [type(node) for node in graph.nodes if isinstance(node, Subsample | Pool)]
    assert order in ([], [Subsample], [Pool, Subsample])
    assert [note for note in graph.notes if f"kernel {kernel} x {kernel}" in note]
    assert sum(isinstance(node, Conv) for node in graph.nodes) <= 5


@pytest.mark.parametrize("size", [5, 7])
@pytest.mark.parametrize("curve", ["Relu", "LeakyRelu"])
@pytest.mark.parametrize("strides", [[1, 1], [2, 2]])
def test_a_depthwise_convolution_of_many_channels_is_a_sum(
    strides: list[int], curve: str, size: int, tmp_path: Path
) -> None:
    b = Build((1, 3, 16, 18), 4)
    x = b.curve(b.conv(b.input, 40), "Relu")
    y = add_conv(b, x, 40, (size, size), pads=[size // 2] * 4, strides=strides, group=40)
    graph, _ = numbers_of(save(b.model(b.node(curve, [y])), tmp_path / "net.onnx"))
    assert all(node.depthwise for node in graph.nodes[1:] if isinstance(node, Conv))
    assert sum(isinstance(node, DepthwiseSum) for node in graph.nodes) == 1


def test_copies_of_many_channels_are_joined(tmp_path: Path) -> None:
    b = Build((1, 3, 12, 10), 4)
    x = b.curve(b.conv(b.input, 40), "LeakyRelu")
    y = add_conv(b, x, 6, (5, 5), pads=[2] * 4)
    graph, _ = numbers_of(save(b.model(y), tmp_path / "net.onnx"))
    assert sum(isinstance(node, Concat) for node in graph.nodes) == 1


def test_more_copies_than_channels_are_added(tmp_path: Path) -> None:
    b = Build((1, 3, 10, 9), 4)
    x = b.curve(b.conv(b.input, 150), "Relu")
    y = add_conv(b, x, 4, (5, 5), pads=[2] * 4)
    graph, _ = numbers_of(save(b.model(y), tmp_path / "net.onnx"))
    assert sum(isinstance(node, Add) for node in graph.nodes) == 1


@pytest.mark.parametrize(("channels", "group", "curve"), [(64, 64, ""), (70, 70, "Relu"), (96, 32, ""), (6, 2, "Tanh")])
def test_groups_over_the_whole_map(channels: int, group: int, curve: str, tmp_path: Path) -> None:
    b = Build((1, 3, 7, 7), 4)
    x = b.curve(b.conv(b.input, channels), "Relu")
    y = add_conv(b, x, channels, (7, 7), group=group)
    y = b.norm(y) if not curve else b.curve(y, curve)
    model = b.model(b.gemm(b.flat(y), 4))
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    path = save(model, tmp_path / "net.onnx")
    graph, net = numbers_of(path)
    layer = next(layer for layer in net.layers if isinstance(layer, FloatGrouped))
    assert sum(matrix.size for _, matrix, _ in layer.parts()) <= channels * (channels // group) * 49 * 2
    assert any(isinstance(node, GroupedFullyConnected) for node in graph.nodes)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(down=axes(), right=axes(), depthwise=st.booleans(), seed=st.integers(0, 99))
def test_any_window_has_the_plain_bytes(
    down: tuple[int, ...], right: tuple[int, ...], depthwise: bool, seed: int
) -> None:
    b = Build((1, 3, down[0], right[0]), seed)
    x = b.curve(b.conv(b.input, 4), "LeakyRelu")
    group = {"group": 4} if depthwise else {}
    y = add_conv(b, x, 4, (down[1], right[1]), **attributes_of(down, right), **group)
    with TemporaryDirectory() as folder:
        emulated(read(save(b.model(y), Path(folder) / "net.onnx")))
