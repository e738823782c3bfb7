"""What a .tflite file says: weights of all types, ranges, names, pixels and batches; and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.read.tflite.network import model_of
from maixswitch.errors import MaixSwitchError
from tests.host.convert.tflite_builder import Array, Build, assert_equal, imported, picture, referee

CONV = {"Padding": 0, "StrideW": 1, "StrideH": 1}
SHAPE = (1, 6, 8, 3)
INT = np.int32
INT4 = 17


def kernel(*shape: int) -> Array:
    return np.random.default_rng(3).normal(0, 0.4, shape).astype(np.float32)


def test_float16_weights_behind_a_dequantize() -> None:
    b = Build()
    x = b.input(SHAPE)
    half = b.constant(kernel(4, 3, 3, 3), np.float16)
    b.operator("CONV_2D", [x, b.operator("DEQUANTIZE", [half]), b.constant(kernel(4))], ("Conv2DOptions", CONV))
    assert_equal(b.file(), picture(SHAPE))


@pytest.mark.parametrize("scales", [[0.02], [0.02, 0.01, 0.03, 0.005]])
def test_dynamic_range_weights(scales: list[float]) -> None:
    """The reference rounds the activations as well, so it is compared with the same network in floats."""
    numbers = np.random.default_rng(1).integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    x, results = picture(SHAPE), []
    for quantised in (True, False):
        b = Build()
        source = b.input(SHAPE)
        if quantised:
            weights = b.constant(numbers, np.int8, scales=scales)
        else:
            weights = b.constant(numbers * np.array(scales).reshape(-1, 1, 1, 1))
        b.operator("CONV_2D", [source, weights, b.constant(kernel(4))], ("Conv2DOptions", CONV))
        results.append(imported(b.file(), x)[0])
        reference = referee(b.file(), x)[0].transpose(0, 3, 1, 2)
        assert np.abs(results[-1] - reference).max() < 0.03 * np.abs(reference).max()
    np.testing.assert_allclose(results[0], results[1], 1e-5, 1e-5)


def test_weights_of_four_bits() -> None:
    numbers = np.random.default_rng(1).integers(-8, 8, (3, 5)).astype(np.int8)
    nibbles = np.append(numbers.ravel(), 0).astype(np.uint8) & 15
    packed = nibbles[::2] | nibbles[1::2] << 4
    b = Build()
    x = b.input((1, 5))
    weights = b.tensor((3, 5), INT4, packed, scales=[0.1])
    b.operator("FULLY_CONNECTED", [x, weights, -1], ("FullyConnectedOptions", {}))
    expected = picture((1, 5)) @ (numbers * np.float32(0.1)).T
    np.testing.assert_allclose(imported(b.file(), picture((1, 5)))[0], expected, 1e-5)


def quantised(kind: type, per_channel: bool) -> bytes:
    """Return a network of a convolution with relu6, a pool, a dense layer and a softmax, all in bytes."""
    draw = np.random.default_rng(5)
    low = np.iinfo(kind).min
    b = Build()
    x = b.input(SHAPE, kind, scales=[1 / 64], zeros=[low + 128])
    symmetric = np.int8 if kind is np.int8 else np.uint8
    scales = [0.01, 0.02, 0.015, 0.005] if per_channel else [0.01]
    middle = [0] * len(scales) if kind is np.int8 else [120] * len(scales)
    weights = draw.integers(-127, 128, (4, 3, 3, 3)) + middle[0]
    weight = b.constant(
        np.clip(weights, np.iinfo(kind).min, np.iinfo(kind).max), symmetric, scales=scales, zeros=middle
    )
    bias = b.constant(draw.integers(-3000, 3000, 4), INT, scales=[scale / 64 for scale in scales])
    six = {"kind": kind, "scales": [6 / 255], "zeros": [low]}
    x = b.operator("CONV_2D", [x, weight, bias], ("Conv2DOptions", {**CONV, "FusedActivationFunction": 3}), **six)
    pool = {**CONV, "StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2}
    x = b.operator("MAX_POOL_2D", [x], ("Pool2DOptions", pool), **six)
    x = b.operator("RESHAPE", [x, b.constant([1, 48], INT)], ("ReshapeOptions", {"NewShape": [1, 48]}), **six)
    dense = b.constant(draw.integers(1, 127, (5, 48)) - 64, np.int8, scales=[0.002]) if kind is np.int8 else None
    if dense is None:
        dense = b.constant(draw.integers(1, 255, (5, 48)), np.uint8, scales=[0.002], zeros=[128])
    offset = b.constant(np.zeros(5), INT, scales=[6 / 255 * 0.002])
    wide = {"kind": kind, "scales": [0.1], "zeros": [low + 128]}
    x = b.operator("FULLY_CONNECTED", [x, dense, offset], ("FullyConnectedOptions", {}), **wide)
    b.operator("SOFTMAX", [x], ("SoftmaxOptions", {"Beta": 1.0}), kind=kind, scales=[1 / 256], zeros=[low])
    return b.file()


CASES = [(np.int8, False), (np.int8, True), (np.uint8, False)]


@pytest.mark.parametrize(("kind", "per_channel"), CASES)
def test_a_quantised_network(kind: type, per_channel: bool) -> None:
    """With its ranges, the imported network is at most one step of the output away from the reference."""
    data = quantised(kind, per_channel)
    limits = np.iinfo(kind)
    draw = np.random.default_rng(2)
    stored = draw.integers(limits.min, limits.max + 1, SHAPE)
    x = ((stored - limits.min - 128) / 64).astype(np.float32)
    expected = referee(data, x)[0]
    assert np.abs(imported(data, x, with_ranges=True)[0] - expected).max() <= 1.01 / 256
    assert np.abs(imported(data, x)[0] - expected).max() <= 6 / 256


def test_a_border_and_a_softmax_of_a_quantised_network(tmp_path: Path) -> None:
    """The range of its result keeps neither a PAD before a convolution nor a softmax over the channels at the end."""
    b = Build()
    same = {"kind": np.int8, "scales": [1 / 64], "zeros": [0]}
    x = b.input((1, 16, 16, 3), **same)
    widths = b.constant([[0, 0], [0, 1], [0, 1], [0, 0]], INT)
    weights = b.constant(np.random.default_rng(3).integers(-127, 128, (4, 3, 3, 3)), np.int8, scales=[0.01])
    x = b.operator("PAD", [x, widths], None, **same)
    options = {"Padding": 1, "StrideW": 2, "StrideH": 2}
    x = b.operator("CONV_2D", [x, weights, -1], ("Conv2DOptions", options), kind=np.int8, scales=[0.1], zeros=[0])
    b.operator("SOFTMAX", [x], ("SoftmaxOptions", {"Beta": 1.0}), kind=np.int8, scales=[1 / 256], zeros=[-128])
    path = tmp_path / "net.tflite"
    path.write_bytes(b.file())
    facts = convert(Options(path, tmp_path / "net.kmodel", noise=False))
    assert any("is left out" in note for note in facts.notes)
    (name,) = facts.quantised.outputs
    assert facts.model.outputs[0].shape[-3:] == (4, 8, 8)
    assert facts.nearness[facts.quantised.origin[name]].snr > 30
    assert read(path).ranges[facts.quantised.origin[name]] == pytest.approx((-12.8, 12.7))  # not those of the softmax


def test_a_quantised_network_brings_its_ranges_as_pairs_of_nodes() -> None:
    model = model_of(quantised(np.int8, True), Path("net.tflite"), with_ranges=True)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == kinds.count("DequantizeLinear") == 5
    assert "QuantizeLinear" not in {node.op_type for node in model_of(quantised(np.int8, True), Path("n")).graph.node}


@pytest.mark.parametrize(("kind", "per_channel"), CASES)
def test_a_quantised_file_says_what_its_pixels_stand_for(kind: type, per_channel: bool, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(quantised(kind, per_channel))
    graph = read(path)
    assert np.allclose(graph.pixels, [(1 / 64, -2.0)] * 3)
    assert graph.notes == ["the file says what it gets: pixel x 0.015625 + -2"]
    # The user's own numbers count for more.
    assert np.allclose(read(path, scale=1.0).pixels, [(1.0, 0.0)] * 3)
    assert np.allclose(read(path, mean=[0.5], std=[0.5]).pixels, [(2 / 255, -1.0)] * 3)


def small_network(batch: int = 1, signature: tuple[int, ...] = ()) -> bytes:
    """Return a classifier as Keras exports one: a stride of 2 with SAME padding, a depthwise layer, a mean."""
    b = Build()
    x = b.input((batch, 32, 32, 3), signature=signature)
    two = {"Padding": 0, "StrideW": 2, "StrideH": 2, "FusedActivationFunction": 3}
    x = b.operator(
        "CONV_2D", [x, b.constant(kernel(8, 3, 3, 3)), b.constant(kernel(8))], ("Conv2DOptions", two), name="c"
    )
    options = ("DepthwiseConv2DOptions", {**CONV, "DepthMultiplier": 1, "FusedActivationFunction": 1})
    x = b.operator("DEPTHWISE_CONV_2D", [x, b.constant(kernel(1, 3, 3, 8)), b.constant(kernel(8))], options)
    x = b.operator("CONV_2D", [x, b.constant(kernel(12, 1, 1, 8)), b.constant(kernel(12))], ("Conv2DOptions", CONV))
    x = b.operator("MEAN", [x, b.constant([1, 2], INT)], ("ReducerOptions", {"KeepDims": False}))
    x = b.operator("RESHAPE", [x, b.constant([batch, 12], INT)], ("ReshapeOptions", {"NewShape": [batch, 12]}))
    x = b.operator(
        "FULLY_CONNECTED", [x, b.constant(kernel(5, 12)), b.constant(kernel(5))], ("FullyConnectedOptions", {})
    )
    b.operator("SOFTMAX", [x], ("SoftmaxOptions", {"Beta": 1.0}), name="probabilities")
    return b.file()


@pytest.mark.parametrize(("batch", "signature"), [(1, ()), (1, (-1, 32, 32, 3)), (4, ())])
def test_one_picture_whatever_the_batch(batch: int, signature: tuple[int, ...]) -> None:
    data = small_network(batch, signature)
    x = picture((1, 32, 32, 3))
    output = imported(data, x)[0]
    assert output.shape == (1, 5)
    np.testing.assert_allclose(output, referee(small_network(), x)[0], 1e-5, 1e-6)


def test_a_kmodel_of_a_tflite_network(tmp_path: Path) -> None:
    """The file converts like the same network in ONNX, with TensorFlow's padding and the names of the file."""
    path = tmp_path / "net.tflite"
    path.write_bytes(small_network())
    facts = convert(Options(path, tmp_path / "net.kmodel"))
    assert facts.kind == "classifier"
    assert facts.quantised.outputs == ("probabilities",)
    assert facts.nearness["probabilities"].snr > 30


