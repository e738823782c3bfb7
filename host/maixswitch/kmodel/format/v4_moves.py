"""The bodies of the kmodel v4 nodes that move data, and of the KPU nodes; the order of the fields is that in the file.

Source: nncase 0.2 neutral_ops_body.h and k210_ops_body.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from maixswitch.language import tr

from .airam import ROW, MapLayout
from .binary_record import I32, U8, U32, Shape, array
from .budget import MAX_PARTS
from .conv import Conv
from .program import AI_RAM, MAIN, Problem, Use
from .v4_node import LARGEST, MEMORIES, AnyNode, ByteNode, Node, Padding, Range, at_least, one_of


@dataclass(frozen=True, eq=False)
class Concat(ByteNode):
    """``inner_size`` in bytes; ``parts``: rows of memory, datatype, start, size."""

    output: Range
    inner_size: U32
    outer_size: U32
    number: U32
    parts: Any = field(metadata=array("<u4", lambda r: (r.number, 4)))
    dims: Any = field(metadata=array("<i4", lambda r: (r.number,)))

    def ranges(self) -> Iterator[tuple[str, Range]]:
        for row in self.parts.tolist():
            yield "part", Range(*row)
        yield "output", self.output

    def problem(self) -> Problem | None:
        # The number comes from the file and multiplies the work, so it is bounded before the parts are looked at.
        if not 1 <= self.number <= MAX_PARTS:
            return tr("number of parts"), self.number, f"1..{MAX_PARTS}"
        if not (self.inner_size and self.outer_size):
            return tr("inner_size, outer_size"), (self.inner_size, self.outer_size), tr("at least 1")
        return super().problem()

    def own_problem(self) -> Problem | None:
        slice_size = self.outer_size * self.inner_size
        for (_, part), dim in zip(self.ranges(), self.dims.tolist(), strict=False):
            # A part that is smaller than its slices would be read beyond its end.
            if dim < 0 or part.size < slice_size * dim:
                return (
                    tr("size of part"),
                    part.size,
                    tr("at least {size}, for {dim} slices", size=slice_size * dim, dim=dim),
                )
        return at_least(tr("size of output"), self.output.size, slice_size * int(self.dims.sum()))


@dataclass(frozen=True, eq=False)
class Pad(AnyNode):
    """``value``: the four bytes of a float32, or a uint8 in the first."""

    input: Range
    output: Range
    in_shape: Shape
    n: Padding
    c: Padding
    h: Padding
    w: Padding
    value_type: U32
    value: Any = field(metadata=array("u1", lambda r: (4,)))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        pads = (self.n, self.c, self.h, self.w)
        out_shape = tuple(size + pad.before + pad.after for size, pad in zip(self.in_shape, pads, strict=True))
        return {"input": self.in_shape, "output": out_shape}

    def copied(self) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The slices of the output and of the input that hold the same elements; empty if the pads crop them all."""
        target, source = [], []
        for size, pad in zip(self.in_shape, (self.n, self.c, self.h, self.w), strict=True):
            # A negative pad crops, so the first kept element may lie inside the input.
            first, last = max(pad.before, 0), min(size, size + pad.after) + pad.before
            target.append(slice(first, max(first, last)))
            source.append(slice(first - pad.before, max(first, last) - pad.before))
        return tuple(target), tuple(source)


@dataclass(frozen=True, eq=False)
class MemoryCopy(Node):
    input: Range
    output: Range

    def own_problem(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size // 4 * 4)


@dataclass(frozen=True, eq=False)
class Resize(AnyNode):
    """``mode``: 0 bilinear, 1 nearest."""

    input: Range
    output: Range
    in_shape: Shape
    out_h: I32
    out_w: I32
    mode: U32
    align_corners: U8

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"input": self.in_shape, "output": (*self.in_shape[:2], self.out_h, self.out_w)}

    def own_problem(self) -> Problem | None:
        return one_of("mode", self.mode, 2)


@dataclass(frozen=True, eq=False)
class Transpose(AnyNode):
    input: Range
    output: Range
    in_shape: Shape
    perm: Shape

    def shapes(self) -> dict[str, tuple[int, ...]]:
        # A damaged permutation says nothing about the output. ``own_problem`` refuses it with a message.
        if sorted(self.perm) != [0, 1, 2, 3]:
            return {"input": self.in_shape}
        return {"input": self.in_shape, "output": tuple(self.in_shape[axis] for axis in self.perm)}

    def own_problem(self) -> Problem | None:
        return None if sorted(self.perm) == [0, 1, 2, 3] else ("perm", self.perm, tr("each of 0, 1, 2, 3 once"))


