"""Reads an ONNX file as the graph that the board can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from maixswitch.convert.graph.importer import Walk
from maixswitch.convert.graph.node import Graph
from maixswitch.convert.graph.value import Value, channels_last
from maixswitch.convert.ops import arithmetic as numbers
from maixswitch.convert.ops import fully_connected as layers
from maixswitch.convert.ops.unary import UNARY
from maixswitch.convert.refusals import refuse, refuse_operator
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

from .constants import compute
from .onnx_file import Network, Node, read_network
from .rewriting import finish

MOST_NODES = 3000
HANDLERS: dict[str, Callable[[Walk, Node], None]] = {
    "Conv": layers.conv,
    "Gemm": layers.gemm,
    "MatMul": layers.matmul,
    "MaxPool": layers.pool,
    "AveragePool": layers.pool,
    "GlobalAveragePool": layers.global_mean,
    "ReduceMean": layers.global_mean,
    "BatchNormalization": numbers.batch_norm,
    "Concat": layers.concat,
    "Softmax": layers.softmax,
    "Resize": layers.resize,
    "Pad": layers.pad,
    "Reshape": layers.move,
    "Transpose": layers.move,
    "Squeeze": layers.move,
    "Unsqueeze": layers.move,
    "Flatten": layers.move,
    "Identity": layers.same,
    "Dropout": layers.same,
    "Cast": layers.cast,
    **dict.fromkeys(numbers.BINARY, numbers.binary),
    **dict.fromkeys((*UNARY, "Clip", "PRelu", "Reciprocal"), numbers.unary),
}
"""By operator: what reads it."""


def read(path: Path, scale: float | None = None, mean: Sequence[float] = (), std: Sequence[float] = ()) -> Graph:
    """The network of an ONNX file, float32, opset 11 to 22, with one picture as its input.

    It gets ``(pixel * scale - mean) / std`` of pixels 0..255; ``scale`` is 1/255 unless given, ``mean`` (0) and ``std``
    (1) one number or one for each channel. MaixSwitchError names the file or the node, why, and what to change.
    """
    return graph_of(read_network(path), path, scale, mean, std)


def graph_of(
    network: Network, path: Path, scale: float | None = None, mean: Sequence[float] = (), std: Sequence[float] = ()
) -> Graph:
    """As `read`, of a file that is read already; ``path`` for messages."""
    if len(network.nodes) > MOST_NODES:
        count = len(network.nodes)
        raise MaixSwitchError(
            tr("{path}: {count} nodes; wanted at most {most}", path=path, count=count, most=MOST_NODES)
        )
    walk = Walk(network)
    with np.errstate(all="ignore"):  # what is not finite is refused where weights are taken
        _picture(walk)
        for node in network.nodes:
            _take(walk, node)
        walk.outputs()
        channels = walk.draft.shapes[network.input][0]
        return finish(walk.draft, pixels(channels, scale, mean, std))


def pixels(
    channels: int, scale: float | None, mean: Sequence[float], std: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """(factor, offset) for each channel. MaixSwitchError (usage) for numbers that cannot be."""
    means, stds = (list(given) or [default] for given, default in ((mean, 0.0), (std, 1.0)))
    factor = 1 / 255 if scale is None else scale
    for name, given in (("--mean", means), ("--std", stds)):
        if len(given) not in (1, channels):
            count = len(given)
            text = tr(
                "{name}: found {count} numbers, wanted 1 or {channels}", name=name, count=count, channels=channels
            )
            raise MaixSwitchError(text, EXIT_USAGE)
    if not (np.isfinite([*means, *stds, factor]).all() and all(stds) and factor):
        raise MaixSwitchError(tr("--mean, --std, --scale: wanted finite numbers, the last two not 0"), EXIT_USAGE)
    means, stds = (given * channels if len(given) == 1 else given for given in (means, stds))
    return tuple((factor / s, -m / s) for m, s in zip(means, stds, strict=True))


def _picture(walk: Walk) -> None:
    """The input, channels first, or last as TensorFlow has them."""
    name, shape = walk.network.input, walk.network.shape
    last = shape[3] in (1, 3) and shape[1] not in (1, 3)
    inner = (shape[3], shape[1], shape[2]) if last else shape[1:]
    walk.draft.shapes[name] = inner
    order = channels_last(inner) if last and inner[0] > 1 else None
    found = Value(name, name, shape, order)
    walk.values[name] = found
    walk.remember_order(found)


def _take(walk: Walk, node: Node) -> None:
    arguments = [walk.values.get(name) if name else None for name in node.inputs]
    try:
        if node.kind == "Shape" and isinstance(arguments[0], Value):
            shape = arguments[0].shape
            start, end = node.attributes.get("start", 0), node.attributes.get("end")
            walk.values[node.outputs[0]] = np.asarray(shape[start:end], np.int64)
            return
        if not any(isinstance(argument, Value) for argument in arguments):
            found = compute(node, arguments)
            if found is not None:
                walk.values[node.outputs[0]] = found
                return
        handler = HANDLERS.get(node.kind)
        if handler is None:
            raise refuse_operator(node)
        handler(walk, node)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        why = tr("it does not fit its inputs: {error}", error=error)
        raise refuse(node, why, word("export the network again")) from error
