"""The state while a network is read node by node: the values so far, and the growing graph."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.refusals import AGAIN, DIVERGED, FIXED
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word

from .curve import Function
from .float_math import Shape
from .graph import Graph, Node
from .onnx_node import OnnxNetwork, OnnxNode
from .value import Value, is_channels_first, view

Data = NDArray[Any]
Settle = Callable[[Function, str, str, Shape], Node]
Select = Callable[["Importer", Value], Value]
LARGEST = 1 << 24
"""Elements of a tensor, far more than the board holds. This bounds the work that a file can cause here."""


class Importer:
    """Grows a graph from the nodes of a file.

    The readers in ``ops`` take the inputs of a node from it and add the nodes of the graph to it. Both refuse every
    mistake that a file can have, so any other exception is a bug of this program.
    """

    def __init__(
        self, network: OnnxNetwork, settle: Settle, elementwise: Set[str], select: Select | None = None
    ) -> None:
        """Starts with the constants of the network.

        ``readers`` and ``makers`` hold the nodes of the file by name of tensor, ``dequantised`` the first real tensor
        of each quantised one, ``uncomputed`` the tensors behind a node that is left out, whose ranges say nothing.

        settle: makes the node of a function that waits in a value, from (function, tensor, output, shape).
        elementwise: operators whose nodes can take in a waiting function.
        select: adds the nodes that make a tensor of a value with some elements of another, or with its channels in
            another order; returns the value itself if nothing has to move.
        """
        self.network = network
        self.elementwise = elementwise
        self.values: dict[str, Value | Data] = dict(network.constants)
        # Messages name the operator of the file. The graph's own nodes have other types, so the kinds are kept here.
        kinds = {node.name: node.kind for node in network.nodes}
        self.graph = Graph([], {}, network.input, network.outputs, kinds=kinds)
        # A function only waits in a value if all its readers can take it in, so the readers have to be known first.
        self.readers: dict[str, list[OnnxNode]] = {}
        self.makers = {name: node for node in network.nodes for name in node.outputs if name}
        self.dequantised: dict[str, str] = {}
        self.uncomputed: set[str] = set()
        for node in network.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)
        self._settle = settle
        self._settled: dict[str, Value] = {}
        self._select = select
        self._selected: dict[str, Value] = {}

    def shape(self, value: Value) -> Shape:
        """Returns the shape of the tensor that the value shows."""
        return self.graph.shapes[value.tensor]

    # The inputs of a node.

    def argument(self, node: OnnxNode, index: int) -> Value | Data | None:
        """Returns an input of the node; None if it is left out. MaixSwitchError if nothing makes it."""
        # ONNX states an optional input that is left out as an empty name, or simply has fewer inputs.
        if index >= len(node.inputs) or not node.inputs[index]:
            return None
        name = node.inputs[index]
        if name not in self.values:
            raise node.refused(tr("no node makes its input {name}", name=name), word(AGAIN))
        return self.values[name]

    def constant(self, node: OnnxNode, index: int) -> Data | None:
        """Returns a constant input; None if it is left out. MaixSwitchError if it depends on the picture."""
        argument = self.argument(node, index)
        if isinstance(argument, Value):
            raise node.refused(tr("its input {name} is not a constant", name=node.inputs[index]), word(FIXED))
        return argument

    def weights(self, node: OnnxNode, index: int) -> Data:
        """Returns a constant input of real numbers, float64. MaixSwitchError if there is none, or not finite."""
        array = self.constant(node, index)
        # Booleans and strings are arrays as well, and numpy would convert some of them silently.
        if array is None or array.dtype.kind not in "fiu" or not array.size:
            why = tr("its input {number} is missing or holds no numbers", number=index + 1)
            raise node.refused(why, word(AGAIN))
        wide = array.astype(np.float64)
        # A single NaN would spread through all tensors, and calibration would then blame another node.
        if not np.isfinite(wide).all():
            why = tr("its weights hold numbers that are not finite")
            raise node.refused(why, word(DIVERGED))
        return wide

    def integers(self, node: OnnxNode, index: int) -> list[int] | None:
        """Returns a constant input of whole numbers; None if it is left out. MaixSwitchError for anything else."""
        array = self.constant(node, index)
        if array is None:
            return None
        if array.dtype.kind not in "iu":
            raise node.refused(tr("its input {number} is missing or holds no numbers", number=index + 1), word(AGAIN))
        return [int(number) for number in array.ravel()]

    def value(self, node: OnnxNode, index: int = 0) -> Value:
        """Returns an input that depends on the picture, with no function left to apply. MaixSwitchError if none."""
        return self.settled(self.waiting(node, index))

    def waiting(self, node: OnnxNode, index: int = 0) -> Value:
        """Returns an input as ``value`` does, but a function may still wait in it."""
        return self.selected(self._picture(node, index))

    def any_order(self, node: OnnxNode, index: int = 0) -> Value:
        """Returns an input as ``value`` does, but it may have only some elements of its tensor."""
        value = self._picture(node, index)
        # A function would be applied to the whole tensor, under a name that stands for some of its elements.
        return value if value.function.is_identity else self.settled(self.selected(value))

    def _picture(self, node: OnnxNode, index: int) -> Value:
        argument = self.argument(node, index)
        if not isinstance(argument, Value):
            why = tr("its input {number} does not depend on the picture", number=index + 1)
            raise node.refused(why, word("simplify the network, so that constants are computed beforehand"))
        return argument

    def map(self, node: OnnxNode, index: int = 0) -> Value:
        """Returns an input (1, channels, height, width). MaixSwitchError for any other layout."""
        value = self.value(node, index)
        if not is_channels_first(value, self.shape(value)):
            why = tr("its input has shape {shape}, not (1, channels, height, width)", shape=value.shape)
            raise node.refused(why, word("export the network with channels first"))
        return value

    def axis(self, node: OnnxNode, value: Value, default: int) -> int:
        """Returns the node's axis counted from the front. MaixSwitchError if the value has no such axis."""
        axis, rank = int(node.attributes.get("axis", default)), len(value.shape)
        if not -rank <= axis < rank:
            raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
        return axis % rank

    def settled(self, value: Value) -> Value:
        """Returns the value after a node has applied the function that waits in it."""
        # The identity needs no node, and the value can be read as it is.
        if value.function.is_identity:
            return value
        # Several nodes may read the value, and all of them get the one tensor.
        if value.name not in self._settled:
            shape = self.shape(value)
            self.add(self._settle(value.function, value.tensor, value.name, shape), shape)
            settled = Value(value.name, value.name, value.shape, value.order)
            self.remember_order(settled)
            self._settled[value.name] = settled
        return self._settled[value.name]

    def selected(self, value: Value) -> Value:
        """Returns the value after nodes have made a tensor of its elements, if it has some elements of a tensor only.

        MaixSwitchError if the board cannot do that.
        """
        if value.order is None or self._select is None:
            return value
        # Several nodes may read the value, and all of them get the one tensor.
        if value.name not in self._selected:
            self._selected[value.name] = self._select(self, value)
        return self._selected[value.name]

    # The nodes of the graph.

    def add(self, node: Node, shape: Shape) -> None:
        """Adds a node at the end, with the shape of its result. MaixSwitchError if the result is far too large."""
        # The product is taken in floats, because sizes from a file can overflow a whole number.
        if min(shape, default=1) < 1 or float(np.prod(np.asarray(shape, np.float64))) > LARGEST:
            why = tr("its result has shape {shape}", shape=shape)
            raise self.graph.refused(node, why, word("use a smaller picture, or fewer channels"))
        self.graph.nodes.append(node)
        self.graph.shapes[node.output] = shape

    def produce(self, source: OnnxNode, node: Node, shape: Shape, like: Value | None = None) -> None:
        """Adds a node that makes the output of ``source``, in the order of ``like`` or else with the batch first."""
        self.add(node, shape)
        if like is None:
            value = Value(node.output, node.output, (1, *shape))
        else:
            value = Value(node.output, node.output, like.shape, like.order)
        self.values[source.outputs[0]] = value
        self.remember_order(value)

    def show(self, node: OnnxNode, source: Value, order: Data) -> None:
        """Makes the node's output another view of the value."""
        self.values[node.outputs[0]] = view(node.outputs[0], source, order, int(np.prod(self.shape(source))))

    def remember_order(self, value: Value) -> None:
        """Notes how the ONNX tensor of the value's name differs from the graph's."""
        if value.order is not None:
            self.graph.orders[value.tensor] = value.order

    def finish(self, unknown: Set[str] = frozenset()) -> None:
        """Sets the outputs of the graph. MaixSwitchError for a value that cannot be an output.

        unknown: names to leave out, because a refused node makes them.
        """
        outputs = []
        constant = [name for name in self.network.outputs if not isinstance(self.values.get(name), Value)]
        for name in self.network.outputs:
            if name in unknown:
                continue
            value = self.values.get(name)
            # The file format has no layer for a constant output. Detectors list their anchors as one.
            if not isinstance(value, Value) and name in self.values and len(constant) < len(self.network.outputs):
                note = tr("output {name} is left out: it is the same for every picture", name=name)
                self.graph.notes.append(note)
                continue
            if not isinstance(value, Value):
                raise MaixSwitchError(
                    tr("output {name} does not depend on the picture; leave it out of the network", name=name)
                )
            value = self.settled(self.selected(value))
            # Such a network computes nothing, so there would be no layer to write.
            if value.tensor == self.graph.input:
                raise MaixSwitchError(tr("output {name} is the picture itself; leave it out of the network", name=name))
            # The firmware has no layer that rearranges, so the user has to know the order of the board's result.
            if value.order is not None:
                note = tr(
                    "output {name}: its elements are channels first, {shape}; the rearranging at the end is left out",
                    name=name,
                    shape=self.shape(value),
                )
                self.graph.notes.append(note)
            outputs.append(value.tensor)
        # Two names of the file may stand for one tensor, which the kmodel then lists once.
        self.graph.outputs = tuple(dict.fromkeys(outputs))
