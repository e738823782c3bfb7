"""Pools of any window, by the CPU: a maximum of bytes, or a mean of floats.

The firmware clips a window at the edge of the map: a maximum ignores the border, and a mean divides by the number of
pixels inside, which is what ONNX does unless it counts the border.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Node, ScaleFrom
from maixswitch.convert.graph.window import Pair, Window
from maixswitch.convert.lower.layers import Dequantize, KpuConv, Layer, Shape
from maixswitch.convert.lower.runnable import summing
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

from .views import FloatFlat


@dataclass(frozen=True, eq=False)
class WindowMax(Node):
    """The maximum of each window, without the border.

    sides: height and width of the result, which may have a last window that is not complete.
    """

    window: Window
    sides: Pair
    scale_from = ScaleFrom.INPUT

    def evaluate(self, values: Sequence[Values]) -> Values:
        best: Values = np.full((*values[0].shape[:2], *self.sides), -np.inf, np.float32)
        for tap, inside in _taps(values[0], self.window, self.sides):
            best = np.where(inside, np.maximum(best, tap), best)
        return best

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        window = self.window
        layer = QuantizedMaxPool(
            self.sources, (source,), self.output, window.kernel, window.strides, (window.pads[0], window.pads[1])
        )
        quantiser.put(layer, quantiser.graph.shapes[self.output], quantiser.scales[source])


@dataclass(frozen=True, eq=False)
class WindowMean(Node):
    """The mean of the pixels of each window, without the border; ``sides`` as in ``WindowMax``."""

    window: Window
    sides: Pair

    def evaluate(self, values: Sequence[Values]) -> Values:
        total: Values = np.zeros((*values[0].shape[:2], *self.sides), np.float32)
        count = np.zeros(self.sides, np.float32)
        for tap, inside in _taps(values[0], self.window, self.sides):
            total = total + np.where(inside, tap, np.float32(0))
            count += inside
        return np.asarray(total / count, np.float32)

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_float(self.inputs[0])
        window = self.window
        layer = FloatAveragePool(
            self.sources, (source,), self.output, window.kernel, window.strides, (window.pads[0], window.pads[1])
        )
        quantiser.put(layer, quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class Shift(Node):
    """The map one pixel down and right, by the KPU; what leaves it is lost.

    The KPU puts bytes of 0 into the first row and column, which never are a maximum. In floats, copies of the edge have
    the same effect for the maximum of a pixel and its neighbours on the right and below.
    """

    scale_from = ScaleFrom.INPUT

    def evaluate(self, values: Sequence[Values]) -> Values:
        return np.pad(values[0], ((0, 0), (0, 0), (1, 0), (1, 0)), mode="edge")[:, :, :-1, :-1]

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        shape = quantiser.shapes[source]
        weights = np.zeros((shape[0], 1, 3, 3))
        weights[:, 0, 0, 0] = 1
        layer = KpuConv(self.sources, (source,), self.output, summing(weights), depthwise=True)
        quantiser.put(layer, shape, quantiser.scales[source])


@dataclass(frozen=True, eq=False)
class GlobalMax(Node):
    """(c, h, w) to (c,): the maximum of each map."""

    keeps_channels_apart = True

    def evaluate(self, values: Sequence[Values]) -> Values:
        return np.asarray(values[0].max(axis=(2, 3)))

    def lets_curve_pass(self, curve: Curve) -> bool:
        return curve.rising

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        channels, height, width = quantiser.shapes[source]
        scale, largest = quantiser.scales[source], f"{self.output}:largest"
        # Bytes are compared, because the firmware has no maximum of floats. Only the results become floats.
        layer = QuantizedMaxPool(self.sources, (source,), largest, (height, width), (1, 1), (0, 0))
        quantiser.put(layer, (channels, 1, 1), scale)
        floats = f"{largest}:float"
        quantiser.put(Dequantize(self.sources, (largest,), floats, scale.factor, scale.bias), (channels, 1, 1))
        quantiser.put(FloatFlat(self.sources, (floats,), self.output), (channels,))


@dataclass(frozen=True, eq=False)
class _CpuPool(Layer):
    """Pairs are (y, x); ``pads``: above and on the left. The window is clipped at the map."""

    kernel: Pair
    strides: Pair
    pads: Pair = (0, 0)


@dataclass(frozen=True, eq=False)
class QuantizedMaxPool(_CpuPool):
    """Layer 8 of v3: bytes."""

    title = "max pool"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.quantized_max_pool(inputs[0], self.kernel, self.strides, self.pads, shape[1:])


@dataclass(frozen=True, eq=False)
class FloatAveragePool(_CpuPool):
    """Layer 9 of v3: float32; it divides by the pixels inside the map."""

    title = "mean pool"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.average_pool(inputs[0], self.kernel, self.strides, self.pads, shape[1:])


def _taps(values: Values, window: Window, sides: Pair) -> Iterator[tuple[Values, Values]]:
    """Yields the values under each tap of the window, and a mask (y, x) of the results for which it is in the map."""
    height, width = values.shape[2:]
    y = np.arange(sides[0]) * window.strides[0] - window.pads[0]
    x = np.arange(sides[1]) * window.strides[1] - window.pads[1]
    for row in range(window.kernel[0]):
        for column in range(window.kernel[1]):
            rows, columns = y + row, x + column
            inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None]
            clipped = np.clip(rows, 0, height - 1)[:, None], np.clip(columns, 0, width - 1)[None]
            yield values[:, :, clipped[0], clipped[1]], inside
