"""Convolutions and dense layers. SAME padding depends on the size of the map, so it becomes numbers here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from maixswitch.convert.refusals import DILATED, FIXED
from maixswitch.language import tr, word

from .builder import Data, Spread, Tensor
from .operation import Operation

SAME, VALID = 0, 1


def same(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Returns the padding before and after a side of ``size`` pixels, as TensorFlow's SAME has it."""
    out = -(-size // stride)
    total = max(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - size)
    # An odd number puts the larger half at the end, unlike other tools.
    return total // 2, total - total // 2


def padding(
    operation: Operation, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], gaps: tuple[int, int]
) -> list[int]:
    """Returns top, left, bottom, right by the operator's option. MaixSwitchError for an unknown one."""
    kind = int(operation.option("Padding"))
    if kind not in (SAME, VALID):
        raise operation.refused(tr("its {option} is {number}", option="Padding", number=kind))
    if kind == VALID:
        return [0, 0, 0, 0]
    sides = [same(*side) for side in zip(size, kernel, stride, gaps, strict=True)]
    return [sides[0][0], sides[1][0], sides[0][1], sides[1][1]]


def convolution(operation: Operation) -> Tensor:
    """CONV_2D: weights (out, height, width, in)."""
    return _start(operation, operation.weights(1, 4).transpose(0, 3, 1, 2))


def depthwise(operation: Operation) -> Tensor:
    """DEPTHWISE_CONV_2D: weights (1, height, width, channels x multiplier)."""
    weights = operation.weights(1, 4)
    if weights.shape[0] != 1:
        raise operation.refused(tr("its weights have shape {shape}", shape=weights.shape))
    return _start(operation, weights.transpose(3, 0, 1, 2))


def _start(operation: Operation, weights: Data) -> Tensor:
    source = operation.value(0)
    stride = (operation.side("StrideH"), operation.side("StrideW"))
    gaps = (operation.side("DilationHFactor"), operation.side("DilationWFactor"))
    if not isinstance(source, Spread):
        tensor = operation.map(0)
        kernel = (weights.shape[2], weights.shape[3])
        pads = padding(operation, (tensor.shape[1], tensor.shape[2]), kernel, stride, gaps)
        return _convolved(operation, tensor, weights, stride, gaps, pads)
    # The padding between the blocks is that of SPACE_TO_BATCH_ND. A second one would be another convolution.
    padded = int(operation.option("Padding")) != VALID and weights.shape[2:] != (1, 1)
    again = source.convolution is not None or source.source is None
    if padded or again or stride != (1, 1) or gaps != (1, 1):
        raise operation.refused(tr("its input is split into blocks"), word(DILATED))
    # It is only made when the blocks are joined again, because the size that is cut off there belongs to its padding.
    inner, block = source.source, source.block
    assert inner is not None

    def finish(pads: list[int]) -> Tensor:
        return _convolved(operation, inner, weights, (1, 1), block, pads)

    return replace(source, convolution=finish)


def _convolved(
    operation: Operation, tensor: Tensor, weights: Data, stride: tuple[int, int], gaps: tuple[int, int], pads: list[int]
) -> Tensor:
    channels = tensor.shape[3]
    if weights.shape[1] < 1 or channels % weights.shape[1]:
        raise operation.refused(tr("its weights do not fit {channels} channels", channels=channels))
    bias = [operation.weights(2, 1)] if operation.has(2) else []
    result = operation.one(
        "Conv",
        tensor,
        weights,
        *bias,
        first=True,
        kernel_shape=list(weights.shape[2:]),
        strides=list(stride),
        dilations=list(gaps),
        group=channels // weights.shape[1],
        pads=pads,
    )
    return operation.activated(result)


