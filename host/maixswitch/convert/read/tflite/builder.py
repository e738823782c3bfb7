"""The growing ONNX graph: nodes with the shapes of their results, constants, layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.importer import LARGEST
from maixswitch.language import tr

Data = NDArray[Any]
Shape = tuple[int, ...]
OPSET, IR_VERSION = 17, 8
TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_SMALL = 64
"""Numbers of a constant that the inference of shapes may look at, such as the target of a Reshape."""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor that depends on the picture.

    name: in the ONNX graph. shape: as in the TFLite file, a map channels last.
    first: whether the ONNX tensor is channels first, which only a tensor of four axes can be.
    """

    name: str
    shape: Shape
    first: bool = False


@dataclass(frozen=True, eq=False)
class Spread(Tensor):
    """What SPACE_TO_BATCH_ND makes: every n-th pixel in a picture of its own, for a convolution with gaps.

    source: the tensor before. block: distance of the pixels. pads: top, left, bottom, right of the source.
    convolution: the operator that has read it, which BATCH_TO_SPACE_ND then finishes; None before.
    """

    source: Tensor | None = None
    block: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    convolution: Any = None


Value = Tensor | Data
"""A tensor that depends on the picture, or the numbers of a constant in the layout of the file."""


class Builder:
    """Collects the ONNX graph.

    nodes, constants: of onnx. types: of each name, the number of its type and its shape.
    batch: pictures at once in the file; 1 in the ONNX graph.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.types: dict[str, tuple[int, Shape]] = {}
        self.batch = 1
        self._small: dict[str, Any] = {}
        self._names: set[str] = set()
        self._layouts: dict[tuple[str, bool], Tensor] = {}
        self._bytes = 0

    # Names.

    def reserve(self, names: Sequence[str]) -> None:
        """Keeps names for the tensors of the file."""
        self._names.update(names)

    def name(self, base: str, kind: str) -> str:
        """Returns a new name for something that the file does not have."""
        name, number = f"{base}/{kind}", 1
        while name in self._names:
            number += 1
            name = f"{base}/{kind}{number}"
        self._names.add(name)
        return name

    # Nodes and constants.

    def add_input(self, name: str, shape: Shape) -> Tensor:
        """Adds the picture; a map becomes channels first."""
        from onnx import TensorProto

        # A network that comes from PyTorch may be channels first in the file, too, with a Transpose behind it.
        first = len(shape) == 4 and not (shape[1] in (1, 3) and shape[3] not in (1, 3))
        physical = tuple(shape[axis] for axis in TO_FIRST) if first else shape
        self.types[name] = (int(TensorProto.FLOAT), physical)
        return Tensor(name, shape, first)

    def constant(self, array: Data, base: str) -> str:
        """Returns the name of a new constant. ValueError if all of them together are far too large."""
        from onnx import numpy_helper

        name = self.name(base, "constant")
        # Several tensors of the file may share one buffer, so its size alone does not bound the memory.
        self._bytes += array.nbytes
        if self._bytes > 32 * LARGEST:
            raise ValueError(tr("too large"))
        proto = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        self.constants.append(proto)
        self.types[name] = (int(proto.data_type), tuple(array.shape))
        if array.size <= _SMALL:
            self._small[name] = proto
        return name

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], name: str, **attributes: Any) -> None:
        """Adds a node and infers the shapes of its results.

        ValueError if its inputs do not fit it, or a result is unknown, empty or far too large.
        """
        from onnx import defs, helper, shape_inference

        types = {one: helper.make_tensor_type_proto(*self.types[one]) for one in inputs if one}
        small = {one: self._small[one] for one in inputs if one in self._small}
        opsets = [helper.make_opsetid("", OPSET)]
        node = helper.make_node(kind, list(inputs), list(outputs), name=name, **attributes)
        schema = defs.get_schema(kind, OPSET, "")
        try:
            inferred = shape_inference.infer_node_outputs(
                schema, node, types, small, opset_imports=opsets, ir_version=IR_VERSION
            )
        except Exception as error:  # onnx raises various exceptions for inputs that do not fit the operator
            raise ValueError((str(error).strip().splitlines() or [type(error).__name__])[0]) from error
        for one in outputs:
            kind_of_numbers = inferred[one].tensor_type
            dims = kind_of_numbers.shape.dim
            if not kind_of_numbers.HasField("shape") or not all(dim.HasField("dim_value") for dim in dims):
                raise ValueError(tr("the size of its result is unknown"))
            shape = tuple(int(dim.dim_value) for dim in dims)
            # The product is taken in floats, because sizes from a file can overflow a whole number.
            if min(shape, default=1) < 1 or float(np.prod(np.asarray(shape, np.float64))) > LARGEST:
                raise ValueError(tr("its result has shape {shape}", shape=shape))
            self.types[one] = (int(kind_of_numbers.elem_type), shape)
        self.nodes.append(node)

    def renamed(self, tensor: Tensor, name: str, since: int) -> Tensor:
        """Returns the tensor under a name of the file, if a node from number ``since`` on made it."""
        makers = [i for i in range(since, len(self.nodes)) if tensor.name in self.nodes[i].output]
        # What another operator made keeps its own name: this one only shows it in another form.
        if not makers or name in self.types:
            return tensor
        for node in self.nodes[makers[0] :]:
            for names in (node.input, node.output):
                renamed = [name if one == tensor.name else one for one in names]
                del names[:]
                names.extend(renamed)
        self.types[name] = self.types[tensor.name]
        self._layouts = {key: value for key, value in self._layouts.items() if tensor.name not in (key[0], value.name)}
        return replace(tensor, name=name)

    def tensor(self, name: str, first: bool) -> Tensor:
        """Returns the tensor of an ONNX name; ``first`` is ignored unless it has four axes."""
        shape = self.types[name][1]
        if first and len(shape) == 4:
            return Tensor(name, tuple(shape[axis] for axis in TO_LAST), True)
        return Tensor(name, shape)

    # Layouts.

    def first(self, tensor: Tensor) -> Tensor:
        """Returns a tensor of four axes channels first."""
        return self._laid_out(tensor, True)

    def last(self, tensor: Tensor) -> Tensor:
        """Returns a tensor in the layout of the file."""
        return self._laid_out(tensor, False)

    def _laid_out(self, tensor: Tensor, first: bool) -> Tensor:
        if tensor.first == first:
            return tensor
        # Several operators may need the other layout, and they share one node.
        key = (tensor.name, first)
        if key not in self._layouts:
            name = self.name(tensor.name, "channels_first" if first else "channels_last")
            self.node("Transpose", [tensor.name], [name], name, perm=list(TO_FIRST if first else TO_LAST))
            self._layouts[key] = Tensor(name, tensor.shape, first)
            self._layouts[name, not first] = tensor
        return self._layouts[key]
