"""Gemm: a fully connected layer. Conv and MatMul become one as well if each result depends on the whole input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Array, Values, apply
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN, FLATTEN
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator
from .views import flat

SUM = ":sum"


@dataclass(frozen=True, eq=False)
class FullyConnected(Node):
    """(n,) to (out,); weights (out, n); ``curve`` a clamp, or None."""

    weights: Array
    bias: Array
    curve: Curve | None = None
    operators = ("Gemm", "MatMul", "Conv")

    def evaluate(self, values: Sequence[Values]) -> Values:
        sums = values[0].reshape(len(values[0]), -1) @ self.weights.T + self.bias
        return apply(self.curve, sums.astype(np.float32))

    @property
    def is_constant(self) -> bool:
        return not self.weights.any()

    def scaled_behind(self, factor: Array, offset: Array) -> Node | None:
        if self.curve is not None:
            return None
        return replace(self, weights=self.weights * factor[:, None], bias=self.bias * factor + offset)

    def scaled_before(self, factor: Array, offset: Array) -> Node | None:
        return replace(self, weights=self.weights * factor, bias=self.bias + self.weights @ offset)

    def with_curve(self, curve: Curve) -> Node | None:
        """Only a clamp is exact in floats; any other curve needs a table, for which the sums have to become bytes."""
        return replace(self, curve=curve) if self.curve is None and curve.is_clamp else None

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        weights, bias = (np.asarray(part, np.float32) for part in (self.weights, self.bias))
        # With a clamp, the sum is a separate tensor, because MaixPy ignores the activation of a dense layer.
        target = self.output if self.curve is None else self.output + SUM
        layer = FloatFullyConnected(self.sources, (floats,), target, weights, bias)
        quantiser.put(layer, quantiser.graph.shapes[self.output])
        if self.curve is not None:
            quantiser.clamp(self, target, self.curve)


@dataclass(frozen=True, eq=False)
class FloatFullyConnected(Layer):
    """Layer 18 of v3, without its activation, which MaixPy ignores."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    title = "fully connected"
    may_start = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.fully_connected(inputs[0], self.weights, self.bias)


def connect(importer: Importer, node: OnnxNode, matrix: Array, bias: Array, shape: Shape) -> None:
    """Adds a FullyConnected.

    matrix: (out, n), with columns in the order of the ONNX tensor.
    shape: of the ONNX result.
    """
    value = flat(importer, node)
    # The elements have another order on the board, so the columns are reordered instead of the elements.
    columns = np.empty_like(matrix)
    columns[:, value.positions().ravel()] = matrix
    importer.add(FullyConnected((node.name,), (value.tensor,), node.outputs[0], columns, bias), (len(matrix),))
    importer.values[node.outputs[0]] = Value(node.outputs[0], node.outputs[0], shape)


def check_matrix(node: OnnxNode, matrix: Array, columns: int) -> None:
    """Raises MaixSwitchError for a matrix that has another number of columns."""
    if matrix.ndim != 2 or matrix.shape[1] != columns:
        raise node.refused(tr("its matrix has shape {shape}", shape=matrix.shape), word(AGAIN))


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a FullyConnected."""
    value, matrix = importer.value(node), importer.weights(node, 1)
    # ONNX has the matrix as (in, out) unless transB is set. A dense layer of the firmware has (out, in).
    if not node.attributes.get("transB", 0):
        matrix = matrix.T
    # A batch other than 1 would be several pictures, which the board does not run.
    if node.attributes.get("transA", 0) or len(value.shape) != 2 or value.shape[0] != 1:
        raise node.refused(tr("its input has shape {shape}, not (1, n)", shape=value.shape), word(FLATTEN))
    check_matrix(node, matrix, value.shape[1])
    # alpha and beta are constants of the node, so they go into the weights and cost nothing.
    matrix = matrix * float(node.attributes.get("alpha", 1.0))
    bias = np.zeros(len(matrix))
    if importer.argument(node, 2) is not None:
        numbers = importer.weights(node, 2) * float(node.attributes.get("beta", 1.0))
        # ONNX allows a bias of several rows. With one picture only a number, or one for each output, makes sense.
        if numbers.size not in (1, len(matrix)):
            raise node.refused(tr("its bias has shape {shape}", shape=numbers.shape), word(AGAIN))
        bias = bias + numbers.ravel()
    connect(importer, node, matrix, bias, (1, len(matrix)))


OPERATORS = (
    Operator(
        ("Gemm",),
        read,
        "a fully connected layer in float32; from 262,144 weights on a KPU layer of bytes, a quarter of the file",
        "constant weights",
    ),
)
