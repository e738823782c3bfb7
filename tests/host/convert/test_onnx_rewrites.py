"""A network that reading has rewritten gives the same numbers as onnxruntime: for every tensor and every rewrite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from maixswitch.convert.graph.graph import Graph, evaluate
from maixswitch.convert.ops import READERS
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.fully_connected import FullyConnected
from maixswitch.convert.ops.global_mean import GlobalMean
from maixswitch.convert.ops.pool import Pool
from maixswitch.convert.ops.unary import Unary
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.convert.report.float_net import FloatNet
from tests.host.convert import onnx_builder
from tests.host.convert.onnx_builder import Build, save


def compare_with_onnxruntime(model: onnx.ModelProto, folder: Path, images: int = 2, near: float = 2e-5) -> Graph:
    """Read the network, compare every tensor of the file with onnxruntime's, and return the graph."""
    path = save(model, folder / "net.onnx")
    graph, network = read(path), FloatNet(path)
    draw = np.random.default_rng(3)
    pictures = draw.normal(0.2, 0.7, (images, *graph.shapes[graph.input])).astype(np.float32)
    result = evaluate(graph, pictures)
    for i in range(images):
        raw = {name: array[0] for name, array in network.run(pictures[i : i + 1], list(graph.shapes)).items()}
        for name, array in emulate.reordered(raw, graph.orders).items():
            expected = array.reshape(graph.shapes[name])
            assert np.abs(result[name][i] - expected).max() <= near * max(float(np.abs(expected).max()), 1e-3), name
    assert set(graph.outputs) <= set(network.names)
    check_graph(graph)
    return graph


