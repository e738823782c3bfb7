"""Convolutions whose window the KPU does not have, as several layers with exactly the same sums.

The kernel is cut into 3x3 blocks (``graph.blocks``), each on a shifted copy of the map. If all copies fit into the
channels of one map, a single layer sums all blocks, and nothing is rounded that was not rounded before. Otherwise there
are several layers, and their rounded results are added. A shift in the result and the picking of pixels follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from maixswitch.convert.graph.blocks import Blocks, distance, in_blocks
from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Array, Shape
from maixswitch.convert.graph.graph import Graph, Node, ScaleFrom
from maixswitch.convert.graph.window import Pair, Window, without_groups
from maixswitch.convert.lower.layers import KpuConv
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.convert.lower.runnable import summing
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.write.quantize import FRACTION_BITS
from maixswitch.language import tr

from .arithmetic import Add
from .concat import Concat
from .conv import STRIDE_TYPES, Conv
from .depthwise_sum import DepthwiseSum
from .selection import Selection
from .subsample import Subsample

MOST_EXPANDED = 32
"""Channels up to which one layer makes all shifted copies; its weights grow with the square of the channels."""


@dataclass(frozen=True, eq=False)
class Shifted(Conv):
    """A convolution with a single one in each kernel. The result has the bytes of the input, moved by up to a pixel."""

    scale_from = ScaleFrom.INPUT

    def on_bytes(self, factor: Array, offset: Array) -> Node:
        return self._plain().on_bytes(factor, offset)

    def around(self, pad: int) -> Node:
        return self._plain().around(pad)

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        scale = quantiser.scales[source]
        part = summing(self.weights)
        # The border holds the byte that stands for 0. It is subtracted from all inputs, and added to the result.
        norm = replace(part.norm, add=part.norm.add + (scale.zero << FRACTION_BITS))
        part = replace(part, norm=norm, input_zero=scale.zero)
        pool = STRIDE_TYPES[self.stride] if self.stride > 1 else 0
        layer = KpuConv(self.sources, (source,), self.output, part, pool, self.depthwise)
        quantiser.put(layer, quantiser.graph.shapes[self.output], scale)

    def _plain(self) -> Conv:
        """Returns a convolution with a scale that does not come from its input."""
        # The camera's bytes have a factor and an offset for each channel, which the copies cannot keep.
        return Conv(self.sources, self.inputs, self.output, self.weights, self.bias, self.depthwise, self.stride)


def rewritten(graph: Graph, conv: Conv, kernel: Array, window: Window) -> list[Node] | None:
    """Returns nodes with the same result as a convolution of any window; None if there are no such nodes.

    kernel: weights (out, in, kh, kw) without groups, or of a depthwise convolution if ``conv.depthwise``.
    """
    size, out = graph.shapes[conv.inputs[0]][1:], graph.shapes[conv.output][1:]
    blocks = in_blocks(kernel, window, (size[0], size[1]), (out[0], out[1]))
    if blocks is None:
        return None
    weights_before = kernel.size
    if conv.depthwise and len(kernel) > MAX_CHANNELS:
        return _side_by_side(graph, conv, kernel, window)
    # For few channels, a kernel with zeros between the channels is small, and it avoids additions of rounded parts.
    if conv.depthwise and len(conv.weights) <= MOST_EXPANDED and 1 < len(blocks.kernels) <= _room_for(size, kernel):
        dense = {shift: without_groups(part, len(part)) for shift, part in blocks.kernels.items()}
        conv, blocks = replace(conv, depthwise=False), replace(blocks, kernels=dense)
        kernel = without_groups(kernel, len(kernel))
    halved = None if conv.depthwise else _halved(graph, conv, kernel, window)
    before: list[Node] = []
    strides = window.strides
    # Each block takes the same sums in both forms, because a quarter of the pixels have four times the channels.
    if halved is not None and len(halved[2].kernels) < len(blocks.kernels):
        corners, conv, blocks = halved
        before, strides = [corners], (1, 1)
    building = _Building(graph, conv, strides, blocks)
    channels = graph.shapes[conv.inputs[0]][0]
    each = 1 if conv.depthwise else max(1, MAX_CHANNELS // channels)
    if len(blocks.kernels) <= each:
        nodes = before + building.wide()
    else:
        nodes = before + (building.apart() if conv.depthwise else building.summed(each))
    sums = [node for node in nodes if isinstance(node, DepthwiseSum)]
    weights = sum(node.weights.size for node in nodes if isinstance(node, Conv))
    weights += sum(kernel.size for node in sums for kernel in (*node.kernels, node.kernels[0]))
    graph.notes.append(
        tr(
            "node {name}: kernel {h} x {w}, stride {strides}, padding {pads}: {layers} layers with {weights} weights "
            "instead of one with {before}",
            name=graph.title(conv)[0],
            h=window.kernel[0],
            w=window.kernel[1],
            strides=window.strides,
            pads=window.pads,
            layers=len(nodes) + sum(2 * len(node.kernels) - 1 for node in sums),
            weights=weights,
            before=weights_before,
        )
    )
    return nodes


def _room_for(size: Shape, kernel: Array) -> int:
    """Returns how many copies of a map the AI RAM holds beside the result."""
    rows = airam.MapLayout(len(kernel), *size).rows
    return airam.ROWS // rows - 1


def _side_by_side(graph: Graph, conv: Conv, kernel: Array, window: Window) -> list[Node] | None:
    """Returns a depthwise convolution of too many channels as several, each on a copy of a range of them."""
    nodes: list[Node] = []
    parts: list[str] = []
    height, width = graph.shapes[conv.inputs[0]][1:]
    for rows in np.array_split(np.arange(len(kernel)), -(-len(kernel) // MAX_CHANNELS)):
        source, name = (graph.name(f"{conv.output}/blocks", part) for part in ("range", "part"))
        graph.shapes[source] = (len(rows), height, width)
        graph.shapes[name] = (len(rows), *graph.shapes[conv.output][1:])
        channels = tuple(int(row) for row in rows)
        nodes.append(Selection(conv.sources, conv.inputs, source, channels, range(height), range(width)))
        bias = np.asarray(conv.bias)[rows]
        part = replace(conv, inputs=(source,), output=name, weights=conv.weights[rows], bias=bias)
        inner = rewritten(graph, part, kernel[rows], window)
        if inner is None:
            return None
        nodes += inner
        parts.append(name)
    return [*nodes, Concat(conv.sources, tuple(parts), conv.output)]


def _halved(graph: Graph, conv: Conv, kernel: Array, window: Window) -> tuple[Shifted, Conv, Blocks] | None:
    """Returns a convolution of stride 2 as a layer that makes channels of each 2x2 pixels, and one of stride 1.

    A kernel of 7x7 is then one of 4x4. None if the map or the window does not allow it.
    """
    channels, height, width = graph.shapes[conv.inputs[0]]
    out = graph.shapes[conv.output][1:]
    if window.strides != (2, 2) or height % 2 or width % 2 or 4 * channels > MAX_CHANNELS:
        return None
    taps = [
        [index * window.dilations[axis] - window.pads[axis] for index in range(window.kernel[axis])] for axis in (0, 1)
    ]
    top, left = (min(tap // 2 for tap in numbers) for numbers in taps)
    bottom, right = (max(tap // 2 for tap in numbers) for numbers in taps)
    apart = np.zeros((len(kernel), 4, channels, bottom - top + 1, right - left + 1))
    for (row, y), (column, x) in product(enumerate(taps[0]), enumerate(taps[1])):
        apart[:, 2 * (y % 2) + x % 2, :, y // 2 - top, x // 2 - left] = kernel[:, :, row, column]
    smaller = apart.reshape(len(kernel), 4 * channels, *apart.shape[3:])
    half = Window((smaller.shape[2], smaller.shape[3]), pads=(-top, -left, 0, 0))
    blocks = in_blocks(smaller, half, (height // 2, width // 2), (out[0], out[1]))
    if blocks is None:
        return None
    ones = np.zeros((4, channels, channels, 3, 3))
    for corner in range(4):
        ones[corner, np.arange(channels), np.arange(channels), 1 + corner // 2, 1 + corner % 2] = 1
    name, stated = graph.name(f"{conv.output}/blocks", "corners"), graph.range_of(conv.inputs[0])
    graph.shapes[name] = (4 * channels, height // 2, width // 2)
    if stated is not None:
        graph.ranges[name] = stated
    weights = ones.reshape(4 * channels, channels, 3, 3)
    corners = Shifted(conv.sources, conv.inputs, name, weights, np.zeros(4 * channels), stride=2)
    return corners, replace(conv, inputs=(name,)), blocks


@dataclass
class _Building:
    """Collects the nodes of one convolution."""

    graph: Graph
    conv: Conv
    strides: Pair
    blocks: Blocks

    def __post_init__(self) -> None:
        self.nodes: list[Node] = []
        self.full = self.graph.shapes[self.conv.inputs[0]][1:]
        self.copies: dict[Pair, str] = {(0, 0): self.conv.inputs[0]}

    def wide(self) -> list[Node]:
        """Returns one layer on the channels of all copies."""
        return self._ended(self._layer(list(self.blocks.kernels), self.conv.bias, self.conv.curve))

    def summed(self, each: int) -> list[Node]:
        """Returns one layer for ``each`` blocks, and the additions of their results."""
        out, shifts, total = len(self.conv.weights), list(self.blocks.kernels), ""
        parts = [shifts[index : index + each] for index in range(0, len(shifts), each)]
        bias: Array = self.conv.bias
        # Without a shift in the result, pixels are picked before the additions, which then have fewer to add.
        early = self.blocks.base == (0, 0)
        for index, part in enumerate(parts):
            name = self._name("part", out)
            layer = self._layer(part, bias, self.conv.curve if len(parts) == 1 else None)
            self.nodes.append(replace(layer, output=name))
            bias = np.zeros(out)
            if early:
                name = self._subsampled(name)
            # The curve applies to the whole sum.
            if total:
                curve = self.conv.curve if index == len(parts) - 1 else None
                both = (total, name)
                name = self._name("sum", out, self.graph.shapes[name][1:])
                self.nodes.append(Add(self.conv.sources, both, name, curve))
            total = name
        if not early:
            self._subsampled(self._moved(total, self.blocks.base))
        self.nodes[-1] = replace(self.nodes[-1], output=self.conv.output)
        return self.nodes

    def apart(self) -> list[Node]:
        """Returns the sum of depthwise layers, and what shifts it and picks its pixels."""
        copies = tuple(self._copy(shift) for shift in self.blocks.kernels)
        kernels, name = tuple(self.blocks.kernels.values()), self._name("sum", len(self.conv.weights))
        total = DepthwiseSum(self.conv.sources, copies, name, kernels, self.conv.bias, self.conv.curve)
        stated = self.graph.range_of(self.conv.output)
        if stated is not None:
            self.graph.ranges[name] = stated
        self.nodes.append(total)
        self._subsampled(self._moved(name, self.blocks.base))
        self.nodes[-1] = replace(self.nodes[-1], output=self.conv.output)
        return self.nodes

    def _layer(self, shifts: list[Pair], bias: Array, curve: Curve | None) -> Conv:
        """Returns the layer of some blocks; its input is made of the copies that these read."""
        channels = self.graph.shapes[self.conv.inputs[0]][0]
        if len(shifts) == 1 and shifts[0] in self.copies:
            source = self.copies[shifts[0]]
        elif self.conv.depthwise or len(shifts) == 1:
            source = self._copy(shifts[0])
        elif channels <= MOST_EXPANDED:
            source = self._expanded(shifts, channels)
        else:
            copies = tuple(self._copy(shift) for shift in shifts)
            source = self._name("copies", channels * len(shifts))
            self.nodes.append(Concat(self.conv.sources, copies, source))
        kernel = np.concatenate([self.blocks.kernels[shift] for shift in shifts], axis=1)
        # A kernel with taps only in the middle is a 1x1 kernel.
        if not self.conv.depthwise and not np.delete(kernel.reshape(*kernel.shape[:2], 9), 4, axis=2).any():
            kernel = kernel[:, :, 1:2, 1:2]
        return replace(self.conv, inputs=(source,), weights=kernel, bias=bias, curve=curve)

    def _expanded(self, shifts: list[Pair], channels: int) -> str:
        """Adds a layer that makes all copies, side by side, and further ones for longer shifts."""
        weights = np.zeros((channels * len(shifts), channels, 3, 3))
        for index, (y, x) in enumerate(shifts):
            first = _unit((y, x))
            for channel in range(channels):
                weights[index * channels + channel, channel, 1 + first[0], 1 + first[1]] = 1
        name, stated = self._name("copies", len(weights)), self.graph.range_of(self.conv.inputs[0])
        # The copies of the camera's bytes have a scale that is not the camera's.
        if stated is not None:
            self.graph.ranges[name] = stated
        self.nodes.append(self._shifted(self.conv.inputs[0], name, weights))
        rest = [(y - _unit((y, x))[0], x - _unit((y, x))[1]) for y, x in shifts]
        while any(distance(shift) for shift in rest):
            steps = [_unit(shift) for shift in rest]
            ones = np.zeros((len(weights), 1, 3, 3))
            for index, (y, x) in enumerate(steps):
                ones[index * channels : (index + 1) * channels, 0, 1 + y, 1 + x] = 1
            farther = self._name("copies", len(weights))
            self.nodes.append(self._shifted(name, farther, ones, depthwise=True))
            rest = [(s[0] - step[0], s[1] - step[1]) for s, step in zip(rest, steps, strict=True)]
            name = farther
        return name

    def _copy(self, shift: Pair) -> str:
        """Returns the input shifted; each step is made only once."""
        if shift not in self.copies:
            step = _unit(shift)
            nearer = self._copy((shift[0] - step[0], shift[1] - step[1]))
            self.copies[shift] = self._moved(nearer, step)
        return self.copies[shift]

    def _moved(self, source: str, shift: Pair) -> str:
        """Adds the depthwise layers that shift a map."""
        channels = self.graph.shapes[source][0]
        while distance(shift):
            step = _unit(shift)
            name = self._name("shifted", channels)
            ones = np.zeros((channels, 1, 3, 3))
            ones[:, 0, 1 + step[0], 1 + step[1]] = 1
            self.nodes.append(self._shifted(source, name, ones, depthwise=True))
            source, shift = name, (shift[0] - step[0], shift[1] - step[1])
        return source

    def _ended(self, main: Conv) -> list[Node]:
        """Adds the main layer, and those that shift its result and pick its pixels."""
        sides = self.graph.shapes[self.conv.output][1:]
        down, right = self.strides
        # If the result starts at the first pixel, the KPU's own strides are free.
        native = down == right and sides == tuple(side // down for side in self.full)
        if self.blocks.base == (0, 0) and native and (down == 1 or (down in STRIDE_TYPES and not main.depthwise)):
            return [*self.nodes, replace(main, output=self.conv.output, stride=down)]
        name, stated = self._name("full", len(main.weights)), self.graph.range_of(self.conv.output)
        if stated is not None:
            self.graph.ranges[name] = stated
        self.nodes.append(replace(main, output=name))
        self._subsampled(self._moved(name, self.blocks.base))
        self.nodes[-1] = replace(self.nodes[-1], output=self.conv.output)
        return self.nodes

    def _subsampled(self, source: str) -> str:
        """Adds the layer that picks pixels, if the result is not the whole map."""
        sides = self.graph.shapes[self.conv.output][1:]
        if sides == self.full and self.strides == (1, 1):
            return source
        name = self._name("picked", self.graph.shapes[source][0], sides)
        self.nodes.append(Subsample(self.conv.sources, (source,), name, self.strides, (sides[0], sides[1])))
        return name

    def _shifted(self, source: str, name: str, weights: Array, depthwise: bool = False) -> Shifted:
        return Shifted(self.conv.sources, (source,), name, weights, np.zeros(len(weights)), depthwise)

    def _name(self, suffix: str, channels: int, sides: tuple[int, ...] | None = None) -> str:
        # The file may state the range of the output, which is not that of the tensors between the layers.
        name = self.graph.name(f"{self.conv.output}/blocks", suffix)
        self.graph.shapes[name] = (channels, *(self.full if sides is None else sides))
        return name


def _unit(shift: Pair) -> Pair:
    """Returns the first step of a shift, up to one pixel along both axes."""
    return (shift[0] > 0) - (shift[0] < 0), (shift[1] > 0) - (shift[1] < 0)
