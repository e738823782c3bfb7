"""Refuses networks beyond the limits of the chip; each message names the node, the limit and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS
from maixswitch.kmodel.judge.consistency import HEIGHTS, WIDTHS
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.language import tr

from .layers import KpuConv, Layer, Shape, named

MAX_CHANNELS = 1024
LEAST = 4
"""The least width and height of a map, in pixels."""


def refuse(nodes: str, quantity: str, actual: object, allowed: object, change: str) -> MaixSwitchError:
    """Returns the error of a network that the chip cannot run.

    nodes: names of the ONNX nodes. quantity: what is limited, such as "input channels".
    actual, allowed: its value and the values that the chip takes. change: what the user can do.
    """
    return MaixSwitchError(
        tr(
            "{nodes}: {quantity}: found {actual}, expected {allowed}; {change}",
            nodes=nodes,
            quantity=quantity,
            actual=actual,
            allowed=allowed,
            change=change,
        )
    )


def check(layers: Sequence[Layer], shapes: Mapping[str, Shape]) -> None:
    """Raises MaixSwitchError for the first KPU layer beyond the K210: sizes, channels, weight loads."""
    for layer in layers:
        if isinstance(layer, KpuConv):
            shape = shapes[layer.inputs[0]]
            # A flat tensor becomes 4x4 maps for the KPU, so only its channels and weights can be too many.
            for problem in (_weights if is_flat(shape) else _problems)(layer, shape):
                raise refuse(named(layer), *problem)


def is_flat(shape: Shape) -> bool:
    """Has a map one pixel per channel? For the KPU, such pixels become the first ones of 4x4 maps."""
    return all(side == 1 for side in shape[1:])


def _problems(layer: KpuConv, shape: Shape) -> Iterator[tuple[str, object, object, str]]:
    _, height, width = shape
    stride = POOLS[layer.pool][1]
    smaller = tr("resize the network's input, or pool earlier")
    # Each check names the change that helps, because too large and too small need opposite changes.
    larger = tr("pool less before this layer, or give the network a larger input")
    if width not in WIDTHS:
        change = smaller if width > WIDTHS[-1] else larger
        yield tr("input width of a KPU layer"), width, f"{WIDTHS[0]}..{WIDTHS[-1]}", change
    if height not in HEIGHTS:
        change = smaller if height > HEIGHTS[-1] else larger
        yield tr("input height of a KPU layer"), height, f"{HEIGHTS[0]}..{HEIGHTS[-1]}", change
    # A pool is part of the KPU layer, so the size of the output is the size after the pool.
    sides = (height // stride, width // stride)
    if min(sides) < LEAST:
        yield tr("output of a KPU layer, height x width"), f"{sides[0]}x{sides[1]}", tr("at least 4x4"), larger
    yield from _weights(layer, shape)


def _weights(layer: KpuConv, shape: Shape) -> Iterator[tuple[str, object, object, str]]:
    out, inner, size, _ = layer.part.weights.shape
    fewer = tr("use fewer channels, or a 1x1 convolution to bring them down first")
    for quantity, channels in ((tr("input channels"), shape[0]), (tr("output channels"), out)):
        # The register of the number of channels has ten bits.
        if channels > MAX_CHANNELS:
            yield quantity, channels, tr("at most {most}", most=MAX_CHANNELS), fewer
    # The KPU loads weights in blocks of whole output channels, and ``load_time`` has six bits for their number.
    load = LOAD_BYTES[layer.part.weights.dtype.itemsize]
    each = inner * size * size * layer.part.weights.dtype.itemsize
    # A depthwise layer loads all its weights at once, and the field for the bytes has 17 bits.
    if layer.depthwise:
        if each * out >= 1 << 17:
            yield tr("bytes of weights at once"), each * out, tr("at most {most}", most=(1 << 17) - 1), fewer
    # A single channel that does not fit into one load cannot be split, whatever the number of loads.
    elif each > load:
        yield tr("bytes of weights per output channel"), each, tr("at most {most}", most=load), fewer
    elif -(-out // (load // each)) > MAX_LOADS:
        loads = -(-out // (load // each))
        yield tr("weight loads of {load} bytes", load=load), loads, tr("at most {most}", most=MAX_LOADS), fewer


def ai_ram(nodes: str, rows: int, shapes: str) -> MaixSwitchError:
    """Returns the error of a layer whose maps do not fit into the AI RAM at one time."""
    return refuse(
        nodes,
        tr("bytes of AI RAM for the maps that live at one time ({shapes})", shapes=shapes),
        rows * airam.ROW,
        tr("at most {most}", most=airam.SIZE),
        tr("resize the network's input, pool earlier, or use fewer channels here"),
    )
