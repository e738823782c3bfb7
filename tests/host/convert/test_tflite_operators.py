"""Each operator of TensorFlow Lite with its options: the imported network computes what TensorFlow's runtime does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host.convert.tflite_builder import Build, Options, assert_equal, imported, picture

MAP, FLAT = (1, 5, 7, 3), (1, 6)
X = "the picture"
INT = np.int32


def constant(*numbers: int) -> Any:
    return np.array(numbers, INT)


def build(kind: str, shape: Sequence[int], inputs: Sequence[Any], options: Options | None, outputs: int = 1) -> bytes:
    """Return a file of one operator; X stands for the picture, None for an input that is left out."""
    b = Build()
    x = b.input(shape)
    numbers = []
    for one in map(_known, inputs):
        numbers.append(x if one is X else -1 if one is None else b.constant(one, one.dtype.type))
    b.operator(kind, numbers, options, outputs)
    return b.file()


def _known(one: Any) -> Any:
    return one if one is X or one is None else np.asarray(one, None if np.asarray(one).dtype == INT else np.float32)


def weights(*shape: int) -> Any:
    return np.random.default_rng(7).normal(0, 0.5, shape).astype(np.float32)


UNARY = {
    **dict.fromkeys(("ABS", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "TANH", "LOGISTIC", "HARD_SWISH", "ELU"), 0.0),
    **dict.fromkeys(("CEIL", "FLOOR", "ROUND", "COS", "SIN", "EXP", "SQUARE", "SIGN", "RELU_0_TO_1"), 0.0),
    **dict.fromkeys(("SQRT", "RSQRT", "LOG"), 0.1),
}


@pytest.mark.parametrize("shape", [MAP, FLAT])
@pytest.mark.parametrize("kind", UNARY)
def test_functions_of_one_tensor(kind: str, shape: tuple[int, ...]) -> None:
    x = picture(shape)
    # Where a logarithm or a root is taken, all numbers are positive.
    assert_equal(build(kind, shape, [X], None), np.abs(x) + UNARY[kind] if UNARY[kind] else x)


CONSTANTS = (np.float32(1.5), weights(3), weights(1, 1, 1, 3), weights(5, 7, 1), weights(1, 5, 7, 3), weights(7, 3))
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "DIV": "DivOptions"}


@pytest.mark.parametrize("number", range(len(CONSTANTS)))
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"])
def test_functions_with_a_constant(kind: str, number: int) -> None:
    value = CONSTANTS[number]
    x = picture(MAP) + 10
    for inputs in ([X, value], [value, X]):
        options = (OPTIONS[kind], {"FusedActivationFunction": number % 4}) if kind in OPTIONS else None
        assert_equal(build(kind, MAP, inputs, options), x)


def test_functions_of_two_tensors_of_other_ranks() -> None:
    b = Build()
    x = b.input(MAP)
    mean = b.operator("MEAN", [x, b.constant([1, 2], INT)], ("ReducerOptions", {"KeepDims": False}))
    b.operator("MUL", [x, mean], ("MulOptions", {}))
    assert_equal(b.file(), picture(MAP))


CONV = {"Padding": 0, "StrideW": 1, "StrideH": 1}


@pytest.mark.parametrize("activation", range(4))
@pytest.mark.parametrize("padding", [0, 1])
def test_convolutions(activation: int, padding: int) -> None:
    options = {"Padding": padding, "StrideW": 2, "StrideH": 1, "FusedActivationFunction": activation}
    inputs = [X, weights(4, 3, 2, 3), weights(4)]
    assert_equal(build("CONV_2D", MAP, inputs, ("Conv2DOptions", options)), picture(MAP))


def test_a_convolution_without_a_bias() -> None:
    """The reference wants one, though the format does not."""
    results = [
        imported(build("CONV_2D", MAP, [X, weights(4, 3, 2, 3), *bias], ("Conv2DOptions", CONV)), picture(MAP))[0]
        for bias in ([weights(4) * 0], [None], [])
    ]
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_a_fused_tanh() -> None:
    """The reference does not have it, though the format does."""
    inputs = [X, weights(4, 3, 2, 3), weights(4)]
    plain, fused = (
        imported(
            build("CONV_2D", MAP, inputs, ("Conv2DOptions", {**CONV, "FusedActivationFunction": one})), picture(MAP)
        )
        for one in (0, 4)
    )
    np.testing.assert_allclose(fused[0], np.tanh(plain[0]), 1e-5)


def test_a_convolution_of_groups() -> None:
    shape = (1, 6, 6, 4)
    options = {"Padding": 0, "StrideW": 1, "StrideH": 1}
    assert_equal(
        build("CONV_2D", shape, [X, weights(6, 3, 3, 2), weights(6)], ("Conv2DOptions", options)), picture(shape)
    )


@pytest.mark.parametrize("multiplier", [1, 2, 3])
def test_depthwise_convolutions(multiplier: int) -> None:
    options = {"Padding": 0, "StrideW": 2, "StrideH": 2, "DepthMultiplier": multiplier, "FusedActivationFunction": 3}
    channels = 3 * multiplier
    inputs = [X, weights(1, 3, 3, channels), weights(channels)]
    assert_equal(build("DEPTHWISE_CONV_2D", MAP, inputs, ("DepthwiseConv2DOptions", options)), picture(MAP))


SIDES = st.integers(1, 12)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.tuples(SIDES, SIDES),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.integers(0, 1),
    kind=st.sampled_from(["CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D"]),
)
def test_padding_of_any_size_kernel_stride_and_dilation(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: int,
    kind: str,
) -> None:
    """TensorFlow puts an odd pixel of padding at the end, and an average counts only pixels of the picture."""
    pool = kind.endswith("POOL_2D")
    gaps = (1, 1) if pool else dilation
    # A window that is larger than the map, without padding, has no result at all.
    if padding == 1 and any((k - 1) * d + 1 > s for s, k, d in zip(size, kernel, gaps, strict=True)):
        return
    # TensorFlow itself refuses a stride beside a dilation.
    stride = stride if gaps == (1, 1) else (1, 1)
    shape = (1, *size, 2)
    fields = {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]}
    if pool:
        options: Options = ("Pool2DOptions", {**fields, "FilterHeight": kernel[0], "FilterWidth": kernel[1]})
        data = build(kind, shape, [X], options)
    else:
        fields.update(DilationHFactor=gaps[0], DilationWFactor=gaps[1])
        depthwise = kind.startswith("DEPTH")
        array = weights(1, *kernel, 2) if depthwise else weights(3, *kernel, 2)
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        more = {"DepthMultiplier": 1} if depthwise else {}
        data = build(kind, shape, [X, array, weights(2 if depthwise else 3)], (name, {**fields, **more}))
    assert_equal(data, picture(shape))


@settings(max_examples=32, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.integers(0, 1),
    bias=st.booleans(),
    cut=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_transposed_convolutions(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: int,
    bias: bool,
    cut: tuple[int, int],
) -> None:
    sides = [
        max(1, n * s - c % s) if padding == 0 else (n - 1) * s + max(k, s)
        for n, k, s, c in zip(size, kernel, stride, cut, strict=True)
    ]
    shape = (1, *size, 2)
    options = ("TransposeConvOptions", {"Padding": padding, "StrideH": stride[0], "StrideW": stride[1]})
    inputs = [constant(1, *sides, 3), weights(3, *kernel, 2), X, *([weights(3)] if bias else [])]
    assert_equal(build("TRANSPOSE_CONV", shape, inputs, options), picture(shape))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("shape", [(1, 6), (1, 1, 1, 6), (1, 2, 3, 6)])
def test_dense_layers(shape: tuple[int, ...], keep: bool) -> None:
    options = ("FullyConnectedOptions", {"KeepNumDims": keep, "FusedActivationFunction": 1})
    assert_equal(build("FULLY_CONNECTED", shape, [X, weights(4, 6), weights(4)], options), picture(shape))


def test_a_dense_layer_reads_a_flattened_map_in_the_order_of_the_file() -> None:
    for reshape in (True, False):
        b = Build()
        x = b.input((1, 4, 5, 3))
        conv = ("Conv2DOptions", {"Padding": 0, "StrideW": 1, "StrideH": 1})
        x = b.operator("CONV_2D", [x, b.constant(weights(2, 3, 3, 3)), b.constant(weights(2))], conv)
        if reshape:
            x = b.operator("RESHAPE", [x, b.constant([-1, 40], INT)], ("ReshapeOptions", {"NewShape": [-1, 40]}))
        b.operator("FULLY_CONNECTED", [x, b.constant(weights(6, 40)), -1], ("FullyConnectedOptions", {}))
        assert_equal(b.file(), picture((1, 4, 5, 3)))


@pytest.mark.parametrize("axes", [[1, 2], [2, 1], [-1], [1], [3], [1, 2, 3], [-2, -3]])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", ["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"])
def test_reductions(kind: str, keep: bool, axes: list[int]) -> None:
    assert_equal(build(kind, MAP, [X, constant(*axes)], ("ReducerOptions", {"KeepDims": keep})), picture(MAP))


@pytest.mark.parametrize("shape", [MAP, FLAT, (1, 4, 5)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SOFTMAX", ("SoftmaxOptions", {"Beta": 1.0})),
        ("SOFTMAX", ("SoftmaxOptions", {"Beta": 0.5})),
        ("LOG_SOFTMAX", None),
        ("L2_NORMALIZATION", ("L2NormOptions", {})),
        ("LEAKY_RELU", ("LeakyReluOptions", {"Alpha": 0.2})),
        ("GELU", ("GeluOptions", {"Approximate": False})),
        ("GELU", ("GeluOptions", {"Approximate": True})),
    ],
)
def test_functions_along_the_channels(kind: str, options: Options | None, shape: tuple[int, ...]) -> None:
    assert_equal(build(kind, shape, [X], options), picture(shape))


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 7, 3), (3,)])
def test_prelu(shape: tuple[int, ...]) -> None:
    assert_equal(build("PRELU", MAP, [X, weights(*shape)], None), picture(MAP))


@pytest.mark.parametrize("size", [(10, 14), (5, 7), (15, 21), (3, 4), (11, 9), (1, 1)])
@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("kind", ["RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"])
def test_resizes(kind: str, flags: tuple[bool, bool], size: tuple[int, int]) -> None:
    name = "ResizeBilinearOptions" if kind.endswith("BILINEAR") else "ResizeNearestNeighborOptions"
    options = (name, {"AlignCorners": flags[0], "HalfPixelCenters": flags[1]})
    assert_equal(build(kind, MAP, [X, constant(*size)], options), picture(MAP))


def test_borders() -> None:
    widths = np.array([[0, 0], [1, 2], [0, 3], [0, 0]], INT)
    assert_equal(build("PAD", MAP, [X, widths], None), picture(MAP))
    assert_equal(build("PADV2", MAP, [X, widths, np.float32(-2.5)], None), picture(MAP))
    assert_equal(build("MIRROR_PAD", MAP, [X, widths], ("MirrorPadOptions", {"Mode": 0})), picture(MAP))
    assert_equal(build("PAD", FLAT, [X, np.array([[0, 0], [1, 2]], INT)], None), picture(FLAT))


def test_blocks() -> None:
    shape = (1, 4, 6, 8)
    assert_equal(build("DEPTH_TO_SPACE", shape, [X], ("DepthToSpaceOptions", {"BlockSize": 2})), picture(shape))
    assert_equal(build("SPACE_TO_DEPTH", shape, [X], ("SpaceToDepthOptions", {"BlockSize": 2})), picture(shape))


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("cut", [0, 1])
def test_a_convolution_with_gaps_between_blocks(depthwise: bool, cut: int) -> None:
    """Older exporters write a dilated convolution as three operators."""
    b = Build()
    x = b.input((1, 7, 8, 2))
    pads = b.constant([[2, 3], [2, 2]], INT)
    block = b.constant([2, 2], INT)
    x = b.operator("SPACE_TO_BATCH_ND", [x, block, pads], None)
    if depthwise:
        options: Options = ("DepthwiseConv2DOptions", {"Padding": 1, "StrideW": 1, "StrideH": 1, "DepthMultiplier": 1})
        x = b.operator("DEPTHWISE_CONV_2D", [x, b.constant(weights(1, 3, 3, 2)), b.constant(weights(2))], options)
    else:
        options = ("Conv2DOptions", {"Padding": 1, "StrideW": 1, "StrideH": 1, "FusedActivationFunction": 1})
        x = b.operator("CONV_2D", [x, b.constant(weights(4, 3, 3, 2)), b.constant(weights(4))], options)
    b.operator("BATCH_TO_SPACE_ND", [x, block, b.constant([[0, cut], [cut, 0]], INT)], None)
    assert_equal(b.file(), picture((1, 7, 8, 2)))


@pytest.mark.parametrize("target", [[1, 105], [-1, 105], [1, 35, 3], [1, 7, 5, 3], [5, 7, 3], [1, 5, 7, 1, 3], [105]])
def test_other_shapes(target: list[int]) -> None:
    assert_equal(build("RESHAPE", MAP, [X, constant(*target)], ("ReshapeOptions", {"NewShape": target})), picture(MAP))
    # Old files state the target as an option alone.
    data = build("RESHAPE", MAP, [X], ("ReshapeOptions", {"NewShape": target}))
    np.testing.assert_array_equal(imported(data, picture(MAP))[0].size, 105)


@pytest.mark.parametrize("order", [[0, 3, 1, 2], [0, 2, 3, 1], [0, 1, 2, 3], [0, 2, 1, 3], [3, 0, 2, 1]])
def test_other_orders(order: list[int]) -> None:
    assert_equal(build("TRANSPOSE", MAP, [X, constant(*order)], None), picture(MAP))


def test_axes_of_size_one() -> None:
    shape = (1, 1, 1, 6)
    assert_equal(build("SQUEEZE", shape, [X], ("SqueezeOptions", {"SqueezeDims": [1, 2]})), picture(shape))
    assert_equal(build("SQUEEZE", (1, 5, 1, 3), [X], ("SqueezeOptions", {"SqueezeDims": [-2]})), picture((1, 5, 1, 3)))
    for axis in (0, 1, -1):
        assert_equal(build("EXPAND_DIMS", (1, 5, 3), [X, constant(axis)], None), picture((1, 5, 3)))


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_several_tensors_side_by_side(axis: int) -> None:
    sizes = [2 if i == axis % 4 else size for i, size in enumerate(MAP)]
    b = Build()
    x = b.input(MAP)
    y = b.operator("NEG", [x])
    options = ("ConcatenationOptions", {"Axis": axis})
    b.operator("CONCATENATION", [x, y, b.constant(weights(*sizes))], options)
    assert_equal(b.file(), picture(MAP))


def test_a_new_axis_for_several_tensors() -> None:
    for axis in (0, 1, 2, -1):
        b = Build()
        x = b.input((1, 4, 3))
        y = b.operator("NEG", [x])
        b.operator("PACK", [x, y], ("PackOptions", {"ValuesCount": 2, "Axis": axis}))
        assert_equal(b.file(), picture((1, 4, 3)))


def test_parts() -> None:
    shape = (1, 4, 6, 8)
    for axis in (1, 2, 3):
        assert_equal(build("SPLIT", shape, [constant(axis), X], ("SplitOptions", {"NumSplits": 2}), 2), picture(shape))
    sizes = [X, constant(3, -1, 1), constant(3)]
    assert_equal(build("SPLIT_V", shape, sizes, ("SplitVOptions", {"NumSplits": 3}), 3), picture(shape))
    assert_equal(build("UNPACK", shape, [X], ("UnpackOptions", {"Num": 4, "Axis": 1}), 4), picture(shape))
    assert_equal(build("SLICE", shape, [X, constant(0, 1, 2, 3), constant(1, 2, -1, 4)], None), picture(shape))


@pytest.mark.parametrize(
    ("begin", "end", "steps", "masks"),
    [
        ([0, 1, 2, 0], [1, 3, 6, 8], [1, 1, 2, 1], {}),
        ([0, 0, 0, 2], [0, 0, 0, 5], [1, 1, 1, 1], {"BeginMask": 7, "EndMask": 7}),
        ([0, -1, -1, 0], [1, -5, -4, 8], [1, -1, -2, 1], {}),
        ([0, 0, 0, 0], [1, 4, 6, 8], [1, 2, 2, 3], {}),
        ([0, 1, 0, 0], [1, 2, 6, 8], [1, 1, 1, 1], {"ShrinkAxisMask": 2}),
        ([0, 0, 0, -1], [1, 4, 6, 0], [1, 1, 1, 1], {"ShrinkAxisMask": 8}),
        ([0, 1, 2], [0, 3, 6], [1, 1, 1], {"EllipsisMask": 1}),
    ],
)
def test_slices(begin: list[int], end: list[int], steps: list[int], masks: dict[str, int]) -> None:
    shape = (1, 4, 6, 8)
    inputs = [X, *(constant(*numbers) for numbers in (begin, end, steps))]
    assert_equal(build("STRIDED_SLICE", shape, inputs, ("StridedSliceOptions", masks)), picture(shape))


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_chosen_indices(axis: int) -> None:
    options = ("GatherOptions", {"Axis": axis})
    assert_equal(build("GATHER", MAP, [X, constant(2, 0, 1, 2)], options), picture(MAP))
    assert_equal(build("GATHER", MAP, [X, np.array(1, INT)], options), picture(MAP))


def test_repetitions() -> None:
    assert_equal(build("TILE", MAP, [X, constant(1, 2, 1, 3)], None), picture(MAP))
    assert_equal(build("BROADCAST_TO", (1, 1, 1, 3), [X, constant(1, 2, 4, 3)], None), picture((1, 1, 1, 3)))


def test_sums_of_several_and_comparisons() -> None:
    b = Build()
    x = b.input(MAP)
    b.operator("ADD_N", [x, b.operator("NEG", [x]), b.operator("ABS", [x])], None)
    assert_equal(b.file(), picture(MAP))
    b = Build()
    x = b.input(MAP)
    above = b.operator("GREATER", [x, b.constant(0.5)], None, kind=np.bool_)
    b.operator("SELECT_V2", [above, x, b.operator("NEG", [x])], None)
    assert_equal(b.file(), picture(MAP))


def test_the_best_class() -> None:
    data = build("ARG_MAX", FLAT, [X, np.array(1, INT)], ("ArgMaxOptions", {"OutputType": 2}))
    assert imported(data, picture(FLAT))[0].tolist() == [int(picture(FLAT).argmax())]


def test_a_size_that_is_computed_from_the_shape() -> None:
    """Keras writes a Reshape, and the size of an enlarged map, as arithmetic of the shape."""
    b = Build()
    x = b.input((1, 4, 6, 8), signature=(-1, 4, 6, 8))
    shape = b.operator("SHAPE", [x], ("ShapeOptions", {"OutType": 2}), kind=INT)
    first, last, one = (b.constant([n], INT) for n in (0, 1, 1))
    options = ("StridedSliceOptions", {"ShrinkAxisMask": 1})
    batch = b.operator("STRIDED_SLICE", [shape, first, last, one], options, kind=INT)
    side = b.operator("MUL", [b.constant(12, INT), b.constant(2, INT)], ("MulOptions", {}), kind=INT)
    parts = [batch, side, b.constant(8, INT)]
    target = b.operator("PACK", parts, ("PackOptions", {"ValuesCount": 3, "Axis": 0}), kind=INT)
    b.operator("RESHAPE", [x, target], ("ReshapeOptions", {}))
    assert_equal(b.file(), picture((1, 4, 6, 8)))
