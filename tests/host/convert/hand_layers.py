"""Hand-written quantised networks with random numbers, and a slow way to compute them layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maixswitch.convert.lower.layers import (
    Dequantize,
    FloatConcat,
    FloatMasked,
    KpuConv,
    Layer,
    Quantised,
    Quantize,
    QuantizedAdd,
    Requantize,
)
from maixswitch.convert.ops.concat import QuantizedConcat
from maixswitch.convert.ops.fully_connected import FloatFullyConnected
from maixswitch.convert.ops.resize import QuantizedResize
from maixswitch.convert.ops.window_pool import QuantizedMaxPool
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, quantize_conv

PIXEL = Scale(255.0)
EVEN = Scale.covering(-2.0, 2.0)


class Hand:
    """Collects layers; each method returns the name of its result."""

    def __init__(self, *shape: int, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.shapes: dict[str, tuple[int, ...]] = {"image": shape}
        self.scales: dict[str, Scale] = {"image": PIXEL} if len(shape) == 3 else {}
        self.layers: list[Layer] = []

    def conv(self, source: str, out: int, size: int = 3, pool: int = 0, depthwise: bool = False) -> str:
        channels, height, width = self.shapes[source]
        inner = 1 if depthwise else channels
        weights = self.random.normal(0, (2 / inner) ** 0.5 / size, (channels if depthwise else out, inner, size, size))
        bias = self.random.normal(0, 0.2, weights.shape[0])
        part = quantize_conv(weights, bias, self.scales[source], EVEN)
        stride = {1: 2, 2: 2, 3: 4, 4: 4, 5: 2, 6: 2, 7: 4}.get(pool, 1)
        shape = (weights.shape[0], height // stride, width // stride)
        return self._step(shape, EVEN, KpuConv, [source], part=part, pool=pool, depthwise=depthwise)

    def flat_conv(self, source: str, out: int) -> str:
        inner = self.shapes[source][0]
        part: KpuWeights = quantize_conv(
            self.random.normal(0, inner**-0.5, (out, inner, 1, 1)), np.zeros(out), self.scales[source], EVEN
        )
        return self._step((out, *self.shapes[source][1:]), EVEN, KpuConv, [source], part=part)

    def add(self, a: str, b: str) -> str:
        numbers = (-EVEN.zero, 1 << 12, 4, -EVEN.zero, 1 << 12, 4, EVEN.zero, 1 << 8, 16)
        return self._step(self.shapes[a], EVEN, QuantizedAdd, [a, b], numbers=numbers)

    def requantize(self, source: str) -> str:
        table = self.random.integers(0, 256, 256).astype(np.uint8)
        return self._step(self.shapes[source], EVEN, Requantize, [source], table=table)

    def concat(self, *names: str) -> str:
        first = self.shapes[names[0]]
        shape = (sum(self.shapes[name][0] for name in names), *first[1:])
        kind = QuantizedConcat if names[0] in self.scales else FloatConcat
        return self._step(shape, self.scales.get(names[0]), kind, list(names))

    def max_pool(self, source: str, size: int, stride: int) -> str:
        c, h, w = self.shapes[source]
        shape = (c, -(-h // stride), -(-w // stride))
        return self._step(
            shape, self.scales[source], QuantizedMaxPool, [source], kernel=(size, size), strides=(stride, stride)
        )

    def resize(self, source: str) -> str:
        c, h, w = self.shapes[source]
        return self._step((c, 2 * h, 2 * w), self.scales[source], QuantizedResize, [source])

    def simple(self, kind: type, source: str, shape: Sequence[int] = (), scale: Scale | None = None) -> str:
        levels = scale or self.scales.get(source, EVEN)
        line = {"factor": levels.factor, "bias": levels.bias} if kind in (Quantize, Dequantize) else {}
        return self._step(tuple(shape) or self.shapes[source], scale, kind, [source], **line)

    def relu(self, source: str) -> str:
        mask = self._step(self.shapes[source], EVEN, Quantize, [source], factor=2.0**-64, bias=0.0)
        return self._step(self.shapes[source], None, FloatMasked, [source, mask])

    def dense(self, source: str, out: int) -> str:
        weights = self.random.normal(0, 1, (out, self.shapes[source][0])).astype(np.float32)
        bias = self.random.normal(0, 1, out).astype(np.float32)
        return self._step((out,), None, FloatFullyConnected, [source], weights=weights, bias=bias)

    def done(self, *outputs: str) -> Quantised:
        return Quantised(tuple(self.layers), self.shapes, self.scales, "image", outputs)

    def _step(self, shape: tuple[int, ...], scale: Scale | None, kind: type, inputs: list[str], **more: object) -> str:
        name = f"t{len(self.layers)}"
        self.layers.append(kind((f"node{len(self.layers)}",), tuple(inputs), name, **more))
        self.shapes[name] = shape
        if scale is not None:
            self.scales[name] = scale
        return name


def conv(step: KpuConv, image: np.ndarray) -> np.ndarray:
    """Compute a KPU layer by its definition: sums of (x - zero)(w - zero), batch norm, table, pool."""
    from maixswitch.kmodel.run.arithmetic import POOLS, activate, normalise

    part, size = step.part, step.part.weights.shape[-1]
    x = image.astype(np.int64) - part.input_zero
    w = part.weights.astype(np.int64) - part.weight_zero
    edge = size // 2
    wide = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
    _, height, width = x.shape
    total = np.zeros((w.shape[0], height, width), np.int64)
    for dy in range(size):
        for dx in range(size):
            shifted = wide[:, dy : dy + height, dx : dx + width]
            if step.depthwise:
                total += w[:, 0, dy, dx, None, None] * shifted
            else:
                total += np.tensordot(w[:, :, dy, dx], shifted, 1)
    return POOLS[step.pool][2](activate(normalise(total, part.norm), part.activation, "v02"), "v02")
