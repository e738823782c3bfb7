"""Runs the phases that turn the network of a file into one that the KPU can compute."""

from __future__ import annotations

from collections.abc import Iterator, Set

from maixswitch.convert.graph.graph import Graph, Node, Phase
from maixswitch.convert.ops.conv import Conv, add_lead_in
from maixswitch.convert.ops.fully_connected import FullyConnected
from maixswitch.convert.ops.large_connected import as_bytes
from maixswitch.convert.ops.split import split
from maixswitch.convert.ops.windowed import settle
from maixswitch.convert.refusals import DEAD
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word


def rewrite(graph: Graph, refusals: list[MaixSwitchError], kept: Set[str]) -> None:
    """Rewrites the graph in place.

    refusals: takes the errors of the nodes that the KPU cannot compute; then the graph is of no use.
    kept: tensors whose makers stay, because a node that was refused before needs them.
    """
    # Nodes without an effect are removed first, because one may be an operator that the board cannot run.
    _prune(graph, kept)
    unpadded: set[str] = set()
    for phase in Phase:
        # A factor, or a choice of channels, may pass several operations, so these phases are repeated.
        if phase in (Phase.SCALING, Phase.CHANNELS, Phase.CHANNELS_LEFT):
            while any(node.rewrite(graph, phase) for node in list(graph.nodes)):
                pass
        else:
            for node in list(graph.nodes):
                try:
                    # The activation behind a layer that becomes one of bytes can then be part of it.
                    if phase is Phase.CURVES and isinstance(node, FullyConnected) and as_bytes(graph, node):
                        continue
                    node.rewrite(graph, phase)
                    # The other forms of a convolution are made of several operators, which no node may know.
                    if phase is Phase.WINDOWS and isinstance(node, Conv):
                        settle(graph, node)
                except MaixSwitchError as error:
                    # Behind a border that nothing takes in, the sizes of a window say nothing.
                    if unpadded.isdisjoint(node.inputs):
                        refusals.append(error)
                    if phase is Phase.BORDERS:
                        unpadded.add(node.output)
    if refusals:
        return
    refusals += _dead(graph)
    # Strides may have added copying layers, which can be too wide as well.
    split(graph)
    # The lead-in comes last, because the rewriting changes which nodes read the picture.
    add_lead_in(graph)
    # Tensors that no longer exist must not appear in reports or take part in the choice of scales.
    used = {graph.input, *(node.output for node in graph.nodes)}
    graph.shapes = {name: shape for name, shape in graph.shapes.items() if name in used}
    graph.orders = {name: order for name, order in graph.orders.items() if name in used}


def _prune(graph: Graph, kept: Set[str]) -> None:
    """Removes the nodes that neither an output nor one of the kept tensors needs."""
    needed = {*graph.outputs, *kept}
    for node in reversed(list(graph.nodes)):
        if node.output in needed:
            needed.update(node.inputs)
        else:
            graph.nodes.remove(node)


def _dead(graph: Graph) -> Iterator[MaixSwitchError]:
    """Yields an error for each output that is the same for every picture, because weights are all zero."""
    # The value is the node that cut the tensor off from the picture, None where nothing did.
    cut: dict[str, Node | None] = {graph.input: None}
    for node in graph.nodes:
        causes = [cut[name] for name in node.inputs]
        cut[node.output] = node if node.is_constant else causes[0] if None not in causes else None
    for name in graph.outputs:
        cause = cut[name]
        if cause is not None:
            why = tr("all its weights are 0, so output {name} does not depend on the picture", name=name)
            yield graph.refused(cause, why, word(DEAD))
