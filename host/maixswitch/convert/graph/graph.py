"""The float graph: operations on named tensors, without a batch, in the order they run.

Tensors are (channels, height, width) or (n,). A tensor keeps its name in the ONNX file. If nodes are joined
(Conv + BatchNormalization + Relu), the tensor has the name of the last of them.

``Node`` is the base class of all nodes. Each file of ``ops`` derives its own nodes from it, with the attributes as
fields, and overrides the methods below. Nothing else in the converter depends on the operator of a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.refusals import refuse
from maixswitch.errors import MaixSwitchError

from .curve import Curve
from .float_math import Array, Shape, Values

Order = NDArray[np.intp]


class Phase(Enum):
    """The passes that rewrite a graph for the KPU, in the order they run."""

    BORDERS = "a border goes into the convolution or pool behind it"
    CHANNELS = "a choice of channels goes into the weights beside it"
    SCALING = "a factor and an offset go into the operation beside them"
    SCALING_LEFT = "where there is no such operation, one is added"
    CURVES = "an activation goes into the operation before it"
    CHANNELS_LEFT = "the same for choices that had something else beside them"
    WINDOWS = "convolutions and pools of any window become those that the KPU has"
    POOLS = "a pool goes into the convolution before it"
    GATES = "the layers that make one number a channel from means read bytes"
    STRIDES = "a stride leaves the depthwise convolution"


class ScaleFrom(Enum):
    """The source of the scale of a tensor of bytes."""

    OWN = "its own range"
    INPUT = "its input, whose bytes it keeps"
    SHARED = "one scale with all its inputs"


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    sources: names of the ONNX nodes in it, for messages.
    inputs, output: names of tensors.
    """

    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str

    operators: ClassVar[tuple[str, ...]] = ()
    """The ONNX operators that this node stands for, whatever was joined with it; () for the last of ``sources``."""
    on_kpu: ClassVar[bool] = False
    """Is this a layer of the KPU? It reads the picture, and an activation costs it nothing."""
    keeps_channels_apart: ClassVar[bool] = False
    """Does each element of the result come from one channel, with the channels in order and of one size?"""
    scale_from: ClassVar[ScaleFrom] = ScaleFrom.OWN

    # Methods that every operator overrides.

    def evaluate(self, values: Sequence[Values]) -> Values:
        """Returns the output for the inputs, all float32 with a batch in front."""
        raise NotImplementedError

    def quantise(self, quantiser: Any) -> None:
        """Adds the node's integer layers; ``quantiser`` is a ``quantise.quantiser.Quantiser``."""
        raise NotImplementedError

    def makes_bytes(self, shape: Shape) -> bool:
        """Is the output, of this shape, a tensor of bytes? Else it is float32."""
        return False

    @property
    def is_constant(self) -> bool:
        """Is the result the same whatever the inputs are?"""
        return False

    # Methods of the rewriting. By default, a node cannot be rewritten or joined with another.

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """Rewrites the graph around this node in one phase; returns whether anything changed."""
        return False

    def with_border(self, pads: tuple[int, int, int, int], value: float | None, low: float) -> Node | None:
        """Returns this node with a wider border, None if the result would differ.

        pads: top, left, bottom, right.
        value: of the border, None for a copy of the pixels at the edge.
        low: a lower bound of the values that the border surrounds.
        """
        return None

    def scaled_behind(self, factor: Array, offset: Array) -> Node | None:
        """Returns a node with this one's result * factor + offset, one number for each channel; None if none can."""
        return None

    def scaled_before(self, factor: Array, offset: Array) -> Node | None:
        """Returns a node that computes from x what this one computes from x * factor + offset; None if none can."""
        return None

    def lets_scaling_pass(self, factor: Array) -> bool:
        """Is the result the same whether a factor and an offset for each channel come before or after it?"""
        return False

    def with_curve(self, curve: Curve) -> Node | None:
        """Returns this node with the curve after it; None if it cannot have one."""
        return None

    def lets_curve_pass(self, curve: Curve) -> bool:
        """Is the result the same whether the curve comes before or after it?"""
        return False

    def with_pool(self, pool: str) -> Node | None:
        """Returns this node with the KPU's pool of that name after it; None if it cannot have one."""
        return None

    def on_bytes(self, factor: Array, offset: Array) -> Node:
        """Returns a node that computes from bytes x what this one computes from x * factor + offset.

        It ignores the border, whose zeros become bytes of 0. Only called for layers of the KPU.
        """
        raise NotImplementedError

    def around(self, pad: int) -> Node:
        """Returns the node for an input from which ``pad`` was subtracted. Only called for layers of the KPU."""
        raise NotImplementedError

    # Methods for the choice of scales, for nodes that make bytes.

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest possible element of the result; infinite if there is no limit."""
        return -inf, inf

    def before_pool(self, values: Sequence[Values]) -> Values | None:
        """Returns the values whose range counts, if the range of the output is narrower; else None."""
        return None

    def reach(self, largest: float) -> float:
        """Returns a bound of the result for inputs up to ``largest``; 0.0 if it is not needed."""
        return 0.0


@dataclass
class Graph:
    """The whole network.

    nodes: in the order they run.
    shapes: by tensor.
    input: the picture (c, h, w).
    outputs: in the order of the file.
    pixels: (factor, offset) for each channel; of a byte 0..255, the network takes byte * factor + offset.
    notes: sentences for the user about what was left out or added.
    orders: for each tensor whose elements have another order in the ONNX file (channels last), an array of the ONNX
        tensor's shape that holds the positions in the tensor here.
    kinds: the operator of each ONNX node, for messages.
    ranges: (low, high) of the tensors for which the file states it.
    """

    nodes: list[Node]
    shapes: dict[str, Shape]
    input: str
    outputs: tuple[str, ...]
    pixels: tuple[tuple[float, float], ...] = ()
    notes: list[str] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)

    def readers(self, tensor: str) -> list[Node]:
        """Returns the nodes that read the tensor."""
        return [node for node in self.nodes if tensor in node.inputs]

    def only_reader(self, tensor: str) -> Node | None:
        """Returns the only node that reads the tensor; None if there are several, or if the tensor is an output."""
        readers = self.readers(tensor)
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None

    def maker(self, tensor: str) -> Node | None:
        """Returns the node that makes the tensor; None for the input."""
        return next((node for node in self.nodes if node.output == tensor), None)

    def sole_maker(self, node: Node) -> Node | None:
        """Returns the node that makes the first input of ``node``, if no other node reads it."""
        return self.maker(node.inputs[0]) if self.only_reader(node.inputs[0]) is node else None

    def swap(self, old: Node, new: Sequence[Node]) -> None:
        """Replaces one node by several."""
        index = self.nodes.index(old)
        self.nodes[index : index + 1] = new

    def join(self, first: Node, second: Node, new: Node) -> None:
        """Replaces two nodes by one; only the second reads the output of the first."""
        self.nodes.remove(first)
        # The name of the second stays, because others read that tensor, and the report compares it with the file.
        self.swap(second, [replace(new, sources=first.sources + second.sources, output=second.output)])

    def exchange(self, first: Node, second: Node) -> Node:
        """Moves the second node, which follows the first, before it; returns it. It must not change shapes."""
        name = self.name(first.output, "before")
        # The tensor between the two has other values than before, so it gets a new name and no comparison reads it.
        self.shapes[name] = self.shapes[first.inputs[0]]
        self.nodes.remove(second)
        earlier = replace(second, inputs=first.inputs, output=name)
        self.swap(first, [earlier, replace(first, inputs=(name,), output=second.output)])
        return earlier

    def name(self, tensor: str, suffix: str) -> str:
        """Returns a name for a tensor that the file does not have."""
        name, count = f"{tensor}/{suffix}", 1
        while name in self.shapes:
            count += 1
            name = f"{tensor}/{suffix}{count}"
        return name

    def range_of(self, tensor: str) -> tuple[float, float] | None:
        """Returns the range that the file states, for tensors that ``name`` named as well; None if there is none."""
        return self.ranges.get(tensor) or self.ranges.get(tensor.rpartition("/")[0])

    def title(self, node: Node) -> tuple[str, str]:
        """Returns the name and the operator of the ONNX node that a message about ``node`` has to name."""
        # A relu that was joined with a convolution is not the cause of what is wrong with the convolution.
        own = [name for name in node.sources if self.kinds.get(name) in node.operators]
        name = (own or [*node.sources[-1:], node.output])[0]
        return name, self.kinds.get(name, type(node).__name__)

    def refused(self, node: Node, reason: str, remedy: str) -> MaixSwitchError:
        """Returns the error that refuses a node, named after the ONNX node that it comes from."""
        return refuse(*self.title(node), reason, remedy)


def evaluate(graph: Graph, images: Values) -> dict[str, Values]:
    """Returns all tensors of the graph by name, float32 with a batch; ``images``: its input (n, ...)."""
    values = {graph.input: images.astype(np.float32, copy=False)}
    with np.errstate(all="ignore"):  # calibration refuses values that are not finite, and names their tensor
        for node in graph.nodes:
            result = node.evaluate([values[name] for name in node.inputs])
            stated = graph.ranges.get(node.output)
            # A quantised file computes with numbers that end where their range does, and so does the board.
            if stated is not None and node.makes_bytes(graph.shapes[node.output]):
                result = np.clip(result, np.float32(stated[0]), np.float32(stated[1]))
            values[node.output] = result
    return values


def is_map(shape: Shape) -> bool:
    """Is this the shape (c, h, w) of a feature map? Maps are quantised; flat tensors are float32."""
    return len(shape) == 3
