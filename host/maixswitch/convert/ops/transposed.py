"""ConvTranspose: a convolution of the small map to the pixels of each block, and then DepthToSpace.

Each pixel of the result is a sum over neighbours in the small map. Which weights it takes only depends on its position
in the block of ``stride * stride`` pixels. So a convolution with that many channels for each output is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from maixswitch.convert.graph.float_math import Array
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.window import Pair, Window, pair
from maixswitch.convert.refusals import AGAIN, TWO_DIMENSIONS
from maixswitch.language import tr, word

from .conv import Conv
from .depth_to_space import BLOCKS, DepthToSpace
from .grown import grown
from .operator import Operator
from .subsample import Subsample


@dataclass(frozen=True)
class _Axis:
    """One axis: the side of the input and of the result, the stride, and the padding before the result."""

    side: int
    out: int
    stride: int
    pad: int

    def taps(self, size: int, gap: int) -> dict[tuple[int, int], int]:
        """Returns the weight of the kernel for each (position in the block, neighbour in the small map)."""
        return {((k * gap - self.pad) % self.stride, -((k * gap - self.pad) // self.stride)): k for k in range(size)}


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a convolution and a DepthToSpace, and a crop where the padding cuts blocks."""
    value, weights = importer.map(node), importer.weights(node, 1)
    if weights.ndim != 4:
        raise node.refused(tr("it has {count} dimensions", count=weights.ndim - 2), word(TWO_DIMENSIONS))
    shape, group = importer.shape(value), int(node.attributes.get("group", 1))
    out = weights.shape[1] * max(group, 1)
    bias = np.zeros(out) if importer.argument(node, 2) is None else importer.weights(node, 2)
    if group < 1 or len(weights) != shape[0] or shape[0] % group or bias.shape != (out,):
        why = tr("weights {weights} do not fit {channels} channels", weights=weights.shape, channels=shape[0])
        raise node.refused(why, word(AGAIN))
    gaps = pair(node, "dilations")
    down, right = _axes(node, (shape[1], shape[2]), (weights.shape[2], weights.shape[3]), gaps)
    block, tensor = down.stride, value.tensor
    # Without a padding the result has more pixels than the blocks of the map; then a border of zeros makes the rest.
    more = [max(0, -(-axis.out // axis.stride) - axis.side) for axis in (down, right)]
    if block in (1, *BLOCKS) and down.stride == right.stride and any(more):
        border = grown(importer.graph, (node.name,), tensor, node.outputs[0], (0, 0, more[0], more[1]))
        if border is not None:
            tensor, shape = border.output, importer.graph.shapes[border.output]
            importer.add(border, shape)
    sides = (block * shape[1], block * shape[2])
    # Blocks of one pixel are a plain convolution.
    if down.stride != right.stride or block not in (1, *BLOCKS) or down.out > sides[0] or right.out > sides[1]:
        why = tr(
            "it makes {h} x {w} pixels of {ih} x {iw} with strides {strides}",
            h=down.out,
            w=right.out,
            ih=shape[1],
            iw=shape[2],
            strides=(down.stride, right.stride),
        )
        raise node.refused(
            why, word("use stride 2, 3 or 4 and a padding that makes the map exactly as many times larger")
        )
    kernel, window = _convolution(weights, group, down, right, gaps)
    low = (
        node.outputs[0]
        if block == 1 and sides == (down.out, right.out)
        else importer.graph.name(node.outputs[0], "low")
    )
    conv = Conv((node.name,), (tensor,), low, kernel, np.repeat(bias, block**2), window=window)
    importer.produce(node, conv, (len(kernel), *shape[1:]))
    if block > 1:
        cropped = sides != (down.out, right.out)
        wide = importer.graph.name(node.outputs[0], "wide") if cropped else node.outputs[0]
        importer.produce(node, DepthToSpace((node.name,), (low,), wide, block, together=True), (out, *sides))
        low = wide
    if low != node.outputs[0]:
        crop = Subsample((node.name,), (low,), node.outputs[0], (1, 1), (down.out, right.out))
        importer.produce(node, crop, (out, down.out, right.out))


def _axes(node: OnnxNode, size: Pair, kernel: Pair, gaps: Pair) -> tuple[_Axis, _Axis]:
    """Returns both axes. MaixSwitchError for numbers that do not fit."""
    strides, auto = pair(node, "strides"), str(node.attributes.get("auto_pad", "NOTSET"))
    pads = [int(p) for p in node.attributes.get("pads") or [0] * 4]
    extra = [int(e) for e in node.attributes.get("output_padding") or [0, 0]]
    shape = [int(s) for s in node.attributes.get("output_shape") or []][-2:]
    if len(pads) != 4 or len(extra) != 2 or min(*pads, *extra) < 0 or len(shape) not in (0, 2):
        raise node.refused(tr("its padding is {pads}", pads=pads), word(AGAIN))
    axes = []
    for i in range(2):
        whole = strides[i] * (size[i] - 1) + extra[i] + (kernel[i] - 1) * gaps[i] + 1
        out, before = whole - pads[i] - pads[i + 2], pads[i]
        # With a stated size the padding follows from it. An odd pixel comes after the map for UPPER, else before it.
        if shape or auto in ("SAME_UPPER", "SAME_LOWER"):
            out = shape[i] if shape else size[i] * strides[i]
            total = max(whole - out, 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        axes.append(_Axis(size[i], out, strides[i], before))
        if out < 1:
            raise node.refused(tr("its padding is {pads}", pads=pads), word(AGAIN))
    return axes[0], axes[1]


def _convolution(weights: Array, group: int, down: _Axis, right: _Axis, gaps: Pair) -> tuple[Array, Window]:
    """Returns weights (out * block * block, in / group, h, w) and window of the convolution of the small map."""
    columns = right.taps(weights.shape[3], gaps[1])
    rows = down.taps(weights.shape[2], gaps[0])
    top, left = (min(0, *(near for _, near in taps)) for taps in (rows, columns))
    bottom, end = (max(0, *(near for _, near in taps)) for taps in (rows, columns))
    per, each, block = len(weights) // group, weights.shape[1], down.stride
    kernel = np.zeros((group, each, block, block, per, bottom - top + 1, end - left + 1))
    # The weights of a group are (in, out), those of a convolution (out, in).
    grouped = weights.reshape(group, per, each, *weights.shape[2:])
    for ((i, y), ky), ((j, x), kx) in product(rows.items(), columns.items()):
        kernel[:, :, i, j, :, y - top, x - left] = grouped[:, :, :, ky, kx].transpose(0, 2, 1)
    sides = (bottom - top + 1, end - left + 1)
    window = Window(sides, pads=(-top, -left, bottom, end), group=group)
    return kernel.reshape(group * each * block**2, per, *sides), window


OPERATORS = (
    Operator(
        ("ConvTranspose",),
        read,
        "a KPU layer that makes all pixels of each block, then DepthToSpace, which is exact",
        "stride 1 to 4, the same in both directions; a map more than that many times larger gets a border first",
    ),
)
