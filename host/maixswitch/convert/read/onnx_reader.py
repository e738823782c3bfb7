"""Reads an ONNX file as the graph that the board can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maixswitch.convert.graph.graph import Graph
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNetwork, OnnxNode
from maixswitch.convert.graph.value import Value, channels_last
from maixswitch.convert.ops import ELEMENTWISE, READERS, REFUSED
from maixswitch.convert.ops.affine import settle
from maixswitch.convert.ops.selection import select
from maixswitch.convert.refusals import AGAIN, UNKNOWN, together
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

from .constants import EVALUATED, evaluate
from .onnx_file import read_network
from .rewriting import rewrite
from .stand_in import stand_in
from .tail import without_tail

MOST_NODES = 3000
_DEFAULTS: list[tuple[float | None, set[float], set[float]]] = [
    (None, mean, std) for mean in (set(), {0.0}) for std in (set(), {1.0})
]


def read(path: Path, scale: float | None = None, mean: Sequence[float] = (), std: Sequence[float] = ()) -> Graph:
    """Returns the network of an ONNX or TensorFlow Lite file with one picture as its input.

    The network gets ``(pixel * scale - mean) / std`` of pixels 0..255, by default as a quantised file states it.

    scale: 1/255 by default. mean, std: one number, or one for each channel; 0 and 1 by default.
    MaixSwitchError names the file or the node, why it cannot be read, and what to change.
    """
    return graph_of(read_network(path), path, scale, mean, std)


def graph_of(
    network: OnnxNetwork, path: Path, scale: float | None = None, mean: Sequence[float] = (), std: Sequence[float] = ()
) -> Graph:
    """Returns the graph of a network that was read from a file; ``path`` is for messages, the others as in ``read``."""
    # The time of the rewriting grows faster than the number of nodes.
    if len(network.nodes) > MOST_NODES:
        count = len(network.nodes)
        raise MaixSwitchError(
            tr("{path}: {count} nodes; expected at most {most}", path=path, count=count, most=MOST_NODES)
        )
    importer, refusals = _graph_of(network, scale, mean, std)
    notes = [network.note] if network.note else []
    # What only decodes the results is left out. Each time, the nodes before it are read anew, because they may then
    # be the last ones.
    while refusals and (shorter := without_tail(importer, refusals)) is not None:
        notes.append(shorter[1])
        importer, refusals = _graph_of(shorter[0], scale, mean, std)
    if refusals:
        raise together(refusals)
    importer.graph.notes += notes
    return importer.graph


def _graph_of(
    network: OnnxNetwork, scale: float | None, mean: Sequence[float], std: Sequence[float]
) -> tuple[Importer, list[MaixSwitchError]]:
    """Returns what was read of the network, with its graph, and why nodes are refused."""
    # Nodes that no output needs may be operators that the board cannot run.
    network = replace(network, nodes=_needed(network))
    importer = Importer(network, settle, ELEMENTWISE, select)
    refusals: list[MaixSwitchError] = []
    with np.errstate(all="ignore"):  # weights that are not finite are refused where they are read
        _start(importer)
        kept = _read_nodes(importer, refusals)
        graph = importer.graph
        # The pixels are set before the rewriting, which may use them.
        graph.pixels = pixels(graph.shapes[network.input][0], scale, mean, std)
        # A quantised file says what its bytes stand for, and only the user's own numbers count for more.
        if network.pixels is not None and (scale, {*mean}, {*std}) in _DEFAULTS:
            graph.pixels = (network.pixels,) * graph.shapes[network.input][0]
            factor, offset = (f"{number:.6g}" for number in network.pixels)
            note = tr("the file says what it gets: pixel x {factor} + {offset}", factor=factor, offset=offset)
            graph.notes.append(note)
        rewrite(graph, refusals, kept)
    return importer, refusals


def _read_nodes(importer: Importer, refusals: list[MaixSwitchError]) -> set[str]:
    """Reads all nodes and collects what is refused; returns the tensors that refused nodes read."""
    unknown: set[str] = set()
    kept: set[str] = set()
    # A node comes after those that it depends on; onnx.checker has refused any other order.
    for node in importer.network.nodes:
        blind = not unknown.isdisjoint(node.inputs)
        try:
            # Behind a node whose result has no known shape, only the operators themselves can be judged.
            if not blind:
                _read_node(importer, node)
                continue
            # What computes shapes and indices may still disappear.
            if node.kind not in EVALUATED:
                _check_operator(node)
        except MaixSwitchError as error:
            refusals.append(error)
        kept.update(value.tensor for name in node.inputs if isinstance(value := importer.values.get(name), Value))
        unknown |= set(node.outputs) - {""} if blind else stand_in(importer, node)
    try:
        importer.finish(unknown)
    except MaixSwitchError as error:
        refusals.append(error)
    return kept


def _needed(network: OnnxNetwork) -> tuple[OnnxNode, ...]:
    """Returns the nodes on which the outputs depend, in order."""
    needed, nodes = set(network.outputs), []
    for node in reversed(network.nodes):
        if not needed.isdisjoint(node.outputs):
            needed.update(node.inputs)
            nodes.append(node)
    return tuple(nodes[::-1])


def pixels(
    channels: int, scale: float | None, mean: Sequence[float], std: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """Returns (factor, offset) for each channel. MaixSwitchError (usage) for impossible numbers."""
    means, stds = (list(numbers) or [default] for numbers, default in ((mean, 0.0), (std, 1.0)))
    # Most training code feeds 0..1, so that is the default.
    factor = 1 / 255 if scale is None else scale
    # One number is for all channels. For any other count, the channels would be ambiguous.
    for name, numbers in (("--mean", means), ("--std", stds)):
        if len(numbers) not in (1, channels):
            count = len(numbers)
            text = tr(
                "{name}: found {count} numbers, expected 1 or {channels}", name=name, count=count, channels=channels
            )
            raise MaixSwitchError(text, EXIT_USAGE)
    # With a factor of 0, no pixel would stand for the network's 0.
    if not (np.isfinite([*means, *stds, factor]).all() and all(stds) and factor):
        raise MaixSwitchError(tr("--mean, --std, --scale: expected finite numbers, the last two not 0"), EXIT_USAGE)
    means, stds = (numbers * channels if len(numbers) == 1 else numbers for numbers in (means, stds))
    return tuple((factor / s, -m / s) for m, s in zip(means, stds, strict=True))


def _start(importer: Importer) -> None:
    """Adds the input, with channels first, or last as in TensorFlow."""
    name, shape = importer.network.input, importer.network.shape
    if len(shape) == 3:
        importer.graph.shapes[name] = shape
        importer.values[name] = Value(name, name, shape)
        return
    # TensorFlow's exporters write channels last. A picture has 1 or 3 channels, which tells the two layouts apart.
    last = shape[3] in (1, 3) and shape[1] not in (1, 3)
    inner = (shape[3], shape[1], shape[2]) if last else shape[1:]
    importer.graph.shapes[name] = inner
    # With one channel, both layouts have the same order of elements.
    order = channels_last(inner) if last and inner[0] > 1 else None
    picture = Value(name, name, shape, order)
    importer.values[name] = picture
    importer.remember_order(picture)


def _read_node(importer: Importer, node: OnnxNode) -> None:
    arguments = [importer.argument(node, index) for index in range(len(node.inputs))]
    constants = [argument for argument in arguments if not isinstance(argument, Value)]
    # The shape of a tensor is a constant, even if the tensor is not.
    if node.kind == "Shape" and isinstance(arguments[0], Value):
        start, end = node.attributes.get("start", 0), node.attributes.get("end")
        importer.values[node.outputs[0]] = np.asarray(arguments[0].shape[start:end], np.int64)
        return
    # Nodes of constants, such as those of sizes and slices, are evaluated here.
    if len(constants) == len(arguments):
        results = evaluate(node, constants, importer.network.opset)
        if results is not None:
            importer.values.update(zip(node.outputs, results, strict=True))
            return
    _check_operator(node)
    # One NaN would spread through all tensors behind it.
    for name, value in node.attributes.items():
        if isinstance(value, float) and not np.isfinite(value):
            raise node.refused(tr("its {name} is {value}", name=name, value=value), word(AGAIN))
    READERS[node.kind](importer, node)


def _check_operator(node: OnnxNode) -> None:
    """Raises MaixSwitchError for an operator that the board cannot run."""
    # The message says what to use instead, if that is known.
    if node.kind not in READERS:
        raise node.refused(tr("the board cannot run this operator"), word(REFUSED.get(node.kind, UNKNOWN)))
