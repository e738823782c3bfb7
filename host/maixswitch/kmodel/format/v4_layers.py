"""The bodies of the kmodel v4 nodes that compute; the order of the fields is the order in the file.

Source: nncase 0.2 neutral_ops_body.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from maixswitch.language import tr

from .binary_record import F32, I32, U32, Shape, array
from .budget import CALL_COST
from .program import Problem
from .v4_node import ByteNode, Clamp, Geometry, Node, Range, at_least, one_of

RESULT_COST = 16
"""The cost of one result of a matrix product besides its terms, in multiplications."""


@dataclass(frozen=True, eq=False)
class Binary(Node):
    """``op``: 0 add, 1 sub, 2 mul, 3 div, 4 min, 5 max."""

    a: Range
    b: Range
    output: Range
    op: U32
    a_shape: Shape
    b_shape: Shape
    out_shape: Shape
    act: Clamp

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"a": self.a_shape, "b": self.b_shape, "output": self.out_shape}

    def own_problem(self) -> Problem | None:
        return one_of("binary_op", self.op, 6)


@dataclass(frozen=True, eq=False)
class QuantizedBinary(ByteNode):
    """``op`` as for Binary; v = (x + offset) * mul >> shift."""

    a: Range
    b: Range
    output: Range
    op: U32
    a_shape: Shape
    b_shape: Shape
    out_shape: Shape
    a_offset: I32
    a_mul: I32
    a_shift: I32
    b_offset: I32
    b_mul: I32
    b_shift: I32
    out_offset: I32
    out_mul: I32
    out_shift: I32

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"a": self.a_shape, "b": self.b_shape, "output": self.out_shape}

    def own_problem(self) -> Problem | None:
        return one_of("binary_op", self.op, 6)


@dataclass(frozen=True, eq=False)
class ConvNode(Node):
    """What the four convolutions in N, C, H, W share."""

    input: Range
    output: Range
    in_shape: Shape
    groups: I32
    out_channels: I32
    geometry: Geometry

    def shapes(self) -> dict[str, tuple[int, ...]]:
        out_shape = (self.in_shape[0], self.out_channels, *self.geometry.size(*self.in_shape[2:]))
        return {"input": self.in_shape, "output": out_shape}

    def own_problem(self) -> Problem | None:
        channels = self.in_shape[1]
        # With a remainder, the reference would read beyond its weights.
        if self.groups < 1 or channels % self.groups or self.out_channels % self.groups:
            return (
                "groups",
                self.groups,
                tr("a divisor of {channels} and {out_channels}", channels=channels, out_channels=self.out_channels),
            )
        return None

    def covers_map(self) -> bool:
        """Has the window the size of the map, without a border, so that each map gives one result?"""
        g = self.geometry
        pads = (g.pad_h.before, g.pad_h.after, g.pad_w.before, g.pad_w.after, g.dilation_h - 1, g.dilation_w - 1)
        return (g.filter_h, g.filter_w) == self.in_shape[2:] and not any(pads)

    def work(self) -> int:
        taps = self.in_shape[1] // self.groups * self.geometry.filter_h * self.geometry.filter_w
        return taps * (prod(self.shapes()["output"]) + CALL_COST)


def _weights(r: Any) -> tuple[int, ...]:
    return r.out_channels, r.in_shape[1] // max(r.groups, 1), r.geometry.filter_h, r.geometry.filter_w


@dataclass(frozen=True, eq=False)
class Conv2d(ConvNode):
    act: Clamp
    weights: Any = field(metadata=array("<f4", _weights))
    bias: Any = field(metadata=array("<f4", lambda r: (r.out_channels,)))


@dataclass(frozen=True, eq=False)
class QuantizedConv2d(ConvNode, ByteNode):
    """The bias stands before the weights."""

    in_offset: I32
    weight_offset: I32
    out_mul: I32
    out_shift: I32
    out_offset: I32
    bias: Any = field(metadata=array("<i4", lambda r: (r.out_channels,)))
    weights: Any = field(metadata=array("u1", _weights))


@dataclass(frozen=True, eq=False)
class Conv2dTranspose(Node):
    """The reference reads the bias and never adds it."""

    input: Range
    output: Range
    in_shape: Shape
    out_shape: Shape
    groups: I32
    geometry: Geometry
    act: Clamp
    weights: Any = field(
        metadata=array(
            "<f4",
            lambda r: (r.out_shape[1], r.in_shape[1] // max(r.groups, 1), r.geometry.filter_h, r.geometry.filter_w),
        )
    )
    bias: Any = field(metadata=array("<f4", lambda r: (r.out_shape[1],)))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"input": self.in_shape, "output": self.out_shape}

    def own_problem(self) -> Problem | None:
        # Unlike above, the output's channels come from a shape of the file, which may contradict the groups.
        if self.groups < 1 or self.in_shape[1] % self.groups or self.out_shape[1] % self.groups:
            return (
                "groups",
                self.groups,
                tr("a divisor of {in_shape} and {out_shape}", in_shape=self.in_shape[1], out_shape=self.out_shape[1]),
            )
        if self.in_shape[0] != self.out_shape[0]:
            return tr("batches of the output"), self.out_shape[0], self.in_shape[0]
        return None

    def work(self) -> int:
        return int(self.weights.size) * (prod(self.in_shape[2:]) + CALL_COST)


@dataclass(frozen=True, eq=False)
class Quantize(Node):
    """``scale`` in steps per unit."""

    input: Range
    output: Range
    zero_point: I32
    scale: F32

    def own_problem(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size // 4)


@dataclass(frozen=True, eq=False)
class Dequantize(Quantize):
    def own_problem(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size * 4)


@dataclass(frozen=True, eq=False)
class MatmulNode(Node):
    a: Range
    b: Range
    output: Range
    a_rows: I32
    a_cols: I32
    b_cols: I32

    def shapes(self) -> dict[str, tuple[int, ...]]:
        rows, inner, columns = self.a_rows, self.a_cols, self.b_cols
        return {"a": (rows, inner), "b": (inner, columns), "output": (rows, columns)}

    def work(self) -> int:
        return self.a_rows * self.b_cols * (self.a_cols + RESULT_COST) + CALL_COST


@dataclass(frozen=True, eq=False)
class Matmul(MatmulNode):
    act: Clamp
    bias: Any = field(metadata=array("<f4", lambda r: (r.b_cols,)))


@dataclass(frozen=True, eq=False)
class QuantizedMatmul(MatmulNode, ByteNode):
    a_offset: I32
    b_offset: I32
    out_mul: I32
    out_shift: I32
    out_offset: I32
    bias: Any = field(metadata=array("<i4", lambda r: (r.b_cols,)))


@dataclass(frozen=True, eq=False)
class Reduce(Node):
    """``op``: 0 mean, 1 min, 2 max, 3 sum; the axes that have size 1 in ``out_shape`` are reduced."""

    input: Range
    output: Range
    op: U32
    in_shape: Shape
    out_shape: Shape
    init: F32

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"input": self.in_shape, "output": self.out_shape}

    def own_problem(self) -> Problem | None:
        # An axis is either kept or reduced to one element. With any other size the reference would write beyond its
        # end.
        if any(out not in (1, size) for out, size in zip(self.out_shape, self.in_shape, strict=True)):
            return (
                "out_shape",
                self.out_shape,
                tr("1 or the size in {in_shape} along each axis", in_shape=self.in_shape),
            )
        return one_of("reduce_op", self.op, 4)


@dataclass(frozen=True, eq=False)
class ReduceWindow(Node):
    """Channels first; ``op`` as for Reduce."""

    input: Range
    output: Range
    op: U32
    in_shape: Shape
    geometry: Geometry
    init: F32
    act: Clamp

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"input": self.in_shape, "output": (*self.in_shape[:2], *self.geometry.size(*self.in_shape[2:]))}

    def own_problem(self) -> Problem | None:
        return one_of("reduce_op", self.op, 4)

    def work(self) -> int:
        return self.geometry.filter_h * self.geometry.filter_w * (prod(self.shapes()["output"]) + CALL_COST)


@dataclass(frozen=True, eq=False)
class Softmax(Node):
    input: Range
    output: Range
    inner_size: I32
    outer_size: I32
    beta: F32

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shape = (self.outer_size, self.inner_size)
        return {"input": shape, "output": shape}


UNARY_NAMES = ("abs", "ceil", "cos", "exp", "floor", "log", "neg", "rsqrt", "sin", "square")


@dataclass(frozen=True, eq=False)
class Unary(Node):
    """``op``: index into ``UNARY_NAMES``."""

    input: Range
    output: Range
    op: U32

    def own_problem(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size // 4 * 4) or one_of(
            "unary_op", self.op, 10
        )
