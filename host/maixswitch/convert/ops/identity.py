"""Identity, Dropout and Cast: operators that change nothing on the board."""

from __future__ import annotations

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.refusals import UNKNOWN
from maixswitch.language import tr, word

from .operator import Operator

FLOAT32 = 1
"""TensorProto.FLOAT."""


def read(importer: Importer, node: OnnxNode) -> None:
    """Makes the output another name of the input."""
    importer.values[node.outputs[0]] = importer.waiting(node)


def read_cast(importer: Importer, node: OnnxNode) -> None:
    """Leaves out a cast to float32, which all of the picture's tensors are; refuses any other."""
    if int(node.attributes.get("to", 0)) != FLOAT32:
        raise node.refused(tr("the board cannot run this operator"), word(UNKNOWN))
    read(importer, node)


OPERATORS = (
    Operator(("Identity", "Dropout"), read, "left out"),
    Operator(("Cast",), read_cast, "left out", "between float types, or of constants"),
)
