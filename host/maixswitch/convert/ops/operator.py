"""How an operator's file tells the rest of the converter what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode


@dataclass(frozen=True)
class Operator:
    """ONNX operators that one function reads, and their row of docs/convert.md.

    names: the operators.
    read: adds to the graph what a node of theirs becomes; MaixSwitchError refuses the node.
    becomes: what that is on the board.
    limits: within which limits, "" for none.
    elementwise: can its nodes become part of a function that waits in a value? (``unary.leave``)
    """

    names: tuple[str, ...]
    read: Callable[[Importer, OnnxNode], None]
    becomes: str
    limits: str = ""
    elementwise: bool = False
