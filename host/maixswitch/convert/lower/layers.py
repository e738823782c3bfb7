"""The quantised network: integer steps on named tensors, each with its scale, before anything has a place in memory.

One step is one layer of the kmodel, but for moves between main memory and AI RAM, which lowering adds. All whole
numbers are those of the file, so that two readers of this list, the emulator and a plain model, agree exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.write.quantize import KpuWeights, Scale


@dataclass(frozen=True, eq=False)
class Step:
    """``nodes``: ONNX node names for messages; ``inputs``, ``output``: tensors."""

    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False)
class KpuConv(Step):
    """uint8 (c, h, w) to uint8; ``pool``: the KPU's pool type 0..9 (facts: arithmetic.POOLS)."""

    part: KpuWeights
    pool: int = 0
    depthwise: bool = False


@dataclass(frozen=True, eq=False)
class QuantizedAdd(Step):
    """v3 layer 2, see v3_layers.QuantizedAdd for the nine numbers."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Requantize(Step):
    """uint8 to uint8 by a table of 256."""

    table: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class QuantizedConcat(Step):
    """Bytes one after another; all inputs have the output's scale already."""


@dataclass(frozen=True, eq=False)
class QuantizedMaxPool(Step):
    """v3 layer 8: window size and stride, no padding but the clipped window."""

    size: int
    stride: int


@dataclass(frozen=True, eq=False)
class QuantizedResize(Step):
    """v3 layer 23, twice as wide and high."""


@dataclass(frozen=True, eq=False)
class Quantize(Step):
    """v3 layer 11: float32 to uint8, (value - bias) / factor, which MaixPy and CanMV cut off and the SDK rounds."""

    factor: float
    bias: float


@dataclass(frozen=True, eq=False)
class Dequantize(Step):
    """v3 layer 12: uint8 to float32, level * factor + bias."""

    factor: float
    bias: float


@dataclass(frozen=True, eq=False)
class FloatMean(Step):
    """float32 (c, h, w) to (c,): v3 layer 5."""


@dataclass(frozen=True, eq=False)
class FloatFullyConnected(Step):
    """v3 layer 18, without its activation, which MaixPy ignores."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FloatMasked(Step):
    """(n,) floats and a uint8 mask (n,): the floats, bit by bit, where the mask is 255, and 0.0 where it is 0.

    Two layers: a resize that repeats each byte of the mask four times, and an integer addition that takes what the mask
    lacks from the bytes of the floats, saturating at 0.
    """


@dataclass(frozen=True, eq=False)
class FloatFlat(Step):
    """(c, h, w) to flat, channels first: no layer, another view of the same bytes."""


@dataclass(frozen=True, eq=False)
class FloatSoftmax(Step):
    """v3 layer 15."""


@dataclass(frozen=True, eq=False)
class FloatLogistic(Step):
    """v3 layer 25."""


@dataclass(frozen=True, eq=False)
class FloatAdd(Step):
    """v3 layer 1."""


@dataclass(frozen=True, eq=False)
class FloatConcat(Step):
    """v3 layer 16."""


@dataclass(frozen=True, eq=False)
class Quantised:
    """``steps`` in order; ``shapes`` and ``scales`` by tensor (no scale: float32); outputs are float32 tensors.

    ``origin``: for each tensor the float tensor of the graph that it stands for, for comparison. ``methods``: by
    tensor, how the range of its scale was found ("minmax", "kl" ...), for the report.
    """

    steps: tuple[Step, ...]
    shapes: dict[str, tuple[int, ...]]
    scales: dict[str, Scale]
    input: str
    outputs: tuple[str, ...]
    origin: dict[str, str] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
