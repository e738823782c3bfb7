"""Convolutions that onnxruntime's optimiser has joined with what follows them give what onnxruntime gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx
import onnxruntime
from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.graph.graph import evaluate
from maixswitch.convert.read.onnx_reader import read
from tests.host.convert.onnx_builder import Build
from tests.host.convert.test_pools import emulated

ACTIVATIONS: dict[str, list[float]] = {
    **{"": [], "Relu": [], "Sigmoid": [], "Tanh": []},
    **{"LeakyRelu": [0.1], "Clip": [-0.5, 0.75], "HardSigmoid": [0.3, 0.4]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fused")


@given(st.sampled_from(sorted(ACTIVATIONS)), st.booleans(), st.sampled_from([1, 3]), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_as_onnxruntime_runs_them(folder: Path, curve: str, added: bool, size: int, seed: int) -> None:
    b = Build((1, 3, 9, 8), seed)
    x = b.conv(b.input, 5)
    y = b.conv(x, 5, size)
    model, fused = b.model(b.conv(y, 4)), folder / "net.onnx"
    node = model.graph.node[1]
    node.domain, node.op_type = "com.microsoft", "FusedConv"
    if added:
        node.input.append(x)
    if curve:
        node.attribute.append(onnx.helper.make_attribute("activation", curve))
    if ACTIVATIONS[curve]:
        node.attribute.append(onnx.helper.make_attribute("activation_params", ACTIVATIONS[curve]))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, fused)
    graph = read(fused)
    picture = np.random.default_rng(seed).normal(0.2, 0.7, (1, 3, 9, 8)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(str(fused)).run(None, {b.input: picture})
    computed = evaluate(graph, picture)[graph.outputs[0]]
    np.testing.assert_allclose(computed, expected, atol=2e-5 * float(np.abs(expected).max()))
    emulated(graph)
