"""Conv: the only operation of the KPU, with an activation and a pool after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from maixswitch.convert.graph.curve import Curve, limits_of
from maixswitch.convert.graph.float_math import Array, Values, apply, convolve, mean_sums, pooled
from maixswitch.convert.graph.graph import Graph, Node, Phase
from maixswitch.convert.graph.window import Window
from maixswitch.convert.lower.layers import KpuConv, Shape, real
from maixswitch.convert.quantise import curves16
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.quantise.rounding import quantise_for
from maixswitch.convert.quantise.scales import saturates
from maixswitch.convert.quantise.trial import UNIT, run_conv
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, linear, norm_of

LARGEST_STRIDE = 4
POOL_TYPES = {"": 0, "max2": 1, "mean2": 2, "max4": 3, "mean4": 4, "max2s1": 9}
FLOOR_LOSS = {"mean2": 3 / 8, "mean4": 15 / 32}
"""Steps of the output that a mean pool loses on average, because the KPU cuts the mean to a whole number."""
STRIDE_TYPES = {2: 5, 4: 7}
"""The KPU's pool types that take every second or fourth pixel."""
LARGEST_ADD = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class Conv(Node):
    """A convolution, then bias, curve and pool.

    In the KPU's form, ``window`` is None: weights (out, in, k, k), depthwise (channels, 1, k, k); k is 1 or 3 with zero
    padding (k-1)/2 on all sides; ``stride`` 1, 2 or 4 takes the even, or every fourth, pixel; ``pool`` "", "max2",
    "mean2", "max4", "mean4" or "max2s1" (2x2, stride 1, padded on the right and below); no stride with a pool.

    In the file's form, before the phase WINDOWS (``windowed.settle``), ``window`` holds kernel, strides, pads,
    dilations and group; weights are (out, in / group, kh, kw), and ``depthwise``, ``stride`` and ``pool`` mean nothing.
    """

    weights: Array
    bias: Array
    depthwise: bool = False
    stride: int = 1
    curve: Curve | None = None
    pool: str = ""
    window: Window | None = None
    operators: ClassVar[tuple[str, ...]] = ("Conv", "ConvTranspose", "MatMul")
    on_kpu = True

    def sums(self, values: Values) -> Values:
        """Returns convolution and bias, before curve and pool."""
        bias = np.asarray(self.bias, np.float32).reshape(1, -1, 1, 1)
        return convolve(values, self.weights, self.depthwise, self.stride) + bias

    def evaluate(self, values: Sequence[Values]) -> Values:
        return pooled(apply(self.curve, self.sums(values[0])), self.pool)

    @property
    def is_constant(self) -> bool:
        return not self.weights.any()

    # Rewriting.

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        if phase is Phase.STRIDES and self.depthwise and self.stride > 1:
            _move_stride(graph, self)
            return True
        return False

    def with_border(self, pads: tuple[int, int, int, int], value: float | None, low: float) -> Node | None:
        # The border of the KPU holds the byte that stands for 0, so only a border of zeros is possible.
        if self.window is None or value != 0:
            return None
        top, left, bottom, right = (a + b for a, b in zip(pads, self.window.pads, strict=True))
        return replace(self, window=replace(self.window, pads=(top, left, bottom, right)))

    def scaled_behind(self, factor: Array, offset: Array) -> Node | None:
        # A factor after a curve is not the same as one before it.
        if self.curve is not None:
            return None
        return replace(self, weights=self.weights * factor.reshape(-1, 1, 1, 1), bias=self.bias * factor + offset)

    def scaled_before(self, factor: Array, offset: Array) -> Node | None:
        # The zeros of the padding are added after the offset, so an offset can only move in without padding.
        if self.window is None or (any(self.window.pads) and offset.any()):
            return None
        group, out = self.window.group, len(self.weights)
        each = np.repeat(np.arange(group), out // group)  # the group of each output channel
        factors = factor.reshape(group, -1)[each][:, :, None, None]
        offsets = offset.reshape(group, -1)[each][:, :, None, None]
        bias = self.bias + (self.weights * offsets).sum(axis=(1, 2, 3))
        return replace(self, weights=self.weights * factors, bias=bias)

    def with_curve(self, curve: Curve) -> Node | None:
        return replace(self, curve=curve) if self.curve is None else None

    def with_pool(self, pool: str) -> Node | None:
        """A depthwise layer cannot take a pool, because no published converter writes one."""
        # Pool and stride are one field of the registers (``pool_type``), so a layer can only have one of them.
        return replace(self, pool=pool) if not self.depthwise and self.stride == 1 and not self.pool else None

    def on_bytes(self, factor: Array, offset: Array) -> Node:
        weights, bias = np.asarray(self.weights, np.float64), np.asarray(self.bias, np.float64)
        if self.depthwise:
            shift = weights.sum(axis=(1, 2, 3)) * offset
            return replace(self, weights=weights * factor[:, None, None, None], bias=bias + shift)
        shift = np.tensordot(weights.sum(axis=(2, 3)), offset, axes=1)
        return replace(self, weights=weights * factor[:, None, None], bias=bias + shift)

    def around(self, pad: int) -> Node:
        # The bias adds what the smaller inputs take from the sums.
        lifted = np.asarray(self.weights, np.float64).reshape(self.weights.shape[0], -1).sum(axis=1) * pad
        return replace(self, bias=np.asarray(self.bias, np.float64) + lifted)

    # Quantising.

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def before_pool(self, values: Sequence[Values]) -> Values | None:
        """A mean pool narrows the range of the values before it."""
        return apply(self.curve, self.sums(values[0])) if self.pool.startswith("mean") else None

    def reach(self, largest: float) -> float:
        flat = np.abs(np.asarray(self.weights, np.float64)).reshape(self.weights.shape[0], -1)
        return float((flat.sum(axis=1) * largest + np.abs(self.bias)).max())

    def quantise(self, quantiser: Quantiser) -> None:
        source, out = quantiser.as_byte(self.inputs[0]), quantiser.scales[self.output]
        node = replace(self, inputs=(source,))
        tensors = quantiser.calibration.tensors[quantiser.origin[source]], quantiser.trial.values(source)
        # The sums take a convolution in floats, so they are only computed for a curve that needs a table.
        sums = None if saturates(self.curve, out) else self.sums(quantiser.calibration.first_tensors(self.inputs)[0])
        # A mean pool cuts its result to a whole number. Lifting its input by the loss helps, unless that saturates.
        lifts = sorted({0.0, FLOOR_LOSS.get(self.pool, 0.0)})
        layers = [kpu_layer(node, quantiser.scales[source], out, tensors, sums, lift) for lift in lifts]
        # Whether a lift helps depends on how often it saturates, so both layers are tried on real values.
        if len(layers) > 1 and quantiser.measured:
            exact = quantiser.calibration.tensors[self.output]
            layers.sort(key=lambda layer: float(np.mean((real(run_conv(layer, tensors[1]), out) - exact) ** 2)))
        quantiser.put(layers[0], quantiser.graph.shapes[self.output], out)


def kpu_layer(
    conv: Conv, source: Scale, out: Scale, tensors: tuple[Values, Values], sums: Values | None, lift: float = 0.0
) -> KpuConv:
    """Returns a convolution in the KPU's integers: weights, batch norm with the bias corrected, activation table.

    Weights are rounded for the sums of these inputs (``quantise.rounding``). What is left shifts the mean of each
    output channel; the bias corrects the shift.

    source, out: scales of input and output.
    tensors: the input of ``conv`` for the same few images, in the float network and as bytes in the quantised one.
    sums: the values before the curve, for a curve that needs a table.
    lift: steps that are added to the output, for a pool to lose.
    MaixSwitchError if a number does not fit into its register.
    """
    exact, levels = tensors
    shifted = levels.astype(np.float32) - source.zero
    weights, zero, steps = quantise_for(conv.weights, shifted, conv.depthwise, conv.stride)
    # For many curves, the clamp at the ends of the output's scale is enough. Then the table is straight, the units of z
    # are steps of the output, and the output's zero is part of the bias. Any other curve gets a table of 16 pieces.
    if saturates(conv.curve, out):
        table, units, base = linear(), out.steps * UNIT, (out.zero + lift) * UNIT
    else:
        assert conv.curve is not None
        assert sums is not None
        curve = conv.curve.evaluate
        lifted = (lambda x: curve(x) + lift / out.steps) if lift else curve
        table, units = curves16.fit(lifted, out, float(sums.min()), float(sums.max()), sums)
        base = 0.0
    try:
        norm = norm_of(units / (source.steps * steps), np.zeros(len(steps)))
    except ValueError as error:  # a factor beyond 22 bits
        raise MaixSwitchError(f"{' + '.join(conv.sources)}: {error}") from error
    # Compares the mean of the exact results with the mean that rounded weights and inputs give.
    centred = weights.astype(np.float64) - zero
    expected = mean_sums(exact, conv.weights, conv.depthwise, conv.stride) + np.asarray(conv.bias, np.float64)
    reached = mean_sums(shifted, centred, conv.depthwise, conv.stride) * norm.mul / 2.0**norm.shift
    # ``norm_add`` has 32 bits with a sign, so a larger correction is cut.
    add = np.clip(np.rint(expected * units + base - reached), -LARGEST_ADD, LARGEST_ADD).astype(np.int64)
    part = KpuWeights(weights, BatchNorm(norm.mul, norm.shift, add), table, zero, source.zero)
    pool = STRIDE_TYPES[conv.stride] if conv.stride > 1 else POOL_TYPES[conv.pool]
    return KpuConv(conv.sources, conv.inputs, conv.output, part, pool, conv.depthwise)


def depthwise(sources: tuple[str, ...], source: str, output: str, factor: Array, tap: tuple[int, int] = (1, 1)) -> Conv:
    """Returns a 3x3 depthwise convolution with one tap: a factor for each channel of a pixel or of its neighbour.

    1x1 would be enough, but the KPU's depthwise convolution is only known to be right with 3x3.
    """
    weights = np.zeros((len(factor), 1, 3, 3))
    weights[:, 0, tap[0], tap[1]] = factor
    return Conv(sources, (source,), output, weights, np.zeros(len(factor)), depthwise=True)


def strided(graph: Graph, conv: Conv, stride: int) -> list[Node]:
    """Returns the convolution with this stride, as one or more nodes."""
    nodes: list[Node] = []
    c, output = graph.shapes[conv.output][0], conv.output
    # The largest stride of the KPU is 4. For a larger one, further layers pick pixels.
    while stride > LARGEST_STRIDE:
        name = graph.name(output, "stride4")
        graph.shapes[name] = (c, *(side // LARGEST_STRIDE for side in graph.shapes[conv.inputs[0]][1:]))
        nodes.append(replace(conv, output=name, stride=LARGEST_STRIDE))
        conv = depthwise(conv.sources, name, output, np.ones(c))
        stride //= LARGEST_STRIDE
    return [*nodes, replace(conv, output=output, stride=stride)]


def add_lead_in(graph: Graph) -> None:
    """Adds a convolution that copies the picture, if any other operation than a convolution reads the picture.

    The board loads the picture into the KPU's memory, and the first layer of a kmodel has to be one of the KPU's.
    """
    readers = graph.readers(graph.input)
    # Convolutions read the AI RAM, so most networks need no additional layer.
    if all(node.on_kpu for node in readers):
        return
    name = graph.name(graph.input, "same")
    graph.shapes[name] = graph.shapes[graph.input]
    # The copy has the same elements in the same order.
    if graph.input in graph.orders:
        graph.orders[name] = graph.orders[graph.input]
    for node in readers:
        inputs = tuple(name if tensor == graph.input else tensor for tensor in node.inputs)
        graph.swap(node, [replace(node, inputs=inputs)])
    graph.nodes.insert(0, depthwise((), graph.input, name, np.ones(graph.shapes[name][0])))


def _move_stride(graph: Graph, conv: Conv) -> None:
    """Moves the stride of a depthwise convolution into the 1x1 convolution after it, or into a new one."""
    full = graph.name(conv.output, "full")
    graph.shapes[full] = graph.shapes[conv.inputs[0]]
    reader, stride = graph.only_reader(conv.output), conv.stride
    # A 1x1 layer reads one pixel for each result, so pixels can be dropped before or after it.
    takes = isinstance(reader, Conv) and not reader.depthwise and reader.weights.shape[2] == 1 and not reader.pool
    if takes and isinstance(reader, Conv) and reader.stride * stride <= LARGEST_STRIDE:
        graph.swap(reader, [replace(reader, inputs=(full,), stride=reader.stride * stride)])
        graph.swap(conv, [replace(conv, output=full, stride=1)])
        return
    # Without such a layer, a copying one picks the pixels.
    c = graph.shapes[full][0]
    same = Conv(conv.sources, (full,), conv.output, np.eye(c)[:, :, None, None], np.zeros(c), stride=stride)
    graph.swap(conv, [replace(conv, output=full, stride=1), same])
