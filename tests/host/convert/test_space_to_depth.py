"""SpaceToDepth: as in onnxruntime in floats, and exact on the chip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.ops.space_to_depth import SpaceToDepth
from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime, kinds
from tests.host.convert.test_pools import emulated


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blocks")


def blocks(b: Build, x: str, block: int) -> str:
    result = b.node("SpaceToDepth", [x], blocksize=block)
    _, c, h, w = b.shapes[x]
    b.shapes[result] = (1, c * block**2, h // block, w // block)
    return result


@given(st.integers(1, 5), st.sampled_from([2, 4]), st.integers(4, 7), st.integers(4, 7), st.booleans())
@settings(max_examples=20, deadline=None)
def test_every_size(folder: Path, channels: int, block: int, height: int, width: int, behind: bool) -> None:
    b = Build((1, 3, height * block, width * block), seed=channels)
    x = b.curve(blocks(b, b.conv(b.input, channels), block), "LeakyRelu")
    graph = compare_with_onnxruntime(b.model(b.conv(x, 3) if behind else x), folder)
    net, tensors = emulated(graph)
    for node in graph.nodes:
        if isinstance(node, SpaceToDepth):
            before = tensors[node.inputs[0]][None].astype(np.float32)
            np.testing.assert_array_equal(node.evaluate([before])[0], tensors[node.output])
            assert net.scales[node.inputs[0]] == net.scales[node.output]


def test_the_order_of_blocks_of_four_is_in_the_weights_behind(folder: Path) -> None:
    b = Build((1, 3, 16, 32))
    graph = compare_with_onnxruntime(b.model(b.conv(blocks(b, b.input, 4), 8)), folder)
    assert kinds(graph) == ["Conv", "SpaceToDepth", "SpaceToDepth", "Conv"]


@pytest.mark.parametrize("picture", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 1, 3), (3, 1, 0, 2)])
def test_the_slices_of_yolov5_become_one_layer(order: tuple[int, ...], picture: bool, folder: Path) -> None:
    b = Build((1, 3, 16, 24), seed=2)
    x = b.input if picture else b.curve(b.conv(b.input, 4), "Relu")
    parts = []
    for block in order:
        part = x
        for axis, first in ((2, block // 2), (3, block % 2)):
            numbers = [b.constant([number], np.int64) for number in (first, 2**31 - 1, axis, 2)]
            part = b.node("Slice", [part, *numbers])
        b.shapes[part] = (1, b.shapes[x][1], 8, 12)
        parts.append(part)
    graph = compare_with_onnxruntime(b.model(b.conv(b.concat(*parts), 6)), folder)
    assert kinds(graph) == ["Conv", "SpaceToDepth", "Conv"]
    emulated(graph)


@pytest.mark.parametrize(("block", "height"), [(3, 12), (2, 13), (8, 16)])
def test_blocks_that_are_refused(block: int, height: int, folder: Path) -> None:
    b = Build((1, 3, height, 24))
    with pytest.raises(MaixSwitchError, match=f"blocks of {block} x {block} pixels; use blocks of 2 or 4"):
        read(save(b.model(blocks(b, b.conv(b.input, 4), block)), folder / "net.onnx"))
