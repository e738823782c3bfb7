"""The phases that make of a network as its file states it one that the KPU can compute."""

from __future__ import annotations

from maixswitch.convert.graph.graph import Graph, Phase
from maixswitch.convert.ops.conv import add_lead_in


def rewrite(graph: Graph) -> None:
    """Rewrites the graph in place. MaixSwitchError for what the KPU has no way to compute."""
    # Nodes without an effect go first, as one of them may be an operator that the board cannot run.
    _prune(graph)
    for phase in Phase:
        # A factor may travel over several operations, each of which has to be asked again.
        if phase is Phase.SCALING:
            while any(node.rewrite(graph, phase) for node in list(graph.nodes)):
                pass
        else:
            for node in list(graph.nodes):
                node.rewrite(graph, phase)
    # The lead-in comes last: only now is it known which nodes read the picture.
    add_lead_in(graph)
    # Tensors that were folded away would show up in reports and take part in the choice of scales.
    used = {graph.input, *(node.output for node in graph.nodes)}
    graph.shapes = {name: shape for name, shape in graph.shapes.items() if name in used}
    graph.orders = {name: order for name, order in graph.orders.items() if name in used}


def _prune(graph: Graph) -> None:
    """Drops what no output needs."""
    needed = set(graph.outputs)
    for node in reversed(list(graph.nodes)):
        if node.output in needed:
            needed.update(node.inputs)
        else:
            graph.nodes.remove(node)
