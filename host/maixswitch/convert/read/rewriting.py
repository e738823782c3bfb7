"""Runs the phases that turn the network of a file into one that the KPU can compute."""

from __future__ import annotations

from maixswitch.convert.graph.graph import Graph, Phase
from maixswitch.convert.ops.conv import add_lead_in


def rewrite(graph: Graph) -> None:
    """Rewrites the graph in place. MaixSwitchError for a node that the KPU cannot compute."""
    # Nodes without an effect are removed first, because one may be an operator that the board cannot run.
    _prune(graph)
    for phase in Phase:
        # A factor, or a choice of channels, may pass several operations, so these phases are repeated.
        if phase in (Phase.SCALING, Phase.CHANNELS, Phase.CHANNELS_LEFT):
            while any(node.rewrite(graph, phase) for node in list(graph.nodes)):
                pass
        else:
            for node in list(graph.nodes):
                node.rewrite(graph, phase)
    # The lead-in comes last, because the rewriting changes which nodes read the picture.
    add_lead_in(graph)
    # Tensors that no longer exist must not appear in reports or take part in the choice of scales.
    used = {graph.input, *(node.output for node in graph.nodes)}
    graph.shapes = {name: shape for name, shape in graph.shapes.items() if name in used}
    graph.orders = {name: order for name, order in graph.orders.items() if name in used}


def _prune(graph: Graph) -> None:
    """Removes the nodes that no output needs."""
    needed = set(graph.outputs)
    for node in reversed(list(graph.nodes)):
        if node.output in needed:
            needed.update(node.inputs)
        else:
            graph.nodes.remove(node)
