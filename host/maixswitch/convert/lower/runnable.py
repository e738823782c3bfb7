"""Rewrites integer layers into layers that the chip and the firmware run, with exactly the same results.

The firmware only starts with a KPU layer, and no published converter pools after a depthwise layer. For both cases, a
1x1 layer that copies its input is added, unless the pool can move into the next layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.kmodel.write.quantize import FRACTION_BITS, KpuWeights, linear

from .layers import KpuConv, Layer, Quantised, Shape, SmallConv
from .limits import LEAST, is_flat

PICKS = (5, 6, 7)
"""Pool types that only choose pixels, which the next layer can do as well if it is 1x1."""
REACHING = (8, 9)
"""Pool types of stride 1, whose windows reach beyond the map."""


@dataclass(frozen=True)
class Part:
    """Where a tensor lies that only exists because a chain of layers runs in groups of channels.

    split: name of the chain. All its layers are next to each other.
    whole: the tensor of which this one is some channels, "" for one with memory of its own.
    first: number of its first channel in ``whole``.
    in_ram: is ``whole`` joined in the AI RAM, where its parts are made? Else it is joined in main memory.
    """

    split: str
    whole: str = ""
    first: int = 0
    in_ram: bool = False


@dataclass(frozen=True, eq=False)
class Runnable:
    """Layers and shapes as they will be written; the outputs are those of the quantised network.

    parts: the tensors of chains that run in groups of channels.
    """

    layers: tuple[Layer, ...]
    shapes: Mapping[str, Shape]
    parts: Mapping[str, Part] = field(default_factory=dict)

    def whole(self, name: str) -> str:
        """Returns the tensor that ``name`` is some channels of, or else ``name``."""
        return self.parts[name].whole or name if name in self.parts else name


def summing(weights: np.ndarray) -> KpuWeights:
    """Returns a layer that sums bytes exactly: each output is the sum of its inputs * weights, at most 255.

    weights: whole numbers (out, in, 1, 1).
    """
    one = np.ones(len(weights), np.int64)
    norm = BatchNorm(one << FRACTION_BITS, 0 * one, 0 * one)
    return KpuWeights(weights.astype(np.uint8), norm, linear())


def copying(channels: int) -> KpuWeights:
    """Returns a 1x1 layer whose output is its input, byte for byte."""
    return summing(np.eye(channels, dtype=np.uint8).reshape(channels, channels, 1, 1))


def make_runnable(quantised: Quantised, small: bool = False) -> Runnable:
    """Returns the same network without a pool after a depthwise layer, and with a KPU layer in front.

    small: allow maps that are too small for the KPU, by layers that only v4 has.
    """
    shapes = dict(quantised.shapes)
    layers = _without_depthwise_pools(quantised.layers, shapes, quantised.outputs)
    if small:
        layers = _with_small_maps(layers, shapes)
    return Runnable(tuple(_with_copied_input(quantised, layers, shapes)), shapes)


def _with_small_maps(layers: Sequence[Layer], shapes: Mapping[str, Shape]) -> list[Layer]:
    """Puts a ``SmallConv`` in the place of each convolution of maps that are too small for the KPU."""
    possible: list[Layer] = []
    for layer in layers:
        if isinstance(layer, KpuConv) and _is_small(layer, shapes[layer.inputs[0]]):
            least = LEAST * POOLS[layer.pool][1]
            possible.append(SmallConv(layer.sources, layer.inputs, layer.output, layer, least))
        else:
            possible.append(layer)
    return possible


def _is_small(conv: KpuConv, shape: Shape) -> bool:
    # The last results of these pools depend on pixels beyond the map.
    if is_flat(shape) or conv.pool in REACHING:
        return False
    # Of a map smaller than the window of its pool nothing is left.
    return 0 < min(side // POOLS[conv.pool][1] for side in shape[1:]) < LEAST


def _with_copied_input(quantised: Quantised, layers: Sequence[Layer], shapes: dict[str, Shape]) -> Sequence[Layer]:
    """Adds a KPU layer that copies the picture to main memory, if the CPU reads it or it is an output."""
    name = quantised.input
    # A network of numbers has no picture, and starts with a fully connected layer instead.
    if name not in quantised.scales:
        return layers
    readers = [layer for layer in layers if name in layer.inputs and not isinstance(layer, KpuConv)]
    # No copy is needed if only the KPU reads the picture and it is not an output.
    if not readers and name not in quantised.outputs:
        return layers
    copy = f"{name}/copy"
    shapes[copy] = shapes[name]
    first: Layer = KpuConv((), (name,), copy, copying(shapes[name][0]))
    # Convolutions still read the picture itself, because it lies in the AI RAM.
    renamed = [
        replace(layer, inputs=tuple(copy if source == name else source for source in layer.inputs))
        if layer in readers
        else layer
        for layer in layers
    ]
    return [first, *renamed]


def _without_depthwise_pools(
    layers: Sequence[Layer], shapes: dict[str, Shape], outputs: Sequence[str]
) -> Sequence[Layer]:
    runnable: list[Layer] = []
    postponed: dict[str, tuple[str, int]] = {}
    for layer in layers:
        # This layer takes over the pool of the depthwise layer before it.
        if isinstance(layer, KpuConv) and layer.inputs[0] in postponed:
            unpooled, pool = postponed[layer.inputs[0]]
            layer = replace(layer, inputs=(unpooled,), pool=pool)
        if not (isinstance(layer, KpuConv) and layer.depthwise and layer.pool):
            runnable.append(layer)
            continue
        # The depthwise layer keeps all its pixels. The next layer picks some of them, or a copying layer pools.
        unpooled = f"{layer.output}/whole"
        shapes[unpooled] = shapes[layer.inputs[0]]
        runnable.append(replace(layer, output=unpooled, pool=0))
        readers = [other for other in layers if layer.output in other.inputs]
        # A single 1x1 reader can pick the pixels after its sums, which saves a layer but takes more sums.
        if layer.pool in PICKS and len(readers) == 1 and layer.output not in outputs and _may_pick(readers[0]):
            postponed[layer.output] = (unpooled, layer.pool)
        else:
            # Any other pool, such as a maximum, must come before the next layer, so it gets a separate layer.
            copy = copying(shapes[unpooled][0])
            runnable.append(KpuConv(layer.sources, (unpooled,), layer.output, copy, layer.pool))
    return runnable


def _may_pick(layer: Layer) -> bool:
    """Can this layer choose pixels after it has computed them all?"""
    return isinstance(layer, KpuConv) and not layer.depthwise and not layer.pool and layer.part.weights.shape[-1] == 1
