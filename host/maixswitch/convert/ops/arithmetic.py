"""Operators that treat every element alike: curves, sums, and products with constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from maixswitch.convert.graph.importer import Walk
from maixswitch.convert.graph.node import Add, Array
from maixswitch.convert.graph.value import Value, same_order, spread
from maixswitch.convert.read.onnx_file import Node
from maixswitch.convert.refusals import ATTENTION, refuse
from maixswitch.language import tr, word

from . import unary as curves
from .unary import UNARY, Function, Numbers, after, both

ELEMENTWISE = {*UNARY, "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Clip", "PRelu", "Sum", "Reciprocal"}
LONGEST = 14
"""Nodes that make up one curve; each may double the work of evaluating it."""
BINARY: dict[str, Callable[[Numbers, Numbers], Any]] = {
    "Add": np.add,
    "Sum": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Min": np.minimum,
    "Max": np.maximum,
}


def unary(walk: Walk, node: Node) -> None:
    """A curve."""
    if node.kind == "Clip":
        function = _clip(walk, node)
    elif node.kind == "PRelu":
        slope = walk.weights(node, 1).ravel()
        if not (slope == slope[0]).all():
            why = tr("it has a slope for each channel, and the KPU one table for all")
            raise refuse(node, why, word("use LeakyRelu, or PRelu with one parameter"))
        function = curves.leaky(float(slope[0]), node.name)
    elif node.kind == "Reciprocal":
        function = curves.bend("reciprocal", lambda x: 1 / x, False, node.name)
    else:
        function = UNARY[node.kind](node.attributes, node.name)
    _follow(walk, node, walk.lazy(node), function)


def _clip(walk: Walk, node: Node) -> Function:
    limits = []
    for place, (name, default) in enumerate((("min", -math.inf), ("max", math.inf))):
        found = walk.constant(node, place + 1)
        limits.append(float(node.attributes.get(name, default)) if found is None else float(np.ravel(found)[0]))
    return curves.clamp(limits[0], limits[1], node.name)


def _follow(walk: Walk, node: Node, value: Value, function: Function) -> None:
    """The function after what the value already is; it stays open while only such nodes take it."""
    _leave(walk, node, value, after(function, value.function))


def _leave(walk: Walk, node: Node, value: Value, function: Function) -> None:
    name = node.outputs[0]
    found = Value(name, value.tensor, value.shape, value.order, function)
    takers = walk.takers.get(name, [])
    open_ = takers and name not in walk.network.outputs and all(taker.kind in ELEMENTWISE for taker in takers)
    open_ = open_ and len(function.nodes) < LONGEST
    walk.values[name] = found if open_ else walk.ready(found)


def binary(walk: Walk, node: Node) -> None:
    """A sum or product of two: of values, or a value and a constant."""
    if len([name for name in node.inputs if name]) != 2:
        raise refuse(node, tr("it takes {count} inputs", count=len(node.inputs)), word("use nodes of two inputs"))
    left, right = walk.argument(node, 0), walk.argument(node, 1)
    if isinstance(left, Value) and isinstance(right, Value):
        _two(walk, node, left, right)
    elif isinstance(left, Value):
        _with_constant(walk, node, left, walk.weights(node, 1), False)
    elif isinstance(right, Value):
        _with_constant(walk, node, right, walk.weights(node, 0), True)


def _two(walk: Walk, node: Node, left: Value, right: Value) -> None:
    alike = left.shape == right.shape and same_order(left, right)
    if alike and left.tensor == right.tensor:
        formula = BINARY[node.kind]
        function = both(formula, left.function, right.function, node.kind.lower())
        if left.function.line and right.function.line and node.kind in ("Add", "Sum", "Sub"):
            sign = -1 if node.kind == "Sub" else 1
            (a, b), (c, d) = left.function.line, right.function.line
            function = Function(curves.straight(a + sign * c, b + sign * d).curve, (a + sign * c, b + sign * d), ())
        nodes = (*function.nodes, node.name)
        _leave(walk, node, left, Function(function.curve, function.line, nodes))
        return
    if node.kind not in ("Add", "Sum", "Sub"):
        raise refuse(node, tr("it takes two tensors"), word(ATTENTION))
    if not alike:
        why = tr("its inputs have shapes {left} and {right}", left=left.shape, right=right.shape)
        raise refuse(node, why, word("add tensors of one shape"))
    left = walk.ready(left)
    if node.kind == "Sub":
        minus = Function(curves.straight(-1, 0).curve, (-1.0, 0.0), (node.name,))
        name = walk.draft.name(right.name, "minus")
        right = Value(name, right.tensor, right.shape, right.order, after(minus, right.function))
    right = walk.ready(right)
    op = Add((node.name,), (left.tensor, right.tensor), node.outputs[0])
    walk.give(node, op, walk.shape(left), left)


def _with_constant(walk: Walk, node: Node, value: Value, constant: Array, swapped: bool) -> None:
    if constant.size == 1 and constant.ndim <= len(value.shape):
        _follow(walk, node, value, _scalar(node, float(constant.ravel()[0]), swapped))
        return
    if node.kind not in ("Add", "Sum", "Sub", "Mul", "Div") or (node.kind == "Div" and swapped):
        why = tr("it takes a constant for each channel")
        raise refuse(node, why, word("use one number for all channels"))
    value = walk.ready(value)
    full = spread(constant, value, walk.shape(value))
    if full is None:
        why = tr("its inputs have shapes {left} and {right}", left=value.shape, right=constant.shape)
        raise refuse(node, why, word("use one number for each channel"))
    if node.kind == "Div" and not full.all():
        raise refuse(node, tr("it divides by zero"), word("export the network again"))
    ones = np.ones(full.shape)
    if node.kind in ("Mul", "Div"):
        walk.affine(node, value, full if node.kind == "Mul" else 1 / full, 0 * ones)
    elif node.kind == "Sub" and swapped:
        walk.affine(node, value, -ones, full)
    else:
        walk.affine(node, value, ones, -full if node.kind == "Sub" else full)


def _scalar(node: Node, number: float, swapped: bool) -> Function:
    name, kind = node.name, node.kind
    if kind in ("Add", "Sum"):
        return curves.straight(1, number, name)
    if kind == "Sub":
        return curves.straight(-1, number, name) if swapped else curves.straight(1, -number, name)
    if kind == "Mul":
        return curves.straight(number, 0, name)
    if kind == "Min":
        return curves.clamp(-math.inf, number, name)
    if kind == "Max":
        return curves.clamp(number, math.inf, name)
    if kind == "Div" and swapped:
        return curves.bend("over", lambda x: number / x, False, name)
    if kind == "Div":
        if number == 0:
            raise refuse(node, tr("it divides by zero"), word("export the network again"))
        return curves.straight(1 / number, 0, name)
    if swapped:
        return curves.bend("power", lambda x: np.power(number, x), number >= 1, name)
    return curves.bend("power", lambda x: np.power(x, number), False, name)


def batch_norm(walk: Walk, node: Node) -> None:
    """A factor and an offset for each channel."""
    value = walk.value(node)
    scale, bias, mean, var = (walk.weights(node, place) for place in range(1, 5))
    if node.attributes.get("training_mode", 0):
        raise refuse(node, tr("it is in training mode"), word("export the network in its eval mode"))
    factor = scale / np.sqrt(var + float(node.attributes.get("epsilon", 1e-5)))
    rank = (-1, *([1] * (len(value.shape) - 2)))
    full = [spread(numbers.reshape(rank), value, walk.shape(value)) for numbers in (factor, bias - mean * factor)]
    if full[0] is None or full[1] is None:
        why = tr("its inputs have shapes {left} and {right}", left=value.shape, right=factor.shape)
        raise refuse(node, why, word("export the network again"))
    walk.affine(node, value, full[0], full[1])
