"""The network as its file describes it, before any operator is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from maixswitch.convert.refusals import refuse
from maixswitch.errors import MaixSwitchError


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """One node of the file.

    kind: its operator, such as "Conv".
    inputs, outputs: names of tensors; an input that is left out is "".
    attributes: int, float, str, list or array by name. onnx.checker has compared their types with the operator's.
    proto: the node as onnx has it, for onnx.reference.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    proto: Any = None

    def refused(self, reason: str, remedy: str) -> MaixSwitchError:
        """Returns the error that refuses this node; both texts are in the user's language."""
        return refuse(self.name, self.kind, reason, remedy)


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """The file.

    nodes: in the order they run.
    constants: arrays by name.
    input, shape: the picture; its batch is 1. Without an axis for channels it has one.
    outputs: names, in order.
    opset: version of ONNX's own operators.
    note: a sentence for the user about what was left out of the file, or "".
    pixels: (factor, offset) from a pixel of 0..255 to what the network gets, None unless the file states it.
    """

    nodes: tuple[OnnxNode, ...]
    constants: dict[str, NDArray[Any]]
    input: str
    shape: tuple[int, ...]
    outputs: tuple[str, ...]
    opset: int
    pixels: tuple[float, float] | None = None
    note: str = ""
