"""Pools of any window: as onnxruntime in floats, and on the chip the bytes of the plain model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import example, given, settings
from hypothesis import strategies as st

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.graph.window import Window
from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.window_pool import WindowMax
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.plain_v4 import compare_with_plain
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pools")


def emulated(graph: Graph, runs: int = 1) -> tuple[Quantised, dict[str, np.ndarray]]:
    """Return the network in integers and the tensors of its v3 file; the files of v3 and v4 have the plain bytes."""
    images = pictures(3 + runs, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:3])
    lowered = lower(net)
    model = load(lowered.data)
    assert [finding for finding in check(model) if not finding.limit] == []
    for image in images[3:]:
        expected, tensors = plain.run(net, image), emulate.run(model, lowered, net, image)
        assert set(net.outputs) <= set(tensors)
        # What only v4 can do is compared below, layer by layer, because its sums and floats have other last digits.
        for name in set(tensors) & set(expected) if model.version == 3 else ():
            np.testing.assert_array_equal(tensors[name], expected[name], name)
    compare_with_plain(net, images[3])
    return net, tensors


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, tuple[int, int], dict[str, object]]:
    """Return the operator, the sides of the map, and the attributes of any pool that onnxruntime takes."""
    kernel = [draw(st.integers(1, 6)) for _ in range(2)]
    sides = (draw(st.integers(max(kernel[0], 4), 13)), draw(st.integers(max(kernel[1], 4), 13)))
    kind = draw(st.sampled_from(["MaxPool", "AveragePool"]))
    strides = [draw(st.integers(1, 4)) for _ in range(2)]
    attributes: dict[str, object] = {"kernel_shape": kernel, "strides": strides}
    # onnxruntime fails where such a padding would be negative.
    if draw(st.booleans()) and strides[0] <= kernel[0] and strides[1] <= kernel[1]:
        attributes["auto_pad"] = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    else:
        attributes["pads"] = [draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4)]
        attributes["ceil_mode"] = int(draw(st.booleans()))
    return kind, sides, attributes


@given(windows())
@settings(max_examples=48, deadline=None)
def test_every_window_is_as_in_onnxruntime(folder: Path, case: tuple[str, tuple[int, int], dict[str, object]]) -> None:
    kind, sides, attributes = case
    b = Build((1, 2, *sides), seed=sum(sides))
    compare_with_onnxruntime(b.model(b.node(kind, [b.conv(b.input, 3)], **attributes)), folder)


@given(windows())
@example(("MaxPool", (4, 4), {"kernel_shape": [1, 1], "strides": [2, 2], "pads": [0, 0, 0, 0], "ceil_mode": 0}))
@settings(max_examples=20, deadline=None)
def test_every_window_has_the_same_bytes_on_the_chip(
    folder: Path, case: tuple[str, tuple[int, int], dict[str, object]]
) -> None:
    kind, sides, attributes = case
    b = Build((1, 2, *sides), seed=sum(sides))
    graph = read(save(b.model(b.node(kind, [b.conv(b.input, 3)], **attributes)), folder / "net.onnx"))
    net, tensors = emulated(graph)
    for node in graph.nodes:
        if isinstance(node, WindowMax):
            before, after = tensors[node.inputs[0]], tensors[node.output]
            np.testing.assert_array_equal(node.evaluate([before[None].astype(np.float32)])[0], after)
            assert net.scales[node.inputs[0]] == net.scales[node.output]


def test_a_resnet_begins_with_a_pool_of_three(folder: Path) -> None:
    b = Build((1, 3, 24, 32), seed=2)
    x = b.curve(b.norm(b.conv(b.input, 8, stride=2)), "Relu")
    x = b.same("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    b.shapes[x] = (1, 8, 6, 8)
    graph = compare_with_onnxruntime(b.model(b.conv(x, 4)), folder)
    assert [type(node).__name__ for node in graph.nodes] == ["Conv", "Pool", "Shift", "Pool", "Conv"]
    emulated(graph)


@given(st.sampled_from([(3, 1), (3, 2), (5, 1), (7, 1)]), st.integers(8, 14), st.integers(8, 14), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_a_maximum_around_each_pixel(
    folder: Path, window: tuple[int, int], height: int, width: int, padding: int
) -> None:
    size, stride = window
    half = size // 2
    pads: list[int] = [[half] * 4, [0, 0, 0, 0], [0, 0, 1, 1], [0, 0, size - 1, size - 1]][padding]
    b = Build((1, 2, height, width), seed=height)
    before = b.conv(b.input, 3)
    x = b.node("MaxPool", [before], kernel_shape=[size] * 2, strides=[stride] * 2, pads=pads)
    graph = compare_with_onnxruntime(b.model(x, before), folder)
    _, tensors = emulated(graph)
    if padding == 0 and (stride == 1 or height % 2 == width % 2 == 0):
        assert {"Shift", "Pool"} <= {type(node).__name__ for node in graph.nodes}
    # Pools of pools have exactly the bytes of a single one.
    window = Window((size, size), (stride, stride), tuple(pads))
    whole = WindowMax((), (before,), x, window, graph.shapes[x][1:])
    np.testing.assert_array_equal(whole.evaluate([tensors[before][None].astype(np.float32)])[0], tensors[x])


@pytest.mark.parametrize(("channels", "sides"), [(130, (8, 8)), (9, (256, 512)), (64, (160, 160)), (8, (6, 8))])
def test_what_the_kpu_has_no_room_for_is_on_the_cpu(channels: int, sides: tuple[int, int], folder: Path) -> None:
    b = Build((1, 3, *sides))
    pool = b.node("MaxPool", [b.conv(b.input, channels)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    graph = read(save(b.model(pool), folder / "net.onnx"))
    assert [type(node) for node in graph.nodes] == [Conv, WindowMax]


@pytest.mark.parametrize("kernel", [(3, 3), (1, 3), (3, 1)])
def test_a_mean_that_counts_its_border_is_a_convolution(kernel: tuple[int, int], folder: Path) -> None:
    b = Build((1, 3, 8, 12), seed=4)
    pads = [kernel[0] // 2, kernel[1] // 2] * 2
    x = b.node("AveragePool", [b.conv(b.input, 5)], kernel_shape=list(kernel), pads=pads, count_include_pad=1)
    graph = compare_with_onnxruntime(b.model(x), folder)
    assert [node.depthwise for node in graph.nodes if isinstance(node, Conv)] == [False, True]
    emulated(graph)


@pytest.mark.parametrize("form", ["GlobalMaxPool", "ReduceMax", "ReduceMax, flat", "ReduceMax, channels last"])
@pytest.mark.parametrize("curve", ["Relu", "swish"])
def test_the_maximum_of_a_map(form: str, curve: str, folder: Path) -> None:
    b = Build((1, 3, 8, 12), seed=6, opset=13)
    x = b.curve(b.conv(b.input, 5), curve)
    if form == "GlobalMaxPool":
        x = b.node("GlobalMaxPool", [x])
    elif form == "ReduceMax":
        x = b.node("ReduceMax", [x], axes=[2, 3], keepdims=1)
    elif form == "ReduceMax, flat":
        x = b.node("ReduceMax", [x], axes=[-1, -2], keepdims=0)
    else:
        x = b.node("ReduceMax", [b.transpose(x, (0, 2, 3, 1))], axes=[1, 2], keepdims=0)
    b.shapes[x] = (1, 5)
    graph = compare_with_onnxruntime(b.model(b.gemm(b.flat(x), 4) if form == "GlobalMaxPool" else x), folder)
    _, tensors = emulated(graph, 2)
    largest = tensors[next(name for name in tensors if name.endswith(":largest"))]
    source = next(node for node in graph.nodes if type(node).__name__ == "GlobalMax").inputs[0]
    np.testing.assert_array_equal(largest.ravel(), tensors[source].max(axis=(1, 2)))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"kernel_shape": [3, 3], "dilations": [2, 2]}, "has gaps"),
        ({"kernel_shape": [2, 2], "pads": [2, 2, 2, 2]}, "padding is"),
    ],
)
def test_windows_that_are_refused(attributes: dict[str, object], reason: str, folder: Path) -> None:
    b = Build((1, 3, 8, 8))
    with pytest.raises(MaixSwitchError, match=reason):
        read(save(b.model(b.node("MaxPool", [b.conv(b.input, 4)], **attributes)), folder / "net.onnx"))
