"""Hand-written float graphs with random numbers and every operation that the converter knows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.ops.arithmetic import Add
from maixswitch.convert.ops.concat import Concat
from maixswitch.convert.ops.conv import Conv
from maixswitch.convert.ops.fully_connected import FullyConnected
from maixswitch.convert.ops.global_mean import GlobalMean
from maixswitch.convert.ops.pool import Pool
from maixswitch.convert.ops.resize import Resize
from maixswitch.convert.ops.softmax import Softmax
from maixswitch.convert.ops.unary import Unary
from maixswitch.convert.ops.views import Flatten

RELU = Curve("relu", lambda x: np.maximum(x, 0), 0.0, np.inf)
RELU6 = Curve("relu6", lambda x: np.clip(x, 0, 6), 0.0, 6.0)
CLIP = Curve("clip", lambda x: np.clip(x, 0.5, 1.5), 0.5, 1.5)
LEAKY = Curve("leaky_relu", lambda x: np.where(x < 0, 0.1 * x, x))
SWISH = Curve("swish", lambda x: x / (1 + np.exp(-x)))
SIGMOID = Curve("sigmoid", lambda x: 1 / (1 + np.exp(-x)))
TANH = Curve("tanh", np.tanh)
HARD_SWISH = Curve("hard_swish", lambda x: x * np.clip(x + 3, 0, 6) / 6)
ABSOLUTE = Curve("abs", np.abs)
GELU = Curve("gelu", lambda x: 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))))
CURVES = (RELU, RELU6, CLIP, LEAKY, SWISH, SIGMOID, TANH, HARD_SWISH, ABSOLUTE, GELU)
PIXELS = ((1 / 64, -1.7),) * 3


class Drawing:
    """Collects operations; each method returns the name of its result."""

    def __init__(self, *shape: int, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.shapes: dict[str, tuple[int, ...]] = {"x": shape}
        self.nodes: list[Node] = []

    def put(self, make: Callable[[str], Node]) -> str:
        name = f"t{len(self.nodes)}"
        op = make(name)
        inputs = [np.zeros((1, *self.shapes[source]), np.float32) for source in op.inputs]
        self.nodes.append(op)
        self.shapes[name] = tuple(op.evaluate(inputs).shape[1:])
        return name

    def conv(
        self,
        source: str,
        out: int,
        curve: Curve | None = None,
        size: int = 3,
        stride: int = 1,
        pool: str = "",
        depthwise: bool = False,
        gain: float = 1.0,
    ) -> str:
        channels = self.shapes[source][0]
        inner, out = (1, channels) if depthwise else (channels, out)
        weights = self.random.normal(0, gain * (2 / (inner * size * size)) ** 0.5, (out, inner, size, size))
        weights *= self.random.uniform(0.2, 2, (out, 1, 1, 1))
        bias = self.random.normal(0, 0.2, out)
        return self.put(lambda n: Conv((n,), (source,), n, weights, bias, depthwise, stride, curve, pool))

    def fully_connected(self, source: str, out: int, curve: Curve | None = None) -> str:
        count = int(np.prod(self.shapes[source]))
        weights, bias = self.random.normal(0, count**-0.5, (out, count)), self.random.normal(0, 0.3, out)
        return self.put(lambda n: FullyConnected((n,), (source,), n, weights, bias, curve))

    def graph(self, *outputs: str, pixels: tuple[tuple[float, float], ...] = ()) -> Graph:
        return Graph(list(self.nodes), self.shapes, "x", outputs, pixels)


def everything(seed: int = 1) -> Graph:
    """A graph with every kind of operation; the 0 of its pixels is in the middle of their range."""
    d = Drawing(3, 48, 64, seed=seed)
    a = d.conv("x", 16, RELU, gain=1 / 64)
    b = d.conv(a, 0, RELU6, stride=2, depthwise=True)
    short = d.conv(b, 24, LEAKY, 1)
    long = d.conv(short, 24, SWISH)
    c = d.put(lambda n: Add((n,), (short, long), n, RELU))
    both = d.conv(c, 8, HARD_SWISH), d.conv(c, 12, TANH, 1)
    joined = d.put(lambda n: Concat((n,), both, n))
    small = d.put(lambda n: Pool((n,), (joined,), n, "max2"))
    large = d.put(lambda n: Resize((n,), (small,), n))
    k = d.put(lambda n: Add((n,), (joined, large), n, TANH))
    soft = d.conv(k, 16, SIGMOID, pool="mean2")
    slid = d.put(lambda n: Pool((n,), (soft,), n, "max2s1"))
    left = d.conv(slid, 16, RELU, pool="mean2")
    right = d.put(lambda n: Pool((n,), (k,), n, "mean4"))
    o = d.put(lambda n: Concat((n,), (left, right), n))
    bent = d.put(lambda n: Unary((n,), (o,), n, ABSOLUTE))
    halved = d.put(lambda n: Pool((n,), (large,), n, "mean2"))
    head = d.conv(bent, 10, None, 1)
    clipped = d.conv(head, 10, CLIP)
    mean = d.put(lambda n: GlobalMean((n,), (head,), n))
    linear = d.fully_connected(mean, 5, RELU)
    scores = d.put(lambda n: Softmax((n,), (linear,), n))
    flat = d.put(lambda n: Flatten((n,), (head,), n))
    twice = d.put(lambda n: Add((n,), (mean, mean), n, TANH))
    gate = d.put(lambda n: Unary((n,), (mean,), n, SIGMOID))
    ends = d.put(lambda n: Concat((n,), (flat, twice, gate), n))
    return d.graph(scores, ends, clipped, halved, pixels=PIXELS)


def pictures(count: int, shape: tuple[int, ...], seed: int = 3) -> np.ndarray:
    """Return coloured tiles with noise, uint8 (count, c, h, w)."""
    random = np.random.default_rng(seed)
    channels, height, width = shape
    tiles = random.uniform(0, 255, (count, channels, -(-height // 8), -(-width // 8)))
    tiles = tiles.repeat(8, axis=2).repeat(8, axis=3)[:, :, :height, :width]
    return np.clip(tiles + random.normal(0, 12, tiles.shape), 0, 255).astype(np.uint8)
