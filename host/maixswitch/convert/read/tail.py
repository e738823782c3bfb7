"""Leaves out what decodes the results at the end of a network, if the board cannot compute it.

Detectors end with arithmetic on boxes: anchors, a choice of the best ones. It has no weights, and the board's programs
do it anyway. The network then ends with the last tensors before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNetwork, OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.ops import REFUSED
from maixswitch.convert.refusals import LEAVE_OUT, NodeRefused
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

WEIGHED = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN", "BatchNormalization"))
"""Operators with trained weights. What comes before one of them is no decoding."""
MOVES = frozenset(
    (
        *("Slice", "Split", "Gather", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Cast"),
        *("Add", "Sub", "Mul", "Div", "Exp", "QuantizeLinear", "DequantizeLinear"),
    )
)
"""Operators of one tensor that may belong to the decoding, so that the network ends before them."""
ROWS = 3
"""Axes of the rows that a detector makes of its boxes: a batch, the boxes, and the numbers of each."""
FEW_WEIGHTS = 64
"""Numbers that no training makes: YOLOv8 decodes each side of a box by a convolution with the weights 0 to 15."""
MOST_ADDED = 2
"""Tensors that one operator of the decoding reads."""
MOST_SHOWN = 3


def without_tail(importer: Importer, refusals: Sequence[MaixSwitchError]) -> tuple[OnnxNetwork, str] | None:
    """Returns the network without the refused nodes and what follows them, and a note; None if that is no decoding.

    importer: what was read of the network. refusals: why nodes were refused.
    """
    network = importer.network
    names = {error.name for error in refusals if isinstance(error, NodeRefused)}
    refused = [node for node in network.nodes if node.name in names]
    if not refused or not all(isinstance(error, NodeRefused) for error in refusals):
        return None
    of_picture = _following(network, {network.input})
    behind = _following(network, {name for node in refused for name in node.outputs})
    tail = [node for node in network.nodes if not behind.isdisjoint(node.outputs)]
    ends = _ends(tail, behind, of_picture)
    shapes = [importer.values.get(name) for name in ends]
    rows = all(isinstance(value, Value) and len(value.shape) == ROWS for value in shapes)
    decoders = any(REFUSED.get(node.kind) == LEAVE_OUT for node in refused)
    if not (rows or decoders) or any(_is_trained(network, node) for node in tail):
        return None
    tail, ends = _widened(network, tail, of_picture)
    kept = [name for name in network.outputs if name not in {name for node in tail for name in node.outputs}]
    outputs = tuple(dict.fromkeys((*kept, *ends)))
    if not ends or network.input in outputs:
        return None
    shown = ", ".join(f"{node.name} ({node.kind})" for node in refused[:MOST_SHOWN])
    note = tr(
        "the end of the network is left out, because the board cannot compute {nodes}: "
        "compute it in your program, from {tensors}",
        nodes=shown,
        tensors=", ".join(ends),
    )
    gone = set(map(id, tail))
    nodes = tuple(node for node in network.nodes if id(node) not in gone)
    return replace(network, nodes=nodes, outputs=outputs), note


def _is_trained(network: OnnxNetwork, node: OnnxNode) -> bool:
    weights = sum(network.constants[name].size for name in node.inputs if name in network.constants)
    # Weights that other nodes compute are not among the constants.
    return node.kind in WEIGHED and (weights > FEW_WEIGHTS or not weights)


def _following(network: OnnxNetwork, names: set[str]) -> set[str]:
    """Returns the tensors that depend on some, and these."""
    found = set(names)
    for node in network.nodes:
        # The shape of a tensor does not depend on the picture.
        if node.kind != "Shape" and not found.isdisjoint(node.inputs):
            found.update(name for name in node.outputs if name)
    return found


def _ends(tail: Sequence[OnnxNode], behind: set[str], of_picture: set[str]) -> list[str]:
    """The tensors of the picture that the tail reads and does not make."""
    return list(dict.fromkeys(name for node in tail for name in node.inputs if name in of_picture - behind))


def _widened(network: OnnxNetwork, tail: Sequence[OnnxNode], of_picture: set[str]) -> tuple[list[OnnxNode], list[str]]:
    """Returns the tail with the nodes before it that only prepare the decoding, and the tensors that it reads."""
    tail, ends = _with_moves(network, tail, of_picture, 1)
    # The corners of a box are sums of tensors, but so are the maps inside a network; fewer tensors are the better end.
    wider, fewer = _with_moves(network, tail, of_picture, MOST_ADDED)
    return (wider, fewer) if len(fewer) < len(ends) else (tail, ends)


def _with_moves(
    network: OnnxNetwork, tail: Sequence[OnnxNode], of_picture: set[str], most: int
) -> tuple[list[OnnxNode], list[str]]:
    """``most``: tensors of the picture that a node before the tail may read."""
    tail = list(tail)
    for node in reversed(network.nodes):
        made = {name for item in tail for name in item.outputs}
        sources = [name for name in node.inputs if name in of_picture]
        readers = [item for item in network.nodes if not set(node.outputs).isdisjoint(item.inputs)]
        if (
            node.kind in MOVES
            and not set(node.outputs).isdisjoint(_ends(tail, made, of_picture))
            and 0 < len(set(sources)) <= most
            and network.input not in sources
            and all(reader in tail for reader in readers)
            and set(node.outputs).isdisjoint(network.outputs)
        ):
            tail.append(node)
    made = {name for item in tail for name in item.outputs}
    ends = set(_ends(tail, made, of_picture))
    # The outputs are in the order in which the network makes them.
    return tail, [name for node in network.nodes for name in node.outputs if name in ends]
