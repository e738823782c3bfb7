"""MaxPool and AveragePool: the pool of the KPU layer before them, or a separate layer of the KPU or of the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Array, Values, pooled
from maixswitch.convert.graph.graph import Graph, Node, Phase, ScaleFrom
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.window import Window, pair, read_window
from maixswitch.convert.lower.layers import Shape, real
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN, REBUILD
from maixswitch.kmodel.format import airam
from maixswitch.language import tr, word

from .conv import Conv, depthwise, kpu_layer, strided
from .global_mean import GlobalMean, add_mean
from .operator import Operator
from .window_pool import QuantizedMaxPool, Shift, WindowMax, WindowMean

WINDOWS = {"max2": (2, 2), "max4": (4, 4), "max2s1": (2, 1)}
"""Size and stride of the pools for which the CPU has a layer."""
MOST_COPIED = 128
"""Channels of a copying layer; its weights and its time grow with the square."""
MOST_SQUARE = 64
"""Channels up to which a separate mean pool is a 3x3 layer, with nine times the weights of a copying one."""
LEAST_SIDE, WIDEST, HIGHEST = 4, 512, 256
"""Sides of a map of the KPU, in pixels."""
LOWEST_PADDING = -3e38
"""A border below this is never the maximum."""


@dataclass(frozen=True, eq=False)
class Pool(Node):
    """A pool that is not part of a convolution.

    In the KPU's form, ``window`` is None and ``pool`` is one of its pools, see ``Conv``. In the file's form, before the
    phase WINDOWS, ``pool`` is "max" or "mean".
    """

    pool: str
    window: Window | None = None
    operators = ("MaxPool", "AveragePool")
    scale_from = ScaleFrom.INPUT

    def evaluate(self, values: Sequence[Values]) -> Values:
        return pooled(values[0], self.pool)

    # Rewriting.

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        if phase is Phase.WINDOWS and self.window is not None:
            graph.swap(self, _as_kpu_has_it(graph, self, self.window))
            return True
        # A pool in the KPU layer before it costs nothing, so this comes before a separate layer.
        maker = graph.sole_maker(self) if phase is Phase.POOLS else None
        joined = None if maker is None else maker.with_pool(self.pool)
        if maker is None or joined is None:
            return False
        graph.join(maker, self, joined)
        return True

    def with_border(self, pads: tuple[int, int, int, int], value: float | None, low: float) -> Node | None:
        if self.window is None or self.pool != "max":
            return None
        # A copy of the edge pixel does not change a window that contains that pixel.
        if value is None and any(self.window.pads):
            return None
        # Neither zeros around values that are never negative nor a border below all values change a maximum.
        if value is not None and value >= LOWEST_PADDING and not (value == 0 and low >= 0):
            return None
        top, left, bottom, right = (a + b for a, b in zip(pads, self.window.pads, strict=True))
        # A window that lies outside the map has no pixel of it.
        if max(top, bottom) >= self.window.kernel[0] or max(left, right) >= self.window.kernel[1]:
            return None
        return replace(self, window=replace(self.window, pads=(top, left, bottom, right)))

    def lets_scaling_pass(self, factor: Array) -> bool:
        """A maximum lets rising lines pass. A mean lets any line pass, because it counts no border."""
        return self.pool != "max" or bool((factor > 0).all())

    def lets_curve_pass(self, curve: Curve) -> bool:
        return self.pool.startswith("max") and curve.rising

    # Quantising.

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        out, shape = quantiser.scales[self.output], quantiser.graph.shapes[self.output]
        if source != self.inputs[0]:  # its input was floats, whose scale has only just been made
            out = quantiser.scales[source]
        # The camera's bytes lie in the AI RAM, which the CPU's layer does not read.
        layer = max_pool(self, source, quantiser.graph.shapes[self.inputs[0]], quantiser.graph.input == source)
        if layer is not None:
            quantiser.put(layer, shape, out)
            return
        conv = _copying(replace(self, inputs=(source,)), quantiser.shapes[source][0])
        levels = quantiser.trial.values(source)
        exact = real(levels, quantiser.scales[source])
        quantiser.put(kpu_layer(conv, quantiser.scales[source], out, (exact, levels), None), shape, out)


def max_pool(pool: Pool, source: str, shape: Shape, pixels: bool) -> QuantizedMaxPool | None:
    """Returns the CPU's layer for a maximum pool, or None if the KPU is better.

    The time of the KPU grows with the square of the channels, that of the CPU with every tap. Only the KPU can read the
    camera's bytes.

    shape: of the input.
    pixels: is the input the picture?
    """
    # The CPU's layer only takes a maximum. A mean goes through the KPU.
    if pool.pool not in WINDOWS:
        return None
    size, stride = WINDOWS[pool.pool]
    channels, height, width = shape
    # The KPU cannot write maps below 4x4. For few channels, it is faster than the CPU.
    fits = min(height, width) // stride >= LEAST_SIDE
    if fits and (pixels or channels <= MOST_COPIED):
        return None
    return QuantizedMaxPool(pool.sources, (source,), pool.output, (size, size), (stride, stride))


def _copying(pool: Pool, channels: int) -> Conv:
    """Returns a convolution that only pools.

    For few channels, a mean of 2x2 is a 3x3 convolution with stride 2, which rounds its result where a pool would cut.
    """
    square = pool.pool == "mean2" and channels <= MOST_SQUARE
    size = 3 if square else 1
    weights: NDArray[np.float64] = np.zeros((channels, channels, size, size))
    for channel in range(channels):
        if square:
            weights[channel, channel, 1:, 1:] = 0.25
        else:
            weights[channel, channel] = 1.0
    conv = Conv(pool.sources, pool.inputs, pool.output, weights, np.zeros(channels))
    return replace(conv, stride=2) if square else replace(conv, pool=pool.pool)


def _as_pools_of_two(graph: Graph, pool: Pool, window: Window) -> list[Node]:
    """Returns a maximum of 3x3, 5x5 or 7x7 as pools of 2x2 of the KPU; [] if it has no such form, or the CPU is faster.

    The maxima of 2x2, moved down and right by one pixel, and once more the maxima of 2x2 of them, are those of 3x3
    around each pixel. Without the move, they are those of 3x3 on the right and below. A second pool of stride 2 takes
    every second of them.
    """
    shape, out = graph.shapes[pool.inputs[0]], graph.shapes[pool.output]
    size, stride, pads = window.kernel[0], window.strides[0], window.pads
    # A layer that keeps the size needs its map twice. If the AI RAM is too small for that, the CPU is the only way.
    both = 2 * airam.MapLayout(*shape).rows <= airam.ROWS
    fits = (
        both and shape[0] <= MOST_COPIED and shape[1] <= HIGHEST and shape[2] <= WIDEST and min(out[1:]) >= LEAST_SIDE
    )
    square = window.kernel == (size, size) and window.strides == (stride, stride) and pads[0] == pads[1]
    if not fits or not square or out[1:] != tuple(side // stride for side in shape[1:]):
        return []
    # Larger windows are windows of windows, which is only right around each pixel and at stride 1.
    around = pads[0] == size // 2
    times = size // 2 if stride == 1 else 1
    if size not in (3, 5, 7) or stride not in (1, 2) or not (around or pads[0] == 0) or (stride == 2 and size != 3):
        return []
    # Without the move, a window at stride 1 has to reach beyond the map by all its pixels but one.
    if stride == 1 and not around and (size != 3 or min(pads[2:]) != 2):
        return []
    nodes: list[Node] = []
    source = pool.inputs[0]
    for index in range(times):
        steps: list[tuple[str, str]] = [("max2s1", "corners"), *([("", "moved")] if around else [])]
        for kind, suffix in steps:
            name = graph.name(pool.output, suffix)
            graph.shapes[name] = shape
            inputs = (source,)
            nodes.append(Pool(pool.sources, inputs, name, kind) if kind else Shift(pool.sources, inputs, name))
            source = name
        name = pool.output if index == times - 1 else graph.name(pool.output, "threes")
        graph.shapes[name] = out
        nodes.append(Pool(pool.sources, (source,), name, "max2s1" if stride == 1 else "max2"))
        source = name
    return nodes


def _as_kpu_has_it(graph: Graph, pool: Pool, window: Window) -> list[Node]:
    """Returns the pool in the KPU's form, or in that of the CPU, which has any window."""
    shape, out = graph.shapes[pool.inputs[0]], graph.shapes[pool.output]
    size = window.kernel[0]
    # The KPU has the pool of stride 1 that YOLO networks use.
    if pool.pool == "max" and window.kernel == (2, 2) and window.strides == (1, 1) and window.pads == (0, 0, 1, 1):
        return [Pool(pool.sources, pool.inputs, pool.output, "max2s1")]
    # A mean over the whole map has one pixel, less than the KPU can write. The CPU has a layer for it.
    if pool.pool == "mean" and window.kernel == shape[1:] and not any(window.pads):
        return [GlobalMean(pool.sources, pool.inputs, pool.output)]
    # A window of one pixel only has a stride.
    if window.kernel == (1, 1) and window.strides[0] == window.strides[1] and not any(window.pads):
        stride = window.strides[0]
        fits = min(out[1:]) >= LEAST_SIDE
        if fits and stride & (stride - 1) == 0 and out[1:] == tuple(side // stride for side in shape[1:]):
            return strided(graph, depthwise(pool.sources, pool.inputs[0], pool.output, np.ones(shape[0])), stride)
    # Otherwise the windows have to tile the map. A border that no window reaches does not matter.
    square = window.kernel == window.strides == (size, size)
    pads_unused = not any(window.pads[:2]) and out[1:] == tuple(side // size for side in shape[1:])
    if not square or size & (size - 1) or size < 2 or not pads_unused:
        if pool.pool == "max" and (nodes := _as_pools_of_two(graph, pool, window)):
            return nodes
        node = WindowMax if pool.pool == "max" else WindowMean
        return [node(pool.sources, pool.inputs, pool.output, window, (out[1], out[2]))]
    # Larger tiles are pools of pools: a maximum of maxima, or a mean of means of equal tiles, is exact.
    nodes = []
    source, (c, h, w) = pool.inputs[0], shape
    while size > 1:
        # Pools of 4 are preferred, because every additional layer costs time.
        step = 4 if size >= 4 else 2
        h, w, size = h // step, w // step, size // step
        name = pool.output if size == 1 else graph.name(pool.output, f"pool{step}")
        graph.shapes[name] = (c, h, w)
        nodes.append(Pool(pool.sources, (source,), name, f"{pool.pool}{step}"))
        source = name
    return nodes


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a Pool; a mean over the whole map is a GlobalMean, and one that counts its border a convolution."""
    value = importer.map(node)
    shape = importer.shape(value)
    # A maximum that also returns positions, or skips pixels, has no counterpart on the board.
    if pair(node, "dilations") != (1, 1) or len(node.outputs) > 1:
        raise node.refused(tr("its window has gaps, or it returns indices"), word("use a plain 2x2 pool"))
    window = read_window(node, shape[1:], pair(node, "kernel_shape"))
    kind = "max" if node.kind == "MaxPool" else "mean"
    if kind == "mean" and window.kernel == shape[1:] and not any(window.pads):
        add_mean(importer, node, value, (1, shape[0], 1, 1))
        return
    # Such a window could lie outside the map, where there is nothing to take a maximum of.
    if any(pad >= window.kernel[axis % 2] for axis, pad in enumerate(window.pads)):
        raise node.refused(tr("its padding is {pads}", pads=list(window.pads)), word(AGAIN))
    sides = window.sides(shape[1:])
    if node.attributes.get("ceil_mode", 0):
        sides = _rounded_up(window, shape[1:])
    counts_border = kind == "mean" and any(window.pads) and bool(node.attributes.get("count_include_pad", 0))
    if not counts_border:
        pool = Pool((node.name,), (value.tensor,), node.outputs[0], kind, window)
        importer.produce(node, pool, (shape[0], *sides))
        return
    # How many pixels an incomplete window counts has changed between versions of ONNX.
    if sides != window.sides(shape[1:]):
        why = tr("it rounds {h} x {w} up", h=shape[1], w=shape[2])
        raise node.refused(why, word("use ceil_mode=False, or a picture whose sides divide by 32"))
    # The zeros of the border count as pixels, which is a convolution with equal weights.
    taps = window.kernel[0] * window.kernel[1]
    weights = np.full((shape[0], 1, *window.kernel), 1 / taps)
    grouped = replace(window, group=shape[0])
    conv = Conv((node.name,), (value.tensor,), node.outputs[0], weights, np.zeros(shape[0]), window=grouped)
    importer.produce(node, conv, (shape[0], *sides))


def _rounded_up(window: Window, size: Shape) -> tuple[int, int]:
    """Returns the sides of the result with an incomplete last window, as far as that window starts in the map."""
    sides = []
    for axis, out in enumerate(window.sides(size, round_up=True)):
        outside = (out - 1) * window.strides[axis] - window.pads[axis] >= size[axis]
        sides.append(out - 1 if outside else out)
    return sides[0], sides[1]


OPERATORS = (
    Operator(
        ("MaxPool", "AveragePool"),
        read,
        "2x2 and 4x4 with that stride, max 2x2 at stride 1: the pool of the KPU layer before it; max 3x3, 5x5 and 7x7 "
        "around each pixel: KPU layers with such pools; any other window: "
        "bytes on the CPU for a maximum, float32 on the CPU for a mean; over the whole map: GlobalAveragePool",
        "no dilations; a mean that counts its border: as a convolution of that window",
    ),
)
REFUSED = {"MaxUnpool": REBUILD}
