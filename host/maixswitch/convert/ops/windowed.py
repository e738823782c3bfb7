"""Conv as ONNX has it: any window, in the KPU's form after the phase WINDOWS."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Array, Shape
from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.graph.importer import LARGEST, Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.graph.window import Window, as_3x3, read_window, without_groups
from maixswitch.convert.refusals import AGAIN, TWO_DIMENSIONS
from maixswitch.language import tr, word

from .conv import Conv, strided
from .fully_connected import connect
from .grouped import GroupedFullyConnected
from .grown import grown
from .kernels import Shifted, rewritten
from .operator import Operator

MOST_WEIGHTS = 1 << 23
"""Weights of a grouped convolution with its zeros. More would be far too large for the board's memory."""


def settle(graph: Graph, conv: Conv) -> None:
    """Replaces a convolution in the file's form by its form for the KPU. MaixSwitchError if it has none."""
    if conv.window is not None:
        graph.swap(conv, _as_kpu_has_it(graph, conv, conv.window))


def _as_kpu_has_it(graph: Graph, conv: Conv, window: Window) -> list[Node]:
    """Returns the convolution in the KPU's form. MaixSwitchError if no form has exactly the same result."""
    shape = graph.shapes[conv.inputs[0]]
    # The KPU's depthwise mode has one filter for each channel. Any other group is written out with zeros.
    deep = window.group == shape[0] == len(conv.weights) and window.group > 1
    if not deep and conv.weights.size * window.group > MOST_WEIGHTS and window.group > 1:
        why = tr("it has {count} groups", count=window.group)
        raise graph.refused(conv, why, word("use one group, or a depthwise convolution"))
    # In this form it has no window any more.
    weights = conv.weights if deep else without_groups(conv.weights, window.group)
    native = Conv(conv.sources, conv.inputs, conv.output, weights, conv.bias, deep, curve=conv.curve)
    # 5x5 and 2x2 kernels, dilations and odd paddings may still be 3x3 around some pixel, which is a single layer.
    nodes = _single(graph, native, window) or rewritten(graph, native, weights, window)
    # The KPU makes at most as many pixels as it reads; so the CPU adds the padding before it.
    wide = grown(graph, conv.sources, conv.inputs[0], conv.output, window.pads) if nodes is None else None
    if wide is not None and any(window.pads):
        inside = replace(window, pads=(0, 0, 0, 0))
        native = replace(native, inputs=(wide.output,))
        nodes = _single(graph, native, inside) or rewritten(graph, native, weights, inside)
        nodes = [wide, *nodes] if nodes is not None else None
    if nodes is None:
        h, w = window.kernel
        if any(out > side for out, side in zip(graph.shapes[conv.output][1:], shape[1:], strict=True)):
            why = tr("its kernel of {h} x {w} with padding {pads} makes the map larger", h=h, w=w, pads=window.pads)
            raise graph.refused(conv, why, word("use a padding of at most half the kernel"))
        why = tr("its kernel is {h} x {w}, padding {pads}", h=h, w=w, pads=window.pads)
        raise graph.refused(conv, why, word("use 3x3 kernels, two or three one after another for larger ones"))
    return nodes


def _single(graph: Graph, conv: Conv, window: Window) -> list[Node] | None:
    """Returns the convolution as one layer, and perhaps a shift of its result; None if it takes more than that."""
    shape, stride = graph.shapes[conv.inputs[0]], window.strides[0]
    # The pool types that pick pixels are square, for strides 2 and 4. Larger powers of two take several layers.
    if window.strides[1] != stride or stride & (stride - 1):
        return None
    plain = window.kernel == (1, 1) and not any(window.pads) and not conv.depthwise
    # Most weights of most networks are in 1x1 kernels, so these are not written out as 3x3 first.
    kernel_and_centre = (conv.weights, (0, 0)) if plain else as_3x3(conv.weights, window)
    if kernel_and_centre is None:
        return None
    kernel, centre = kernel_and_centre
    if not _has_sides(graph, conv, stride, centre):
        return None
    # A kernel with a single tap in the middle is a 1x1 kernel, with a ninth of the weights and of the time.
    around = (kernel[:, :, y, x] for y, x in product(range(3), repeat=2) if (y, x) != (1, 1))
    if not conv.depthwise and not plain and not any(part.any() for part in around):
        kernel = kernel[:, :, 1:2, 1:2]
    native = replace(conv, weights=kernel)
    # If the middle is the pixel itself, the layer picks the pixels.
    if centre == (0, 0):
        return strided(graph, native, stride)
    # The KPU takes every second pixel from the first on. If the neighbours are needed, a layer shifts the map first.
    name = graph.name(conv.output, "full")
    graph.shapes[name] = (len(kernel), *shape[1:])
    tap = np.zeros((len(kernel), 1, 3, 3))
    tap[:, 0, 1 + centre[0], 1 + centre[1]] = 1
    step = Shifted(conv.sources, (name,), conv.output, tap, np.zeros(len(kernel)), depthwise=True)
    return [replace(native, output=name), *strided(graph, step, stride)]


