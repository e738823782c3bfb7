"""QuantizeLinear and DequantizeLinear: a pair around a tensor says which range its 8 bits cover."""

from __future__ import annotations

from math import inf

import numpy as np

from maixswitch.convert.graph.curve import clamp
from maixswitch.convert.graph.graph import Graph, ScaleFrom, is_map
from maixswitch.convert.graph.importer import Data, Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.refusals import AGAIN, FLOAT
from maixswitch.language import tr, word

from .operator import Operator
from .unary import leave

MAY_BEND = frozenset(("Add", "BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul", "Sum"))
"""Operators whose activation some quantisers leave out, because a range from 0 on has the same effect."""


def read_quantize(importer: Importer, node: OnnxNode) -> None:
    """Keeps the real value. What the rounding means for it is read from the DequantizeLinear behind."""
    _range(importer, node)
    if isinstance(importer.argument(node, 0), np.ndarray):
        real, steps, zero = _aligned(importer, node)
        levels = np.iinfo(zero.dtype)
        rounded = np.clip(np.rint(real.astype(np.float64) / steps) + zero, levels.min, levels.max)
        importer.values[node.outputs[0]] = rounded.astype(zero.dtype)
        return
    importer.values[node.outputs[0]] = importer.waiting(node)


def read_dequantize(importer: Importer, node: OnnxNode) -> None:
    """Makes real numbers of weights, and remembers the range of a value, which else stays as it is."""
    if isinstance(importer.argument(node, 0), np.ndarray):
        numbers, steps, zero = _aligned(importer, node)
        importer.values[node.outputs[0]] = ((numbers.astype(np.float64) - zero) * steps).astype(np.float32)
        return
    value, name = importer.waiting(node), node.inputs[0]
    maker = importer.makers.get(name)
    low, high = _range(importer, node)
    # Other numbers in the two nodes of a pair would mean a factor.
    if maker is None or maker.kind != "QuantizeLinear" or not np.allclose(_range(importer, maker), (low, high)):
        why = tr("its input does not come from a QuantizeLinear with the same numbers")
        raise node.refused(why, word(FLOAT))
    if node.outputs[0] in importer.uncomputed:
        importer.values[node.outputs[0]] = value
        return
    # Some quantisers write one DequantizeLinear for each reader. All of them are one tensor.
    first = importer.dequantised.setdefault(name, node.outputs[0])
    if first != node.outputs[0]:
        importer.values[node.outputs[0]] = importer.values[first]
        return
    if low == 0 and _may_be_negative(importer, value, importer.makers.get(maker.inputs[0])):
        # A map clamps at the ends of its scale at no cost. For floats, each end takes layers.
        top = high if is_map(importer.shape(value)) else inf
        importer.graph.ranges[node.outputs[0]] = (low, high)
        leave(importer, node, value, clamp(low, top, node.name))
        return
    importer.values[node.outputs[0]] = value
    importer.graph.ranges[_tensor(value)] = (low, high)


def _may_be_negative(importer: Importer, value: Value, above: OnnxNode | None) -> bool:
    """Does a range from 0 on stand for a relu that the quantiser left out?"""
    # A function that waits is that relu itself, or a curve whose values the quantiser has seen.
    if not value.function.is_identity or value.tensor == importer.graph.input:
        return False
    # Layers of floats cost time, so only what may have had a relu gets one.
    if not is_map(importer.shape(value)):
        return above is not None and above.kind in MAY_BEND
    return not _never_negative(importer.graph, value.tensor)


def _never_negative(graph: Graph, tensor: str) -> bool:
    waiting, seen = [tensor], {tensor}
    while waiting:
        name = waiting.pop()
        maker = graph.maker(name)
        if maker is None:
            return False
        # A clamp has no values below its end. Behind another pair from 0 on, there are no others either.
        if maker.limits[0] >= 0 or graph.ranges.get(name, (-1.0, 0.0))[0] >= 0:
            continue
        # A pool, a resize or a concatenation has the values of its inputs.
        if maker.scale_from is ScaleFrom.OWN:
            return False
        # A file may join a tensor with itself many times.
        waiting += [source for source in maker.inputs if source not in seen]
        seen.update(maker.inputs)
    return True


def _tensor(value: Value) -> str:
    """Returns the tensor that holds the value once no function waits in it."""
    return value.tensor if value.function.is_identity else value.name


def _aligned(importer: Importer, node: OnnxNode) -> tuple[Data, Data, Data]:
    """Returns a constant input, and the steps and zeros that broadcast to it."""
    numbers, steps, zero = importer.constant(node, 0), importer.weights(node, 1), importer.constant(node, 2)
    assert numbers is not None
    # Without a zero, DequantizeLinear takes its type from the numbers.
    if zero is None:
        zero = np.zeros((), numbers.dtype if numbers.dtype.kind in "iu" else np.uint8)
    axis, count = int(node.attributes.get("axis", 1)), steps.size
    shape: tuple[int, ...] = ()
    if count > 1:
        axis += numbers.ndim if axis < 0 else 0
        if not 0 <= axis < numbers.ndim or numbers.shape[axis] != count or node.attributes.get("block_size", 0):
            why = tr("its inputs have shapes {left} and {right}", left=numbers.shape, right=steps.shape)
            raise node.refused(why, word(AGAIN))
        shape = tuple(count if at == axis else 1 for at in range(numbers.ndim))
    if zero.size not in (1, count) or not (steps > 0).all() or zero.dtype.kind not in "iu":
        raise node.refused(tr("its numbers are {type}", type=zero.dtype), word(AGAIN))
    return numbers, steps.reshape(shape), zero.reshape(shape) if zero.size > 1 else zero.reshape(())


def _range(importer: Importer, node: OnnxNode) -> tuple[float, float]:
    """Returns the least and the greatest real value of the quantised numbers, over all channels."""
    steps, zero = importer.weights(node, 1), importer.constant(node, 2)
    # Without a zero, the numbers are uint8 and the zero is 0.
    kind = np.dtype(np.uint8) if zero is None else zero.dtype
    if kind.kind not in "iu" or not (steps > 0).all():
        raise node.refused(tr("its numbers are {type}", type=kind), word(AGAIN))
    levels = np.iinfo(kind)
    zeros = np.zeros(1) if zero is None else zero.astype(np.float64)
    low, high = ((end - zeros) * steps for end in (levels.min, levels.max))
    return float(low.min()), float(high.max())


_BECOMES = "nothing; the pair gives the range of its tensor, and weights become real numbers"
OPERATORS = (
    Operator(("QuantizeLinear",), read_quantize, _BECOMES, "pairs with the same numbers", elementwise=True),
    Operator(("DequantizeLinear",), read_dequantize, _BECOMES, "pairs with the same numbers", elementwise=True),
)