def test_a_picture_that_is_channels_first_in_the_file() -> None:
    """Converters from PyTorch write such files: the Transpose behind the picture vanishes."""
    b = Build()
    x = b.input((1, 3, 8, 6))
    x = b.operator("TRANSPOSE", [x, b.constant([0, 2, 3, 1], INT)])
    b.operator("CONV_2D", [x, b.constant(kernel(4, 3, 3, 3)), b.constant(kernel(4))], ("Conv2DOptions", CONV))
    assert_equal(b.file(), picture((1, 3, 8, 6)))
    model = model_of(b.file(), Path("net.tflite"))
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [1, 3, 8, 6]


def test_scales_of_a_bias_along_the_axis_of_its_weights() -> None:
    b = Build()
    x = b.input(SHAPE)
    weights = b.constant(np.ones((1, 3, 3, 3)), np.int8, scales=[0.1, 0.2, 0.3], axis=3)
    bias = b.constant([10, 20, 30], INT, scales=[1, 2, 3], axis=3)
    b.operator("DEPTHWISE_CONV_2D", [x, weights, bias], ("DepthwiseConv2DOptions", {**CONV, "DepthMultiplier": 1}))
    output = imported(b.file(), np.ones(SHAPE, np.float32))[0]
    np.testing.assert_allclose(output[0, :, 2, 2], [10.9, 41.8, 92.7], 1e-5)