def check_graph(graph: Graph) -> None:
    """Assert that the graph keeps what ir.py promises."""
    tensors = {graph.input}
    for op in graph.nodes:
        assert set(op.inputs) <= tensors, op
        tensors.add(op.output)
        if graph.input in op.inputs:
            assert isinstance(op, Conv)
        if isinstance(op, Conv):
            assert op.weights.shape[2:] in ((1, 1), (3, 3))
            assert op.weights.shape[1] == (1 if op.depthwise else graph.shapes[op.inputs[0]][0])
            assert not (op.depthwise and (op.stride > 1 or op.pool or op.weights.shape[2] == 1))
            assert op.stride in (1, 2, 4)
            assert op.stride == 1 or not op.pool
            side = {"": 1, "max2s1": 1}.get(op.pool) or int(op.pool[-1])
            shape = graph.shapes[op.inputs[0]]
            assert graph.shapes[op.output][1:] == tuple(size // (side * op.stride) for size in shape[1:])
    assert set(graph.outputs) <= tensors - {graph.input}
    assert set(graph.shapes) == tensors


def kinds(graph: Graph) -> list[str]:
    return [type(op).__name__ for op in graph.nodes]


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    graph = compare_with_onnxruntime(onnx_builder.random_network(seed), tmp_path)
    assert not any(isinstance(op, Unary) for op in graph.nodes), "each curve of these follows a convolution or a sum"


def test_ten_random_networks_use_the_operators() -> None:
    used = {node.op_type for seed in range(10) for node in onnx_builder.random_network(seed).graph.node}
    assert used <= set(READERS)
    expected = {"Conv", "BatchNormalization", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "MaxPool"}
    expected |= {"AveragePool", "GlobalAveragePool", "Gemm", "Add", "Concat", "Softmax", "Flatten", "Resize", "Reshape"}
    assert used >= expected | {"Transpose", "Mul", "Sub", "Div", "Pad", "Identity", "Dropout", "Elu", "Softplus"}


def test_mobilenet(tmp_path: Path) -> None:
    graph = compare_with_onnxruntime(onnx_builder.mobilenet(), tmp_path, images=1)
    assert kinds(graph) == ["Conv"] * 27 + ["GlobalMean", "FullyConnected", "Softmax"]
    # The stride of a depthwise convolution goes into the 1x1 behind it.
    assert [op.stride for op in graph.nodes[:5] if isinstance(op, Conv)] == [2, 1, 1, 1, 2]


def test_tiny_yolo(tmp_path: Path) -> None:
    graph = compare_with_onnxruntime(onnx_builder.tiny_yolo((64, 96), widest=64), tmp_path)
    assert [op.pool for op in graph.nodes if isinstance(op, Conv)] == ["max2"] * 5 + ["max2s1", "", "", ""]
    assert {op.curve.name for op in graph.nodes if isinstance(op, Conv) and op.curve} == {"leaky_relu"}


def build(shape: tuple[int, ...] = (1, 3, 16, 24), seed: int = 5) -> tuple[Build, str]:
    b = Build(shape, seed)
    return b, b.conv(b.input, 6)


def window(b: Build, x: str, kernel: tuple[int, int], out: int = 4, group: int = 1, **attributes: object) -> str:
    per = b.shapes[x][1] // group
    weights = b.constant(b.random.normal(0, 0.3, (out, per, *kernel)))
    return b.node("Conv", [x, weights], kernel_shape=list(kernel), group=group, **attributes)


WINDOWS: dict[str, dict[str, object]] = {
    "1x3": {"kernel": (1, 3), "pads": [0, 1, 0, 1]},
    "3x1": {"kernel": (3, 1), "pads": [1, 0, 1, 0]},
    "2x2 right": {"kernel": (2, 2), "pads": [0, 0, 1, 1]},
    "2x2 left": {"kernel": (2, 2), "pads": [1, 1, 0, 0]},
    "2x2 stride 2": {"kernel": (2, 2), "strides": [2, 2]},
    "dilated 2x2": {"kernel": (2, 2), "dilations": [2, 2], "pads": [1, 1, 1, 1]},
    "same upper": {"kernel": (3, 3), "auto_pad": "SAME_UPPER"},
    "stride 2 same upper": {"kernel": (3, 3), "auto_pad": "SAME_UPPER", "strides": [2, 2]},
    "stride 2 same lower": {"kernel": (3, 3), "auto_pad": "SAME_LOWER", "strides": [2, 2]},
    "stride 2 one way": {"kernel": (3, 3), "pads": [1, 0, 0, 1], "strides": [2, 2]},
    "stride 4": {"kernel": (3, 3), "pads": [1, 1, 1, 1], "strides": [4, 4]},
    "stride 8": {"kernel": (3, 3), "pads": [1, 1, 1, 1], "strides": [8, 8]},
    "1x1 stride 2": {"kernel": (1, 1), "strides": [2, 2]},
    "groups": {"kernel": (3, 3), "pads": [1, 1, 1, 1], "group": 3, "out": 9},
    "depthwise same upper stride 2": {
        "kernel": (3, 3),
        "auto_pad": "SAME_UPPER",
        "strides": [2, 2],
        "group": 6,
        "out": 6,
    },
    "depthwise 1x1": {"kernel": (1, 1), "group": 6, "out": 6},
    "two for each channel": {"kernel": (3, 3), "pads": [1, 1, 1, 1], "group": 6, "out": 12},
    "global": {"kernel": (16, 24)},
    "global, larger": {"kernel": (5, 5), "dilations": [3, 5], "pads": [0, 0, 0, 0], "strides": [16, 24]},
}


@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name: str, tmp_path: Path) -> None:
    b, x = build()
    y = window(b, x, **WINDOWS[name])  # type: ignore[arg-type]
    graph = compare_with_onnxruntime(b.model(b.node("LeakyRelu", [y], alpha=0.2)), tmp_path)
    assert any(isinstance(op, FullyConnected) for op in graph.nodes) == name.startswith("global")


