"""One operator of the file while its ONNX nodes are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maixswitch.convert.refusals import AGAIN, DILATED, FIXED
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word

from .builder import TO_FIRST, Builder, Data, Spread, Tensor, Value
from .file import FileOperator

MOST_SIDE = 4096
"""Largest stride, dilation, side of a window; far more than any map of the board has."""


class Operation:
    """An operator with the values of its inputs. Its methods raise MaixSwitchError for a form that cannot be read."""

    def __init__(self, operator: FileOperator, values: Sequence[Value | None], builder: Builder) -> None:
        self.operator = operator
        self.values = values
        self.builder = builder
        self._named = False

    def refused(self, reason: str, remedy: str = "") -> MaixSwitchError:
        """Returns the error that refuses this operator; both texts are in the user's language."""
        return self.operator.refused(reason, remedy or word(AGAIN))

    # Options.

    def option(self, name: str, default: Any = 0) -> Any:
        """Returns an option by its name in the schema."""
        return self.operator.option(name, default)

    def side(self, name: str, default: int = 1) -> int:
        """Returns an option that is a length in pixels, 1 to MOST_SIDE."""
        number = int(self.operator.option(name, default))
        if not 1 <= number <= MOST_SIDE:
            raise self.refused(tr("its {option} is {number}", option=name, number=number))
        return number

    # Inputs.

    def has(self, index: int) -> bool:
        """Is the input there?"""
        return index < len(self.values) and self.values[index] is not None

    def value(self, index: int = 0) -> Value:
        """Returns an input, which may be a constant."""
        value = self.values[index] if index < len(self.values) else None
        if value is None:
            raise self.refused(tr("its input {number} is missing or holds no numbers", number=index + 1))
        return value

    def tensor(self, index: int = 0) -> Tensor:
        """Returns an input that depends on the picture."""
        value = self.value(index)
        if not isinstance(value, Tensor):
            raise self.refused(tr("its input {number} does not depend on the picture", number=index + 1))
        # Only a convolution can read pixels that are spread over several pictures.
        if isinstance(value, Spread):
            raise self.refused(tr("its input is split into blocks"), word(DILATED))
        return value

    def map(self, index: int = 0) -> Tensor:
        """Returns an input of four axes, channels first."""
        tensor = self.tensor(index)
        if len(tensor.shape) != 4:
            raise self.refused(tr("its input has shape {shape}, not four axes", shape=tensor.shape))
        return self.builder.first(tensor)

    def plain(self, index: int = 0) -> Tensor:
        """Returns an input in the layout of the file."""
        return self.builder.last(self.tensor(index))

    def in_order(self, index: int = 0) -> Tensor:
        """Returns an input whose numbers lie in the order of the file, to be reshaped."""
        tensor = self.tensor(index)
        # Of a single pixel or a single channel, both layouts have the same order.
        if tensor.first and (tensor.shape[3] == 1 or tensor.shape[1] * tensor.shape[2] == 1):
            return Tensor(tensor.name, tensor.shape)
        return self.builder.last(tensor)

    def constant(self, index: int) -> Data:
        """Returns the numbers of a constant input, in the layout of the file."""
        value = self.value(index)
        if isinstance(value, Tensor):
            raise self.refused(tr("its input {name} is not a constant", name=value.name), word(FIXED))
        return value

    def weights(self, index: int, rank: int) -> Data:
        """Returns a constant input of real numbers with this many axes."""
        array = self.constant(index)
        if array.dtype.kind != "f" or array.ndim != rank or not array.size:
            raise self.refused(tr("its input {number} is missing or holds no numbers", number=index + 1))
        return array

    def integers(self, index: int) -> list[int]:
        """Returns a constant input of whole numbers, at most 64."""
        array = self.constant(index)
        if array.dtype.kind not in "iu" or array.size > 64:
            raise self.refused(tr("its input {number} is missing or holds no numbers", number=index + 1))
        return [int(number) for number in array.ravel()]

    def axis(self, number: int, rank: int) -> int:
        """Returns an axis counted from the front."""
        if not -rank <= number < rank:
            raise self.refused(tr("it has no axis {axis}", axis=number))
        return number % rank

    # Nodes.

    def emit(self, kind: str, *inputs: Tensor | Data | str | None, count: int = 1, **attributes: Any) -> list[str]:
        """Adds a node and returns the names of its results. Constants are given as arrays."""
        names = []
        for one in inputs:
            if one is None:
                names.append("")
            elif isinstance(one, Tensor):
                names.append(one.name)
            else:
                names.append(one if isinstance(one, str) else self.builder.constant(one, self.operator.name))
        # The first node has the name that the file knows, so that a refusal names it and not a fused activation.
        name = self.builder.name(self.operator.name, kind) if self._named else self.operator.name
        self._named = True
        outputs = [self.builder.name(self.operator.name, f"{kind}_out") for _ in range(count)]
        self.builder.node(kind, names, outputs, name, **attributes)
        return outputs

    def one(self, kind: str, *inputs: Tensor | Data | str | None, first: bool = False, **attributes: Any) -> Tensor:
        """Adds a node with one result and returns it; ``first``: whether it is channels first."""
        return self.builder.tensor(self.emit(kind, *inputs, **attributes)[0], first)

    def reshaped(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """Returns a tensor of ``in_order`` with another shape, in the layout of the file."""
        # The node keeps the name of what it reads, since the file has no operator for it.
        name = self.builder.name(self.operator.name, "flat")
        target = self.builder.constant(np.array(shape, np.int64), name)
        self.builder.node("Reshape", [tensor.name, target], [name], name)
        return self.builder.tensor(name, False)

    def activated(self, tensor: Tensor) -> Tensor:
        """Returns the tensor after the operator's fused activation."""
        number = int(self.option("FusedActivationFunction"))
        kinds = {1: "Relu", 2: "Clip", 3: "Clip", 4: "Tanh"}
        if number == 0:
            return tensor
        if number not in kinds:
            raise self.refused(tr("its activation {number} is unknown", number=number))
        low, high = {2: (-1.0, 1.0), 3: (0.0, 6.0)}.get(number, (None, None))
        limits = [] if low is None else [np.float32(low), np.float32(high)]
        return self.one(kinds[number], tensor, *map(np.asarray, limits), first=tensor.first)

    def aligned(self, indices: Sequence[int]) -> tuple[list[Tensor | Data], bool]:
        """Returns inputs whose axes correspond as numpy broadcasts them, and whether they are channels first."""
        values = [self.value(index) for index in indices]
        rank = max(len(value.shape) for value in values)
        first = rank == 4 and any(isinstance(value, Tensor) and value.first for value in values)
        if not first:
            return [self.builder.last(v) if isinstance(v, Tensor) else v for v in values], False
        return [self._four_axes(value) for value in values], True

    def _four_axes(self, value: Value) -> Tensor | Data:
        """The value channels first. One with fewer axes gets more of size 1 before them, as numpy does."""
        shape = (1,) * (4 - len(value.shape)) + tuple(value.shape)
        if not isinstance(value, Tensor):
            # A single number needs no axes, and operators of ONNX know it best without.
            return value.reshape(()) if value.size == 1 else value.reshape(shape).transpose(TO_FIRST)
        if len(value.shape) < 4:
            value = self.reshaped(value, shape)
        return self.builder.first(value)
