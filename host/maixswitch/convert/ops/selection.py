"""Some channels or pixels of a map, or some elements of a flat tensor, in any order.

Split, Slice, Gather and a channel shuffle are only views while a network is read. ``select`` adds the node where one is
read as a tensor. Every form is exact: weights beside it in another order, a KPU layer whose weights are single ones, or
pieces of memory that the CPU copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.curve import SAME
from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node, Order, Phase, is_map
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.value import Value, is_channels_last, like_channels_last, view
from maixswitch.convert.lower.layers import KpuConv, Layer, Shape
from maixswitch.convert.lower.runnable import summing
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import refuse
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .conv import Conv
from .moved import Moved

MOST_WEIGHTS = 128 * 128
"""Weights of a copying layer of the KPU; their time grows with the square of the channels, that of the CPU does not."""
MOST_PIECES = 4096
"""Pieces of memory that one layer copies, eight bytes each in the file."""
MOST_FLAT_PIECES = 4 * MOST_PIECES
"""Pieces of a flat tensor, which several layers copy. More take long."""
LEAST_SIDE, WIDEST, HIGHEST = 4, 512, 256
"""Sides of a map of the KPU, in pixels."""
EVERY_SECOND = 5
"""The KPU's pool type that takes every second pixel."""


@dataclass(frozen=True, eq=False)
class Selection(Moved):
    """(c, h, w) to (channels, rows, columns): ranges of pixels with steps, and channels in any order."""

    channels: tuple[int, ...]
    rows: range
    columns: range

    def evaluate(self, values: Sequence[Values]) -> Values:
        return values[0][:, self.channels][:, :, self.rows][:, :, :, self.columns]

    def keeps_pixels(self, shape: Shape) -> bool:
        """Does it take all pixels of a map of this shape, in their order, and choose channels only?"""
        # Rows in reverse are as many, but another picture.
        return (self.rows, self.columns) == (range(shape[1]), range(shape[2]))

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        if phase not in (Phase.CHANNELS, Phase.CHANNELS_LEFT) or self not in graph.nodes:
            return False
        if not self.keeps_pixels(graph.shapes[self.inputs[0]]):
            return False
        # The layer before it is the better choice, because it then makes no channel that nothing reads. It may only be
        # free after its activation has joined it, so the layers behind come last.
        return _into_maker(graph, self) or (phase is Phase.CHANNELS_LEFT and _into_readers(graph, self))

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        shape = quantiser.shapes[source]
        layer: Layer | None = None
        # A map in main memory is copied there. A map of the KPU is faster copied by the KPU.
        on_kpu = any(isinstance(layer, KpuConv) and layer.output == source for layer in quantiser.layers)
        positions = np.arange(int(np.prod(shape))).reshape(shape)[list(self.channels)][:, self.rows][:, :, self.columns]
        pieces = _pieces(positions)
        if on_kpu or len(pieces) > MOST_PIECES:
            layer = _copying(self, source, shape)
        if layer is None:
            layer = Pieces(self.sources, (source,), self.output, pieces)
        return layer


