"""Graphs as tf2onnx writes them: channels last outside, Transposes around every convolution, Pad before Transpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.graph.graph import evaluate
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import document as report
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime
from tests.host.convert.test_pools import emulated
from tests.host.convert.test_whole import photos

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
Borders = tuple[int, int, int, int]


def pad(b: Build, x: str, borders: Borders, value: float | None = None, axes: bool = False) -> str:
    """Pad height and width of a map with channels last; ``borders``: top, left, bottom, right."""
    top, left, bottom, right = borders
    n, h, w, c = b.shapes[x]
    numbers = [top, left, bottom, right] if axes else [0, top, left, 0, 0, bottom, right, 0]
    inputs = [x, b.constant(numbers, np.int64)]
    if value is not None or axes:
        inputs.append(b.constant(value or 0.0))
    if axes:
        inputs.append(b.constant([1, 2], np.int64))
    y = b.node("Pad", inputs)
    b.shapes[y] = (n, h + top + bottom, w + left + right, c)
    return y


def conv(b: Build, x: str, out: int, stride: int = 1, depthwise: bool = False, borders: Borders = (0, 0, 1, 1)) -> str:
    """Add what a layer of TensorFlow with SAME padding becomes."""
    moved = b.transpose(pad(b, x, borders) if stride > 1 else x, FIRST)
    y = b.conv(moved, out, 3, stride, depthwise, pads=[0] * 4 if stride > 1 else None)
    return b.transpose(b.curve(y, "relu6"), LAST)


def mobilenet(batch: int | str = "unk__1", side: int = 64) -> onnx.ModelProto:
    b = Build((batch, side, side, 3), 4, name="input_1:0")
    x = conv(b, b.input, 8, stride=2)
    for out, stride in ((16, 1), (24, 2), (32, 2)):
        x = conv(b, x, 0, stride, depthwise=True)
        moved = b.transpose(x, FIRST)
        x = b.transpose(b.curve(b.conv(moved, out, 1), "relu6"), LAST)
    y = b.node("ReduceMean", [x], axes=[1, 2], keepdims=0)
    b.shapes[y] = (1, 32)
    return b.model(b.same("Softmax", b.gemm(y, 10), axis=1))


def same_as_onnxruntime(path: Path) -> None:
    graph, network = read(path, scale=1.0), FloatNet(path)
    picture = np.random.default_rng(1).normal(0, 1, (1, *graph.shapes[graph.input]))
    result = evaluate(graph, picture)
    for name, values in network.run(picture, graph.outputs).items():
        expected = values.reshape(-1)
        if name in graph.orders:
            expected = np.empty_like(expected)
            expected[graph.orders[name].reshape(-1)] = values.reshape(-1)
        np.testing.assert_allclose(result[name].reshape(-1), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("batch", ["unk__1", 1, 8])
def test_a_mobilenet_of_tensorflow(batch: int | str, tmp_path: Path) -> None:
    path = save(mobilenet(batch), tmp_path / "net.onnx")
    same_as_onnxruntime(path)
    facts = convert(Options(path, tmp_path / "n.kmodel", photos(tmp_path / "photos")))
    assert facts.kind == "classifier"
    assert report.document(facts)["outputs"][0]["snr_db"] > 25


@pytest.mark.parametrize("borders", [(0, 0, 1, 1), (1, 1, 1, 1), (1, 1, 0, 0), (1, 0, 0, 1)])
@pytest.mark.parametrize("axes", [False, True])
def test_borders_before_a_transpose(borders: Borders, axes: bool, tmp_path: Path) -> None:
    b = Build((1, 16, 24, 3), 4, 18 if axes else 17)
    stride = 1 if borders == (1, 1, 1, 1) else 2
    moved = b.transpose(pad(b, b.input, borders, axes=axes), FIRST)
    same_as_onnxruntime(save(b.model(b.conv(moved, 4, 3, stride, pads=[0] * 4)), tmp_path / "net.onnx"))


def test_a_border_behind_an_activation_with_channels_last(tmp_path: Path) -> None:
    b = Build((1, 16, 24, 3), 4)
    x = b.curve(b.transpose(b.conv(b.transpose(b.input, FIRST), 6), LAST), "Relu")
    moved = b.transpose(pad(b, x, (0, 0, 1, 1)), FIRST)
    pooled = b.node("MaxPool", [moved], kernel_shape=[2, 2], strides=[1, 1])
    b.shapes[pooled] = (1, 6, 16, 24)
    same_as_onnxruntime(save(b.model(b.conv(pooled, 4, 1)), tmp_path / "net.onnx"))


def test_two_readers_of_one_border(tmp_path: Path) -> None:
    b = Build((1, 16, 16, 3), 4)
    padded = pad(b, b.input, (0, 0, 1, 1))
    left, right = (b.conv(b.transpose(padded, FIRST), 4, 3, 2, pads=[0] * 4) for _ in range(2))
    same_as_onnxruntime(save(b.model(b.same("Add", [left, right])), tmp_path / "net.onnx"))


@pytest.mark.parametrize("numbers", [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, -1, 0, 0]])
def test_borders_that_the_kpu_lacks(numbers: list[int], tmp_path: Path) -> None:
    b = Build((1, 16, 16, 3), 4)
    y = b.node("Pad", [b.input, b.constant(numbers, np.int64)])
    b.shapes[y] = tuple(s + numbers[i] + numbers[i + 4] for i, s in enumerate((1, 16, 16, 3)))
    with pytest.raises(MaixSwitchError, match=r"node pad1 \(Pad\): its padding is "):
        read(save(b.model(b.transpose(y, FIRST)), tmp_path / "net.onnx"))


def test_a_picture_without_an_axis_for_its_channel(tmp_path: Path) -> None:
    """As Keras has MNIST: (batch, height, width), and a Reshape first."""
    b = Build((1, 12, 10), seed=6)
    x = b.reshape(b.input, (1, 1, 12, 10))
    graph = compare_with_onnxruntime(b.model(b.gemm(b.flat(b.curve(b.conv(x, 4), "Relu")), 5)), tmp_path)
    assert graph.shapes[graph.input] == (1, 12, 10)
    emulated(graph)
