"""Bad files are refused with a message; a bug of our own code is never reported as a fault of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, helper, numpy_helper

from maixswitch.convert import ops
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, random_network, save

WHOLE = [0, 1, -1, 2, 3, 5, 8, 100, -100, 1 << 31, 1 << 40, -(1 << 63), (1 << 63) - 1]
REAL = [0.0, 1.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e38]
KINDS = (
    *("Relu", "Conv", "Reshape", "Transpose", "Concat", "Softmax", "Gemm", "MatMul", "Add", "Mul", "ReduceMean"),
    *("Squeeze", "Unsqueeze", "Flatten", "Shape", "Gather", "Identity", "Cast", "Clip", "PRelu", "Pad", "Resize"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "DepthToSpace", "Expand", "Tile", "Split", "BatchNormalization"),
)


def test_a_bug_of_the_converter_is_not_reported_as_a_fault_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(importer: Importer, node: OnnxNode) -> None:
        len(None)  # type: ignore[arg-type]

    b = Build((1, 3, 16, 16))
    path = save(b.model(b.curve(b.conv(b.input, 4), "Relu")), tmp_path / "net.onnx")
    assert read(path).nodes
    monkeypatch.setitem(ops.READERS, "Relu", broken)
    with pytest.raises(TypeError, match="has no len"):
        read(path)


def mutated(draw: np.random.Generator, model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with one to three changes that its file format allows."""
    graph = model.graph
    for _ in range(int(draw.integers(1, 4))):
        node = graph.node[int(draw.integers(len(graph.node)))]
        tensor = graph.initializer[int(draw.integers(len(graph.initializer)))]
        choice = int(draw.integers(6))
        if choice <= 1 and node.attribute:
            _change(draw, node.attribute[int(draw.integers(len(node.attribute)))])
        elif choice == 2:
            array = numpy_helper.to_array(tensor)
            shapes = (array.reshape(-1), array[None], array[:0] if array.ndim else array, array.ravel()[:1].reshape(()))
            tensor.CopyFrom(numpy_helper.from_array(shapes[int(draw.integers(4))], tensor.name))
        elif choice == 3:
            array = numpy_helper.to_array(tensor)
            numbers = np.array(WHOLE, object) if array.dtype.kind == "i" else np.array(REAL)
            tensor.CopyFrom(numpy_helper.from_array(draw.choice(numbers, array.shape).astype(array.dtype), tensor.name))
        elif choice == 4 and len(node.input):
            names = [name for other in graph.node for name in other.output] + [one.name for one in graph.initializer]
            node.input[int(draw.integers(len(node.input)))] = str(draw.choice([*names, ""]))
        else:
            node.op_type = str(draw.choice(KINDS))
    return model


def _change(draw: np.random.Generator, attribute: AttributeProto) -> None:
    number = WHOLE[int(draw.integers(len(WHOLE)))]
    if attribute.type == AttributeProto.INTS:
        numbers = list(attribute.ints)
        changed = (numbers[:-1], [*numbers, number], [number] * len(numbers))[int(draw.integers(3))]
        del attribute.ints[:]
        attribute.ints.extend(changed)
    elif attribute.type == AttributeProto.INT:
        attribute.i = number
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = REAL[int(draw.integers(len(REAL)))]


@pytest.mark.parametrize("seed", range(12))
def test_a_file_that_contradicts_itself_is_refused_with_a_message(seed: int, tmp_path: Path) -> None:
    draw, network = np.random.default_rng(seed), random_network(seed)
    outcomes = []
    for _ in range(60):
        model = onnx.ModelProto()
        model.CopyFrom(network)
        path = save(mutated(draw, model), tmp_path / "net.onnx")
        try:
            read(path)
        except MaixSwitchError as error:  # any other exception is a bug and fails the test
            outcomes.append(error.message)
    assert sum("node " in message for message in outcomes) > 5


COLUMN = np.ones((1 << 13, 1))
CONSTANTS: dict[str, Callable[[Build], str]] = {
    "filled": lambda b: b.node("ConstantOfShape", [b.constant([1 << 20, 1 << 20], np.int64)]),
    "expanded": lambda b: b.node("Expand", [b.constant([1.0]), b.constant([1 << 20, 1 << 20], np.int64)]),
    "tiled": lambda b: b.node("Tile", [b.constant([1.0]), b.constant([1 << 40], np.int64)]),
    "counted": lambda b: b.node("Range", [b.constant(n, np.int64) for n in (0, 1 << 40, 1)]),
    "broadcast": lambda b: b.node("Add", [b.constant(COLUMN), b.constant(COLUMN.T)]),
    "padded": lambda b: b.node("Pad", [b.constant([1.0]), b.constant([1 << 40, 0], np.int64)]),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_larger_than_any_memory(name: str, tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8))
    x = b.conv(b.input, 4)
    model = b.model(b.node("Add", [x, b.node("ReduceMax", [CONSTANTS[name](b)])]))
    with pytest.raises(MaixSwitchError, match="it does not fit its inputs: "):
        read(save(model, tmp_path / "net.onnx"))


def test_constants_are_computed_as_onnx_computes_them(tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8))
    x = b.conv(b.input, 4)
    rows = b.node("Expand", [b.constant([[0.5], [1.5]]), b.constant([2, 2], np.int64)])
    factor = b.node("Where", [b.constant([[True, False], [False, True]], np.bool_), rows, b.constant(2.0)])
    factor = b.node("Reshape", [factor, b.constant([1, 4, 1, 1], np.int64)])
    graph = read(save(b.model(b.same("Mul", [x, factor])), tmp_path / "net.onnx"))
    plain = read(save(b.model(x), tmp_path / "plain.onnx"))
    expected = plain.nodes[0].bias * np.array([0.5, 2.0, 2.0, 1.5])  # type: ignore[attr-defined]
    np.testing.assert_allclose(graph.nodes[0].bias, expected)  # type: ignore[attr-defined]


def test_an_operator_of_the_file_that_draws_numbers_is_refused(tmp_path: Path) -> None:
    b = Build((1, 3, 8, 8))
    b.nodes.append(helper.make_node("RandomNormal", [], ["noise"], name="noise", shape=[1, 4, 8, 8]))
    with pytest.raises(MaixSwitchError, match=r"noise \(RandomNormal\): the board cannot run this operator"):
        read(save(b.model(b.same("Add", [b.conv(b.input, 4), "noise"])), tmp_path / "net.onnx"))
