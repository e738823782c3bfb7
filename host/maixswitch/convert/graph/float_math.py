"""The operations of the graph in float32 on a batch (n, ...): what calibration measures where ONNX has no tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import node as ir

Values = NDArray[Any]


def taps(values: Values, size: int, stride: int = 1) -> list[tuple[int, int, Values]]:
    """(row, column, what that tap of the kernel meets (n, c, h, w)) with a border of zeros for a kernel of 3."""
    border = (size - 1) // 2
    height, width = (side - side % stride for side in values.shape[2:])
    padded = np.pad(values, ((0, 0), (0, 0), (border, border), (border, border))) if border else values
    return [
        (row, column, padded[:, :, row : row + height : stride, column : column + width : stride])
        for row in range(size)
        for column in range(size)
    ]


def convolve(values: Values, weights: Values, depthwise: bool, stride: int = 1) -> Values:
    """float32 (n, c, h, w) with weights (out, in, k, k), depthwise (c, 1, k, k), zero padding, no bias."""
    values, weights = values.astype(np.float32, copy=False), weights.astype(np.float32)
    number, channels = values.shape[:2]
    total: Values = np.zeros(0, np.float32)
    for row, column, seen in taps(values, weights.shape[2], stride):
        if depthwise:
            part = seen * weights[:, 0, row, column].reshape(1, channels, 1, 1)
        else:
            flat = np.ascontiguousarray(seen).reshape(number, channels, -1)
            part = np.matmul(weights[:, :, row, column], flat).reshape(number, -1, *seen.shape[2:])
        total = total + part if total.size else part
    return total


def mean_sums(values: Values, weights: Values, depthwise: bool, stride: int = 1) -> NDArray[np.float64]:
    """The mean of ``convolve`` over images and pixels, per output channel, without doing the convolution."""
    total = np.zeros(weights.shape[0])
    for row, column, seen in taps(values, weights.shape[2], stride):
        means = seen.mean(axis=(0, 2, 3), dtype=np.float64)
        part = weights[:, :, row, column].astype(np.float64)
        total += part[:, 0] * means if depthwise else part @ means
    return total


def preactivation(op: ir.Conv, values: Values) -> Values:
    """Convolution and bias, before curve and pool."""
    bias = np.asarray(op.bias, np.float32).reshape(1, -1, 1, 1)
    return convolve(values, op.weights, op.depthwise, op.stride) + bias


def apply(curve: ir.Curve | None, values: Values) -> Values:
    """The curve, or the values themselves."""
    return values if curve is None else curve.evaluate(values.astype(np.float64)).astype(np.float32)


def pooled(values: Values, pool: str) -> Values:
    """(n, c, h, w) by the name of the pool in ``ir.Conv``."""
    if not pool:
        return values
    if pool == "max2s1":
        wide = np.pad(values, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=-np.inf)
        corners = [wide[:, :, y : y + values.shape[2], x : x + values.shape[3]] for y in (0, 1) for x in (0, 1)]
        best: Values = np.maximum.reduce(corners)
        return best
    size = int(pool[-1])
    number, channels, height, width = values.shape
    tiles = values[:, :, : height - height % size, : width - width % size]
    tiles = tiles.reshape(number, channels, height // size, size, width // size, size)
    result: Values = tiles.max(axis=(3, 5)) if pool.startswith("max") else tiles.mean(axis=(3, 5))
    return result


def evaluate(op: ir.Op, given: Sequence[Values]) -> Values:
    """The output of one operation from its inputs, all float32 with a batch."""
    first = given[0]
    number = first.shape[0]
    if isinstance(op, ir.Conv):
        return pooled(apply(op.curve, preactivation(op, first)), op.pool)
    if isinstance(op, ir.Unary):
        return apply(op.curve, first)
    if isinstance(op, ir.Pool):
        return pooled(first, op.pool)
    if isinstance(op, ir.GlobalMean):
        return np.asarray(np.mean(first, axis=(2, 3), dtype=np.float64), np.float32)
    if isinstance(op, ir.FullyConnected):
        return apply(op.curve, (first.reshape(number, -1) @ op.weights.T + op.bias).astype(np.float32))
    if isinstance(op, ir.Add):
        return apply(op.curve, first + given[1])
    if isinstance(op, ir.Concat):
        return np.concatenate(list(given), axis=1)
    if isinstance(op, ir.Resize):
        return first.repeat(2, axis=2).repeat(2, axis=3)
    if isinstance(op, ir.Flatten):
        return first.reshape(number, -1)
    if isinstance(op, ir.Softmax):
        powers = np.exp(first - first.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    raise TypeError(f"no float rule for {type(op).__name__}")


def run(graph: ir.Graph, images: Values) -> dict[str, Values]:
    """All tensors of the graph by name, float32 with a batch; ``images``: its input (n, ...)."""
    values = {graph.input: images.astype(np.float32, copy=False)}
    with np.errstate(all="ignore"):  # what is no number any more is found, and named, by its tensor
        for op in graph.ops:
            values[op.output] = evaluate(op, [values[name] for name in op.inputs])
    return values
