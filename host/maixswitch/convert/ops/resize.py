"""Resize: by nearest neighbour and a power of two bytes are repeated, see ``resampled`` for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Array, Values
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .moved import Moved
from .operator import Operator
from .resampled import Repeated, resample, weights_of

TIE = 1e-4
"""Of a pixel: positions this near the middle or the end of a pixel may be rounded either way."""


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
    """Adds one Resize for each power of two, and for any other size layers of the KPU that weigh pixels."""
    value = importer.value(node)
    if _is_pixel(importer, value):
        _repeat(importer, node, value)
        return
    value = importer.map(node)
    _, h, w = importer.shape(value)
    target, factors = _target(importer, node, h, w)
    # The sizes come first, because a file may ask for any.
    sensible = min(target) > 0 and max(*target, h, w) <= MAX_CHANNELS and not node.attributes.get("antialias", 0)
    matrices = [
        _matrix(node, side, out, factor) if sensible else None
        for side, out, factor in zip((h, w), target, factors, strict=True)
    ]
    down, right = matrices
    if down is None or right is None:
        raise _refused(node, (h, w), target)
    # A size that stays is no operation, whatever the mode.
    if _is_repeated(down, 1) and _is_repeated(right, 1):
        importer.show(node, value, value.positions())
        return
    times = target[0] // h
    # The firmware's layer repeats pixels by any whole number. Here it only doubles, several times for more.
    if times in (2, 4, 8) and _is_repeated(down, times) and _is_repeated(right, times):
        _double(importer, node, value.tensor, times)
    else:
        resample(importer, node, value.tensor, down, right)


def _double(importer: Importer, node: OnnxNode, tensor: str, times: int) -> None:
    c, h, w = importer.graph.shapes[tensor]
    while times > 1:
        times //= 2
        h, w = 2 * h, 2 * w
        output = node.outputs[0] if times == 1 else importer.graph.name(node.outputs[0], f"{h}x{w}")
        importer.produce(node, Resize((node.name,), (tensor,), output), (c, h, w))
        tensor = output


def _is_pixel(importer: Importer, value: Value) -> bool:
    """Is it one number for each channel, as a global mean gives it?"""
    (*sizes,) = importer.shape(value)
    return len(sizes) == 1 and value.shape == (1, sizes[0], 1, 1) and value.order is None


def _repeat(importer: Importer, node: OnnxNode, value: Value) -> None:
    """Adds the map whose pixels are all the one that there is."""
    (height, width), _ = _target(importer, node, 1, 1)
    mode, way = (str(node.attributes.get(key, "")) for key in ("mode", "coordinate_transformation_mode"))
    # Beyond its edge, a crop has a number of its own.
    if mode == "cubic" or way == "tf_crop_and_resize" or min(height, width) < 1:
        raise _refused(node, (1, 1), [height, width])
    if (height, width) == (1, 1):
        importer.show(node, value, value.positions())
        return
    shape = (importer.shape(value)[0], height, width)
    importer.produce(node, Repeated((node.name,), (value.tensor,), node.outputs[0], (height, width)), shape)


def _refused(node: OnnxNode, sides: tuple[int, int], target: list[int]) -> MaixSwitchError:
    mode = str(node.attributes.get("mode", "nearest"))
    why = tr(
        "it is {mode} from {h} x {w} to {th} x {tw}", mode=mode, h=sides[0], w=sides[1], th=target[0], tw=target[1]
    )
    return node.refused(why, word("use nearest neighbour or linear, without antialias, up to 1024 pixels"))


def _target(importer: Importer, node: OnnxNode, h: int, w: int) -> tuple[list[int], list[float]]:
    """Height and width of the result, from the input of sizes or that of scales, and the factors."""
    sizes, scales = importer.integers(node, 3), importer.constant(node, 2)
    # ONNX states the sizes or the factors. Sizes are exact, so they come first.
    if sizes is not None and len(sizes) == 4:
        return sizes[2:], [size / side for size, side in zip(sizes[2:], (h, w), strict=True)]
    if scales is not None and scales.size == 4:
        factors = [float(factor) for factor in importer.weights(node, 2).ravel()[2:]]
        # ONNX cuts the product to a whole number.
        return [int(h * factors[0]), int(w * factors[1])], factors
    raise node.refused(tr("its size is not stated for four axes"), word(AGAIN))


def _positions(node: OnnxNode, side: int, out: int, factor: float) -> NDArray[np.float32] | None:
    """The position in the map of each pixel of the result, by the formulas of ONNX; None if they are not known here."""
    mapping = str(node.attributes.get("coordinate_transformation_mode", "half_pixel"))
    # In float32, as onnxruntime computes them: where two pixels are equally near, the last digit decides.
    pixels, half, times = np.arange(out, dtype=np.float32), np.float32(0.5), np.float32(factor)
    middle = (pixels + half) / times - half
    if mapping == "half_pixel" or (mapping == "pytorch_half_pixel" and out > 1):
        return middle
    if mapping == "pytorch_half_pixel" or (mapping == "align_corners" and out == 1):
        return np.zeros(out, np.float32)
    if mapping == "half_pixel_symmetric":
        # The middle of the result is that of the map, also where the size was cut to a whole number.
        moved = np.float32(side) * half * (1 - np.float32(out) / (times * np.float32(side)))
        return (moved + (pixels + half) / times) - half
    if mapping == "asymmetric":
        return (pixels.astype(np.float64) / factor).astype(np.float32)
    return pixels * np.float32(side - 1) / np.float32(out - 1) if mapping == "align_corners" else None


def _matrix(node: OnnxNode, side: int, out: int, factor: float) -> Array | None:
    """The weights (new, old) of the pixels along one axis; None for a mode that is not known here."""
    at, mode = _positions(node, side, out, factor), str(node.attributes.get("mode", "nearest"))
    if at is None or mode == "linear":
        return None if at is None else weights_of(at, side)
    rounded = {
        "round_prefer_floor": np.ceil(at - 0.5),
        "round_prefer_ceil": np.floor(at + 0.5),
        "floor": np.floor(at),
        "ceil": np.ceil(at),
    }.get(str(node.attributes.get("nearest_mode", "round_prefer_floor")))
    # A mode that is not in this table is refused, because ONNX may add new ones.
    if mode != "nearest" or rounded is None:
        return None
    # The order of the sums of this mapping is not known to the last digit, which decides between two pixels.
    symmetric = node.attributes.get("coordinate_transformation_mode") == "half_pixel_symmetric"
    if symmetric and (np.abs(2 * at - np.rint(2 * at)) < TIE).any():
        return None
    picks: Array = np.eye(side)[np.clip(rounded, 0, side - 1).astype(int)]
    return picks


def _is_repeated(matrix: Array, times: int) -> bool:
    """Does the matrix take each pixel ``times`` times?"""
    side = matrix.shape[1]
    return len(matrix) == side * times and bool(np.array_equal(matrix, np.eye(side).repeat(times, axis=0)))


OPERATORS = (
    Operator(
        ("Resize",),
        read,
        "nearest neighbour by a power of two: bytes repeated; any other size, and linear: two 1x1 layers of the KPU, "
        "for columns and rows, between which the CPU moves the bytes",
        "nearest neighbour or linear, without antialias, up to 1024 pixels",
    ),
)