def _has_sides(graph: Graph, conv: Conv, stride: int, centre: tuple[int, int]) -> bool:
    """Does the KPU make the pixels that ONNX makes? It makes one for each step of the stride, whatever the padding."""
    sides, results = graph.shapes[conv.inputs[0]][1:], graph.shapes[conv.output][1:]
    return all(
        out == side // stride and (out - 1) * stride + middle <= side - 1
        for side, out, middle in zip(sides, results, centre, strict=True)
    )


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a Conv, or a FullyConnected for a flat value or a kernel that covers the whole map."""
    weights = importer.weights(node, 1)
    if weights.ndim != 4:
        raise node.refused(tr("it has {count} dimensions", count=weights.ndim - 2), word(TWO_DIMENSIONS))
    bias = np.zeros(len(weights)) if importer.argument(node, 2) is None else importer.weights(node, 2)
    group = int(node.attributes.get("group", 1))
    value = importer.value(node)
    shape = importer.shape(value)
    # After a global mean, exporters write 1x1 convolutions of a flat tensor, which are matrix products.
    if len(shape) == 1 and value.shape == (1, shape[0], 1, 1) and value.order is None:
        shape = (*shape, 1, 1)
    else:
        value = importer.map(node)
    # The checker does not compare these sizes, and numpy would fail later with an unclear message.
    if group < 1 or weights.shape[1] * group != shape[0] or len(weights) % group or bias.shape != (len(weights),):
        why = tr("weights {weights} do not fit {channels} channels", weights=weights.shape, channels=shape[0])
        raise node.refused(why, word(AGAIN))
    window = read_window(node, shape[1:], (weights.shape[2], weights.shape[3]), group)
    out = (len(weights), *window.sides(shape[1:]))
    # One result for each channel is a matrix product, which the CPU computes; the KPU needs maps of at least 4x4.
    if out[1:] == (1, 1) and group > 1:
        grouped = _grouped(weights, window, shape)
        layers = GroupedFullyConnected((node.name,), (value.tensor,), node.outputs[0], grouped, bias)
        importer.add(layers, (out[0],))
        importer.values[node.outputs[0]] = Value(node.outputs[0], node.outputs[0], (1, out[0], 1, 1))
    elif out[1:] == (1, 1) and int(np.prod(shape)) * out[0] <= LARGEST:
        connect(importer, node, _grouped(weights, window, shape)[0], bias, (1, out[0], 1, 1))
    else:
        conv = Conv((node.name,), (value.tensor,), node.outputs[0], weights, bias, window=window)
        importer.produce(node, conv, out)


def _grouped(weights: NDArray[np.float64], window: Window, shape: Shape) -> Array:
    """Returns a convolution with one result for each channel as a matrix (out, inputs) for each group."""
    out, per = weights.shape[:2]
    matrix = np.zeros((out, per, *shape[1:]))
    for ky, kx in product(*map(range, weights.shape[2:])):
        y, x = ky * window.dilations[0] - window.pads[0], kx * window.dilations[1] - window.pads[1]
        if 0 <= y < shape[1] and 0 <= x < shape[2]:
            matrix[:, :, y, x] = weights[:, :, ky, kx]
    return matrix.reshape(window.group, out // window.group, -1)


OPERATORS = (
    Operator(
        ("Conv",),
        read,
        "a KPU layer",
        "1x1 and 3x3, depthwise or full; stride 2 and 4 as a pool that picks pixels; any other kernel, stride, "
        "padding, dilation as 3x3 blocks on shifted maps; a map that grows gets its border from the CPU; over a whole "
        "map: fully connected",
    ),
)
