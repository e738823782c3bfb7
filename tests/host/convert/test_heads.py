"""The ends of networks: the heads of a detector joined along their boxes, and what is left out with a note."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import document
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime, kinds
from tests.host.convert.test_pools import emulated


def head(b: Build, x: str, boxes: int, numbers: int) -> str:
    """Add a head of SSD: (1, boxes of all pixels, numbers)."""
    x = b.conv(x, boxes * numbers)
    return b.reshape(b.transpose(x, (0, 2, 3, 1)), (1, -1, numbers))


def join(b: Build, *names: str) -> str:
    result = b.node("Concat", names, axis=1)
    b.shapes[result] = (1, sum(b.shapes[name][1] for name in names), *b.shapes[names[0]][2:])
    return result


@pytest.mark.parametrize("numbers", [1, 2, 4])
@pytest.mark.parametrize("flattened", [False, True])
def test_boxes_of_all_heads_follow_each_other(numbers: int, flattened: bool, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 24), seed=numbers)
    x = b.curve(b.conv(b.input, 6), "Relu")
    small = b.pool(x, "MaxPool", 2)
    y = join(
        b, head(b, x, 2, numbers), head(b, small, 3, numbers), head(b, b.pool(small, "AveragePool", 2), 1, numbers)
    )
    graph = compare_with_onnxruntime(b.model(b.flat(y) if flattened else y), tmp_path)
    assert graph.notes == []
    assert kinds(graph)[-1] == "Concat"
    _, tensors = emulated(graph)
    parts = [tensors[name] for name in graph.nodes[-1].inputs]
    np.testing.assert_array_equal(tensors[graph.outputs[0]], np.concatenate(parts))


def test_heads_of_different_sorts(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), seed=8)
    x = b.curve(b.conv(b.input, 6), "Relu")
    heads = head(b, x, 2, 2), head(b, b.pool(x, "MaxPool", 4), 2, 2)
    scores, boxes = b.same("Sigmoid", join(b, *heads)), join(b, *reversed(heads))
    graph = compare_with_onnxruntime(b.model(scores, boxes), tmp_path)
    assert len(graph.outputs) == 2
    emulated(graph)


@pytest.mark.parametrize("kind", ["LogSoftmax", "Softmax"])
@pytest.mark.parametrize("end", ["map", "pixels", "boxes"])
def test_what_is_left_out_at_the_end(kind: str, end: str, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8), seed=3)
    x = b.conv(b.input, 4)
    if end == "pixels":
        y = b.node(kind, [b.transpose(x, (0, 2, 3, 1))], axis=-1)
    elif end == "boxes":
        y = b.node(kind, [join(b, head(b, x, 2, 2), head(b, b.pool(x, "MaxPool", 2), 2, 2))], axis=2)
    else:
        b.shapes[y := b.node(kind, [x], axis=1)] = b.shapes[x]
        y = b.reshape(y, (1, 4, 64))
    graph = compare_with_onnxruntime(b.model(y), tmp_path)
    assert any("is left out: output" in note and note.startswith(kind) for note in graph.notes)
    emulated(graph)


def test_a_classifier_with_log_softmax_has_the_same_best_class(tmp_path: Path) -> None:
    b = Build((1, 3, 12, 12), seed=5)
    x = b.gemm(b.flat(b.mean(b.curve(b.conv(b.input, 12), "Relu"))), 6)
    path = save(b.model(b.same("LogSoftmax", x, axis=1)), tmp_path / "net.onnx")
    report = document.document(convert(Options(path, tmp_path / "net.kmodel")))
    assert report["outputs"][0]["snr_db"] > 30
    assert any("LogSoftmax" in note for note in report["notes"])


def test_a_log_softmax_that_another_node_reads_is_refused(tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8))
    x = b.gemm(b.flat(b.conv(b.input, 4)), 5)
    with pytest.raises(MaixSwitchError, match=r"\(LogSoftmax\): it goes along axis 1 .* end the network"):
        read(save(b.model(b.gemm(b.same("LogSoftmax", x), 3)), tmp_path / "net.onnx"))
