"""What the chip cannot take, said with the node, what was found, what is wanted and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS
from maixswitch.kmodel.judge.consistency import HEIGHTS, WIDTHS
from maixswitch.kmodel.run.arithmetic import POOLS
from maixswitch.language import tr

from .layers import KpuConv, Step

MAX_CHANNELS = 1024
LEAST = 4
"""Pixels that a map has at the least, in both directions."""


def named(step: Step) -> str:
    """The ONNX nodes of a step, for messages."""
    return " + ".join(step.nodes) or step.output


def refuse(nodes: str, what: str, found: object, wanted: object, change: str) -> MaixSwitchError:
    """The error of a network that the chip cannot run."""
    return MaixSwitchError(
        tr(
            "{nodes}: {what}: found {found}, wanted {wanted}; {change}",
            nodes=nodes,
            what=what,
            found=found,
            wanted=wanted,
            change=change,
        )
    )


def check(steps: Sequence[Step], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """MaixSwitchError for the first KPU layer that is beyond the K210: sizes, channels, weight loads."""
    for step in steps:
        if isinstance(step, KpuConv) and not is_flat(shapes[step.inputs[0]]):
            for problem in _problems(step, shapes[step.inputs[0]]):
                raise refuse(named(step), *problem)
        elif isinstance(step, KpuConv):
            for problem in _weights(step, shapes[step.inputs[0]]):
                raise refuse(named(step), *problem)


def is_flat(shape: tuple[int, ...]) -> bool:
    """One pixel per channel: such maps go through the KPU as the first pixels of 4x4 ones."""
    return all(side == 1 for side in shape[1:])


def _problems(step: KpuConv, shape: tuple[int, ...]) -> Iterator[tuple[str, object, object, str]]:
    _, height, width = shape
    stride = POOLS[step.pool][1]
    smaller = tr("resize the network's input, or pool earlier")
    larger = tr("pool less before this layer, or give the network a larger input")
    if width not in WIDTHS:
        change = smaller if width > WIDTHS[-1] else larger
        yield tr("input width of a KPU layer"), width, f"{WIDTHS[0]}..{WIDTHS[-1]}", change
    if height not in HEIGHTS:
        change = smaller if height > HEIGHTS[-1] else larger
        yield tr("input height of a KPU layer"), height, f"{HEIGHTS[0]}..{HEIGHTS[-1]}", change
    made = (height // stride, width // stride)
    if min(made) < LEAST:
        yield tr("output of a KPU layer, height x width"), f"{made[0]}x{made[1]}", tr("at least 4x4"), larger
    yield from _weights(step, shape)


def _weights(step: KpuConv, shape: tuple[int, ...]) -> Iterator[tuple[str, object, object, str]]:
    out, inner, size, _ = step.part.weights.shape
    fewer = tr("use fewer channels, or a 1x1 convolution to bring them down first")
    for what, found in ((tr("input channels"), shape[0]), (tr("output channels"), out)):
        if found > MAX_CHANNELS:
            yield what, found, tr("at most {most}", most=MAX_CHANNELS), fewer
    load = LOAD_BYTES[step.part.weights.dtype.itemsize]
    each = inner * size * size * step.part.weights.dtype.itemsize
    if step.depthwise:
        if each * out >= 1 << 17:
            yield tr("bytes of weights at once"), each * out, tr("at most {most}", most=(1 << 17) - 1), fewer
    elif each > load:
        yield tr("bytes of weights per output channel"), each, tr("at most {most}", most=load), fewer
    elif -(-out // (load // each)) > MAX_LOADS:
        loads = -(-out // (load // each))
        yield tr("weight loads of {load} bytes", load=load), loads, tr("at most {most}", most=MAX_LOADS), fewer


def ai_ram(nodes: str, rows: int, shapes: str) -> MaixSwitchError:
    """The error of a layer whose maps do not fit into the AI RAM at one time."""
    return refuse(
        nodes,
        tr("bytes of AI RAM for the maps that live at one time ({shapes})", shapes=shapes),
        rows * airam.ROW,
        tr("at most {most}", most=airam.SIZE),
        tr("resize the network's input, pool earlier, or use fewer channels here"),
    )