def test_a_refusal_names_the_tensor_of_the_file() -> None:
    b = Build()
    x = b.input((1, 32, 32, 3))
    x = b.operator("CONV_2D", [x, b.constant(kernel(8, 3, 3, 3)), b.constant(kernel(8))], ("Conv2DOptions", CONV))
    options = ("TransposeConvOptions", {"Padding": 0, "StrideW": 2, "StrideH": 2})
    weights = b.constant(kernel(4, 2, 2, 8))
    b.operator("TRANSPOSE_CONV", [b.constant([1, 64, 64, 4], INT), weights, x], options, name="model/up")
    model = model_of(b.file(), Path("net.tflite"))
    assert [node.name for node in model.graph.node if node.op_type == "ConvTranspose"] == ["model/up"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["conv/Relu;conv/BiasAdd;conv/Conv2D", "up"], ["conv/Relu", "up"]),
        (["conv/Relu;conv/Conv2D", "conv/Relu"], ["conv/Relu;conv/Conv2D", "conv/Relu"]),
        (["same;a", "same;b"], ["same;a", "same;b"]),
        (["twice", "twice"], ["twice", "twice#2"]),
        (["", ""], ["tensor1", "tensor2"]),
        ([";", "tensor1"], ["tensor1", "tensor1#2"]),
        (["a#3", "a", "a"], ["a#3", "a", "a#3#3"]),
    ],
)
def test_names_of_nodes_that_tensorflow_has_fused(names: list[str], expected: list[str]) -> None:
    b = Build()
    x = b.input((1, 8, 8, 3))
    for name in names:
        x = b.operator("RELU", [x], name=name)
    model = model_of(b.file(), Path("net.tflite"))
    assert [node.name for node in model.graph.node] == expected
    assert [node.output[0] for node in model.graph.node] == expected


