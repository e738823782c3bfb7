"""Networks that onnxruntime has quantised: their ranges are used, and no picture is needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.graph.graph import evaluate
from maixswitch.convert.quantise import images
from maixswitch.convert.quantise.ranges import TensorStatistics
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report import document as report
from maixswitch.convert.report.compare import snr
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from tests.host.convert.onnx_builder import Build, random_network, save
from tests.host.convert.test_whole import photos

quantization = pytest.importorskip("onnxruntime.quantization", reason="onnxruntime was built without its quantiser")


class Pictures(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Gives onnxruntime's quantiser made-up pictures in the network's units."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.feeds = iter([{name: picture[None].astype(np.float32) / 255} for picture in images.made_up(shape, 8)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def quantised(
    model: onnx.ModelProto, folder: Path, weights: str = "QInt8", values: str = "QUInt8", **more: object
) -> Path:
    """Return the path of the network as onnxruntime quantises it."""
    plain, path = save(model, folder / "float.onnx"), folder / "net.onnx"
    graph = read(plain)
    quantization.quantize_static(
        plain,
        path,
        Pictures(graph.input, graph.shapes[graph.input]),
        quant_format=quantization.QuantFormat.QDQ,
        weight_type=quantization.QuantType[weights],
        activation_type=quantization.QuantType[values],
        **more,
    )
    return path


def classifier(curve: str = "Relu") -> onnx.ModelProto:
    b = Build((1, 3, 32, 32), 6)
    x = b.curve(b.conv(b.input, 8, stride=2), curve)
    x = b.curve(b.conv(x, 8, depthwise=True), curve)
    x = b.curve(b.conv(x, 12, 1), curve)
    x = b.curve(b.same("Add", [x, b.conv(x, 12)]), curve)
    x = b.pool(x, "MaxPool", 2)
    x = b.curve(b.gemm(b.flat(b.mean(x)), 16), "Relu")
    return b.model(b.same("Softmax", b.gemm(x, 6), axis=1))


def against_float(path: Path, folder: Path) -> float:
    """Return the dB of the converted output against the network before anybody quantised it."""
    facts = convert(Options(path, folder / "n.kmodel", None, noise=False))
    pictures = images.made_up(facts.quantised.shapes[facts.quantised.input], 20)[16:]
    network = FloatNet(folder / "float.onnx")
    name = network.names[0]
    (output,) = [value.name for value in onnx.load(folder / "float.onnx").graph.output]
    assert name == facts.quantised.input
    exact = network.run(pictures / np.float32(255), [output])[output]
    values = np.stack([facts.model.run(picture)[0] for picture in pictures])
    return snr(exact.reshape(len(values), -1), values.reshape(len(values), -1))


@pytest.mark.parametrize("values", ["QUInt8", "QInt8"])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("curve", ["Relu", "relu6", "LeakyRelu"])
def test_no_pictures_are_needed(values: str, per_channel: bool, curve: str, tmp_path: Path) -> None:
    path = quantised(classifier(curve), tmp_path, values=values, per_channel=per_channel)
    facts = convert(Options(path, tmp_path / "n.kmodel", None, noise=False))
    document = report.document(facts)
    assert document["ranges"] == {"file": document["ranges"]["file"], "measured": 0}
    assert document["ranges"]["file"] >= 6
    assert document["images"]["made_up"]
    assert document["outputs"][0]["snr_db"] > 20
    assert against_float(path, tmp_path) > 20


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    path = quantised(random_network(seed), tmp_path)
    facts = convert(Options(path, tmp_path / "n.kmodel", photos(tmp_path / "photos")))
    document = report.document(facts)
    assert document["ranges"]["file"] > 0
    for item in document["outputs"]:
        assert item["snr_db"] is None or item["snr_db"] > 15


def test_the_float_graph_is_that_before_the_rounding(tmp_path: Path) -> None:
    path = quantised(classifier(), tmp_path, per_channel=True)
    graph, network = read(path, scale=1.0), FloatNet(tmp_path / "float.onnx")
    picture = images.made_up((3, 32, 32), 1) / np.float32(255)
    result = evaluate(graph, picture)[graph.outputs[0]]
    (exact,) = network.run(picture, [onnx.load(tmp_path / "float.onnx").graph.output[0].name]).values()
    assert snr(exact.reshape(result.shape), result) > 30  # only the weights are rounded


def test_the_ranges_of_the_file_are_those_of_the_kmodel(tmp_path: Path) -> None:
    path = quantised(classifier("relu6"), tmp_path)
    facts = convert(Options(path, tmp_path / "n.kmodel", photos(tmp_path / "photos")))
    graph = read(path)
    compared = 0
    for item in report.document(facts)["steps"]:
        if item["method"] == "file" and item["name"] in graph.ranges:
            low, high = item["range"]
            stated = graph.ranges[item["name"]]
            assert high == pytest.approx(min(stated[1], high), rel=0.01)
            assert low == pytest.approx(stated[0], abs=(high - low) / 200)
            compared += 1
    assert compared >= 4


def test_numbers_end_where_the_ranges_of_the_file_do(tmp_path: Path) -> None:
    """Pictures unlike those of the training saturate the file's tensors, and biases must not make up for that."""
    graph = read(quantised(classifier(), tmp_path))
    # The ranges were measured on pictures of 0 to 1; these are seven times as bright.
    pictures = 7 * images.made_up((3, 32, 32), 4).astype(np.float32) / 255
    values, free = evaluate(graph, pictures), evaluate(replace(graph, ranges={}), pictures)
    kept = [node.output for node in graph.nodes if node.makes_bytes(graph.shapes[node.output])]
    stated = {name: graph.ranges[name] for name in kept if name in graph.ranges}
    assert len(stated) >= 4
    assert all(low <= values[name].min() and values[name].max() <= high for name, (low, high) in stated.items())
    assert any(free[name].max() > high for name, (_, high) in stated.items())


