"""Mul, Min and Max of two tensors, and Add and Sub of tensors of different shapes: operations that only v4 has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from maixswitch.convert.graph.curve import Curve, limits_of
from maixswitch.convert.graph.float_math import Values, apply
from maixswitch.convert.graph.graph import Graph, Node, Phase, is_map
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, spread
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.quantise.ranges import TensorStatistics
from maixswitch.convert.quantise.scales import saturates
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.kmodel.write.v4_numbers import binary_numbers
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .concat import Concat
from .fully_connected import SUM
from .gate import to_kpu

OPERATIONS = {"Mul": "mul", "Min": "min", "Max": "max", "Add": "add", "Sum": "add", "Sub": "sub"}
FORMULAS = {"mul": np.multiply, "min": np.minimum, "max": np.maximum, "add": np.add, "sub": np.subtract}


@dataclass(frozen=True, eq=False)
class Product(Node):
    """Two tensors by an operation of ``FORMULAS``; sizes of 1 are repeated, and a flat one is one number a channel.

    channels: (first, number) of the result; None for all.
    """

    operation: str
    curve: Curve | None = None
    channels: tuple[int, int] | None = None
    operators = tuple(OPERATIONS)

    def evaluate(self, values: Sequence[Values]) -> Values:
        return apply(self.curve, self._results(values))

    def makes_bytes(self, shape: Shape) -> bool:
        return is_map(shape)

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def with_curve(self, curve: Curve) -> Node | None:
        return replace(self, curve=curve) if self.curve is None else None

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """The layers that make one number a channel read bytes, because the KPU has no layers of floats.

        More channels than the KPU reads are made in parts, between which ``split`` divides the convolution behind it.
        """
        if phase is not Phase.GATES or not is_map(graph.shapes[self.output]):
            return False
        changed = any(to_kpu(graph, name, self) for name in self.inputs if not is_map(graph.shapes[name]))
        count = graph.shapes[self.output][0]
        if count > MAX_CHANNELS:
            parts: list[Node] = []
            for channels in np.array_split(np.arange(count), -(-count // MAX_CHANNELS)):
                name = graph.name(self.output, "part")
                graph.shapes[name] = (len(channels), *graph.shapes[self.output][1:])
                parts.append(replace(self, output=name, channels=(int(channels[0]), len(channels))))
            graph.swap(self, [*parts, Concat(self.sources, tuple(part.output for part in parts), self.output)])
            return True
        return changed

    def quantise(self, quantiser: Quantiser) -> None:
        shape = quantiser.graph.shapes[self.output]
        if not is_map(shape):
            self._quantise_floats(quantiser, shape)
            return
        a, b = (quantiser.as_byte(name) for name in self.inputs)
        out, target = quantiser.scales[self.output], self.output
        # The operation saturates at the ends of its scale. A curve that does more gets a table after it.
        bent = not saturates(self.curve, out)
        if bent:
            results = self._results(quantiser.calibration.first_tensors(self.inputs))
            out, target = quantiser.scale_for(TensorStatistics.of(np.asarray(results))), self.output + SUM
        numbers, first = self._numbers(quantiser, a, b, out), 0 if self.channels is None else self.channels[0]
        layer = QuantizedBinary(self.sources, (a, b), target, self.operation, numbers, first)
        quantiser.put(layer, shape, out)
        if bent and self.curve is not None:
            quantiser.look_up(self, target, self.curve)

    def _quantise_floats(self, quantiser: Quantiser, shape: Shape) -> None:
        floats = tuple(quantiser.as_float(name) for name in self.inputs)
        curve = self.curve
        # A table needs bytes, so the results of any curve but a clamp become bytes first.
        target = self.output if curve is None else self.output + SUM
        quantiser.put(FloatBinary(self.sources, floats, target, self.operation), shape)
        if curve is not None and curve.is_clamp:
            quantiser.clamp(self, target, curve)
        elif curve is not None:
            results = self._results(quantiser.calibration.first_tensors(self.inputs))
            quantiser.round(target, f"{target}:byte", quantiser.scale_for(TensorStatistics.of(np.asarray(results))))
            quantiser.scales[self.output] = quantiser.scale_for(quantiser.calibration.statistics[self.output])
            quantiser.look_up(self, f"{target}:byte", curve)

    def _results(self, values: Sequence[Values]) -> Values:
        """The results before the curve."""
        first, second = _aligned(values)
        if self.channels is not None:
            start, count = self.channels
            first, second = (part[:, start : start + count] if part.shape[1] > 1 else part for part in (first, second))
        result: Values = FORMULAS[self.operation](first, second)
        return result

    def _numbers(self, quantiser: Quantiser, a: str, b: str, out: Scale) -> tuple[int, ...]:
        try:
            return binary_numbers(self.operation, quantiser.scales[a], quantiser.scales[b], out)
        except ValueError as error:  # scales that differ too much for 32 bits
            raise MaixSwitchError(f"{' + '.join(self.sources)}: {error}") from error


def _aligned(values: Sequence[Any]) -> list[Any]:
    """Arrays with a batch; a flat one beside a map gets an axis for height and for width."""
    rank = max(value.ndim for value in values)
    return [value.reshape(*value.shape, *([1] * (rank - value.ndim))) for value in values]


@dataclass(frozen=True, eq=False)
class QuantizedBinary(Layer):
    """Node 0x11 of v4; ``v4_layers.QuantizedBinary`` explains the nine numbers."""

    operation: str
    numbers: tuple[int, ...]
    first: int = 0
    title = "multiply"
    needs_v4 = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        def make(net: Any, sources: list[PlacedTensor]) -> PlacedTensor:
            a, b = (_channels(source, self.first, shape) for source in sources)
            return net.quantized_binary_of(self.operation, a, b, self.numbers)  # type: ignore[no-any-return]

        return writer.only_v4(inputs, shape, "uint8", make)

    def describe(self) -> str:
        return self.title if self.operation == "mul" else self.operation


@dataclass(frozen=True, eq=False)
class FloatBinary(Layer):
    """Node 0x00 of v4."""

    operation: str
    title = "multiply (float)"
    needs_v4 = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.only_v4(inputs, shape, "float32", lambda net, sources: net.binary(self.operation, *sources))

    def describe(self) -> str:
        return self.title if self.operation == "mul" else f"{self.operation} (float)"


def _channels(source: PlacedTensor, first: int, shape: Shape) -> PlacedTensor:
    """The channels of a tensor, from ``first`` on, for a result of this shape; a flat one gets sizes of 1."""
    sizes = (*source.shape, *([1] * (len(shape) - len(source.shape))))
    if sizes[0] == 1:
        return source.viewed(sizes)
    return source.viewed((shape[0], *sizes[1:]), offset=first * prod(sizes[1:]))


def combine(importer: Importer, node: OnnxNode, left: Value, right: Value) -> None:
    """Adds a Product of two different tensors. MaixSwitchError if neither has the shape of the result."""
    left, right = importer.settled(left), importer.settled(right)
    for whole, part in ((left, right), (right, left)):
        if _repeats(importer, whole, part):
            product = Product((node.name,), (left.tensor, right.tensor), node.outputs[0], OPERATIONS[node.kind])
            importer.produce(node, product, importer.shape(whole), whole)
            return
    why = tr("its inputs have shapes {left} and {right}", left=left.shape, right=right.shape)
    raise node.refused(why, word("use tensors of one shape, or one number for each channel or pixel"))


def _repeats(importer: Importer, whole: Value, part: Value) -> bool:
    """Is the result as large as ``whole``, with the elements of ``part`` repeated along axes of its tensor?"""
    shape, own = importer.shape(whole), importer.shape(part)
    positions = spread(part.positions().astype(np.float64), whole, shape)
    aligned = (*own, *([1] * (len(shape) - len(own))))
    if positions is None or len(aligned) != len(shape):
        return False
    if any(size not in (1, full) for size, full in zip(aligned, shape, strict=True)):
        return False
    expected = np.broadcast_to(np.arange(int(np.prod(own))).reshape(aligned), shape)
    return bool(np.array_equal(positions, expected))
