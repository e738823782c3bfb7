"""The row by which the file of an operator registers the operators that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode


@dataclass(frozen=True)
class Operator:
    """ONNX operators that one function reads, and their row of docs/convert.md.

    names: the operators.
    read: adds the nodes of the graph for one ONNX node. MaixSwitchError if the node is refused.
    becomes: what the operators become on the board.
    limits: of what can be converted, "" for none.
    elementwise: can the nodes become part of a function that waits in a value? (``unary.leave``)
    """

    names: tuple[str, ...]
    read: Callable[[Importer, OnnxNode], None]
    becomes: str
    limits: str = ""
    elementwise: bool = False