def test_a_large_dense_layer_of_more_inputs_than_the_kpu_has(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 4)
    x = b.conv(b.curve(b.conv(b.input, 16, stride=2), "Relu"), 1280, 1)
    path = quantised(b.model(b.gemm(b.flat(b.mean(x)), 300)), tmp_path)
    facts = convert(Options(path, tmp_path / "n.kmodel", None, noise=False))
    document = report.document(facts)
    # Each part of the sum has the range of the sum, so no picture is needed.
    assert document["ranges"]["measured"] == 0
    assert document["outputs"][0]["snr_db"] > 20
    assert len(facts.lowered.data) < 2 * 1280 * 300


def test_a_command_without_pictures(command, tmp_path: Path) -> None:
    quantised(classifier(), tmp_path)
    ended = command("convert", "net.onnx", "--report", "r.html")
    assert ended.returncode == 0, ended.stderr
    assert "no pictures: the ranges are those of the file" in ended.stdout
    assert "tensors from the file, 0 measured" in ended.stdout
    assert json.loads(command("convert", "net.onnx", "--json").stdout)["images"]["made_up"] is True
    ended = command("convert", "float.onnx")
    assert ended.returncode == EXIT_USAGE
    assert "the conversion needs pictures such as the camera will see" in ended.stderr


def pair(b: Build, x: str, scale: float, zero: int, kind: type = np.uint8, other: float = 0.0) -> str:
    numbers = [b.constant(scale), b.constant(zero, kind)]
    quantised_x = b.node("QuantizeLinear", [x, *numbers])
    back = b.node("DequantizeLinear", [quantised_x, b.constant(other or scale), numbers[1]])
    b.shapes[back] = b.shapes[x]
    return back


def test_only_some_tensors_have_ranges(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1)
    x = pair(b, b.curve(b.conv(b.input, 4), "Relu"), 0.02, 0)
    model = b.model(b.conv(b.curve(b.conv(x, 4), "Relu"), 4))
    path = save(model, tmp_path / "net.onnx")
    with pytest.raises(MaixSwitchError, match=r"does not state the range of .* \(2 in all\).*--images DIR") as caught:
        convert(Options(path, tmp_path / "n.kmodel", None, noise=False))
    assert caught.value.exit_code == EXIT_USAGE
    facts = convert(Options(path, tmp_path / "n.kmodel", photos(tmp_path / "photos")))
    assert report.document(facts)["ranges"] == {"file": 1, "measured": 2}


