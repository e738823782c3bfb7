"""PRelu with a slope for each channel: as in onnxruntime in floats, near it in 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.report import document
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime, kinds
from tests.host.convert.test_pools import emulated


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prelu")


def prelu(b: Build, x: str, low: float = 0.0) -> str:
    slopes = b.random.uniform(low, 0.5, (b.shapes[x][1], 1, 1))
    return b.same("PRelu", [x, b.constant(slopes)])


@given(st.sampled_from(["conv", "depthwise", "sum", "pool"]), st.sampled_from([0, 1, 3]), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_every_neighbour(folder: Path, before: str, behind: int, negative: bool, normed: bool) -> None:
    b = Build((1, 3, 12, 16), seed=behind)
    x = b.conv(b.input, 6)
    if before == "depthwise":
        x = b.conv(b.curve(x, "Relu"), 6, depthwise=True)
    elif before == "sum":
        x = b.same("Add", [x, b.conv(x, 6)])
    elif before == "pool":
        x = b.pool(x, "AveragePool", 2)
    x = prelu(b, b.norm(x) if normed else x, -0.5 if negative else 0.0)
    graph = compare_with_onnxruntime(b.model(b.conv(x, 4, behind) if behind else x), folder)
    emulated(graph)


@pytest.mark.parametrize(("kernel", "layers"), [(1, 2), (3, 3)])
def test_a_point_behind_it_takes_the_difference(kernel: int, layers: int, folder: Path) -> None:
    b = Build((1, 3, 12, 16))
    graph = compare_with_onnxruntime(b.model(b.conv(prelu(b, b.norm(b.conv(b.input, 6))), 4, kernel)), folder)
    assert kinds(graph) == ["Conv"] * layers


def test_a_face_network_is_near_the_float_network(tmp_path: Path) -> None:
    b = Build((1, 3, 32, 32), seed=9)
    x = prelu(b, b.norm(b.conv(b.input, 16, stride=2)))
    for _ in range(3):
        x = prelu(b, b.norm(b.conv(x, 16, 1)))
        x = prelu(b, b.norm(b.conv(x, 16, depthwise=True)))
    path = save(b.model(b.gemm(b.flat(b.mean(b.conv(x, 16, 1))), 8)), tmp_path / "net.onnx")
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > 30


def test_one_slope_is_a_curve(folder: Path) -> None:
    b = Build((1, 3, 12, 16))
    x = b.conv(b.input, 6)
    graph = compare_with_onnxruntime(b.model(b.same("PRelu", [x, b.constant(np.full((6, 1, 1), 0.25))])), folder)
    assert kinds(graph) == ["Conv"]
