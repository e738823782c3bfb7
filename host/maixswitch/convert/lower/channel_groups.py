"""Computes layers whose maps do not fit into the AI RAM at one time in groups of channels, with the same bytes.

A chain is a KPU layer and the layers behind it that keep channels apart, such as the expansion and the depthwise layer
of MobileNetV2. All its layers run for some channels, then for the next ones. So only the maps at both ends of the chain
are whole. The channels of the last map come to lie side by side in the AI RAM, which costs nothing, or in main memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.kmodel.write.quantize import KpuWeights

from .layers import KpuConv, Layer, Shape
from .runnable import PICKS, Part, Runnable, copying

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32)
"""The numbers of groups that are tried."""


@dataclass(frozen=True, eq=False)
class Split:
    """The same network with one chain in groups.

    runnable: the network.
    chain: the layers that it computes in groups, as they were.
    count: the number of groups.
    """

    runnable: Runnable
    chain: tuple[KpuConv, ...]
    count: int

    @property
    def name(self) -> str:
        """The name of the split in ``Part``."""
        return self.chain[-1].output


def splits(runnable: Runnable, worst: Layer, outputs: Sequence[str]) -> Iterator[Split]:
    """Yields ways to compute the chain of a layer in groups, the cheaper ones first.

    worst: the layer of which input and output do not fit into the AI RAM together.
    outputs: tensors of the network that have to be whole.
    """
    chain = _chain(runnable, worst, outputs)
    if not chain:
        return
    runnable, chain = _with_picks_apart(runnable, chain, outputs)
    whole, shape = chain[-1].output, runnable.shapes[chain[-1].output]
    # Maps in the AI RAM are joined where they are made. Main memory costs an upload, so it comes second.
    for in_ram in (True, False):
        for count in COUNTS:
            groups = _groups(shape, count)
            if groups is not None:
                yield Split(_in_groups(runnable, chain, whole, groups, in_ram), chain, len(groups))


def _chain(runnable: Runnable, worst: Layer, outputs: Sequence[str]) -> tuple[KpuConv, ...]:
    """Returns the layers around ``worst`` that can run in groups; () if there are none."""
    if not isinstance(worst, KpuConv) or worst.output in runnable.parts:
        return ()
    makers = {layer.output: layer for layer in runnable.layers}

    def alone(name: str) -> bool:
        """Does a single layer read the tensor?"""
        return name not in outputs and sum(name in layer.inputs for layer in runnable.layers) == 1

    chain = [worst]
    while keeps_channels_apart(chain[0]) and alone(chain[0].inputs[0]):
        maker = makers.get(chain[0].inputs[0])
        if not isinstance(maker, KpuConv) or maker.output in runnable.parts:
            break
        chain.insert(0, maker)
    while alone(chain[-1].output):
        reader = next(layer for layer in runnable.layers if chain[-1].output in layer.inputs)
        if not isinstance(reader, KpuConv) or reader.output in runnable.parts or not keeps_channels_apart(reader):
            break
        chain.append(reader)
    return tuple(chain)


def _with_picks_apart(
    runnable: Runnable, chain: tuple[KpuConv, ...], outputs: Sequence[str]
) -> tuple[Runnable, tuple[KpuConv, ...]]:
    """Lets the chain pick the pixels that the 1x1 layer behind it would pick; the whole map is then a quarter."""
    name = chain[-1].output
    readers = [layer for layer in runnable.layers if name in layer.inputs]
    reader = readers[0] if len(readers) == 1 and name not in outputs else None
    if not isinstance(reader, KpuConv) or reader.pool not in PICKS or reader.depthwise:
        return runnable, chain
    if reader.part.weights.shape[-1] != 1 or reader.output in runnable.parts:
        return runnable, chain
    picked = f"{name}/picked"
    channels, stride = runnable.shapes[name][0], POOLS[reader.pool][1]
    shape = (channels, *(side // stride for side in runnable.shapes[name][1:]))
    pick = KpuConv(reader.sources, (name,), picked, copying(channels), reader.pool)
    layers: list[Layer] = []
    for layer in runnable.layers:
        layers += [pick, replace(reader, inputs=(picked,), pool=0)] if layer is reader else [layer]
    return replace(runnable, layers=tuple(layers), shapes={**runnable.shapes, picked: shape}), (*chain, pick)


def keeps_channels_apart(layer: KpuConv) -> bool:
    """Does each output channel only depend on the input channel of the same number?"""
    weights = layer.part.weights
    if layer.depthwise:
        return True
    out, inner = weights.shape[:2]
    others = weights[~np.eye(out, inner, dtype=bool)]
    return bool(out == inner and (others == layer.part.weight_zero).all())


def _groups(shape: Shape, count: int) -> list[tuple[int, int]] | None:
    """Returns (first, number) of the channels of each group; None if there are not as many groups as asked for."""
    channels, height, width = shape
    unit = MapLayout(*shape).groups
    # A group begins at a whole row of the AI RAM, and at a whole word of main memory.
    while unit * height * width % 8:
        unit *= 2
    each = -(-channels // (unit * count)) * unit
    groups = [(first, min(each, channels - first)) for first in range(0, channels, each)]
    return groups if len(groups) == count else None


def _in_groups(
    runnable: Runnable, chain: Sequence[KpuConv], whole: str, groups: Sequence[tuple[int, int]], in_ram: bool
) -> Runnable:
    shapes, parts = dict(runnable.shapes), dict(runnable.parts)
    made: list[Layer] = []
    for first, number in groups:
        rows = slice(first, first + number)
        source, read = _source(chain[0], rows, shapes)
        if source != chain[0].inputs[0]:
            parts[source] = Part(whole, chain[0].inputs[0], read.start)
            shapes[source] = (read.stop - read.start, *shapes[chain[0].inputs[0]][1:])
        for layer in chain:
            output = f"{layer.output}/{first}"
            shapes[output] = (number, *shapes[layer.output][1:])
            columns = slice(None) if layer.depthwise else read if layer is chain[0] else rows
            part = _weights_of(layer.part, rows, columns)
            made.append(replace(layer, inputs=(source,), output=output, part=part))
            source = output
            parts[output] = Part(whole, whole, first, in_ram) if layer is chain[-1] else Part(whole)
    layers: list[Layer] = []
    for other in runnable.layers:
        layers += made if other is chain[0] else [] if other in chain else [other]
    return Runnable(tuple(layers), shapes, parts)


def _source(layer: KpuConv, rows: slice, shapes: dict[str, Shape]) -> tuple[str, slice]:
    """Returns the tensor that a group of the first layer reads, and which of the channels."""
    name, weights = layer.inputs[0], layer.part.weights
    everything = slice(0, shapes[name][0])
    if layer.depthwise:
        return f"{name}/{rows.start}:{rows.stop}", rows
    # A layer that only sums channels of its own group reads no others.
    used = np.flatnonzero((weights[rows] != layer.part.weight_zero).any(axis=(0, 2, 3)))
    if not used.size:
        return name, everything
    read = slice(int(used[0]), int(used[-1]) + 1)
    if 2 * (read.stop - read.start) > everything.stop:
        return name, everything
    return f"{name}/{read.start}:{read.stop}", read


def _weights_of(part: KpuWeights, rows: slice, columns: slice) -> KpuWeights:
    norm = replace(part.norm, **{field: getattr(part.norm, field)[rows] for field in ("mul", "shift", "add")})
    return replace(part, weights=np.ascontiguousarray(part.weights[rows, columns]), norm=norm)
