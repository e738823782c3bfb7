"""Fully connected layers with many weights: bytes on the KPU, near the float network, in a quarter of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.lower.layers import KpuConv
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.fully_connected import FloatFullyConnected
from maixswitch.convert.ops.large_connected import LARGE
from maixswitch.convert.report import document, emulate
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_random import SNR, converted


@pytest.mark.parametrize("curve", ["", "Relu", "HardSwish"])
def test_a_wide_classifier(curve: str, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), seed=2)
    x = b.gemm(b.flat(b.mean(b.conv(b.curve(b.conv(b.input, 16, stride=2), "Relu"), 400, 1))), 700)
    path = save(b.model(b.gemm(b.curve(x, curve) if curve else x, 12)), tmp_path / "net.onnx")
    _, net, image = converted(path, 8)
    # The small layer behind it stays one of floats.
    assert [layer.part.weights.shape[:2] for layer in net.layers if isinstance(layer, KpuConv)][-1] == (700, 400)
    assert [layer.weights.shape for layer in net.layers if isinstance(layer, FloatFullyConnected)] == [(12, 700)]
    lowered = lower(net)
    model = load(lowered.data)
    assert (model.version, len(lowered.data) < 2 * LARGE) == (3, True)
    expected, tensors = plain.run(net, image), emulate.run(model, lowered, net, image)
    for name in set(tensors) & set(expected):
        np.testing.assert_array_equal(tensors[name], expected[name], name)
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > SNR


@pytest.mark.parametrize(("inner", "parts", "curve"), [(1280, 2, "HardSwish"), (2100, 3, "")])
def test_more_inputs_than_channels_of_the_kpu(inner: int, parts: int, curve: str, tmp_path: Path) -> None:
    """As MobileNetV2 ends, with 1280 inputs: parts of the sum in bytes, added as floats."""
    b = Build((1, 3, 16, 16), seed=3)
    x = b.gemm(b.flat(b.mean(b.conv(b.curve(b.conv(b.input, 16, stride=2), "Relu"), inner, 1))), 300)
    path = save(b.model(b.curve(x, curve) if curve else x), tmp_path / "net.onnx")
    _, net, image = converted(path, 8)
    dense = [layer.part.weights.shape[:2] for layer in net.layers if isinstance(layer, KpuConv)][-parts:]
    assert [out for out, _ in dense] == [300] * parts
    assert sum(count for _, count in dense) == inner
    assert not any(isinstance(layer, FloatFullyConnected) for layer in net.layers)
    lowered = lower(net)
    model = load(lowered.data)
    assert model.version == 3
    expected, tensors = plain.run(net, image), emulate.run(model, lowered, net, image)
    for name in set(tensors) & set(expected):
        np.testing.assert_array_equal(tensors[name], expected[name], name)
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > SNR
