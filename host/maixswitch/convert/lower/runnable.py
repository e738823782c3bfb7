"""Integer steps rewritten into those that chip and firmware run, with the very same results.

The firmware starts only with a KPU layer, and no published converter pools behind a depthwise one. Both are met by a
1x1 layer that copies its input exactly, or by moving the pool to where it costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.write.quantize import FRACTION_BITS, KpuWeights, linear

from .layers import KpuConv, Quantised, Step

PICKS = (5, 6, 7)
"""Pool types that only choose pixels, which a 1x1 layer may do as well afterwards."""


@dataclass(frozen=True, eq=False)
class Legal:
    """Steps and shapes as they will be written; ``outputs`` as in the quantised network."""

    steps: tuple[Step, ...]
    shapes: Mapping[str, tuple[int, ...]]


def copying(channels: int) -> KpuWeights:
    """A 1x1 layer whose output is its input, byte for byte."""
    one = np.ones(channels, np.int64)
    norm = BatchNorm(one << FRACTION_BITS, 0 * one, 0 * one)
    return KpuWeights(np.eye(channels, dtype=np.uint8).reshape(channels, channels, 1, 1), norm, linear())


def legalise(quantised: Quantised) -> Legal:
    """The same network without a pool behind a depthwise layer, and with a KPU layer in front."""
    shapes = dict(quantised.shapes)
    steps = _copied_input(quantised, shapes)
    return Legal(tuple(_pooled_elsewhere(steps, shapes, quantised.outputs)), shapes)


def _copied_input(quantised: Quantised, shapes: dict[str, tuple[int, ...]]) -> list[Step]:
    """The picture lies in the AI RAM alone: what the CPU reads of it, a copying KPU layer brings to main memory."""
    name, steps = quantised.input, list(quantised.steps)
    if name not in quantised.scales:
        return steps
    readers = [step for step in steps if name in step.inputs and not isinstance(step, KpuConv)]
    if not readers and name not in quantised.outputs:
        return steps
    copy = f"{name}/copy"
    shapes[copy] = shapes[name]
    first: Step = KpuConv((), (name,), copy, copying(shapes[name][0]))
    renamed = [
        replace(step, inputs=tuple(copy if given == name else given for given in step.inputs))
        if step in readers
        else step
        for step in steps
    ]
    return [first, *renamed]


def _pooled_elsewhere(
    steps: Sequence[Step], shapes: dict[str, tuple[int, ...]], outputs: Sequence[str]
) -> Sequence[Step]:
    made: list[Step] = []
    waiting: dict[str, tuple[str, int]] = {}
    for step in steps:
        if isinstance(step, KpuConv) and step.inputs[0] in waiting:
            whole, pool = waiting[step.inputs[0]]
            step = replace(step, inputs=(whole,), pool=pool)
        if not (isinstance(step, KpuConv) and step.depthwise and step.pool):
            made.append(step)
            continue
        whole = f"{step.output}/whole"
        shapes[whole] = shapes[step.inputs[0]]
        made.append(replace(step, output=whole, pool=0))
        readers = [other for other in steps if step.output in other.inputs]
        if step.pool in PICKS and len(readers) == 1 and step.output not in outputs and _takes(readers[0]):
            waiting[step.output] = (whole, step.pool)
        else:
            made.append(KpuConv(step.nodes, (whole,), step.output, copying(shapes[whole][0]), step.pool))
    return made


def _takes(step: Step) -> bool:
    """Can this step choose pixels after it has computed them all?"""
    return isinstance(step, KpuConv) and not step.depthwise and not step.pool and step.part.weights.shape[-1] == 1
