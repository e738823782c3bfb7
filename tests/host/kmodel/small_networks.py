"""Random small networks, made with the writer, for comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format.registers import LOWEST_START, Activation, BatchNorm
from maixswitch.kmodel.write.quantize import KpuWeights, linear
from maixswitch.kmodel.write.writer import KModelWriter


@dataclass(frozen=True)
class Choice:
    """The properties of one layer."""

    kernel: int = 3
    out: int = 4
    pool: int = 0
    depthwise: bool = False
    wide: bool = False
    curve: str = "linear"


def curve(rng: np.random.Generator, kind: str) -> Activation:
    """Return an activation table: linear, leaky, with falling pieces, or of arbitrary numbers."""
    if kind == "linear":
        return linear()
    if kind == "leaky":
        knots = [-110592, *range(-110592, -49151, 10240), *range(-49152, 12289, 10240)]
        start = np.array([LOWEST_START, *knots], np.int64)
        bias = np.array([0, 0, *range(7), *range(6, 13)], np.int64)
        return Activation(start, np.array([0, *[102] * 14, 1024]), np.array([0, *[20] * 15]), bias)
    if kind == "falling":
        start = np.array([LOWEST_START, *np.sort(rng.integers(-200_000, 400_000, 15))], np.int64)
        mul = rng.integers(-900, 900, 16)
        return Activation(start, mul, np.full(16, 20, np.int64), rng.integers(0, 256, 16))
    start = rng.integers(-(1 << 20), 1 << 20, 16)
    start[0] = LOWEST_START
    return Activation(start, rng.integers(-(1 << 15), 1 << 15, 16), rng.integers(0, 25, 16), rng.integers(0, 256, 16))


def part(rng: np.random.Generator, channels: int, choice: Choice) -> KpuWeights:
    """Return random weights with a batch norm that spreads the results over 0..255."""
    top = 65535 if choice.wide else 255
    inner = 1 if choice.depthwise else channels
    out = channels if choice.depthwise else choice.out
    shape = (out, inner, choice.kernel, choice.kernel)
    weights = rng.integers(0, top + 1, shape).astype(np.uint16 if choice.wide else np.uint8)
    zero_w, zero_x = int(rng.integers(0, top + 1)), int(rng.choice([0, int(rng.integers(0, 256))]))
    spread = top * 100.0 * np.sqrt(inner * choice.kernel**2)
    factor = 1024 * 120 / spread * rng.uniform(0.3, 1.5, out) * rng.choice([1, 1, 1, -1], out)
    shift = rng.integers(8, 16, out)
    mul = np.clip(np.rint(factor * 2.0**shift), -(1 << 23) + 1, (1 << 23) - 1).astype(np.int64)
    norm = BatchNorm(mul, shift, rng.integers(-40_000, 180_000, out))
    return KpuWeights(weights, norm, curve(rng, choice.curve), zero_w, zero_x)


def network(rng: np.random.Generator, channels: int, height: int, width: int, choices: list[Choice]) -> bytes:
    """Return a network of KPU layers in a row, each of which is also an output."""
    net = KModelWriter(channels, height, width)
    x = net.input
    for index, choice in enumerate(choices):
        last = index == len(choices) - 1
        y = net.conv(x, part(rng, x.shape[0], choice), pool=choice.pool, depthwise=choice.depthwise, to_main=True)
        net.output(y)
        if not last:
            x = net.upload(y)
    return net.build()
