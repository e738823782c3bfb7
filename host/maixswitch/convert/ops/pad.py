"""Pad: a border that the next convolution or pool takes in, or more channels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.float_math import Shape
from maixswitch.convert.graph.graph import Graph, Node, Phase
from maixswitch.convert.graph.importer import LARGEST, Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, is_channels_last, like_channels_last
from maixswitch.convert.graph.window import Window
from maixswitch.convert.refusals import AGAIN
from maixswitch.language import tr, word

from .conv import Conv
from .grown import grown
from .operator import Operator

AXES = 4


@dataclass(frozen=True, eq=False)
class Pad(Node):
    """A border of ``value`` (None: a copy of the pixels at the edge); pads: top, left, bottom, right.

    It never outlives the phase BORDERS, so it needs no evaluation: a border that no reader takes in becomes ``Grown``.
    """

    pads: tuple[int, int, int, int]
    value: float | None
    operators = ("Pad",)

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """Moves the border into all readers. MaixSwitchError if the result of one of them would change."""
        # The borders come first, because the windows of convolutions are rewritten with all of their padding.
        if phase is not Phase.BORDERS:
            return False
        readers = graph.readers(self.output)
        maker = graph.maker(self.inputs[0])
        # A border of zeros does not change a maximum of values that are never negative.
        low = -np.inf if maker is None else maker.limits[0]
        wider = [reader.with_border(self.pads, self.value, low) for reader in readers]
        # Where not every reader takes the border in, the CPU copies the map line by line.
        if (self.output in graph.outputs or None in wider) and self.value == 0 and self._grow(graph):
            return True
        if self.output in graph.outputs or None in wider:
            why = tr("no convolution or pool behind it can take in its border")
            raise graph.refused(self, why, word("pad with zeros, right before a convolution"))
        for reader, node in zip(readers, wider, strict=True):
            assert node is not None
            graph.swap(reader, [replace(node, sources=self.sources + reader.sources, inputs=self.inputs)])
        graph.nodes.remove(self)
        return True

    def _grow(self, graph: Graph) -> bool:
        """Becomes a node of its own, if the map is small enough; returns whether it did."""
        border = grown(graph, self.sources, self.inputs[0], self.output, self.pads)
        if border is None:
            return False
        del graph.shapes[border.output]
        graph.swap(self, [replace(border, output=self.output)])
        return True


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a Pad, or nothing for a border without a width."""
    value = importer.value(node)
    shape = importer.shape(value)
    # TensorFlow's exporters pad before they move the channels to the front.
    last = is_channels_last(value, shape)
    if not last:
        value = importer.map(node)
    channel, height, width = (3, 1, 2) if last else (1, 2, 3)
    widths = _widths(importer, node)
    # A border that crops, or one of pictures, has no counterpart in a convolution.
    if len(widths) != 2 * AXES or widths[0] or widths[AXES] or min(widths) < 0:
        raise node.refused(tr("its padding is {pads}", pads=widths), word("pad height, width and channels alone"))
    mode = str(node.attributes.get("mode", "constant"))
    more = (widths[channel], widths[channel + AXES])
    if mode not in ("constant", "edge") or (mode == "edge" and any(more)):
        raise node.refused(tr("its mode is {mode}", mode=mode), word("pad with zeros"))
    pads = (widths[height], widths[width], widths[height + AXES], widths[width + AXES])
    border = None if mode == "edge" else _number(importer, node)
    if any(more) and border is not None:
        value, shape = _with_channels(importer, node, value, more, border, not any(pads))
    # Exporters write a Pad of zero width if the padding happens to be symmetric.
    if not any(pads):
        importer.values[node.outputs[0]] = value
        return
    pad = Pad((node.name,), (value.tensor,), node.outputs[0], pads, border)
    size = (shape[0], shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3])
    importer.produce(node, pad, size, like_channels_last(size) if last else None)


def _with_channels(
    importer: Importer, node: OnnxNode, value: Value, more: tuple[int, int], number: float, final: bool
) -> tuple[Value, Shape]:
    """Adds a 1x1 convolution that copies the channels between new ones of one number.

    more: new channels before and behind. final: is its result that of the node?
    Returns the value, in the layout of ``value``, and the shape of its tensor.
    """
    shape = importer.shape(value)
    count, last = shape[0] + sum(more), is_channels_last(value, shape)
    # The product is taken in floats, because sizes from a file can overflow a whole number.
    if float(count) * shape[0] > LARGEST:
        raise node.refused(
            tr("its padding is {pads}", pads=list(more)), word("use a smaller picture, or fewer channels")
        )
    copied = range(more[0], more[0] + shape[0])
    weights, bias = np.zeros((count, shape[0], 1, 1)), np.full(count, number)
    weights[copied, range(shape[0])], bias[copied] = 1, 0
    name = node.outputs[0] if final else importer.graph.name(node.outputs[0], "channels")
    conv = Conv((node.name,), (value.tensor,), name, weights, bias, window=Window((1, 1)))
    wide = (count, *shape[1:])
    importer.add(conv, wide)
    # The new channels hold nothing that the range of a quantised file leaves out, if it covers their number.
    low, high = importer.graph.ranges.get(value.tensor, (np.inf, -np.inf))
    if low <= number <= high:
        importer.graph.ranges[name] = (low, high)
    like = like_channels_last(wide) if last else Value("", "", (1, *wide))
    result = Value(name, name, like.shape, like.order)
    importer.remember_order(result)
    return result, wide


def _widths(importer: Importer, node: OnnxNode) -> list[int]:
    """The widths before each of the four axes, then after each."""
    widths, axes = importer.integers(node, 1), importer.integers(node, 3)
    widths = list(node.attributes.get("pads", [])) if widths is None else widths
    # Since opset 18, a list of axes may name the padded axes. Without it, all are padded.
    if axes is None or len(widths) != 2 * len(axes):
        return widths
    wide = [0] * (2 * AXES)
    for i, axis in enumerate(axes):
        wide[axis % AXES], wide[axis % AXES + AXES] = widths[i], widths[i + len(axes)]
    return wide


def _number(importer: Importer, node: OnnxNode) -> float:
    """The value of the border."""
    number = importer.constant(node, 2)
    if number is None or not number.size:
        return 0.0
    if number.dtype.kind not in "fiu":
        raise node.refused(tr("its input {number} is missing or holds no numbers", number=3), word(AGAIN))
    return float(number.ravel()[0])


OPERATORS = (
    Operator(
        ("Pad",),
        read,
        "of height and width: padding of the convolution behind it, or lines of bytes on the CPU; of channels: a 1x1 "
        "layer of the KPU",
        "constant",
    ),
)
