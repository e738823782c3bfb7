"""Networks of old and new opsets, and with a batch of several pictures, compute what the file computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from maixswitch.convert.graph.graph import evaluate
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, save


def same_as_onnxruntime(path: Path) -> None:
    """Fail unless the graph computes what onnxruntime computes from the file as it is read."""
    graph, network = read(path, scale=1.0), FloatNet(path)
    picture = np.random.default_rng(1).normal(0, 1, (1, *graph.shapes[graph.input]))
    result = evaluate(graph, picture)
    for name, values in network.run(picture, graph.outputs).items():
        np.testing.assert_allclose(result[name].reshape(values.shape), values, rtol=1e-3, atol=1e-4)


def old_classifier(opset: int, side: int = 32, classes: int = 5) -> onnx.ModelProto:
    """A classifier in the words of the old exporters: attributes where newer opsets have inputs."""
    b = Build((1, 3, side, side), opset, opset)
    x = b.curve(b.norm(b.conv(b.input, 8, stride=2, pads=[1, 1, 1, 1])), "Relu")
    x = b.pool(x, "MaxPool", 2)
    x = b.same("Clip", b.conv(x, 12, 1), **({"min": 0.0, "max": 6.0} if opset < 11 else {}))
    x = b.same("Dropout", x, **({"ratio": 0.5} if opset < 12 else {}))
    x = b.gemm(b.flat(b.mean(x)), classes)
    return b.model(b.same("Softmax", x, axis=1))


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_every_opset(opset: int, tmp_path: Path) -> None:
    model = old_classifier(opset)
    model.ir_version = 3 if opset < 9 else 8
    # Before IR version 4, weights had to be inputs as well.
    if model.ir_version == 3:
        for tensor in model.graph.initializer:
            model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    path = save(model, tmp_path / "net.onnx")
    same_as_onnxruntime(path)
    names = {source for node in read(path).nodes for source in node.sources}
    assert {"conv1", "relu3", "gemm10"} <= names


@pytest.mark.parametrize("opset", [9, 10])
def test_an_old_upsampling(opset: int, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1, opset)
    x = b.curve(b.conv(b.input, 4), "Relu")
    scales = b.constant([1.0, 1.0, 2.0, 2.0])
    y = b.node("Upsample" if opset == 9 else "Resize", [x, scales], mode="nearest")
    b.shapes[y] = (1, 4, 32, 32)
    same_as_onnxruntime(save(b.model(b.conv(y, 6)), tmp_path / "net.onnx"))


@pytest.mark.parametrize("opset", [1, 6, onnx.defs.onnx_opset_version() + 1])
def test_an_opset_that_nothing_can_read(opset: int, tmp_path: Path) -> None:
    model = old_classifier(13)
    model.opset_import[0].version = opset
    newest = onnx.defs.onnx_opset_version()
    with pytest.raises(MaixSwitchError, match=f"opset {opset}; expected 7 to {newest}|not an ONNX network") as caught:
        read(save(model, tmp_path / "net.onnx"))
    assert "export it again" in caught.value.message


def test_what_cannot_be_lifted(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1, 8)
    model = b.model(b.norm(b.conv(b.input, 4)))
    # The average over each pixel by itself disappeared with opset 9.
    model.graph.node[1].attribute.append(helper.make_attribute("spatial", 0))
    path = save(model, tmp_path / "net.onnx")
    for use in (read, FloatNet):
        with pytest.raises(MaixSwitchError) as caught:
            use(path)
        assert "opset 8 cannot be lifted to 11: " in caught.value.message
        assert "; export it again with opset_version=17" in caught.value.message
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("batch", [2, 8, "N", "batch_size"])
@pytest.mark.parametrize("where", ["initializer", "constant", "shape"])
def test_a_batch_of_several_pictures(batch: int | str, where: str, tmp_path: Path) -> None:
    b = Build((batch, 3, 16, 16), 3)
    x = b.conv(b.input, 6, stride=2)
    numbers = [batch, 6 * 8 * 8] if isinstance(batch, int) else [-1, 6 * 8 * 8]
    if where == "constant":
        value = helper.make_tensor("numbers", TensorProto.INT64, [2], numbers)
        shape = b.node("Constant", [], value=value)
    elif where == "shape":  # as traced code computes it: the first size of the tensor itself
        first = b.node("Gather", [b.node("Shape", [x]), b.constant([0], np.int64)], axis=0)
        shape = b.node("Concat", [first, b.constant([-1], np.int64)], axis=0)
    else:
        shape = b.constant(numbers, np.int64)
    y = b.node("Reshape", [x, shape])
    b.shapes[y] = (1, 6 * 8 * 8)
    path = save(b.model(b.gemm(y, 5)), tmp_path / "net.onnx")
    assert read(path).shapes[read(path).outputs[0]] == (5,)
    same_as_onnxruntime(path)


def test_a_batch_of_pictures_with_channels_last(tmp_path: Path) -> None:
    b = Build((4, 16, 24, 3), 3)
    b.shapes[b.input] = (1, 16, 24, 3)
    x = b.transpose(b.input, (0, 3, 1, 2))
    path = save(b.model(b.conv(x, 6)), tmp_path / "net.onnx")
    assert read(path).shapes["image"] == (3, 16, 24)
    same_as_onnxruntime(path)