def test_all_operators_that_onnx_does_not_have_are_named_at_once() -> None:
    b = Build()
    x = b.input((1, 8, 8, 3))
    x = b.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [x], name="memory")
    x = b.operator("MyOwnLayer", [x], name="mine")
    b.operator("TFLite_Detection_PostProcess", [x], name="boxes")
    with pytest.raises(MaixSwitchError) as caught:
        model_of(b.file(), Path("net.tflite"))
    lines = caught.value.message.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "node memory (UNIDIRECTIONAL_SEQUENCE_LSTM)",
        "node mine (MyOwnLayer)",
        "node boxes (TFLite_Detection_PostProcess)",
    ]
    assert "leave it out of the exported network" in lines[2]


def test_an_operator_that_is_computed_for_constants_alone() -> None:
    b = Build()
    b.operator("FLOOR_DIV", [b.input((1, 8, 8, 3)), b.constant([2.0])], name="halves")
    assert refusal(b).startswith("node halves (FLOOR_DIV): the board cannot run this operator")


def test_an_operator_that_no_output_needs_is_no_reason() -> None:
    b = Build()
    x = b.input((1, 8, 8, 3))
    b.operator("MyOwnLayer", [x])
    b.operator("RELU", [x])
    assert imported(b.file(), picture((1, 8, 8, 3)))[0].shape == (1, 3, 8, 8)


def refusal(b: Build) -> str:
    with pytest.raises(MaixSwitchError) as caught:
        model_of(b.file(), Path("net.tflite"))
    return caught.value.message


def test_inputs_that_are_no_picture() -> None:
    b = Build()
    b.operator("ADD", [b.input((1, 4)), b.tensor((1, 4), name="second")], ("AddOptions", {}))
    b.inputs.append(1)
    assert refusal(b) == "net.tflite: the inputs are picture, second; expected one, the picture"
    b = Build()
    b.operator("RELU", [b.input((1, 1, 1, 3), signature=(-1, -1, -1, 3))])
    assert "the input picture has shape (1, 1, 1, 3); expected (1, height, width, channels), all fixed" in refusal(b)
    b = Build()
    b.operator("RELU", [b.input((1, 8, 8, 3), INT)])
    assert "the input picture is INT32; expected float32" in refusal(b)


def test_weights_that_are_too_short_or_do_not_fit_their_scales() -> None:
    b = Build()
    x = b.input(SHAPE)
    weights = b.tensor((4, 3, 3, 3), data=kernel(4, 3, 3, 2), name="w")
    b.operator("CONV_2D", [x, weights, b.constant(kernel(4))], ("Conv2DOptions", CONV))
    assert refusal(b) == "tensor w: found 288 bytes, expected 432 for shape (4, 3, 3, 3); export it again"
    b = Build()
    x = b.input(SHAPE)
    weights = b.constant(kernel(4, 3, 3, 3), np.int8, scales=[1, 2], name="w")
    b.operator("CONV_2D", [x, weights, b.constant(kernel(4))], ("Conv2DOptions", CONV))
    assert refusal(b) == "tensor w: 2 scales do not fit shape (4, 3, 3, 3); export it again"


def test_blocks_that_no_convolution_joins() -> None:
    b = Build()
    x = b.input((1, 8, 8, 2))
    x = b.operator("SPACE_TO_BATCH_ND", [x, b.constant([2, 2], INT), b.constant([[0, 0], [0, 0]], INT)])
    b.operator("RELU", [x])
    assert "its input is split into blocks; use a convolution with dilation instead" in refusal(b)


def test_a_constant_output() -> None:
    b = Build()
    b.input((1, 8, 8, 2))
    b.operator("ADD", [b.constant([1.0]), b.constant([2.0])], ("AddOptions", {}), name="sum")
    assert refusal(b) == "output sum does not depend on the picture; leave it out of the network"