@pytest.mark.parametrize(
    ("kind", "zero", "expected"),
    [(np.uint8, 0, (0, 2.55)), (np.uint8, 100, (-1, 1.55)), (np.int8, 0, (-1.28, 1.27)), (np.int8, -128, (0, 2.55))],
)
def test_ranges_by_type(kind: type, zero: int, expected: tuple[float, float], tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1)
    x = pair(b, b.curve(b.conv(b.input, 4), "LeakyRelu"), 0.01, zero, kind)
    graph = read(save(b.model(b.conv(x, 4)), tmp_path / "net.onnx"))
    (found,) = graph.ranges.values()
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["Conv", "Gemm"])
def test_an_activation_that_the_quantiser_left_out(kind: str, tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1)
    if kind == "Conv":
        x = pair(b, b.conv(b.input, 4), 0.005, 0)
        model = b.model(b.conv(x, 4))
    else:
        x = pair(b, b.gemm(b.flat(b.mean(b.conv(b.input, 8))), 16), 0.005, 0)
        model = b.model(b.gemm(x, 4))
    path = save(model, tmp_path / "net.onnx")
    graph, network = read(path, scale=1.0), FloatNet(path)
    picture = np.random.default_rng(1).normal(0, 1, (1, 3, 16, 16))
    result = evaluate(graph, picture)
    values = network.run(picture, graph.outputs)[graph.outputs[0]]
    assert snr(values.reshape(-1), result[graph.outputs[0]].reshape(-1)) > (20 if kind == "Gemm" else 25)


@pytest.mark.parametrize("order", ["swish", "hardswish6"])
def test_a_curve_of_several_nodes_with_pairs_between(order: str, tmp_path: Path) -> None:
    path = quantised(classifier(order), tmp_path)
    assert against_float(path, tmp_path) > 15


def test_a_tensor_that_is_joined_with_itself_many_times(tmp_path: Path) -> None:
    b = Build((1, 3, 4, 4), 1)
    x = b.curve(b.conv(b.input, 1), "Relu")
    for _ in range(14):
        x = b.concat(x, x)
    graph = read(save(b.model(b.conv(pair(b, x, 0.02, 0), 4, 1)), tmp_path / "net.onnx"))
    assert len(graph.ranges) == 1
    assert len(graph.nodes) < 100  # of 16,384 channels, which the last convolution reads in parts


def test_a_pair_of_two_scales(tmp_path: Path) -> None:
    b = Build((1, 3, 16, 16), 1)
    x = pair(b, b.conv(b.input, 4), 0.02, 3, other=0.03)
    with pytest.raises(MaixSwitchError, match="does not come from a QuantizeLinear with the same numbers"):
        read(save(b.model(x), tmp_path / "net.onnx"))


def test_one_half_of_a_pair(tmp_path: Path) -> None:
    node = helper.make_node("QuantizeLinear", ["image", "scale", "zero"], ["y"], name="half")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))
    result = helper.make_tensor_value_info("y", TensorProto.UINT8, (1, 3, 16, 16))
    numbers = [
        helper.make_tensor("scale", TensorProto.FLOAT, [], [0.01]),
        helper.make_tensor("zero", TensorProto.UINT8, [], [0]),
    ]
    graph = helper.make_graph([node], "g", [image], [result], numbers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(MaixSwitchError, match="the picture itself"):
        read(save(model, tmp_path / "net.onnx"))


def test_made_up_pictures_are_no_noise() -> None:
    first, second = images.made_up((3, 24, 32), 4), images.made_up((3, 24, 32), 4)
    assert np.array_equal(first, second)
    assert first.shape == (4, 3, 24, 32)
    steps = np.abs(np.diff(first.astype(int), axis=-1)).mean()
    assert 2 < steps < 40
    assert TensorStatistics.of(first).unchanging is False
