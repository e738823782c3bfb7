"""DepthToSpace: read as ONNX defines it, and exact on the chip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.graph.pixels import in_pixels
from maixswitch.convert.lower.lower import lower
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.depth_to_space import DepthToSpace
from maixswitch.convert.quantise.quantiser import quantise
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import document, emulate
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.run.runtimes import RUNTIMES
from tests.host.convert.hand_graphs import pictures
from tests.host.convert.onnx_builder import Build, save


def shuffled(b: Build, x: str, block: int, **attributes: object) -> str:
    result = b.node("DepthToSpace", [x], blocksize=block, **attributes)
    n, c, h, w = b.shapes[x]
    b.shapes[result] = (n, c // block**2, block * h, block * w)
    return result


def moved(values: np.ndarray, block: int, mode: str) -> np.ndarray:
    """Return (c, h, w) by the definition of ONNX, one pixel at a time."""
    channels, h, w = values.shape
    out = np.zeros((channels // block**2, h * block, w * block), values.dtype)
    for c, y, x in np.ndindex(out.shape):
        pixel = y % block * block + x % block
        source = c * block**2 + pixel if mode == "CRD" else pixel * len(out) + c
        out[c, y, x] = values[source, y // block, x // block]
    return out


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
@pytest.mark.parametrize("block", [2, 3, 4])
@pytest.mark.parametrize("curve", ["Relu", "Tanh"])
def test_every_byte_is_where_onnx_puts_it(block: int, mode: str, curve: str, tmp_path: Path) -> None:
    b = Build((1, 3, 6, 8), seed=block)
    x = shuffled(b, b.conv(b.input, 2 * block**2), block, mode=mode)
    graph = read(save(b.model(b.conv(b.curve(x, curve), 3)), tmp_path / "net.onnx"))
    assert [type(node) for node in graph.nodes] == [Conv, DepthToSpace, Conv]  # the curve is in the first Conv
    images = pictures(5, graph.shapes[graph.input])
    net = quantise(in_pixels(graph), images[:4])
    lowered = lower(net)
    before, after = graph.nodes[1].inputs[0], graph.nodes[1].output
    assert net.scales[before] == net.scales[after]
    for runtime in RUNTIMES:
        model = load(lowered.data, runtime=runtime)
        assert check(model) == []
        tensors = emulate.run(model, lowered, net, images[4])
        np.testing.assert_array_equal(tensors[after], moved(tensors[before], block, mode))


def test_a_network_that_enlarges_its_picture(tmp_path: Path) -> None:
    b = Build((1, 3, 24, 32), seed=3)
    x = b.curve(b.conv(b.input, 16), "LeakyRelu")
    path = save(b.model(shuffled(b, b.conv(x, 12), 2, mode="CRD")), tmp_path / "net.onnx")
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > 30
    assert "block mask" in [layer["kind"] for layer in report["steps"]]


@pytest.mark.parametrize(("channels", "block"), [(25, 5), (8, 1)])
def test_blocks_that_are_refused(channels: int, block: int, tmp_path: Path) -> None:
    b = Build((1, 3, 6, 8))
    model = b.model(shuffled(b, b.conv(b.input, channels), block))
    with pytest.raises(MaixSwitchError, match=f"blocks of {block} x {block} pixels of {channels} channels; use blocks"):
        read(save(model, tmp_path / "net.onnx"))
