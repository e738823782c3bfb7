"""Random networks over all operators: the emulator computes the plain model's bytes, near onnxruntime's results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.convert.report.compare import Comparison
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.onnx_builder import mobilenet, random_network, save, tiny_yolo

SNR, WORST = 30.0, 24.0
"""The least dB of any output: the worst of sixty. Most have 35 to 45, and more after a softmax."""


def converted(path: Path, count: int) -> tuple[Graph, Quantised, np.ndarray]:
    """Return the graph, the network quantised on ``count`` pictures, and another picture."""
    graph = read(path)
    images = pictures(count + 1, graph.shapes[graph.input])
    return graph, quantise(in_pixels(graph), images[:count]), images[count]


def float_tensors(path: Path, graph: Graph, net: Quantised, image: np.ndarray) -> dict[str, np.ndarray]:
    """Return the tensors of the file in the chip's order."""
    factor, offset = np.array(graph.pixels, np.float32).T.reshape(2, 1, -1, 1, 1)
    units = image[None].astype(np.float32) * factor + offset
    tensors = {}
    for name, values in FloatNet(path).run(units, sorted(set(net.origin.values()))).items():
        shape = graph.shapes.get(name)
        if shape is not None and values[0].size == np.prod(shape) and name not in graph.orders:
            tensors[name] = values[0].reshape(shape)
    return tensors


@pytest.mark.parametrize("seed", range(12, 20))
def test_a_random_network(seed: int, tmp_path: Path) -> None:
    compare_outputs(seed, tmp_path, SNR)


def compare_outputs(seed: int, tmp_path: Path, least: float) -> None:
    path = save(random_network(seed), tmp_path / "net.onnx")
    graph, net, image = converted(path, 16)
    lowered = lower(net)
    model = load(lowered.data)
    assert [finding for finding in check(model) if not finding.limit] == []
    expected = plain.run(net, image)
    tensors = emulate.run(model, lowered, net, image)
    for name in net.outputs:
        assert name in tensors
    for name in set(tensors) & set(expected):
        np.testing.assert_array_equal(tensors[name], expected[name], name)
    comparison = Comparison()
    comparison.add(net, tensors, float_tensors(path, graph, net, image))
    for name in graph.outputs:
        if name not in graph.orders:
            assert comparison.tensors[name].snr > least, name


def test_mobilenet_is_near_the_float_network(tmp_path: Path) -> None:
    path = save(mobilenet(classes=50), tmp_path / "net.onnx")
    graph, net, image = converted(path, 6)
    lowered = lower(net)
    comparison = Comparison()
    tensors = emulate.run(load(lowered.data), lowered, net, image)
    comparison.add(net, tensors, float_tensors(path, graph, net, image))
    assert comparison.tensors[graph.outputs[0]].snr > 40
    assert min(near.snr for near in comparison.tensors.values()) > 28


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20, 60))
def test_many_random_networks(seed: int, tmp_path: Path) -> None:
    compare_outputs(seed, tmp_path, WORST)


@pytest.mark.nightly
def test_tiny_yolo_is_near_the_float_network(tmp_path: Path) -> None:
    path = save(tiny_yolo(widest=256), tmp_path / "net.onnx")
    graph, net, image = converted(path, 16)
    lowered = lower(net)
    comparison = Comparison()
    tensors = emulate.run(load(lowered.data), lowered, net, image)
    comparison.add(net, tensors, float_tensors(path, graph, net, image))
    assert min(near.snr for near in comparison.tensors.values()) > 30
