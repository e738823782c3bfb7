"""The bodies of the kmodel v4 nodes for the CPU target: N, H, W, C, no groups, weights before the bias.

Source: nncase 0.2 cpu_ops_body.h. No real file with one of them is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from .binary_record import F32, I32, U32, Shape, array
from .budget import CALL_COST
from .program import Problem
from .v4_node import ByteNode, Clamp, Geometry, Node, Range


@dataclass(frozen=True, eq=False)
class CpuConv(Node):
    """Out channels are the input's unless a subclass has a field for them."""

    input: Range
    output: Range
    in_shape: Shape

    def window(self) -> tuple[int, Geometry]:
        """(output channels, geometry)."""
        raise NotImplementedError

    def shapes(self) -> dict[str, tuple[int, ...]]:
        channels, geometry = self.window()
        batches, height, width, _ = self.in_shape
        return {"input": self.in_shape, "output": (batches, *geometry.size(height, width), channels)}

    def work(self) -> int:
        _, geometry = self.window()
        taps = geometry.filter_h * geometry.filter_w * self.in_shape[3]
        return taps * (prod(self.shapes()["output"]) + CALL_COST)


@dataclass(frozen=True, eq=False)
class CpuConv2d(CpuConv):
    out_channels: I32
    geometry: Geometry
    act: Clamp
    weights: Any = field(
        metadata=array("<f4", lambda r: (r.out_channels, r.geometry.filter_h, r.geometry.filter_w, r.in_shape[3]))
    )
    bias: Any = field(metadata=array("<f4", lambda r: (r.out_channels,)))

    def window(self) -> tuple[int, Geometry]:
        return self.out_channels, self.geometry


@dataclass(frozen=True, eq=False)
class CpuDepthwiseConv2d(CpuConv):
    geometry: Geometry
    act: Clamp
    weights: Any = field(metadata=array("<f4", lambda r: (r.in_shape[3], r.geometry.filter_h, r.geometry.filter_w)))
    bias: Any = field(metadata=array("<f4", lambda r: (r.in_shape[3],)))

    def window(self) -> tuple[int, Geometry]:
        return self.in_shape[3], self.geometry


@dataclass(frozen=True, eq=False)
class CpuQuantizedConv2d(CpuConv, ByteNode):
    """The two offsets are subtracted, unlike those of quantized_conv2d."""

    out_channels: I32
    geometry: Geometry
    in_offset: I32
    weight_offset: I32
    out_mul: I32
    out_shift: I32
    out_offset: I32
    weights: Any = field(
        metadata=array("u1", lambda r: (r.out_channels, r.geometry.filter_h, r.geometry.filter_w, r.in_shape[3]))
    )
    bias: Any = field(metadata=array("<i4", lambda r: (r.out_channels,)))

    def window(self) -> tuple[int, Geometry]:
        return self.out_channels, self.geometry


@dataclass(frozen=True, eq=False)
class CpuQuantizedDepthwiseConv2d(CpuConv, ByteNode):
    """The two offsets are subtracted."""

    geometry: Geometry
    in_offset: I32
    weight_offset: I32
    out_mul: I32
    out_shift: I32
    out_offset: I32
    weights: Any = field(metadata=array("u1", lambda r: (r.in_shape[3], r.geometry.filter_h, r.geometry.filter_w)))
    bias: Any = field(metadata=array("<i4", lambda r: (r.in_shape[3],)))

    def window(self) -> tuple[int, Geometry]:
        return self.in_shape[3], self.geometry


@dataclass(frozen=True, eq=False)
class CpuReduceWindow(Node):
    """``op``: 0 mean, 1 min, 2 max; the CPU target has no sum."""

    input: Range
    output: Range
    op: U32
    in_shape: Shape
    geometry: Geometry
    init: F32
    act: Clamp

    def shapes(self) -> dict[str, tuple[int, ...]]:
        batches, height, width, channels = self.in_shape
        return {"input": self.in_shape, "output": (batches, *self.geometry.size(height, width), channels)}

    def own_problem(self) -> Problem | None:
        return None if self.op < 3 else ("reduce_op", self.op, "0..2")

    def work(self) -> int:
        return self.geometry.filter_h * self.geometry.filter_w * (prod(self.shapes()["output"]) + CALL_COST)
