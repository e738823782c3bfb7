"""Resize by nearest neighbour, by a power of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .moved import Moved
from .operator import Operator


@dataclass(frozen=True, eq=False)
class Resize(Moved):
    """Nearest neighbour, twice as wide and high."""

    def evaluate(self, values: Sequence[Values]) -> Values:
        return values[0].repeat(2, axis=2).repeat(2, axis=3)

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        return QuantizedResize(self.sources, (source,), self.output)


@dataclass(frozen=True, eq=False)
class QuantizedResize(Layer):
    """Layer 23 of v3, ``times`` as wide and high."""

    times: int = 2
    title = "resize"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.quantized_resize(inputs[0], self.times)


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds one Resize for each power of two."""
    value = importer.map(node)
    c, h, w = importer.shape(value)
    target = _target(importer, node, h, w)
    times = target[0] // h
    mode = str(node.attributes.get("mode", "nearest"))
    # The firmware's layer repeats pixels by any whole number. Here it only doubles, several times for more.
    good = times in (2, 4, 8) and target == [h * times, w * times] and mode == "nearest"
    if not good or not all(_repeats_pixels(node, side, times) for side in (h, w)):
        why = tr("it is {mode} from {h} x {w} to {th} x {tw}", mode=mode, h=h, w=w, th=target[0], tw=target[1])
        raise node.refused(why, word("use nearest neighbour, twice the size, asymmetric, floor"))
    tensor = value.tensor
    while times > 1:
        times //= 2
        h, w = 2 * h, 2 * w
        output = node.outputs[0] if times == 1 else importer.graph.name(node.outputs[0], f"{h}x{w}")
        importer.produce(node, Resize((node.name,), (tensor,), output), (c, h, w))
        tensor = output


def _target(importer: Importer, node: OnnxNode, h: int, w: int) -> list[int]:
    """Height and width of the result, from the input of sizes or that of scales."""
    sizes, scales = importer.integers(node, 3), importer.constant(node, 2)
    # ONNX states the sizes or the factors. Sizes are exact, so they come first.
    if sizes is not None and len(sizes) == 4:
        return sizes[2:]
    if scales is not None and scales.size == 4:
        factors = importer.weights(node, 2).ravel()
        # ONNX cuts the product to a whole number.
        return [int(h * float(factors[2])), int(w * float(factors[3]))]
    raise node.refused(tr("its size is not stated for four axes"), word(AGAIN))


def _repeats_pixels(node: OnnxNode, side: int, times: int) -> bool:
    """Does each pixel become times x times equal ones, by the formulas of ONNX for this node?"""
    out = np.arange(side * times)
    mapping = str(node.attributes.get("coordinate_transformation_mode", "half_pixel"))
    # The modes differ by half a pixel. For a whole factor, most of them repeat pixels, which the formula shows.
    if mapping in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        at = (out + 0.5) / times - 0.5
    elif mapping == "asymmetric":
        at = out / times
    elif mapping == "align_corners":
        at = out * (side - 1) / (side * times - 1)
    else:
        return False
    rounded = {
        "round_prefer_floor": np.ceil(at - 0.5),
        "round_prefer_ceil": np.floor(at + 0.5),
        "floor": np.floor(at),
        "ceil": np.ceil(at),
    }.get(str(node.attributes.get("nearest_mode", "round_prefer_floor")))
    # A mode that is not in this table is refused, because ONNX may add new ones.
    return rounded is not None and bool(np.array_equal(np.clip(rounded, 0, side - 1), out // times))


OPERATORS = (Operator(("Resize",), read, "nearest neighbour, bytes repeated", "twice the size, or a power of two"),)