@dataclass(frozen=True, eq=False)
class FlatSelection(Node):
    """Elements of a tensor, as a flat one of floats."""

    positions: Order

    def evaluate(self, values: Sequence[Values]) -> Values:
        return values[0].reshape(len(values[0]), -1)[:, self.positions]

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_float(self.inputs[0])
        layer = Pieces(self.sources, (source,), self.output, _pieces(self.positions))
        quantiser.put(layer, quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class Pieces(Layer):
    """Layer 16 or 17 of v3, a concatenation of parts of one tensor; ``pieces``: first element and number of each."""

    pieces: tuple[tuple[int, int], ...]
    title = "copy"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        parts = [(inputs[0], start, count) for start, count in self.pieces]
        groups = [parts[index : index + MOST_PIECES] for index in range(0, len(parts), MOST_PIECES)]
        if len(groups) == 1:
            return writer.pieces(parts, shape)
        return writer.concat([writer.pieces(group, (sum(part[2] for part in group),)) for group in groups], shape)


def select(importer: Importer, value: Value) -> Value:
    """Adds a node for a value with some elements of its tensor, or with its channels in another order.

    Returns the value itself if it only is another view of all elements. MaixSwitchError if there are too many pieces.
    """
    shape, order = importer.shape(value), value.positions()
    size = int(np.prod(shape))
    # A waiting function is applied to the picked elements.
    base = replace(value, function=SAME)
    sources = tuple(node.name for node in importer.network.nodes if value.name in node.outputs)
    name = value.name if value.function.is_identity else importer.graph.name(value.name, "picked")
    if order.ndim == 4 and order.shape[0] == 1 and is_map(shape) and not is_channels_last(base, shape):
        # The last axis holds the channels where TensorFlow's layout is kept.
        for last in (False, True):
            node = _as_map(sources, value.tensor, name, order[0].transpose(2, 0, 1) if last else order[0], shape)
            if node is not None:
                shape = (len(node.channels), len(node.rows), len(node.columns))
                importer.add(node, shape)
                like = like_channels_last(shape) if last else Value("", "", (1, *shape))
                result = Value(value.name, name, value.shape, like.order, value.function)
                importer.remember_order(replace(result, tensor=name))
                return result
    # Another order of all elements needs no node: weights can be reordered.
    if order.size == size and len(np.unique(order)) == size:
        return value
    flat = order.ravel()
    if (count := len(_pieces(flat))) > MOST_FLAT_PIECES:
        maker = importer.makers.get(value.name)
        why = tr("it takes {count} pieces of memory from shape {shape}", count=count, shape=shape)
        remedy = word("take whole channels, a rectangle of the map, or every second pixel of both sides")
        raise refuse(maker.name if maker else value.name, maker.kind if maker else "?", why, remedy)
    importer.add(FlatSelection(sources, (value.tensor,), name, flat), (flat.size,))
    return replace(
        view(value.name, base, np.arange(flat.size).reshape(order.shape)), tensor=name, function=value.function
    )


def _as_map(sources: tuple[str, ...], tensor: str, name: str, order: Order, shape: Shape) -> Selection | None:
    """Returns the node for positions (channels, rows, columns) of a map; None if the board has no layer for them."""
    _, height, width = shape
    channels, inside = order[:, 0, 0] // (height * width), order[0] % (height * width)
    rows, columns = _steps(inside[:, 0] // width), _steps(inside[0] % width)
    if rows is None or columns is None:
        return None
    expected = (channels[:, None, None] * height + np.array(rows)[:, None]) * width + np.array(columns)
    if not np.array_equal(expected, order):
        return None
    node = Selection(sources, (tensor,), name, tuple(int(channel) for channel in channels), rows, columns)
    return node if len(_pieces(order)) <= MOST_PIECES or _fits_kpu(node, shape) else None


def _steps(numbers: Order) -> range | None:
    """Returns the numbers as a range; None if their distances differ."""
    first = int(numbers[0])
    step = int(numbers[1]) - first if len(numbers) > 1 else 1
    if step == 0 or not np.array_equal(numbers, first + step * np.arange(len(numbers))):
        return None
    return range(first, first + step * len(numbers), step)


def _pieces(positions: Order) -> tuple[tuple[int, int], ...]:
    """Returns (first, count) of the runs of consecutive positions."""
    flat = positions.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat) != 1) + 1])
    counts = np.diff(np.append(starts, flat.size))
    return tuple((int(flat[start]), int(count)) for start, count in zip(starts, counts, strict=True))


