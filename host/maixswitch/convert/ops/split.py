"""Splits convolutions beyond the KPU's limits: over 1,024 channels, or more weights than its 64 loads hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS

from .arithmetic import Add
from .concat import Concat
from .conv import Conv
from .pool import Pool
from .selection import Selection


def split(graph: Graph) -> None:
    """Splits all convolutions that need it.

    Parts of the output stand side by side, which is exact. Parts of the input are rounded before they are added. They
    are those of a Concat, or ranges of channels that a copy takes from any other map.
    """
    # The order of the network matters, because a split output is a Concat for the next layer.
    for node in list(graph.nodes):
        if isinstance(node, Conv):
            for part in _over_inputs(graph, node):
                _over_outputs(graph, part)
    # A Concat that was only read in parts has no reader any more.
    read = {name for node in graph.nodes for name in node.inputs} | set(graph.outputs)
    graph.nodes[:] = [node for node in graph.nodes if node.output in read or not isinstance(node, Concat)]


def _over_outputs(graph: Graph, conv: Conv) -> None:
    out, inner, size, _ = conv.weights.shape
    loaded = LOAD_BYTES[1] // (inner * size * size)
    # Depthwise weights are loaded at once. A channel too large for a load cannot be split here.
    most = MAX_CHANNELS if conv.depthwise or not loaded else min(MAX_CHANNELS, MAX_LOADS * loaded)
    # A depthwise layer has as many inputs as outputs, so it can only be split with its input.
    if out <= most or conv.depthwise:
        return
    parts: list[Conv] = []
    # Parts of nearly one size have nearly one number of loads.
    for rows in np.array_split(np.arange(out), -(-out // most)):
        name = _name(graph, conv, conv.output, len(rows))
        part = replace(conv, output=name, weights=conv.weights[rows], bias=np.asarray(conv.bias)[rows])
        parts.append(part)
    joined = Concat(conv.sources, tuple(part.output for part in parts), conv.output)
    graph.swap(conv, [*parts, joined])


def _over_inputs(graph: Graph, conv: Conv) -> list[Conv]:
    """Splits over the inputs if they are too many; returns the convolutions that there are instead."""
    whole, nodes = conv.inputs[0], list[Node]()
    if graph.shapes[whole][0] <= MAX_CHANNELS:
        return [conv]
    maker = graph.maker(whole)
    groups = _groups(graph, maker) if isinstance(maker, Concat) else None
    if groups is None:
        groups = _ranges(graph, conv, nodes)
    parts: list[Conv] = []
    first, bias = 0, np.asarray(conv.bias)
    for names in groups:
        count = sum(graph.shapes[name][0] for name in names)
        channels = slice(first, first + count)
        first += count
        source = names[0]
        if len(names) > 1:
            source = graph.name(whole, "part")
            graph.shapes[source] = (count, *graph.shapes[whole][1:])
            nodes.append(Concat(conv.sources, tuple(names), source))
        if conv.depthwise:
            # The parts of a depthwise layer stand side by side as well.
            name = _name(graph, conv, conv.output, count)
            part = replace(conv, weights=conv.weights[channels], bias=bias[channels])
        else:
            # The file may state the range of the output, which is not that of a part of the sum.
            name = _name(graph, conv, f"{conv.output}/inputs", len(conv.weights), pooled=False)
            part = replace(conv, weights=conv.weights[:, channels], bias=bias * (not parts), curve=None, pool="")
        parts.append(replace(part, inputs=(source,), output=name))
        nodes.append(parts[-1])
    if conv.depthwise:
        nodes.append(Concat(conv.sources, tuple(part.output for part in parts), conv.output))
    else:
        nodes += _sum(graph, conv, [part.output for part in parts])
    graph.swap(conv, nodes)
    return parts


def _sum(graph: Graph, conv: Conv, names: list[str]) -> list[Node]:
    """Returns the additions of the parts of a sum, and the pool behind them."""
    nodes: list[Node] = []
    total = names[0]
    for index, name in enumerate(names[1:], 2):
        last = index == len(names)
        output = conv.output
        if not last or conv.pool:
            output = _name(graph, conv, f"{conv.output}/inputs", len(conv.weights), pooled=False)
        nodes.append(Add(conv.sources, (total, name), output, conv.curve if last else None))
        total = output
    if conv.pool:
        nodes.append(Pool(conv.sources, (total,), conv.output, conv.pool))
    return nodes


def _ranges(graph: Graph, conv: Conv, nodes: list[Node]) -> list[list[str]]:
    """Adds copies of ranges of channels that the KPU can read to ``nodes``, and returns their names."""
    whole = conv.inputs[0]
    channels, height, width = graph.shapes[whole]
    groups: list[list[str]] = []
    for numbers in np.array_split(np.arange(channels), -(-channels // MAX_CHANNELS)):
        name = graph.name(whole, "part")
        graph.shapes[name] = (len(numbers), height, width)
        picked = tuple(int(number) for number in numbers)
        nodes.append(Selection(conv.sources, (whole,), name, picked, range(height), range(width)))
        groups.append([name])
    return groups


def _groups(graph: Graph, concat: Concat) -> list[list[str]] | None:
    """Returns the inputs of the Concat in as few groups as the KPU can read; None if one of them is too large."""
    groups: list[list[str]] = []
    room = 0
    for name in concat.inputs:
        count = graph.shapes[name][0]
        if count > MAX_CHANNELS:
            return None
        if count > room:
            groups.append([])
            room = MAX_CHANNELS
        groups[-1].append(name)
        room -= count
    return groups


def _name(graph: Graph, conv: Conv, tensor: str, channels: int, pooled: bool = True) -> str:
    """Returns a name for a part of the convolution; ``pooled``: does the part have the convolution's own pool?"""
    name = graph.name(tensor, "part")
    sides = graph.shapes[conv.output][1:]
    if not pooled:
        sides = tuple(side // conv.stride for side in graph.shapes[conv.inputs[0]][1:])
    graph.shapes[name] = (channels, *sides)
    return name