POOLS: dict[str, tuple[str, dict[str, object], list[str]]] = {
    "8x8": ("MaxPool", {"kernel_shape": [8, 8], "strides": [8, 8]}, ["max4", "max2"]),
    "mean 8x8": ("AveragePool", {"kernel_shape": [8, 8], "strides": [8, 8]}, ["mean4", "mean2"]),
    "same": ("MaxPool", {"kernel_shape": [2, 2], "strides": [1, 1], "auto_pad": "SAME_UPPER"}, ["max2s1"]),
    "every second": ("MaxPool", {"kernel_shape": [1, 1], "strides": [2, 2]}, []),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools(name: str, tmp_path: Path) -> None:
    kind, attributes, expected = POOLS[name]
    b, x = build((1, 3, 32, 16))
    graph = compare_with_onnxruntime(b.model(b.node(kind, [b.curve(x, "Relu")], **attributes)), tmp_path)
    result = [op.pool for op in graph.nodes if isinstance(op, Conv | Pool) and op.pool]
    assert result == expected


def test_pool_over_everything_is_a_mean(tmp_path: Path) -> None:
    b, x = build()
    graph = compare_with_onnxruntime(b.model(b.node("AveragePool", [x], kernel_shape=[16, 24])), tmp_path)
    assert isinstance(graph.nodes[-1], GlobalMean)


@pytest.mark.parametrize("mode", ["edge", "constant"])
def test_a_border_before_a_maximum(mode: str, tmp_path: Path) -> None:
    b, x = build()
    wide = [b.curve(x, "Relu"), b.constant([0, 0, 0, 0, 0, 0, 1, 1], np.int64)]
    padded = b.node("Pad", wide, mode=mode)
    graph = compare_with_onnxruntime(b.model(b.node("MaxPool", [padded], kernel_shape=[2, 2])), tmp_path)
    assert [op.pool for op in graph.nodes if isinstance(op, Conv)] == ["max2s1"]


SCALINGS: dict[str, Callable[[Build, str], str]] = {
    "before a convolution with a border": lambda b, x: b.conv(b.norm(b.curve(x, "Relu")), 4),
    "before a 1x1": lambda b, x: b.conv(b.norm(b.curve(x, "Relu")), 4, 1),
    "behind a sum": lambda b, x: b.curve(b.norm(b.same("Add", [x, b.conv(x, 6)])), "Relu"),
    "behind a mean": lambda b, x: b.norm(b.pool(x, "AveragePool", 2)),
    "behind a maximum": lambda b, x: b.same(
        "Mul", [b.pool(x, "MaxPool", 2), b.constant(b.random.normal(0, 1, (1, 6, 1, 1)))]
    ),
    "behind a global mean": lambda b, x: b.gemm(b.flat(b.norm(b.mean(b.curve(x, "Relu")))), 5),
    "before a global mean": lambda b, x: b.gemm(b.flat(b.mean(b.norm(b.curve(x, "Relu")))), 5),
    "before a matrix": lambda b, x: b.gemm(b.flat(b.norm(b.curve(x, "Relu"))), 5),
    "one number": lambda b, x: b.same("Add", [b.same("Mul", [b.constant(-2.5), x]), b.constant([1.0])]),
    "constant minus tensor": lambda b, x: b.same("Sub", [b.constant(b.random.normal(0, 1, (6, 1, 1))), x]),
    "difference": lambda b, x: b.same("Sub", [b.conv(x, 6), x]),
    "twice the same": lambda b, x: b.same("Add", [x, x]),
    "after a curve": lambda b, x: b.same("Div", [b.curve(x, "relu6"), b.constant(6.0)]),
    "flat": lambda b, x: b.same("Mul", [b.flat(b.mean(x)), b.constant(b.random.normal(0, 1, (6,)))]),
}


@pytest.mark.parametrize("name", SCALINGS)
def test_factors_and_offsets(name: str, tmp_path: Path) -> None:
    b, x = build()
    compare_with_onnxruntime(b.model(SCALINGS[name](b, x)), tmp_path)


CURVES: dict[str, Callable[[Build, str], str]] = {
    "mish": lambda b, x: b.same("Mul", [x, b.same("Tanh", b.same("Softplus", x))]),
    "gelu": lambda b, x: b.same(
        "Mul",
        [
            b.same("Mul", [x, b.same("Add", [b.same("Erf", b.same("Div", [x, b.constant(2**0.5)])), b.constant(1.0)])]),
            b.constant(0.5),
        ],
    ),
    "hard sigmoid": lambda b, x: b.same("HardSigmoid", x, alpha=0.25),
    "clip of clip": lambda b, x: b.curve(b.same("Max", [x, b.constant(-0.5)]), "relu6"),
    "power": lambda b, x: b.same("Pow", [x, b.constant(2.0)]),
    "over": lambda b, x: b.same("Div", [b.constant(2.0), b.same("Exp", x)]),
    "prelu": lambda b, x: b.same("PRelu", [x, b.constant(np.full((6, 1, 1), 0.3))]),
    "selu": lambda b, x: b.same("Selu", x),
    "celu": lambda b, x: b.same("Celu", x, alpha=0.7),
    "softsign": lambda b, x: b.same("Softsign", x),
    "thresholded": lambda b, x: b.same("ThresholdedRelu", x, alpha=0.4),
    "shrink": lambda b, x: b.same("Shrink", x, lambd=0.3, bias=0.1),
    "leaky before a maximum": lambda b, x: b.curve(b.pool(x, "MaxPool", 2), "LeakyRelu"),
    "swish behind a maximum": lambda b, x: b.curve(b.pool(x, "MaxPool", 2), "swish"),
    "relu behind a resize": lambda b, x: b.curve(b.resize(x), "Relu"),
    "relu that two take": lambda b, x: (lambda y: b.same("Add", [b.conv(y, 6), y]))(b.curve(x, "Relu")),
}


@pytest.mark.parametrize("name", CURVES)
def test_curves(name: str, tmp_path: Path) -> None:
    b, x = build()
    graph = compare_with_onnxruntime(b.model(CURVES[name](b, x)), tmp_path)
    if "swish" not in name and "two" not in name:
        assert kinds(graph) in (["Conv"], ["Conv", "Resize"])


@pytest.mark.parametrize("name", ["relu6", "Relu"])
def test_clamps_are_known_as_such(name: str, tmp_path: Path) -> None:
    b, x = build()
    op = compare_with_onnxruntime(b.model(b.curve(x, name)), tmp_path).nodes[0]
    assert isinstance(op, Conv)
    assert op.curve is not None
    assert op.curve.is_clamp
    assert (op.curve.low, op.curve.high) == (0.0, 6.0 if name == "relu6" else np.inf)


def test_channels_last_as_tensorflow_exports_it(tmp_path: Path) -> None:
    b = Build((1, 16, 24, 3), 4)
    x = b.curve(b.conv(b.transpose(b.input, (0, 3, 1, 2)), 6), "Relu")
    last = b.same("Add", [b.transpose(x, (0, 2, 3, 1)), b.constant(b.random.normal(0, 1, (6,)))])
    other = b.transpose(b.conv(x, 5), (0, 2, 3, 1))
    joined = b.node("Concat", [last, other], axis=3)
    b.shapes[joined] = (1, 16, 24, 11)
    y = b.conv(b.transpose(b.same("Relu", joined), (0, 3, 1, 2)), 4)
    flat = b.reshape(b.transpose(y, (0, 2, 3, 1)), (1, -1))  # height, width, channels: the columns are moved
    graph = compare_with_onnxruntime(b.model(b.same("Softmax", b.gemm(flat, 7))), tmp_path)
    assert graph.shapes[graph.input] == (3, 16, 24)


def test_output_channels_last_is_noted(tmp_path: Path) -> None:
    b, x = build()
    graph = compare_with_onnxruntime(b.model(b.transpose(x, (0, 2, 3, 1))), tmp_path)
    assert graph.outputs == (x,)
    assert len(graph.notes) == 1


def test_mean_along_channels_last(tmp_path: Path) -> None:
    b, x = build()
    y = b.node("ReduceMean", [b.transpose(x, (0, 2, 3, 1))], axes=[1, 2], keepdims=0)
    b.shapes[y] = (1, 6)
    compare_with_onnxruntime(b.model(b.gemm(y, 4)), tmp_path)


def test_matmul_and_add_become_one_layer(tmp_path: Path) -> None:
    b, x = build()
    y = b.node("MatMul", [b.flat(b.mean(x)), b.constant(b.random.normal(0, 1, (6, 5)))])
    y = b.node("Relu", [b.node("Add", [y, b.constant(b.random.normal(0, 1, 5))])])
    assert kinds(compare_with_onnxruntime(b.model(y), tmp_path)) == ["Conv", "GlobalMean", "FullyConnected"]


def test_squeezed_shapes_and_computed_shapes(tmp_path: Path) -> None:
    b, x = build()
    y = b.mean(x)
    shape = b.node("Shape", [y])
    batch = b.node("Unsqueeze", [b.node("Gather", [shape, b.constant(0, np.int64)]), b.constant([0], np.int64)])
    target = b.node("Concat", [batch, b.constant([-1], np.int64)], axis=0)
    flat = b.node("Reshape", [y, target])
    b.shapes[flat] = (1, 6)
    wide = b.node("Unsqueeze", [b.gemm(flat, 5), b.constant([2, 3], np.int64)])
    weights = b.constant(b.random.normal(0, 1, (3, 5, 1, 1)))
    last = b.node("Squeeze", [b.node("Conv", [wide, weights]), b.constant([2, 3], np.int64)])
    compare_with_onnxruntime(b.model(b.node("Softmax", [last], axis=1)), tmp_path)


def test_picture_that_no_convolution_takes_first(tmp_path: Path) -> None:
    b = Build((1, 1, 8, 8), 2)
    graph = compare_with_onnxruntime(b.model(b.gemm(b.flat(b.input), 4)), tmp_path)
    assert kinds(graph) == ["Conv", "Flatten", "FullyConnected"]


def test_network_that_normalises_the_picture_itself(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 2)
    y = b.same("Sub", [b.input, b.constant(b.random.uniform(0.3, 0.6, (1, 3, 1, 1)))])
    compare_with_onnxruntime(b.model(b.conv(b.same("Div", [y, b.constant([0.25])]), 4)), tmp_path)


@pytest.mark.parametrize(("way", "rounding"), [("half_pixel", "round_prefer_floor"), ("asymmetric", "floor")])
def test_resize_by_four(way: str, rounding: str, tmp_path: Path) -> None:
    b, x = build()
    scales = b.constant([1.0, 1.0, 4.0, 4.0])
    y = b.node("Resize", [x, "", scales], coordinate_transformation_mode=way, nearest_mode=rounding)
    assert kinds(compare_with_onnxruntime(b.model(y), tmp_path)) == ["Conv", "Resize", "Resize"]


def test_nodes_that_no_output_needs_are_left_out(tmp_path: Path) -> None:
    b, x = build()
    b.conv(x, 7)
    assert kinds(compare_with_onnxruntime(b.model(b.conv(x, 2)), tmp_path)) == ["Conv", "Conv"]


@pytest.mark.parametrize("opset", [11, 13, 18, 22])
def test_opsets(opset: int, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3, opset)
    x = b.curve(b.pool(b.curve(b.norm(b.conv(b.input, 4)), "relu6"), "MaxPool", 2), "swish")
    compare_with_onnxruntime(b.model(b.same("Softmax", b.gemm(b.flat(b.mean(x)), 3), axis=1)), tmp_path)


def test_batch_without_a_size_is_one(tmp_path: Path) -> None:
    b = Build(("N", 3, 16, 16), 3)
    compare_with_onnxruntime(b.model(b.gemm(b.flat(b.mean(b.conv(b.input, 4))), 3)), tmp_path)


def test_an_output_in_the_middle_is_kept(tmp_path: Path) -> None:
    b, x = build()
    y = b.norm(x)
    z = b.curve(y, "LeakyRelu")
    graph = compare_with_onnxruntime(b.model(b.pool(z, "MaxPool", 2), x, y, z), tmp_path)
    assert graph.outputs[1:] == (x, y, z)


def test_pixels(tmp_path: Path) -> None:
    b, x = build()
    path = save(b.model(x), tmp_path / "net.onnx")
    assert read(path).pixels == ((1 / 255, 0.0),) * 3
    result = read(path, mean=(0.5, 0.4, 0.3), std=(0.25,)).pixels
    np.testing.assert_allclose(result, [(4 / 255, -2), (4 / 255, -1.6), (4 / 255, -1.2)])
    np.testing.assert_allclose(read(path, scale=1, mean=(127.5,), std=(127.5,)).pixels, [(1 / 127.5, -1)] * 3)
