"""A convolution in groups over the whole map, as in MobileFaceNet: fully connected layers of a few groups each.

One matrix would be almost all zeros: 52 MB for 512 channels of 7x7. The layers of the groups read the parts of one
tensor, and their results stand one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Array, Values
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

MOST_LAYERS = 64
"""Layers of one convolution. Fewer of them have more zeros, more of them take time."""


@dataclass(frozen=True, eq=False)
class GroupedFullyConnected(Node):
    """(c, h, w) to (out,); weights (groups, out / groups, numbers of a group)."""

    weights: Array
    bias: Array
    operators = ("Conv",)

    def evaluate(self, values: Sequence[Values]) -> Values:
        grouped = values[0].reshape(len(values[0]), len(self.weights), -1)
        sums = np.einsum("ngi,goi->ngo", grouped, self.weights.astype(np.float32), optimize=True)
        result: Values = (sums.reshape(len(sums), -1) + self.bias).astype(np.float32)
        return result

    @property
    def is_constant(self) -> bool:
        return not self.weights.any()

    def scaled_behind(self, factor: Array, offset: Array) -> Node | None:
        factors = factor.reshape(*self.weights.shape[:2], 1)
        return replace(self, weights=self.weights * factors, bias=self.bias * factor + offset)

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        weights, bias = (np.asarray(part, np.float32) for part in (self.weights, self.bias))
        layer = FloatGrouped(self.sources, (floats,), self.output, weights, bias)
        quantiser.put(layer, quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class FloatGrouped(Layer):
    """Layers 18 of v3, each on a few groups, and a concatenation; weights as in ``GroupedFullyConnected``."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    title = "fully connected (groups)"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.concat(
            [writer.fully_connected(inputs[0], matrix, bias, first=first) for first, matrix, bias in self.parts()],
            shape,
        )

    def parts(self) -> list[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
        """Returns the first number that each layer reads, its matrix (out, in) and its bias."""
        groups, out, inner = self.weights.shape
        parts = []
        for rows in np.array_split(np.arange(groups), min(groups, MOST_LAYERS)):
            matrix = np.zeros((len(rows), out, len(rows), inner), np.float32)
            matrix[np.arange(len(rows)), :, np.arange(len(rows))] = self.weights[rows]
            flat = matrix.reshape(len(rows) * out, -1)
            first = int(rows[0])
            parts.append((first * inner, flat, self.bias[first * out : first * out + len(flat)]))
        return parts