@dataclass(frozen=True, eq=False)
class StridedSlice(AnyNode):
    """``end`` may be -1 with a negative stride. The masks have no effect: the converter has applied them."""

    input: Range
    output: Range
    in_shape: Shape
    begin: Shape
    end: Shape
    strides: Shape
    begin_mask: I32
    end_mask: I32
    ellipsis_mask: I32
    new_axis_mask: I32
    shrink_axis_mask: I32

    def indices(self) -> list[range]:
        """The indices that are taken along each axis."""
        return [range(*part) for part in zip(self.begin, self.end, self.strides, strict=True)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        if 0 in self.strides:
            return {"input": self.in_shape}
        return {"input": self.in_shape, "output": tuple(len(indices) for indices in self.indices())}

    def own_problem(self) -> Problem | None:
        # A stride of 0 would never end.
        if 0 in self.strides:
            return "strides", self.strides, tr("no zero")
        for axis, indices in enumerate(self.indices()):
            # An index outside the axis would read another row, or leave the memory.
            least, most = sorted((indices[0], indices[-1]))
            if not 0 <= least <= most < self.in_shape[axis]:
                return tr("begin, end of axis {axis}", axis=axis), (least, most), f"0..{self.in_shape[axis] - 1}"
        return None


@dataclass(frozen=True, eq=False)
class TableLookup(ByteNode):
    input: Range
    table: Range
    output: Range

    def own_problem(self) -> Problem | None:
        return at_least(tr("size of table"), self.table.size, 256) or at_least(
            tr("size of output"), self.output.size, self.input.size
        )


def _row_problem(part: Range) -> Problem | None:
    """None for a range that can hold feature maps: whole rows of the AI RAM."""
    # The KPU addresses its memory in rows, and upload writes whole maps, so nothing else could read the result.
    if MEMORIES[part.memory] != AI_RAM:
        return tr("memory type of output"), part.memory, "2 (AI RAM)"
    return (tr("start of output"), part.start, tr("a multiple of {row}", row=ROW)) if part.start % ROW else None


@dataclass(frozen=True, eq=False)
class KpuUpload(ByteNode):
    input: Range
    output: Range
    in_shape: Shape

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"input": self.in_shape}

    def uses(self) -> Iterator[Use]:
        yield self.input.use("input", self.in_shape)
        yield self.output.use("output", self.in_shape)

    def own_problem(self) -> Problem | None:
        batches, channels, height, width = self.in_shape
        size = MapLayout(channels, height, width).size * batches
        return _row_problem(self.output) or at_least(tr("size of output"), self.output.size, size)


@dataclass(frozen=True, eq=False)
class KpuHead:
    """The start of a KPU node's body; register block, tables and weights follow."""

    main_output: Range
    batches: I32
    reserved: I32


@dataclass(frozen=True, eq=False)
class KpuConv:
    """A KPU layer of v4; a ``main_output`` of size 0 means that the result stays in the AI RAM."""

    head: KpuHead
    conv: Conv

    def uses(self) -> Iterator[Use]:
        source, target, batches = self.conv.input, self.conv.output, self.head.batches
        shape = (batches, target.channels, target.height, target.width)
        yield Use("image_src_addr", AI_RAM, self.conv.source * ROW, source.size * batches, "uint8")
        yield Use("image_dst_addr", AI_RAM, self.conv.target * ROW, target.size * batches, "uint8", True, shape)
        if self.head.main_output.size:
            yield self.head.main_output.use("main_output", shape)

    def problem(self) -> Problem | None:
        target, batches = self.conv.output, self.head.batches
        # The batches multiply the time and the memory of the layer.
        if not 1 <= batches <= LARGEST:
            return "batches", batches, f"1..{LARGEST}"
        shape, main = (batches, target.channels, target.height, target.width), self.head.main_output
        # The DMA of the KPU sends to main memory only.
        if main.size and MEMORIES.get(main.memory) != MAIN:
            return tr("memory type of main_output"), main.memory, tr("1 (main)")
        return main.problem("main_output", shape, 1) if main.size else None

    def work(self) -> int:
        return self.conv.macs * self.head.batches