def _fits_kpu(node: Selection, shape: Shape) -> bool:
    channels, height, width = shape
    whole = node.keeps_pixels(shape)
    halves = all(
        (picked.step, len(picked)) == (2, side // 2) and picked.start in (0, 1)
        for picked, side in ((node.rows, height), (node.columns, width))
    )
    fits = LEAST_SIDE <= width <= WIDEST and LEAST_SIDE <= height <= HIGHEST
    small = channels * len(node.channels) * (9 if halves else 1) <= MOST_WEIGHTS
    return (whole or (halves and min(height, width) >= 2 * LEAST_SIDE)) and fits and small


def _copying(node: Selection, source: str, shape: Shape) -> KpuConv | None:
    """Returns the layer of the KPU that picks; None if the KPU cannot."""
    if not _fits_kpu(node, shape):
        return None
    halves = node.rows.step == 2
    size = 3 if halves else 1
    weights = np.zeros((len(node.channels), shape[0], size, size))
    # The tap beside the middle takes the odd rows or columns, because the pool takes the even pixels.
    tap = (1 + node.rows.start, 1 + node.columns.start) if halves else (0, 0)
    weights[np.arange(len(node.channels)), list(node.channels), tap[0], tap[1]] = 1
    return KpuConv(node.sources, (source,), node.output, summing(weights), EVERY_SECOND if halves else 0)


def _is_full(conv: Conv) -> bool:
    return conv.window.group == 1 if conv.window else not conv.depthwise


def _into_maker(graph: Graph, node: Selection) -> bool:
    """Lets the convolution before it make the chosen channels only, apart for each choice."""
    maker, tensor = graph.maker(node.inputs[0]), node.inputs[0]
    readers = graph.readers(tensor)
    if maker is None or tensor in graph.outputs or not all(_is_choice(graph, reader) for reader in readers):
        return False
    choices = [reader for reader in readers if isinstance(reader, Selection)]
    # A channel that several choices contain would be computed several times.
    if sum(len(choice.channels) for choice in choices) > graph.shapes[tensor][0]:
        return False
    if isinstance(maker, Selection):
        nodes: list[Node] = [
            replace(
                choice,
                sources=maker.sources + choice.sources,
                inputs=maker.inputs,
                channels=tuple(maker.channels[channel] for channel in choice.channels),
                rows=maker.rows,
                columns=maker.columns,
            )
            for choice in choices
        ]
    elif isinstance(maker, Conv) and _is_full(maker):
        nodes = [
            replace(
                maker,
                sources=maker.sources + choice.sources,
                output=choice.output,
                weights=maker.weights[list(choice.channels)],
                bias=np.asarray(maker.bias)[list(choice.channels)],
            )
            for choice in choices
        ]
    else:
        return False
    # The new nodes stand where the maker stood, before everything that reads them.
    for choice in choices:
        graph.nodes.remove(choice)
    graph.swap(maker, nodes)
    return True


def _is_choice(graph: Graph, node: Node) -> bool:
    return isinstance(node, Selection) and node.keeps_pixels(graph.shapes[node.inputs[0]])


def _into_readers(graph: Graph, node: Selection) -> bool:
    """Lets the convolutions behind it read the whole map, with their weights in its order and zeros between them."""
    readers, count = graph.readers(node.output), graph.shapes[node.inputs[0]][0]
    all_channels = sorted(node.channels) == list(range(count))
    if node.output in graph.outputs or not readers:
        return False
    for reader in readers:
        # More channels than needed only cost little in a 1x1 layer.
        cheap = isinstance(reader, Conv) and (all_channels or reader.weights.shape[2:] == (1, 1))
        if not isinstance(reader, Conv) or not _is_full(reader) or not cheap:
            return False
    for reader in readers:
        assert isinstance(reader, Conv)
        weights = np.zeros((len(reader.weights), count, *reader.weights.shape[2:]))
        # A channel may be chosen more than once, and all its weights count.
        for index, channel in enumerate(node.channels):
            weights[:, channel] += reader.weights[:, index]
        graph.swap(
            reader, [replace(reader, sources=node.sources + reader.sources, inputs=node.inputs, weights=weights)]
        )
    graph.nodes.remove(node)
    return True
