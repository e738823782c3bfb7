"""What reading a network node by node needs: the values so far, and the draft that grows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.read.onnx_file import Network, Node
from maixswitch.convert.refusals import FIXED, refuse
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word

from .graph import Affine, Draft, Place
from .node import Array, Flatten, Op, Shape, Unary
from .value import Value, is_map, per_channel, view

Data = NDArray[Any]
LARGEST = 1 << 24
"""Elements of a tensor, far more than the board holds: it bounds what a network can make this program compute."""


class Walk:
    """``values``: by ONNX name, a Value or a constant."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.values: dict[str, Value | Data] = dict(network.constants)
        kinds = {node.name: node.kind for node in network.nodes}
        self.draft = Draft([], {}, network.input, network.outputs, kinds)
        self.takers: dict[str, list[Node]] = {}
        for node in network.nodes:
            for name in node.inputs:
                self.takers.setdefault(name, []).append(node)
        self._ready: dict[str, Value] = {}

    def shape(self, value: Value) -> Shape:
        """The shape of the tensor that the value shows."""
        return self.draft.shapes[value.tensor]

    def argument(self, node: Node, place: int) -> Value | Data | None:
        """An input of the node; None if it is left out. MaixSwitchError if nothing gives it."""
        if place >= len(node.inputs) or not node.inputs[place]:
            return None
        name = node.inputs[place]
        if name not in self.values:
            why = tr("nothing gives its input {name}", name=name)
            raise refuse(node, why, word("export the network again"))
        return self.values[name]

    def constant(self, node: Node, place: int) -> Data | None:
        """A constant input; None if it is left out. MaixSwitchError if it is computed from the picture."""
        found = self.argument(node, place)
        if isinstance(found, Value):
            raise refuse(node, tr("its input {name} is no constant", name=node.inputs[place]), word(FIXED))
        return found

    def weights(self, node: Node, place: int) -> Data:
        """A constant input of real numbers. MaixSwitchError if there is none, or a number in it is not finite."""
        found = self.constant(node, place)
        if found is None or found.dtype.kind not in "fiu":
            why = tr("its input {place} is missing, or no numbers", place=place + 1)
            raise refuse(node, why, word("export the network again"))
        wide = found.astype(np.float64)
        if not np.isfinite(wide).all():
            why = tr("its weights hold numbers that are not finite")
            raise refuse(node, why, word("train the network again; it has diverged"))
        return wide

    def value(self, node: Node, place: int = 0) -> Value:
        """An input that depends on the picture, its curve made an operation. MaixSwitchError if there is none."""
        return self.ready(self.lazy(node, place))

    def lazy(self, node: Node, place: int = 0) -> Value:
        """As `value`, but the curve may still be open."""
        found = self.argument(node, place)
        if not isinstance(found, Value):
            why = tr("its input {place} does not depend on the picture", place=place + 1)
            raise refuse(node, why, word("simplify the network, so that constants are computed beforehand"))
        return found

    def map(self, node: Node, place: int = 0) -> Value:
        """An input (1, channels, height, width). MaixSwitchError for any other layout."""
        found = self.value(node, place)
        if not is_map(found, self.shape(found)):
            why = tr("its input has shape {shape}, not (1, channels, height, width)", shape=found.shape)
            raise refuse(node, why, word("export the network with channels first"))
        return found

    def flat(self, node: Node, place: int = 0) -> Value:
        """An input as a flat tensor, in any order of its elements."""
        found = self.value(node, place)
        if len(self.shape(found)) == 1:
            return found
        if found.order is None:
            name = found.name if found.name not in self.draft.shapes else self.draft.name(found.name, "flat")
        else:
            name = self.draft.name(found.name, "flat")
        self.add(Flatten((), (found.tensor,), name), (int(np.prod(self.shape(found))),))
        return replace(found, name=name, tensor=name)

    def ready(self, value: Value) -> Value:
        """The value with its function made an operation of the draft."""
        if value.function.nodes == () and value.function.line == (1.0, 0.0):
            return value
        if value.name in self._ready:
            return self._ready[value.name]
        f, name, shape = value.function, value.name, self.shape(value)
        op: Op
        if f.line:
            ones = np.ones(shape[0])
            op = Affine(f.nodes, (value.tensor,), name, ones * f.line[0], ones * f.line[1])
        else:
            op = Unary(f.nodes, (value.tensor,), name, f.curve)
        self.add(op, shape)
        found = Value(name, name, value.shape, value.order)
        self.remember_order(found)
        self._ready[name] = found
        return found

    def remember_order(self, value: Value) -> None:
        """Notes how the ONNX tensor of the value's name differs from the draft's."""
        if value.order is not None:
            self.draft.orders[value.tensor] = value.order

    def add(self, op: Op, shape: Shape) -> None:
        """Puts an operation at the end, with the shape of its result. MaixSwitchError for one beyond all memory."""
        if float(np.prod(np.asarray(shape, np.float64))) > LARGEST:
            why = tr("its result has shape {shape}", shape=shape)
            raise refuse(Place(self.draft, op), why, word("use a smaller picture, or fewer channels"))
        self.draft.ops.append(op)
        self.draft.shapes[op.output] = shape

    def give(self, node: Node, op: Op, shape: Shape, like: Value | None = None) -> None:
        """Adds an operation whose result is the node's output, in the order of ``like``, else batch first."""
        self.add(op, shape)
        if like is None:
            found = Value(op.output, op.output, (1, *shape))
        else:
            found = Value(op.output, op.output, like.shape, like.order)
        self.values[node.outputs[0]] = found
        self.remember_order(found)

    def look(self, node: Node, source: Value, order: Data) -> None:
        """Makes the node's output another view of the value."""
        self.values[node.outputs[0]] = view(node.outputs[0], source, order)

    def affine(self, node: Node, value: Value, factor: Array, offset: Array) -> None:
        """Adds a factor and an offset, each of the shape of the value's tensor, where they go by channel."""
        if len(self.shape(value)) == 3 and len(value.shape) == 2 and per_channel(factor) is None:
            value = self.flat(node)
            factor, offset = factor.ravel(), offset.ravel()
        factors, offsets = per_channel(factor), per_channel(offset)
        if factors is None or offsets is None:
            why = tr("its numbers differ from pixel to pixel")
            raise refuse(node, why, word("use one number for each channel"))
        op = Affine((node.name,), (value.tensor,), node.outputs[0], factors, offsets)
        self.give(node, op, self.shape(value), value)

    def outputs(self) -> None:
        """Finds the tensors of the outputs. MaixSwitchError for what cannot be one."""
        found = []
        for name in self.network.outputs:
            value = self.values.get(name)
            if not isinstance(value, Value):
                raise MaixSwitchError(
                    tr("output {name} does not depend on the picture; leave it out of the network", name=name)
                )
            value = self.ready(value)
            if value.tensor == self.draft.input:
                raise MaixSwitchError(tr("output {name} is the picture itself; leave it out of the network", name=name))
            if value.order is not None:
                note = tr(
                    "output {name}: its elements stand channels first, {shape}, without the rearranging at the end",
                    name=name,
                    shape=self.shape(value),
                )
                self.draft.notes.append(note)
            found.append(value.tensor)
        self.draft.outputs = tuple(dict.fromkeys(found))
