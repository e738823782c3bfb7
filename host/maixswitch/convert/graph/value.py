"""The values of ONNX names while a network is read.

A value remembers the order of the elements of its tensor, so reshapes and transposes need not move any number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .curve import SAME, Function
from .float_math import Array, Shape
from .graph import Order


@dataclass(frozen=True, eq=False)
class Value:
    """A function of the elements of one tensor of the graph, in some order.

    name: the ONNX name.
    tensor: the tensor of the graph.
    shape: that of the ONNX tensor, batch first.
    order: for each position of the ONNX tensor, the position in the flat tensor; None if they are the same. A value
        that a Slice, Split or Gather makes has some of the positions only.
    function: still to be applied to each element.
    """

    name: str
    tensor: str
    shape: Shape
    order: Order | None = None
    function: Function = SAME

    def positions(self) -> Order:
        """Returns ``order``, also where it is None."""
        return np.arange(int(np.prod(self.shape))).reshape(self.shape) if self.order is None else self.order


def view(name: str, source: Value, order: Order, size: int | None = None) -> Value:
    """Returns the source's tensor under another name, with its elements, or some of them, in this order.

    size: elements of the tensor, by default as many as ``order`` has.
    """
    # ``None`` for the plain order keeps the usual case cheap, and makes it easy to recognise.
    plain = size in (None, order.size) and np.array_equal(order.ravel(), np.arange(order.size))
    return Value(name, source.tensor, order.shape, None if plain else order)


def same_order(left: Value, right: Value) -> bool:
    """Are the elements of both values, which have the same shape, in the same order?"""
    if left.order is None or right.order is None:
        return left.order is right.order
    return bool(np.array_equal(left.order, right.order))


def is_channels_first(value: Value, shape: Shape) -> bool:
    """Is the value (1, channels, height, width) of a tensor with this shape?"""
    return len(shape) == 3 and value.shape == (1, *shape) and value.order is None


def channels_last(shape: Shape) -> Order:
    """Returns the order of the (1, height, width, channels) of a tensor (channels, height, width)."""
    return np.arange(int(np.prod(shape))).reshape(shape).transpose(1, 2, 0)[None]


def is_channels_last(value: Value, shape: Shape) -> bool:
    """Is the value (1, height, width, channels) of a tensor with this shape?"""
    if len(shape) != 3 or value.shape != (1, *shape[1:], shape[0]):
        return False
    return bool(np.array_equal(value.positions(), channels_last(shape)))


def like_channels_last(shape: Shape) -> Value:
    """Returns a nameless value (1, height, width, channels) of a tensor (channels, height, width)."""
    return view("", Value("", "", (1, *shape)), channels_last(shape))


def spread(constant: Array, value: Value, shape: Shape) -> Array | None:
    """Returns a constant in the order of the value's tensor, which has this shape; None if it does not fit."""
    try:
        wide = np.broadcast_to(np.asarray(constant, np.float64), value.shape)
    except ValueError:
        return None
    # Each number goes to the position of its element in the tensor, which undoes any transposition.
    numbers = np.empty(int(np.prod(value.shape)))
    numbers[value.positions().ravel()] = wide.ravel()
    return numbers.reshape(shape)


def per_channel(numbers: Array) -> Array | None:
    """Returns one number for each channel of (c, h, w), or element of (n,); None if a channel has several."""
    if numbers.ndim == 1:
        return numbers
    # The KPU and the folding only take one number for each channel.
    first = numbers[:, :1, :1]
    return first.ravel() if bool((numbers == first).all()) else None
