"""The integer network: layers on named tensors, before they have addresses in memory.

One layer here is one layer of the kmodel, except for the moves between main memory and AI RAM, which lowering adds. All
whole numbers are those of the file.

The float graph and this network are two representations because they do not correspond node by node. One float
operation becomes one or more layers, whose types depend on the scales (an Add with a curve is an integer addition and
a table). A layer has whole numbers and tensors of bytes where a node has real ones. This file has the layers that
several operators use; the layer of a single operator is in that operator's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.kmodel.run.float32 import fma
from maixswitch.kmodel.write.quantize import KpuWeights, Scale
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer.

    sources: names of the ONNX nodes, for messages.
    inputs, output: names of tensors.
    """

    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str

    title: ClassVar[str]
    """Its name in the report."""
    is_view: ClassVar[bool] = False
    """Does it move no byte, so that the file has no layer for it?"""
    needs_v4: ClassVar[bool] = False
    """Does only kmodel v4 have it? Then ``write`` uses ``KModelWriter.only_v4``."""
    may_start: ClassVar[bool] = False
    """Can a network of numbers start with this layer on the firmware?"""

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        """Adds the layer to a file; returns its result in main memory, with this shape."""
        raise NotImplementedError

    def describe(self) -> str:
        """Returns the description of this layer in the report."""
        return self.title


@dataclass(frozen=True, eq=False)
class KpuConv(Layer):
    """uint8 (c, h, w) to uint8, by the KPU; ``pool``: its pool type 0..9 (``arithmetic.POOLS``).

    Lowering writes it, because it reads and writes the AI RAM.
    """

    part: KpuWeights
    pool: int = 0
    depthwise: bool = False
    title = "conv"

    def describe(self) -> str:
        size = self.part.weights.shape[-1]
        pool = f", {POOLS[self.pool][0]}" if self.pool else ""
        return f"{'depthwise' if self.depthwise else self.title} {size}x{size}{pool}"


@dataclass(frozen=True, eq=False)
class SmallConv(Layer):
    """A convolution of maps that are too small for the KPU: it computes larger ones, of which a part is cut out.

    The pixels added on the right and below hold the byte that stands for 0, as the KPU's own border does. v3 has no
    layer that adds or cuts off pixels, except for maps of one pixel.

    least: sides that the KPU's input has at least.
    """

    conv: KpuConv
    least: int
    needs_v4 = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        conv = self.conv

        def make(net: Any, sources: list[PlacedTensor]) -> PlacedTensor:
            wide = [(0, max(0, self.least - side)) for side in sources[0].shape[1:]]
            source = net.upload(net.pad(sources[0], wide, conv.part.input_zero))
            result = net.conv(source, conv.part, pool=conv.pool, depthwise=conv.depthwise, to_main=True)
            cut = [(0, side - own) for side, own in zip(shape[1:], result.shape[1:], strict=True)]
            return net.pad(result, cut)  # type: ignore[no-any-return]

        return writer.only_v4(inputs, shape, "uint8", make)

    def describe(self) -> str:
        return self.conv.describe()


@dataclass(frozen=True, eq=False)
class QuantizedAdd(Layer):
    """Layer 2 of v3; ``v3_layers.QuantizedAdd`` explains the nine numbers."""

    numbers: tuple[int, ...]
    title = "add"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.quantized_add(inputs[0], inputs[1], self.numbers)


@dataclass(frozen=True, eq=False)
class Requantize(Layer):
    """Layer 13 of v3: uint8 to uint8 by a table of 256."""

    table: NDArray[np.uint8]
    title = "table"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.requantize(inputs[0], self.table)


@dataclass(frozen=True, eq=False)
class Quantize(Layer):
    """Layer 11 of v3: float32 to uint8, (value - bias) / factor, which MaixPy and CanMV cut off and the SDK rounds."""

    factor: float
    bias: float
    title = "to bytes"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.quantize(inputs[0], self.factor, self.bias)


@dataclass(frozen=True, eq=False)
class Dequantize(Layer):
    """Layer 12 of v3: uint8 to float32, level * factor + bias."""

    factor: float
    bias: float
    title = "to float"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.dequantize(inputs[0], self.factor, self.bias)


@dataclass(frozen=True, eq=False)
class FloatMasked(Layer):
    """(n,) floats and a uint8 mask (n,): the floats, bit by bit, where the mask is 255, and 0.0 where it is 0.

    It becomes two layers of the file: a resize that repeats each byte of the mask four times, and an integer addition
    of the bytes of the floats and mask - 255, which saturates at 0.
    """

    title = "clamp"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.masked(inputs[0], inputs[1])


@dataclass(frozen=True, eq=False)
class FloatAdd(Layer):
    """Layer 1 of v3."""

    title = "add (float)"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.add(inputs[0], inputs[1])


@dataclass(frozen=True, eq=False)
class FloatConcat(Layer):
    """Layer 16 of v3."""

    title = "concat (float)"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.concat(inputs, shape)


@dataclass(frozen=True, eq=False)
class Quantised:
    """The whole integer network.

    layers: in the order they run.
    shapes, scales: by tensor; a tensor without a scale is float32.
    input: uint8 (c, h, w), or float32 (n,) where it has no scale.
    outputs: float32 tensors.
    origin: for each tensor, the tensor of the float graph that it is compared with.
    methods: for each tensor, how the range of its scale was chosen ("minmax", "kl" ...), for the report.
    unchanging: outputs of the float network that were the same for all pictures.
    titles: for the sources of a layer, the name and the operator of the ONNX node that messages name.
    """

    layers: tuple[Layer, ...]
    shapes: dict[str, Shape]
    scales: dict[str, Scale]
    input: str
    outputs: tuple[str, ...]
    origin: dict[str, str] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    titles: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    unchanging: tuple[str, ...] = ()

    def title(self, layer: Layer) -> tuple[str, str]:
        """Returns the name and the operator of a layer for messages."""
        return self.titles.get(layer.sources) or (named(layer), layer.title)


def real(levels: NDArray[np.uint8], scale: Scale) -> NDArray[np.float32]:
    """Returns the real values of bytes, as a dequantize layer of the firmware computes them."""
    values: NDArray[np.float32] = fma(levels.astype(np.float32), np.float32(scale.factor), np.float32(scale.bias))
    return values


def named(layer: Layer) -> str:
    """Returns the ONNX nodes of a layer, for messages."""
    return " + ".join(layer.sources) or layer.output
