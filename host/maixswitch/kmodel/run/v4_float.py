"""The nodes of kmodel v4 on floats; ``cpu_arithmetic`` says how they round.

Source: nncase 0.2 neutral_kernels.h.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maixswitch.kmodel.format.arrays import FLOAT_MAX, Array, Floats, one_nan, ordered_sum
from maixswitch.kmodel.format.v4_layers import (
    UNARY_NAMES,
    Binary,
    Conv2d,
    Conv2dTranspose,
    Matmul,
    Reduce,
    ReduceWindow,
    Softmax,
    Unary,
)
from maixswitch.kmodel.format.v4_node import Clamp, Range

from .chip import Chip
from .window import convolve, reduce_window, scatter

MATMUL_TERMS = 1 << 18
"""Products that are computed at a time."""


def floats(chip: Chip, part: Range, shape: tuple[int, ...] | None = None) -> Floats:
    """A range as float32, flat or with a shape; a view of the chip's memory."""
    use = part.use("")
    view: Floats = chip.view(use.memory, use.start, use.size // 4 * 4).view("<f4")
    return view if shape is None else view[: int(np.prod(shape))].reshape(shape)


def store(chip: Chip, part: Range, values: Array) -> None:
    """Writes results to the start of a range."""
    floats(chip, part)[: values.size] = one_nan(values.reshape(-1))


def clamp(values: Array, act: Clamp) -> Array:
    """std::clamp, which also turns infinities into the limits."""
    limited: Array = np.clip(values, np.float32(act.low), np.float32(act.high))
    return limited


def smaller(a: Array, b: Array) -> Array:
    """std::min, which returns its first argument if the second is NaN."""
    return np.where(b < a, b, a)


def larger(a: Array, b: Array) -> Array:
    """std::max, which returns its first argument if the second is NaN."""
    return np.where(a < b, b, a)


BINARY: tuple[Callable[[Array, Array], Array], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    smaller,
    larger,
)


def spread(values: Array, shape: tuple[int, ...]) -> Array:
    """Broadcasts to ``shape``; an index beyond the end of an axis becomes 0, as in the source."""
    indices = []
    for axis, size in enumerate(shape):
        index = np.arange(size)
        # An axis of size 1 is repeated. The source does not compare sizes, so any index beyond the end becomes 0 too.
        indices.append(np.where(index < values.shape[axis], index, 0))
    result: Array = values[np.ix_(*indices)]
    return result


def operands(a: Array, b: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Both inputs in the output's shape; equal shapes need nothing."""
    # Equal shapes are by far the most frequent, and need no copies.
    if a.shape == b.shape == shape:
        return a, b
    return spread(a, shape), spread(b, shape)


def binary(spec: Binary, chip: Chip) -> None:
    shapes = spec.shapes()
    a, b = operands(floats(chip, spec.a, shapes["a"]), floats(chip, spec.b, shapes["b"]), shapes["output"])
    store(chip, spec.output, clamp(BINARY[spec.op](a, b), spec.act))


def unary(spec: Unary, chip: Chip) -> None:
    result = chip.arithmetic.unary(UNARY_NAMES[spec.op], floats(chip, spec.input))
    floats(chip, spec.output)[: result.size] = result


def conv2d(spec: Conv2d, chip: Chip) -> None:
    images = floats(chip, spec.input, spec.in_shape)
    step = chip.arithmetic.stepper(images, spec.weights, spec.bias)
    result = [convolve(image, spec.weights, spec.bias, spec.geometry, spec.groups, False, step) for image in images]
    store(chip, spec.output, clamp(np.stack(result), spec.act))


def conv2d_transpose(spec: Conv2dTranspose, chip: Chip) -> None:
    images = floats(chip, spec.input, spec.in_shape)
    out_h, out_w = spec.out_shape[2:]
    sizes, step = (out_h, out_w), chip.arithmetic.stepper(images, spec.weights)
    result = np.stack([scatter(image, spec.weights, spec.geometry, spec.groups, sizes, step) for image in images])
    # Clamping would also change infinities, which the source leaves alone here.
    free = spec.act.low <= -FLOAT_MAX and spec.act.high >= FLOAT_MAX
    store(chip, spec.output, result if free else clamp(result, spec.act))


def matmul(spec: Matmul, chip: Chip) -> None:
    shapes = spec.shapes()
    a, b = floats(chip, spec.a, shapes["a"]), floats(chip, spec.b, shapes["b"])
    total = np.tile(spec.bias, (spec.a_rows, 1))
    # Terms are added one after another, as in the source. For small products, one numpy call adds many of them.
    at_once = max(1, MATMUL_TERMS // total.size)
    if at_once == 1:  # large products: the sums stay in place
        for column in range(spec.a_cols):
            total = chip.arithmetic.multiply_add(a[:, column, None], b[column], total)
        return store(chip, spec.output, clamp(total, spec.act))
    for first in range(0, spec.a_cols, at_once):
        part = slice(first, first + at_once)
        total = chip.arithmetic.accumulate(total, a.T[part, :, None], b[part, None, :])
    return store(chip, spec.output, clamp(total, spec.act))


FOLD: tuple[Callable[[Array, Array], Array], ...] = (np.add, smaller, larger, np.add)


def extreme(step: Callable[[Array, Array], Array], rows: Array, init: np.float32) -> Array:
    """Folds rows into ``init`` by ``smaller`` or ``larger``, neighbours first; of equal values, the earlier one stays.

    A NaN loses every comparison, unless it is ``init``.
    """
    # A NaN is replaced by the value that never wins, because each comparison with it is false in the source.
    rows = np.where(np.isnan(rows), np.float32(np.inf if step is smaller else -np.inf), rows)
    while len(rows) > 1:
        # Neighbours are paired, so that of equal values, such as 0.0 and -0.0, the first one stays as in a loop.
        pairs = step(rows[0:-1:2], rows[1::2])
        rows = np.concatenate([pairs, rows[-1:]]) if len(rows) % 2 else pairs
    return step(np.full(rows.shape[1:], init), rows[0])


def reduce(spec: Reduce, chip: Chip) -> None:
    """The mean multiplies by output elements / input elements."""
    values = floats(chip, spec.input, spec.in_shape)
    # The terms of one result become a column, in the order in which the source visits them.
    reduced_axes = [axis for axis in range(4) if spec.out_shape[axis] != spec.in_shape[axis]]
    kept_axes = [axis for axis in range(4) if axis not in reduced_axes]
    rows = values.transpose(*reduced_axes, *kept_axes).reshape(-1, int(np.prod(spec.out_shape)))
    init = np.float32(spec.init)
    # Sums depend on the order of their terms. Extremes do not, so they may be taken in pairs.
    if FOLD[spec.op] is np.add:
        total = ordered_sum(np.concatenate([np.full((1, rows.shape[1]), init), rows]), 0)
    else:
        total = extreme(FOLD[spec.op], rows, init)
    # The source multiplies by a quotient, which rounds differently from dividing.
    if spec.op == 0:
        total = total * (np.float32(spec.output.size // 4) / np.float32(spec.input.size // 4))
    store(chip, spec.output, total)


def reduce_window2d(spec: ReduceWindow, chip: Chip) -> None:
    values = floats(chip, spec.input, spec.in_shape)
    total, count = reduce_window(values, np.float32(spec.init), spec.geometry, FOLD[spec.op])
    if spec.op == 0:
        total = total / count.astype(np.float32)
    store(chip, spec.output, clamp(total, spec.act))


def softmax(spec: Softmax, chip: Chip) -> None:
    values = floats(chip, spec.input, spec.shapes()["input"])
    powers = chip.arithmetic.functions["exp"]((values - values.max(axis=1, keepdims=True)) * np.float32(spec.beta))
    store(chip, spec.output, powers / ordered_sum(powers, 1)[:, None])