def space_to_batch(operation: Operation) -> Tensor:
    """SPACE_TO_BATCH_ND: padding, or the start of a convolution with gaps."""
    source, block = operation.map(0), operation.integers(1)
    pads = operation.integers(2)
    if len(block) != 2 or len(pads) != 4 or min(block) < 1 or min(pads) < 0:
        raise operation.refused(tr("its padding is {pads}", pads=pads), word(FIXED))
    (height, width), (top, bottom, left, right) = block, pads
    if (height, width) == (1, 1):
        ends = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        return operation.one("Pad", source, ends, first=True)
    shape = (height * width, (source.shape[1] + top + bottom) // height, (source.shape[2] + left + right) // width)
    sides = (top, left, bottom, right)
    return Spread(source.name, (*shape, source.shape[3]), True, source, (height, width), sides)


def batch_to_space(operation: Operation) -> Tensor:
    """BATCH_TO_SPACE_ND: the end of a convolution with gaps."""
    source, block, cut = operation.value(0), operation.integers(1), operation.integers(2)
    if not isinstance(source, Spread) or source.convolution is None or list(source.block) != block or len(cut) != 4:
        raise operation.refused(tr("no convolution with gaps ends here"), word(DILATED))
    (top, left, bottom, right), finish = source.pads, source.convolution
    pads = [top - cut[0], left - cut[2], bottom - cut[1], right - cut[3]]
    if min(pads) < 0:
        raise operation.refused(tr("its padding is {pads}", pads=pads), word(DILATED))
    make: Callable[[list[int]], Tensor] = finish
    return make(pads)


def transposed(operation: Operation) -> Tensor:
    """TRANSPOSE_CONV: size of the result, weights (out, height, width, in), the map, and perhaps a bias."""
    target, weights, source = operation.integers(0), operation.weights(1, 4), operation.map(2)
    if len(target) != 4:
        raise operation.refused(tr("its result has shape {shape}", shape=tuple(target)))
    return _transposed(operation, source, weights, [operation.weights(3, 1)] if operation.has(3) else [], target)


def transposed_with_bias(operation: Operation) -> Tensor:
    """Convolution2DTransposeBias of MediaPipe: the map, weights (out, height, width, in) and bias."""
    source, weights, bias = operation.map(0), operation.weights(1, 4), operation.weights(2, 1)
    stride = (operation.side("StrideH"), operation.side("StrideW"))
    grown = [0, 0] if int(operation.option("Padding")) == SAME else [weights.shape[1 + i] - stride[i] for i in (0, 1)]
    sides = [source.shape[1 + i] * stride[i] + max(grown[i], 0) for i in (0, 1)]
    return _transposed(operation, source, weights, [bias], [1, *sides, len(weights)])


def _transposed(operation: Operation, source: Tensor, weights: Data, bias: list[Data], target: list[int]) -> Tensor:
    stride = (operation.side("StrideH"), operation.side("StrideW"))
    kernel = (weights.shape[1], weights.shape[2])
    # TensorFlow takes the padding of the convolution that would lead back from the result.
    pads = padding(operation, (target[1], target[2]), kernel, stride, (1, 1))
    extra = []
    for side in (0, 1):
        end = (source.shape[1 + side] - 1) * stride[side] + kernel[side] - pads[side] - target[1 + side]
        pads[side + 2] = max(end, 0)
        extra.append(max(-end, 0))
    result = operation.one(
        "ConvTranspose",
        source,
        weights.transpose(3, 0, 1, 2),
        *bias,
        first=True,
        kernel_shape=list(kernel),
        strides=list(stride),
        pads=pads,
        output_padding=extra,
    )
    return operation.activated(result)


def dense(operation: Operation) -> Tensor:
    """FULLY_CONNECTED: weights (out, in); the input is flattened in the order of the file."""
    source, weights = operation.in_order(0), operation.weights(1, 2)
    if int(operation.option("WeightsFormat")) != 0:
        raise operation.refused(tr("its weights are shuffled"))
    out, inner = weights.shape
    size = int(np.prod(source.shape))
    if inner < 1 or size % inner:
        raise operation.refused(tr("its weights do not fit {channels} channels", channels=size))
    rows = size // inner
    flat = source if source.shape == (rows, inner) else operation.reshaped(source, (rows, inner))
    bias = [operation.weights(2, 1)] if operation.has(2) else []
    result = operation.activated(operation.one("Gemm", flat, weights, *bias, transB=1))
    # Usually the result has one row. An option keeps the axes of the input.
    if bool(operation.option("KeepNumDims")) and len(source.shape) != 2:
        result = operation.reshaped(result, (*source.shape[:-1], out))
    return result
