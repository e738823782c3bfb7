"""What all nodes of kmodel v4 share: memory ranges, window geometry, and the check whether a node can run at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import prod

from maixswitch.language import tr

from .binary_record import F32, I32, U32
from .budget import MAX_MAIN_MEMORY
from .program import AI_RAM, CONST, MAIN, Problem, Use

MEMORIES = {0: CONST, 1: MAIN, 2: AI_RAM}
DATATYPES = {0: "float32", 1: "uint8"}
SIZES = {"float32": 4, "uint8": 1}
WRITTEN = ("output", "main_output")
LARGEST = MAX_MAIN_MEMORY
"""The largest size along an axis, filter, stride or dilation: no memory holds more."""


@dataclass(frozen=True)
class Range:
    """A piece of memory: ``memory`` 0 constants, 1 main, 2 AI RAM; ``datatype`` 0 float32, 1 uint8; sizes in bytes."""

    memory: U32
    datatype: U32
    start: U32
    size: U32

    def use(self, name: str, shape: tuple[int, ...] | None = None) -> Use:
        """This range as the field ``name`` of a node."""
        memory, dtype = MEMORIES.get(self.memory, ""), DATATYPES.get(self.datatype, "")
        return Use(name, memory, self.start, self.size, dtype, name in WRITTEN, shape)

    def problem(self, name: str, shape: tuple[int, ...] | None, item: int) -> Problem | None:
        """Why a tensor of ``shape`` with ``item`` bytes per element cannot lie here; None if it can."""
        # The memory type chooses an address space. An unknown one cannot be looked up at all.
        if self.memory not in MEMORIES:
            return (
                tr("memory type of {name}", name=name),
                self.memory,
                tr("one of {known}", known=sorted(MEMORIES)),
            )
        if self.datatype not in DATATYPES:
            return (
                tr("data type of {name}", name=name),
                self.datatype,
                tr("one of {known}", known=sorted(DATATYPES)),
            )
        # Where the body does not tell a shape, the range's own size is all that is known.
        if shape is None:
            return None
        # Each size is bounded before the product, which could otherwise be small by an overflow or by a 0.
        if not 1 <= min(shape) <= max(shape) <= LARGEST:
            return tr("shape of {name}", name=name), shape, tr("sizes 1..{largest}", largest=LARGEST)
        need = prod(shape) * item
        return at_least(tr("size of {name}", name=name), self.size, need)


def at_least(name: str, size: int, least: int) -> Problem | None:
    """None for a size that is large enough."""
    return None if size >= least else (name, size, tr("at least {least}", least=least))


def one_of(name: str, value: int, count: int) -> Problem | None:
    """None when the value is one of ``count`` from 0."""
    return None if 0 <= value < count else (name, value, f"0..{count - 1}")


@dataclass(frozen=True)
class Padding:
    """Pixels before and after; negative ones crop."""

    before: I32
    after: I32


@dataclass(frozen=True)
class Clamp:
    """A float activation: low and high limit. The full range of float32 means no limit."""

    low: F32
    high: F32


@dataclass(frozen=True)
class Geometry:
    """A sliding window, in pixels."""

    pad_h: Padding
    pad_w: Padding
    filter_h: I32
    filter_w: I32
    stride_h: I32
    stride_w: I32
    dilation_h: I32
    dilation_w: I32

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output, by the reference's integer division."""
        rest_h = height + self.pad_h.before + self.pad_h.after - (self.filter_h - 1) * self.dilation_h - 1
        rest_w = width + self.pad_w.before + self.pad_w.after - (self.filter_w - 1) * self.dilation_w - 1
        return (rest_h + self.stride_h) // self.stride_h, (rest_w + self.stride_w) // self.stride_w

    def problem(self) -> Problem | None:
        """A field that is below 1 or beyond LARGEST, if there is one."""
        # Strides and dilations of 0 would divide by zero or never end.
        for entry in fields(self)[2:]:
            value = getattr(self, entry.name)
            if not 1 <= value <= LARGEST:
                return entry.name, value, f"1..{LARGEST}"
        return None


@dataclass(frozen=True, eq=False)
class Node:
    """A node; every field of type Range is a piece of memory that it reads or writes."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the ranges, by field name, where the body tells them."""
        return {}

    def item(self, name: str) -> int:
        """Bytes per element that the operation reads or writes there; the range's data type may differ."""
        return 4

    def ranges(self) -> Iterator[tuple[str, Range]]:
        """The memory ranges, by field name."""
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Range):
                yield entry.name, value

    def uses(self) -> Iterator[Use]:
        """The memory that the node reads and writes."""
        shapes = self.shapes()
        for name, part in self.ranges():
            yield part.use(name, shapes.get(name))

    def problem(self) -> Problem | None:
        """What makes the node impossible to run; None if there is nothing."""
        geometry = getattr(self, "geometry", None)
        problem: Problem | None = geometry.problem() if geometry is not None else None
        if problem:
            return problem
        shapes = self.shapes()
        # The window was checked first, because a bad one would give wrong shapes here.
        for name, part in self.ranges():
            problem = part.problem(name, shapes.get(name), self.item(name))
            if problem:
                return problem
        return self.own_problem()

    def own_problem(self) -> Problem | None:
        """What only this type of node requires; None if it holds."""
        return None

    def work(self) -> int:
        """A rough number of elementary operations of the node."""
        return sum(part.size for _, part in self.ranges())


@dataclass(frozen=True, eq=False)
class ByteNode(Node):
    """A node on uint8."""

    def item(self, name: str) -> int:
        return 1


@dataclass(frozen=True, eq=False)
class AnyNode(Node):
    """A node that moves elements of whatever type its input has."""

    def item(self, name: str) -> int:
        source: Range = getattr(self, "input")  # noqa: B009
        return SIZES[DATATYPES.get(source.datatype, "float32")]
