"""Layers whose maps do not fit into the AI RAM together: in groups of channels, with the bytes of the whole layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.lower import Lowered, lower
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import emulate
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format.liveness import ai_ram
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from tests.host.convert import plain
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.onnx_builder import Build, save


def same_bytes(b: Build, output: str, folder: Path, version: int = 3) -> Lowered:
    """Assert that the file fits into the AI RAM and has the bytes of the plain model in every tensor.

    Floats of v4 may differ in their last digits.
    """
    graph = read(save(b.model(output), folder / "net.onnx"))
    images = pictures(3, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:2])
    lowered = lower(net, version)
    model = load(lowered.data)
    assert [finding for finding in check(model) if not finding.limit] == []
    assert ai_ram(model).peak_bytes <= airam.SIZE
    expected, tensors = plain.run(net, images[2]), emulate.run(model, lowered, net, images[2])
    for name in set(tensors) & set(expected if version == 3 else net.scales):
        np.testing.assert_array_equal(tensors[name], expected[name], name)
    assert set(net.outputs) | set(lowered.joined) <= set(tensors) | {f"{name}/picked" for name in expected}
    return lowered


def block(b: Build, x: str, grow: int, out: int, stride: int = 1) -> str:
    """Add a block of MobileNetV2."""
    y = b.curve(b.conv(x, b.shapes[x][1] * grow, 1), "relu6")
    y = b.curve(b.conv(y, 0, 3, stride, depthwise=True), "relu6")
    return b.conv(y, out, 1)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_an_expansion_and_its_depthwise_layer(stride: int, version: int, tmp_path: Path) -> None:
    b = Build((1, 3, 144, 34), 3)
    lowered = same_bytes(b, block(b, b.conv(b.input, 20), 6, 6, stride), tmp_path, version)
    (parts,) = lowered.joined.values()
    assert len(parts) == 2
    # Nothing moves to main memory and back.
    assert not any("upload" in layer.name for layer in load(lowered.data).layers)
    assert len(lowered.notes) == 1
    assert f"{2 + (stride == 2)} layers run in {len(parts)} groups of channels" in lowered.notes[0]
