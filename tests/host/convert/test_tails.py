"""What decodes the results at the end of a network is left out with a note; what comes before trained layers is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert import tflite_builder
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_heads import head, join
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime
from tests.host.convert.test_pools import emulated


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tails")


def part(b: Build, x: str, first: int, last: int) -> str:
    """Add a Slice of the numbers of each box."""
    starts, ends, axes = (b.constant([number], np.int64) for number in (first, last, 2))
    result = b.node("Slice", [x, starts, ends, axes])
    b.shapes[result] = (*b.shapes[x][:2], last - first)
    return result


def decoded(b: Build, boxes: str) -> str:
    """Add the arithmetic of SSD on (1, boxes, 4): centre and size by anchors, then corners, as UltraFace has it."""
    anchors = b.constant(b.random.uniform(0.1, 0.9, (1, b.shapes[boxes][1], 2)))
    centre = b.same("Mul", [b.same("Mul", [part(b, boxes, 0, 2), b.constant(0.1)]), anchors])
    size = b.same("Mul", [b.same("Exp", b.same("Mul", [part(b, boxes, 2, 4), b.constant(0.2)])), anchors])
    half = b.same("Div", [size, b.constant(2.0)])
    return b.node("Concat", [b.same("Sub", [centre, half]), b.same("Add", [centre, half])], axis=2)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.booleans(), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_boxes_end_before_their_decoding(folder: Path, heads: Sequence[int], scored: bool, seed: int) -> None:
    b = Build((1, 3, 16, 16), seed)
    x = b.curve(b.conv(b.input, 6), "Relu")
    parts = [head(b, x, count, 4) for count in heads]
    boxes = join(b, *parts) if len(parts) > 1 else parts[0]
    scores = b.same("Sigmoid", head(b, x, 2, 2))
    model = b.model(scores, decoded(b, boxes)) if scored else b.model(decoded(b, boxes))
    graph = compare_with_onnxruntime(model, folder)
    assert [note.startswith("the end of the network is left out") for note in graph.notes].count(True) == 1
    # The boxes are still one output, although the decoding reads several parts of them.
    assert [int(np.prod(graph.shapes[name])) for name in graph.outputs][-1] == sum(heads) * 16 * 16 * 4
    assert len(graph.outputs) == 1 + scored
    emulated(graph)


@pytest.mark.parametrize("kind", ["ArgMax", "Hardmax"])
def test_what_a_program_computes(kind: str, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), seed=1)
    x = b.conv(b.input, 4)
    graph = compare_with_onnxruntime(b.model(b.node(kind, [x], axis=1)), tmp_path)
    assert graph.outputs == (x,)
    assert graph.notes == [
        f"the end of the network is left out, because the board cannot compute {kind.lower()}2 ({kind}): "
        f"compute it in your program, from {x}"
    ]


def test_sides_of_boxes_as_in_yolov8(tmp_path: Path) -> None:
    """A softmax over 16 distances, and their mean by a convolution with weights that nobody has trained."""
    b = Build((1, 3, 16, 16), seed=2)
    x = b.curve(b.conv(b.input, 6), "Relu")
    maps = [b.conv(x, 64), b.conv(b.pool(x, "MaxPool", 2), 64)]
    rows = [b.reshape(name, (1, 64, -1)) for name in maps]
    y = b.node("Concat", rows, axis=2)
    y = b.node("Transpose", [b.node("Reshape", [y, b.constant([1, 4, 16, 320], np.int64)])], perm=[0, 2, 1, 3])
    weights = b.constant(np.arange(16.0).reshape(1, 16, 1, 1))
    y = b.node("Conv", [b.node("Softmax", [y], axis=1), weights], kernel_shape=[1, 1])
    graph = compare_with_onnxruntime(b.model(y), tmp_path)
    assert graph.outputs == tuple(maps)
    emulated(graph)


def test_nothing_is_left_out_before_a_trained_layer(tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), seed=3)
    x = b.same("Hardmax", b.conv(b.input, 4), axis=1)
    with pytest.raises(MaixSwitchError, match="Hardmax"):
        read(save(b.model(b.conv(x, 2)), tmp_path / "net.onnx"))


def test_the_picture_is_no_output(tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), seed=3)
    with pytest.raises(MaixSwitchError, match="ArgMax"):
        read(save(b.model(b.node("ArgMax", [b.input], axis=1)), tmp_path / "net.onnx"))


def test_an_output_of_constants_is_left_out(tmp_path: Path) -> None:
    """Detectors list their anchors."""
    b = Build((1, 3, 8, 8), seed=4)
    x = b.conv(b.input, 4)
    anchors = b.node("Identity", [b.constant(np.arange(8.0).reshape(1, 2, 4))])
    graph = read(save(b.model(anchors, x), tmp_path / "net.onnx"))
    assert graph.outputs == (x,)
    assert graph.notes == [f"output {anchors} is left out: it is the same for every picture"]


def test_more_pieces_than_one_layer_copies(tmp_path: Path) -> None:
    b = Build((1, 3, 48, 48), seed=5)
    boxes = head(b, b.curve(b.conv(b.input, 2), "Relu"), 2, 4)
    graph = compare_with_onnxruntime(b.model(part(b, boxes, 1, 3)), tmp_path)
    emulated(graph)


@pytest.mark.parametrize("kind", ["TFLite_Detection_PostProcess", "TOPK_V2"])
def test_decoding_that_only_tensorflow_lite_has(kind: str, tmp_path: Path) -> None:
    b = tflite_builder.Build()
    x = b.operator("RELU", [b.input((1, 8, 8, 3))])
    b.operator(kind, [b.operator("NEG", [x]), b.constant([3], np.int32)], outputs=2)
    (tmp_path / "net.tflite").write_bytes(b.file())
    graph = read(tmp_path / "net.tflite")
    assert len(graph.outputs) == 1
    (note,) = graph.notes
    assert f"({kind}): compute it in your program" in note


def test_no_decoding_before_a_trained_layer_of_tensorflow_lite(tmp_path: Path) -> None:
    b = tflite_builder.Build()
    x = b.operator("GATHER_ND", [b.input((1, 8, 8, 3)), b.constant([[0]], np.int32)])
    options = ("FullyConnectedOptions", {})
    b.operator("FULLY_CONNECTED", [x, b.constant(np.ones((4, 192)))], options)
    (tmp_path / "net.tflite").write_bytes(b.file())
    with pytest.raises(MaixSwitchError, match="GATHER_ND"):
        read(tmp_path / "net.tflite")
