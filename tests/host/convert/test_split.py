"""Layers beyond 1,024 channels or 64 weight loads: split, with onnxruntime's numbers and the plain bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.lower.layers import KpuConv
from maixswitch.convert.ops.arithmetic import Add
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.pool import Pool
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_kernels import numbers_of
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime


def convs(graph: Graph) -> list[int]:
    return [len(node.weights) for node in graph.nodes if isinstance(node, Conv)]


@pytest.mark.parametrize(("out", "parts"), [(1025, 2), (1280, 2), (2100, 3)])
def test_more_than_1024_outputs(out: int, parts: int, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), 3)
    x = b.curve(b.conv(b.conv(b.input, 8), out, 1), "LeakyRelu")
    model = b.model(b.gemm(b.flat(b.mean(x)), 5))
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    graph, net = numbers_of(save(model, tmp_path / "net.onnx"))
    # A message names the convolution, and neither its activation nor what joins its parts.
    assert {net.title(layer)[1] for layer in net.layers if isinstance(layer, KpuConv)} == {"Conv"}
    assert len(convs(graph)) == 1 + parts
    assert max(convs(graph)) - min(convs(graph)[1:]) <= 1


def test_more_than_64_weight_loads(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    x = b.curve(b.conv(b.conv(b.input, 512, 1), 400), "Relu")
    model = b.model(x)
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    graph, _ = numbers_of(save(model, tmp_path / "net.onnx"))
    assert convs(graph) == [512, 200, 200]


@pytest.mark.parametrize("pool", [False, True])
def test_more_than_1024_inputs_are_a_sum(pool: bool, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), 3)
    x = b.curve(b.conv(b.conv(b.input, 8), 1300, 1), "Relu")
    x = b.curve(b.conv(x, 6, 1), "Relu")
    model = b.model(b.pool(x, "MaxPool", 2) if pool else x)
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    graph, _ = numbers_of(save(model, tmp_path / "net.onnx"))
    assert convs(graph) == [8, 650, 650, 6, 6]
    assert sum(isinstance(node, Add) for node in graph.nodes) == 1
    assert any(isinstance(node, Pool) for node in graph.nodes) == pool


def test_a_depthwise_convolution_of_more_than_1024_channels(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    x = b.curve(b.conv(b.conv(b.input, 8), 1200, 1), "Relu")
    x = b.conv(x, 1200, 3, depthwise=True)
    model = b.model(b.mean(x))
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    graph, _ = numbers_of(save(model, tmp_path / "net.onnx"))
    assert convs(graph) == [8, 600, 600, 600, 600]


def test_branches_that_are_joined_to_more_than_1024_channels(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    x = b.conv(b.input, 8)
    x = b.concat(*[b.curve(b.conv(x, 400, 1), "Relu") for _ in range(4)])
    model = b.model(b.conv(x, 5, 1))
    compare_with_onnxruntime(model, tmp_path, near=1e-4)
    graph, _ = numbers_of(save(model, tmp_path / "net.onnx"))
    assert convs(graph)[-2:] == [5, 5]
