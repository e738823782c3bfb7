"""Reshapes and transposes move no number here: a value remembers which element of its tensor stands where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maixswitch.convert.ops.unary import SAME, Function

from .graph import Order
from .node import Array, Shape


@dataclass(frozen=True, eq=False)
class Value:
    """What an ONNX name stands for: ``function`` of the elements of ``tensor`` of the draft.

    ``shape`` is the ONNX tensor's, batch first. ``order``: for each of its places the place in the flat tensor; None
    where they are the same.
    """

    name: str
    tensor: str
    shape: Shape
    order: Order | None = None
    function: Function = SAME

    def places(self) -> Order:
        """``order``, also where it is None."""
        return np.arange(int(np.prod(self.shape))).reshape(self.shape) if self.order is None else self.order


def view(name: str, source: Value, order: Order) -> Value:
    """The source's tensor under another name, with its elements in this order."""
    plain = np.array_equal(order.ravel(), np.arange(order.size))
    return Value(name, source.tensor, order.shape, None if plain else order)


def same_order(left: Value, right: Value) -> bool:
    """Do the elements of both, which have one shape, stand in one order?"""
    if left.order is None or right.order is None:
        return left.order is right.order
    return bool(np.array_equal(left.order, right.order))


def is_map(value: Value, shape: Shape) -> bool:
    """Is the value (1, channels, height, width) of a tensor with this shape?"""
    return len(shape) == 3 and value.shape == (1, *shape) and value.order is None


def channels_last(shape: Shape) -> Order:
    """The order of the (1, height, width, channels) of a tensor (channels, height, width)."""
    return np.arange(int(np.prod(shape))).reshape(shape).transpose(1, 2, 0)[None]


def is_channels_last(value: Value, shape: Shape) -> bool:
    """Is the value (1, height, width, channels) of a tensor with this shape?"""
    if len(shape) != 3 or value.shape != (1, *shape[1:], shape[0]):
        return False
    return bool(np.array_equal(value.places(), channels_last(shape)))


def spread(constant: Array, value: Value, shape: Shape) -> Array | None:
    """A constant in the order of the value's tensor, of which ``shape`` is the shape; None if it does not fit."""
    try:
        wide = np.broadcast_to(np.asarray(constant, np.float64), value.shape)
    except ValueError:
        return None
    found = np.empty(int(np.prod(value.shape)))
    found[value.places().ravel()] = wide.ravel()
    return found.reshape(shape)


def per_channel(full: Array) -> Array | None:
    """One number for each channel of (c, h, w), or each element of (n,); None where a channel has several."""
    if full.ndim == 1:
        return full
    first = full[:, :1, :1]
    return first.ravel() if bool((full == first).all()) else None
