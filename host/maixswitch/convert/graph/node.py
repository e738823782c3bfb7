"""The network between ONNX and the KPU: float operations on named tensors, without batch, in the order they run.

Tensors are (channels, height, width) or (n,). A tensor keeps the name it has in the ONNX file; when nodes are joined
(Conv + BatchNormalization + Relu), the name is that of the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Curve:
    """A function of one number, such as leaky_relu; ``evaluate`` takes and returns arrays of float64.

    ``low`` and ``high``: the result is the argument clamped to them and nothing else (relu: 0, inf); None where the
    function is another. ``rising``: it never falls, so that it may change places with a maximum.
    """

    name: str
    evaluate: Callable[[NDArray[np.float64]], NDArray[np.float64]] = field(compare=False)
    low: float | None = None
    high: float | None = None
    rising: bool = False

    @property
    def is_clamp(self) -> bool:
        return self.low is not None and self.high is not None


@dataclass(frozen=True, eq=False)
class Op:
    """One operation; ``nodes``: the names of the ONNX nodes in it, for messages; ``inputs`` and ``output``: tensors."""

    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """weights (out, in, k, k), depthwise (channels, 1, k, k); k is 1 or 3 with zero padding (k-1)/2 on all sides.

    Order: convolution with ``stride`` (1, 2, 4: taken at the even, or every fourth, pixel), bias, curve, pool.
    ``pool``: "", "max2", "mean2", "max4", "mean4", "max2s1" (2x2, stride 1, padded on the right and below).
    A stride and a pool exclude each other.
    """

    weights: Array
    bias: Array
    depthwise: bool = False
    stride: int = 1
    curve: Curve | None = None
    pool: str = ""


@dataclass(frozen=True, eq=False)
class Unary(Op):
    """A curve that follows no convolution."""

    curve: Curve


@dataclass(frozen=True, eq=False)
class Pool(Op):
    """A pool that follows no convolution; ``pool`` as in Conv."""

    pool: str


@dataclass(frozen=True, eq=False)
class GlobalMean(Op):
    """(c, h, w) to (c,)."""


@dataclass(frozen=True, eq=False)
class FullyConnected(Op):
    """(n,) to (out,); weights (out, n); ``curve`` a clamp, or None."""

    weights: Array
    bias: Array
    curve: Curve | None = None


@dataclass(frozen=True, eq=False)
class Add(Op):
    """Two tensors of one shape; ``curve`` or None."""

    curve: Curve | None = None


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """Two or more tensors along the channels (or the only axis of flat ones)."""


@dataclass(frozen=True, eq=False)
class Resize(Op):
    """Nearest neighbour, twice as wide and high."""


@dataclass(frozen=True, eq=False)
class Flatten(Op):
    """(c, h, w) to (c*h*w,), channels first, which moves no byte."""


@dataclass(frozen=True, eq=False)
class Softmax(Op):
    """Over a flat tensor."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The whole: ``shapes`` by tensor; one image ``input`` (c, h, w); ``outputs`` in the file's order.

    The board feeds bytes 0..255; the network wants ``pixel * factor + offset``. ``pixels``: (factor, offset) for each
    channel of ``input``; this is folded into the first convolution. Only convolutions read ``input``.
    ``notes``: what was left out or put in, in sentences for the user. ``orders``: for a tensor whose elements stand
    otherwise in the ONNX file (channels last): an array of the ONNX tensor's shape, of places in the tensor here.
    """

    ops: tuple[Op, ...]
    shapes: dict[str, Shape]
    input: str
    outputs: tuple[str, ...]
    pixels: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    orders: dict[str, NDArray[np.intp]] = field(default_factory=dict)
