"""What exporters compute from constants and shapes while the network runs is computed here once, in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .onnx_file import Node

Data = NDArray[Any]
LARGEST = 1 << 24
"""Elements of a result; a constant beyond it is none that belongs into a network for the board."""

TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64}


def reshaped(shape: tuple[int, ...], target: Any, allow_zero: bool = False) -> tuple[int, ...]:
    """ONNX Reshape: 0 keeps the size, -1 takes what is left. ValueError if it does not work out."""
    wanted = [int(t) for t in np.asarray(target).ravel()]
    if not allow_zero:
        wanted = [shape[i] if size == 0 and i < len(shape) else size for i, size in enumerate(wanted)]
    return np.empty(shape, np.bool_).reshape(wanted).shape


def squeezed(shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    """ONNX Squeeze."""
    if axes is None:
        return tuple(size for size in shape if size != 1)
    gone = {int(axis) % len(shape) for axis in np.asarray(axes).ravel()}
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def unsqueezed(shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    """ONNX Unsqueeze."""
    places = [int(axis) for axis in np.asarray(axes).ravel()]
    rank = len(shape) + len(places)
    new = {place % rank for place in places}
    rest = iter(shape)
    return tuple(1 if i in new else next(rest) for i in range(rank))


def _slice(node: Node, a: list[Any]) -> Data:
    data, starts, ends = a[0], np.ravel(a[1]), np.ravel(a[2])
    axes = range(len(starts)) if len(a) < 4 or a[3] is None else np.ravel(a[3])
    steps = np.ones(len(starts), np.int64) if len(a) < 5 or a[4] is None else np.ravel(a[4])
    index = [slice(None)] * data.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        stop = None if step < 0 and end < -data.shape[int(axis)] else int(end)
        index[int(axis)] = slice(int(start), stop, int(step))
    found: Data = data[tuple(index)]
    return found


def _fill(node: Node, a: list[Any]) -> Data:
    value = node.attributes.get("value", np.zeros(1, np.float32))
    shape = tuple(int(size) for size in np.ravel(a[0]))
    if float(np.prod(np.asarray(shape, np.float64))) > LARGEST:
        raise ValueError("too large")
    return np.full(shape, np.ravel(value)[0], np.asarray(value).dtype)


def _divide(node: Node, a: list[Any]) -> Data:
    whole = np.issubdtype(np.asarray(a[0]).dtype, np.integer)
    return np.asarray(np.trunc(np.divide(a[0], a[1])) if whole else np.divide(a[0], a[1])).astype(a[0].dtype)


def _axes(node: Node, a: list[Any]) -> Any:
    return a[1] if len(a) > 1 else node.attributes.get("axes")


def _value(node: Node, a: list[Any]) -> Data:
    for name, kind in (("value", None), ("value_float", np.float32), ("value_int", np.int64)):
        if name in node.attributes:
            return np.asarray(node.attributes[name], kind)
    for name, kind in (("value_floats", np.float32), ("value_ints", np.int64)):
        if name in node.attributes:
            return np.asarray(node.attributes[name], kind)
    raise ValueError("no value")


FORMULAS: dict[str, Callable[[Node, list[Any]], Any]] = {
    "Constant": _value,
    "ConstantOfShape": _fill,
    "Identity": lambda n, a: a[0],
    "Shape": lambda n, a: np.asarray(np.shape(a[0])[n.attributes.get("start", 0) : n.attributes.get("end")], np.int64),
    "Gather": lambda n, a: np.take(a[0], a[1], axis=n.attributes.get("axis", 0)),
    "Concat": lambda n, a: np.concatenate(a, axis=n.attributes.get("axis", 0)),
    "Cast": lambda n, a: a[0].astype(TYPES[n.attributes["to"]]),
    "Slice": _slice,
    "Reshape": lambda n, a: a[0].reshape(reshaped(a[0].shape, a[1], bool(n.attributes.get("allowzero", 0)))),
    "Transpose": lambda n, a: np.transpose(a[0], n.attributes.get("perm")),
    "Squeeze": lambda n, a: a[0].reshape(squeezed(a[0].shape, _axes(n, a))),
    "Unsqueeze": lambda n, a: a[0].reshape(unsqueezed(a[0].shape, _axes(n, a))),
    "Add": lambda n, a: a[0] + a[1],
    "Sub": lambda n, a: a[0] - a[1],
    "Mul": lambda n, a: a[0] * a[1],
    "Div": _divide,
    "Pow": lambda n, a: np.power(a[0], a[1]).astype(a[0].dtype),
    "Neg": lambda n, a: -a[0],
    "Sqrt": lambda n, a: np.sqrt(a[0]),
    "Exp": lambda n, a: np.exp(a[0]),
    "Reciprocal": lambda n, a: 1 / a[0],
    "Floor": lambda n, a: np.floor(a[0]),
    "Ceil": lambda n, a: np.ceil(a[0]),
    "ReduceProd": lambda n, a: np.prod(a[0], keepdims=bool(n.attributes.get("keepdims", 1))),
    "Range": lambda n, a: np.arange(a[0], a[1], a[2]),
}


def compute(node: Node, arguments: list[Any]) -> Data | None:
    """The node's result from arrays (None for an input that is left out); None if the node is not one of these.

    ValueError, IndexError, KeyError or TypeError if the arguments do not fit each other.
    """
    formula = FORMULAS.get(node.kind)
    if formula is None:
        return None
    if sum(np.size(a) for a in arguments if a is not None) > LARGEST:
        raise ValueError("too large")
    return np.asarray(formula(node, arguments))
