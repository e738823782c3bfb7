"""Refuses networks beyond the limits of the chip; each message names the node, the limit and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maixswitch.convert.refusals import NodeRefused, refuse, together
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS
from maixswitch.kmodel.judge.consistency import HEIGHTS, WIDTHS
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.language import tr

from .layers import KpuConv, Layer, Quantised, Shape, SmallConv

MAX_CHANNELS = 1024
LEAST = 4
"""The least width and height of a map, in pixels."""
STEP = 32
"""Sides of pictures divide by this, because most networks halve them five times."""


def check(quantised: Quantised, layers: Sequence[Layer], shapes: Mapping[str, Shape]) -> None:
    """Raises MaixSwitchError for KPU layers beyond the K210, all in one: sizes, channels, weight loads.

    quantised: the network, whose input the remedies are about and whose titles they name.
    layers, shapes: as they will be written.
    """
    picture = shapes[quantised.input]
    errors, small = [], set()
    for layer in layers:
        if isinstance(layer, SmallConv):
            problems = _weights(layer.conv, shapes[layer.inputs[0]])
            errors += [_refused(quantised.title(layer), *problem) for problem in problems]
        if isinstance(layer, KpuConv):
            shape = shapes[layer.inputs[0]]
            # A flat tensor becomes 4x4 maps for the KPU, so only its channels and weights can be too many. Behind the
            # layer that makes a map too small, all others are too small as well.
            only_weights = is_flat(shape) or layer.inputs[0] in small
            problems = _weights(layer, shape) if only_weights else _problems(layer, shape, picture)
            errors += [_refused(quantised.title(layer), *problem) for problem in problems]
            if layer.inputs[0] in small or min(shapes[layer.output][1:], default=LEAST) < LEAST:
                small.add(layer.output)
    if errors:
        raise together(errors)


def _refused(title: tuple[str, str], quantity: str, actual: object, allowed: object, change: str) -> NodeRefused:
    """Returns the error of a layer that the chip cannot run.

    title: name and operator of its ONNX node. quantity: what is limited, such as "input channels".
    actual, allowed: its value and the values that the chip takes. change: what the user can do.
    """
    why = tr("{quantity}: found {actual}, expected {allowed}", quantity=quantity, actual=actual, allowed=allowed)
    return refuse(*title, why, change)


def is_flat(shape: Shape) -> bool:
    """Has a map one pixel per channel? For the KPU, such pixels become the first ones of 4x4 maps."""
    return all(side == 1 for side in shape[1:])


def _problems(layer: KpuConv, shape: Shape, picture: Shape) -> Iterator[tuple[str, object, object, str]]:
    _, height, width = shape
    stride = POOLS[layer.pool][1]
    # A pool is part of the KPU layer, so the size of the output is the size after the pool.
    sides = (height // stride, width // stride)
    # Each check names the change that helps, because too large and too small need opposite changes.
    smaller, larger = _smaller(shape, picture), _larger(sides, picture)
    if width not in WIDTHS:
        change = smaller if width > WIDTHS[-1] else larger
        yield tr("input width of a KPU layer"), width, f"{WIDTHS[0]}..{WIDTHS[-1]}", change
    if height not in HEIGHTS:
        change = smaller if height > HEIGHTS[-1] else larger
        yield tr("input height of a KPU layer"), height, f"{HEIGHTS[0]}..{HEIGHTS[-1]}", change
    if min(sides) < LEAST:
        yield tr("output of a KPU layer, height x width"), f"{sides[0]}x{sides[1]}", tr("at least 4x4"), larger
    yield from _weights(layer, shape)


def _smaller(shape: Shape, picture: Shape) -> str:
    """The remedy for a map that is too large: the size of the picture with which it is not."""
    # Only a layer as large as the picture tells the exact size. Other maps may have been enlarged.
    if len(picture) == 3 and shape[1:] == picture[1:]:
        size = f"{min(shape[2], WIDTHS[-1])}x{min(shape[1], HEIGHTS[-1])}"
        return tr("export the network for pictures of {size} (width x height)", size=size)
    return tr("resize the network's input, or pool earlier")


def _larger(sides: tuple[int, int], picture: Shape) -> str:
    """The remedy for maps below 4x4: the size of the picture with which they are 4x4."""
    if len(picture) != 3 or min(sides) < 1:
        return tr("pool less before this layer, or give the network a larger input")
    # The layers before divide the picture by this much, rounded up.
    height, width = (max(side, -(-side * LEAST // small)) for side, small in zip(picture[1:], sides, strict=True))
    # A size beyond the chip is no remedy.
    if height not in HEIGHTS or width not in WIDTHS:
        return tr("pool less before this layer")
    size = f"{width}x{height}"
    return tr("pool less before this layer, or export the network for pictures of at least {size}", size=size)


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


def ai_ram(title: tuple[str, str], rows: int, shapes: str, picture: Shape) -> MaixSwitchError:
    """Returns the error of a layer whose maps do not fit into the AI RAM at one time.

    title: name and operator of its ONNX node. rows: of the AI RAM. shapes: of the maps, as text.
    """
    remedy = tr("resize the network's input, pool earlier, or use fewer channels here")
    # The maps shrink with the area of the picture, so the root of what is too much gives the sides.
    part = (airam.SIZE / (rows * airam.ROW)) ** 0.5
    width, height = (int(side * part) // STEP * STEP for side in (picture[-1], picture[-2] if len(picture) > 1 else 0))
    if min(width, height) >= STEP:
        size = f"{width}x{height}"
        remedy = tr(
            "export the network for pictures of about {size} (width x height), pool earlier, or use fewer channels "
            "here",
            size=size,
        )
    quantity = tr("bytes of AI RAM for the maps that live at one time ({shapes})", shapes=shapes)
    # Few enough bytes in all may still leave no gap that is large enough.
    if rows <= airam.ROWS:
        quantity = tr(
            "bytes of AI RAM, in one piece for each map, for those that live at one time ({shapes})", shapes=shapes
        )
    return _refused(title, quantity, rows * airam.ROW, tr("at most {most}", most=airam.SIZE), remedy)
