"""The network while it is being rewritten: operations of ir, and those that have yet to become such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .node import Array, Conv, Curve, Op, Shape

Order = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class RawConv(Op):
    """Any convolution: weights (out, in / group, kh, kw); ``pads``: top, left, bottom, right; two numbers: y, x."""

    weights: Array
    bias: Array
    group: int
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    dilations: tuple[int, int]
    curve: Curve | None = None


@dataclass(frozen=True, eq=False)
class RawPool(Op):
    """Any pool; ``kind``: "max" or "mean"; ``whole``: a mean counts the border in."""

    kind: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Pad(Op):
    """A border of ``value`` (None: what stands at the edge); ``pads``: top, left, bottom, right."""

    pads: tuple[int, int, int, int]
    value: float | None


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """x * factor + offset, one number for each channel (or element of a flat tensor)."""

    factor: Array
    offset: Array


@dataclass
class Draft:
    """``kinds``: operator by node, for messages; else as in ir.Graph."""

    ops: list[Op]
    shapes: dict[str, Shape]
    input: str
    outputs: tuple[str, ...]
    kinds: dict[str, str]
    notes: list[str] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)

    def readers(self, tensor: str) -> list[Op]:
        """The operations that take the tensor."""
        return [op for op in self.ops if tensor in op.inputs]

    def only_reader(self, tensor: str) -> Op | None:
        """The operation that alone takes the tensor; None where there are several, or it is an output."""
        found = self.readers(tensor)
        return found[0] if len(found) == 1 and tensor not in self.outputs else None

    def maker(self, tensor: str) -> Op | None:
        """The operation that gives the tensor; None for the input."""
        return next((op for op in self.ops if op.output == tensor), None)

    def sole_maker(self, op: Op) -> Op | None:
        """The operation that gives the first input of ``op``, if nothing else takes that."""
        return self.maker(op.inputs[0]) if self.only_reader(op.inputs[0]) is op else None

    def swap(self, old: Op, new: Sequence[Op]) -> None:
        """Puts operations in the place of one."""
        place = self.ops.index(old)
        self.ops[place : place + 1] = new

    def join(self, first: Op, second: Op, new: Op) -> None:
        """Puts one operation in the place of two, where the second alone takes what the first gives."""
        self.ops.remove(first)
        self.swap(second, [replace(new, nodes=first.nodes + second.nodes, output=second.output)])

    def name(self, tensor: str, suffix: str) -> str:
        """A name for a tensor that the file does not have."""
        found, count = f"{tensor}/{suffix}", 1
        while found in self.shapes:
            count += 1
            found = f"{tensor}/{suffix}{count}"
        return found


class Place:
    """The node of an operation, for a message."""

    def __init__(self, draft: Draft, op: Op) -> None:
        self.name = op.nodes[-1] if op.nodes else op.output
        self.kind = draft.kinds.get(self.name, type(op).__name__)


def depthwise(nodes: tuple[str, ...], source: str, output: str, factor: Array, tap: tuple[int, int] = (1, 1)) -> Conv:
    """A 3x3 depthwise convolution that takes one tap alone: a factor for each channel, and a step to a neighbour.

    1x1 would do, but the KPU's depthwise convolution is only known to be right with 3x3.
    """
    weights = np.zeros((len(factor), 1, 3, 3))
    weights[:, 0, tap[0], tap[1]] = factor
    return Conv(nodes, (source,), output, weights, np.zeros(len(factor)), depthwise=True)
