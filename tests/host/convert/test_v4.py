"""The same networks as kmodel v4: the bytes of v3, and results that are as near to the float network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.lower.layers import KpuConv, QuantizedAdd, Requantize
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.report import emulate
from maixswitch.convert.report.compare import Comparison
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.run.runtimes import RUNTIMES
from maixswitch.kmodel.write.rewrite import rewrite
from tests.host.convert import dense_networks
from tests.host.convert.onnx_builder import Build, mobilenet, random_network, save
from tests.host.convert.test_depth_to_space import shuffled
from tests.host.convert.test_random import SNR, converted, float_tensors

EXACT = (KpuConv, Requantize)
"""Layers whose bytes are the same in both versions."""


@pytest.mark.parametrize("seed", range(12, 24))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    path = save(random_network(seed), tmp_path / "net.onnx")
    graph, net, image = converted(path, 16)
    third, fourth = lower(net), lower(net, 4)
    assert rewrite(fourth.data) == fourth.data
    model = load(fourth.data)
    assert (model.version, model.notes, len(model.layers)) == (4, (), len(fourth.layers))
    assert [finding for finding in check(model) if not finding.limit] == []
    before = emulate.run(load(third.data), third, net, image)
    tensors = emulate.run(model, fourth, net, image)
    assert set(tensors) == set(before)
    # A tensor is exact as long as only exact layers lie before it.
    exact = {net.input}
    for layer in net.layers:
        if set(layer.inputs) <= exact and isinstance(layer, EXACT):
            exact.add(layer.output)
            if layer.output in before:
                assert tensors[layer.output].tolist() == before[layer.output].tolist(), layer.describe()
        elif set(layer.inputs) <= exact and isinstance(layer, QuantizedAdd):
            steps = np.abs(tensors[layer.output].astype(int) - before[layer.output])
            assert steps.max() <= 1
    comparison = Comparison()
    comparison.add(net, tensors, float_tensors(path, graph, net, image))
    for name in graph.outputs:
        if name not in graph.orders:
            assert comparison.tensors[name].snr > SNR, name


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", ["relu_dense", "lenet", "flat_mlp", "two_relu6", "after_mean", "curved"])
def test_dense_networks(name: str, runtime: str, tmp_path: Path) -> None:
    """Clamps and roundings that v3 builds of several layers."""
    path = save(getattr(dense_networks, name)(), tmp_path / "net.onnx")
    _, net, image = converted(path, 8)
    third, fourth = lower(net), lower(net, 4)
    for expected, computed in zip(
        load(third.data, runtime=runtime).run(image), load(fourth.data, runtime=runtime).run(image), strict=True
    ):
        assert np.abs(computed - expected).max() <= 0.02 * np.abs(expected).max() + 1e-6


def test_mobilenet_has_the_same_bytes(tmp_path: Path) -> None:
    path = save(mobilenet(classes=50), tmp_path / "net.onnx")
    _, net, image = converted(path, 6)
    results = [load(lower(net, version).data).run(image)[0] for version in (3, 4)]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(mode: str, tmp_path: Path) -> None:
    """v3 moves the pixels by resizes of single bytes and masks; the same tricks give the same bytes in v4."""
    b = Build((1, 3, 6, 8), seed=2)
    x = shuffled(b, b.conv(b.input, 8), 2, mode=mode)
    _, net, image = converted(save(b.model(b.conv(x, 3)), tmp_path / "net.onnx"), 4)
    third, fourth = (load(lower(net, version).data).run(image)[0] for version in (3, 4))
    np.testing.assert_allclose(fourth, third, rtol=1e-6, atol=1e-6)
