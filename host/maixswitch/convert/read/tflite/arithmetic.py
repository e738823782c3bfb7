"""Functions of one tensor, of two, and over axes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maixswitch.language import tr, word

from .builder import TO_FIRST, Data, Tensor
from .operation import Operation

Reader = Callable[[Operation], Tensor]
FLOAT = 1


def number(value: float) -> Data:
    """Returns a constant of one number."""
    return np.asarray(value, np.float32)


def unary(*kinds: str) -> Reader:
    """Returns the reader of an operator that is one or more operators of ONNX, one after another."""

    def read(operation: Operation) -> Tensor:
        tensor = operation.tensor()
        for kind in kinds:
            tensor = operation.one(kind, tensor, first=tensor.first)
        return tensor

    return read


def clipped(low: float, high: float) -> Reader:
    """Returns the reader of a clamp."""

    def read(operation: Operation) -> Tensor:
        tensor = operation.tensor()
        return operation.one("Clip", tensor, number(low), number(high), first=tensor.first)

    return read


def binary(kind: str) -> Reader:
    """Returns the reader of an operator of two inputs, perhaps with a fused activation."""

    def read(operation: Operation) -> Tensor:
        (left, right), first = operation.aligned((0, 1))
        result = operation.one(kind, left, right, first=first)
        return operation.activated(result) if kind in ("Add", "Sub", "Mul", "Div") else result

    return read


def identity(operation: Operation) -> Tensor:
    """QUANTIZE and DEQUANTIZE: the real numbers stay the same."""
    return operation.tensor()


def cast(operation: Operation) -> Tensor:
    """CAST: to float32 all the same, because the board computes nothing else."""
    tensor = operation.tensor()
    if operation.builder.types[tensor.name][0] == FLOAT:
        return tensor
    return operation.one("Cast", tensor, first=tensor.first, to=FLOAT)


def add_n(operation: Operation) -> Tensor:
    """ADD_N: the sum of several tensors."""
    parts, first = operation.aligned(range(len(operation.values)))
    return operation.one("Sum", *parts, first=first)


def square(operation: Operation) -> Tensor:
    """SQUARE."""
    tensor = operation.tensor()
    return operation.one("Mul", tensor, tensor, first=tensor.first)


def squared_difference(operation: Operation) -> Tensor:
    """SQUARED_DIFFERENCE."""
    (left, right), first = operation.aligned((0, 1))
    difference = operation.one("Sub", left, right, first=first)
    return operation.one("Mul", difference, difference, first=first)


def leaky_relu(operation: Operation) -> Tensor:
    """LEAKY_RELU."""
    tensor = operation.tensor()
    return operation.one("LeakyRelu", tensor, first=tensor.first, alpha=float(operation.option("Alpha", 0.0)))


def prelu(operation: Operation) -> Tensor:
    """PRELU with one slope for each channel, or for each number."""
    tensor, slopes = operation.tensor(), operation.constant(1)
    if slopes.ndim > len(tensor.shape) or slopes.dtype.kind != "f":
        raise operation.refused(tr("it does not fit shape {shape}", shape=tensor.shape))
    if tensor.first:
        slopes = slopes.reshape((1,) * (4 - slopes.ndim) + slopes.shape).transpose(TO_FIRST)[0]
    return operation.one("PRelu", tensor, slopes, first=tensor.first)


def gelu(operation: Operation) -> Tensor:
    """GELU, exact or by its approximation with tanh."""
    x = operation.tensor()

    def step(kind: str, *inputs: Tensor | Data) -> Tensor:
        return operation.one(kind, *inputs, first=x.first)

    if bool(operation.option("Approximate")):
        cube = step("Mul", step("Mul", x, x), x)
        inner = step("Add", x, step("Mul", cube, number(0.044715)))
        half = step("Tanh", step("Mul", inner, number((2 / np.pi) ** 0.5)))
    else:
        half = step("Erf", step("Mul", x, number(0.5**0.5)))
    return step("Mul", step("Mul", x, number(0.5)), step("Add", half, number(1.0)))


def softmax(kind: str) -> Reader:
    """Returns the reader of SOFTMAX or LOG_SOFTMAX, along the last axis of the file."""

    def read(operation: Operation) -> Tensor:
        tensor = operation.tensor()
        beta = float(operation.option("Beta", 1.0)) if kind == "Softmax" else 1.0
        if beta != 1.0:
            tensor = operation.one("Mul", tensor, number(beta), first=tensor.first)
        return operation.one(kind, tensor, first=tensor.first, axis=_last(tensor))

    return read


def l2_normalization(operation: Operation) -> Tensor:
    """L2_NORMALIZATION along the last axis of the file."""
    tensor = operation.tensor()
    result = operation.one("LpNormalization", tensor, first=tensor.first, axis=_last(tensor), p=2)
    return operation.activated(result)


def _last(tensor: Tensor) -> int:
    return 1 if tensor.first else len(tensor.shape) - 1


def reduced(kind: str) -> Reader:
    """Returns the reader of MEAN, SUM and the like, over the axes of the second input."""

    def read(operation: Operation) -> Tensor:
        tensor, keep = operation.tensor(), bool(operation.option("KeepDims"))
        rank = len(tensor.shape)
        axes = sorted({operation.axis(axis, rank) for axis in operation.integers(1)})
        # Without its axes, the result may be in another order than that of the file.
        if tensor.first and not keep:
            rest = [axis for axis in TO_FIRST if axis not in axes]
            tensor = tensor if rest == sorted(rest) else operation.plain()
        physical = sorted(TO_FIRST.index(axis) for axis in axes) if tensor.first else axes
        # ReduceSum alone takes its axes as an input in this opset.
        if kind == "ReduceSum":
            return operation.one(kind, tensor, np.array(physical, np.int64), first=tensor.first, keepdims=int(keep))
        return operation.one(kind, tensor, first=tensor.first, axes=physical, keepdims=int(keep))

    return read


def argument(kind: str) -> Reader:
    """Returns the reader of ARG_MAX or ARG_MIN."""

    def read(operation: Operation) -> Tensor:
        tensor, axes = operation.plain(), operation.integers(1)
        axis = operation.axis(axes[0] if axes else -1, len(tensor.shape))
        return operation.one(kind, tensor, axis=axis, keepdims=0)

    return read


def select(operation: Operation) -> Tensor:
    """SELECT and SELECT_V2."""
    # A constant choice is no choice, and exporters do not write it.
    if not isinstance(operation.value(0), Tensor):
        raise operation.refused(tr("the board cannot run this operator"), word("use Add or Mul instead"))
    (condition, left, right), first = operation.aligned((0, 1, 2))
    return operation.one("Where", condition, left, right, first=first)
