"""Networks whose training or export went wrong are found: training mode, weights that are not finite, dead outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from maixswitch.convert.read.onnx_reader import read
from maixswitch.errors import MaixSwitchError
from tests.host.convert.onnx_builder import Build, random_network, save
from tests.host.convert.test_whole import photos


def refused(model: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(MaixSwitchError) as caught:
        read(save(model, folder / "net.onnx"))
    return caught.value.message


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
@pytest.mark.parametrize("behind", ["Conv", "Relu", "image"])
def test_a_batch_norm_in_training_mode(opset: int, behind: str, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3, opset)
    x = b.input if behind == "image" else b.conv(b.input, 4)
    x = b.curve(x, "Relu") if behind == "Relu" else x
    y = b.norm(x)
    model = b.model(b.conv(y, 4))
    assert read(save(model, tmp_path / "good.onnx")).nodes
    norm = next(node for node in model.graph.node if node.op_type == "BatchNormalization")
    if opset < 14:
        norm.output.extend(["mean", "variance", "saved_mean", "saved_variance"])
    else:
        norm.output.extend(["mean", "variance"])
        norm.attribute.append(helper.make_attribute("training_mode", 1))
    assert refused(model, tmp_path) == (
        f"node {norm.name} (BatchNormalization): it is in training mode; export the network in its eval mode"
    )


def test_all_of_them_in_one_sentence(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3, 13)
    x = b.input
    for _ in range(5):
        x = b.curve(b.norm(b.conv(x, 4)), "Relu")
    model = b.model(x)
    for number, node in enumerate(model.graph.node):
        if node.op_type == "BatchNormalization":
            node.output.extend([f"{name}{number}" for name in ("mean", "variance", "saved_mean", "saved_variance")])
    message = refused(model, tmp_path)
    assert " and 2 more: it is in training mode; " in message
    assert "\n" not in message


def with_weights(model: onnx.ModelProto, at: int, change: object) -> onnx.ModelProto:
    """Return the network with one constant changed by a function."""
    tensor = model.graph.initializer[at]
    values = np.array(numpy_helper.to_array(tensor))
    change(values)  # type: ignore[operator]
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return model


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("seed", range(4))
def test_one_weight_that_is_not_finite(number: float, seed: int, tmp_path: Path) -> None:
    model = random_network(seed)
    readers = {name: node.name for node in model.graph.node for name in node.input}
    for at, tensor in enumerate(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 2 or tensor.name not in readers:
            continue
        broken = onnx.ModelProto()
        broken.CopyFrom(model)
        message = refused(with_weights(broken, at, lambda values: values.put(values.size // 2, number)), tmp_path)
        # Sizes of a Resize are no weights; they have a message of their own.
        assert readers[tensor.name] in message
        assert "not finite" in message or "Resize" in message


def test_a_negative_variance(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    model = with_weights(b.model(b.norm(b.conv(b.input, 4))), 5, lambda values: values.put(1, -0.5))
    message = refused(model, tmp_path)
    assert message == (
        "node batchnormalization2 (BatchNormalization): its variance is -0.5; the training has diverged; train the "
        "network again"
    )


def test_an_attribute_that_is_no_number(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    model = b.model(b.same("LeakyRelu", b.conv(b.input, 4), alpha=float("nan")))
    assert "node leakyrelu2 (LeakyRelu): its alpha is nan" in refused(model, tmp_path)


def layer_of_zeros(kind: str) -> onnx.ModelProto:
    b = Build((1, 3, 16, 16), 3)
    if kind == "gain":
        x = b.norm(b.conv(b.input, 4))
        zeros = 2
    else:
        x = b.conv(b.input, 4)
        zeros = 0
    x = b.gemm(b.flat(b.mean(b.curve(x, "Relu"))), 5)
    if kind == "dense":
        zeros = len(b.constants) - 2
    model = b.model(b.same("Softmax", x, axis=1))
    return with_weights(model, zeros, lambda values: values.fill(0))


@pytest.mark.parametrize(
    ("kind", "node"),
    [("conv", "conv1 (Conv)"), ("gain", "conv1 (Conv)"), ("dense", "gemm5 (Gemm)")],
)
def test_an_output_behind_zeros(kind: str, node: str, tmp_path: Path) -> None:
    model = layer_of_zeros(kind)
    message = refused(model, tmp_path)
    name = model.graph.output[0].name
    assert message.startswith(f"node {node}: all its weights are 0, so output {name} does not depend on the picture; ")


def test_zeros_beside_another_way_do_not_matter(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    x = b.conv(b.input, 4)
    model = b.model(b.same("Add", [x, b.conv(x, 4)]))
    model = with_weights(model, 2, lambda values: values.fill(0))
    assert len(read(save(model, tmp_path / "net.onnx")).nodes) == 3


def test_a_dead_output_of_pictures(command, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 3)
    # A bias far below all sums: the relu gives 0 for every picture.
    model = b.model(b.gemm(b.flat(b.mean(b.curve(b.conv(b.input, 4), "Relu"))), 5))
    save(with_weights(model, 1, lambda values: values.fill(-1e3)), tmp_path / "net.onnx")
    photos(tmp_path / "photos")
    ended = command("convert", "net.onnx", "--images", "photos")
    assert ended.returncode == 1, ended.stderr
    assert "the float network gives the same numbers for all pictures" in ended.stdout
    assert (tmp_path / "net.kmodel").exists()
    assert command("convert", "net.onnx", "--random").returncode == 0
