"""Convolutions and pools of any window as those that the KPU has, where the result is exactly the same."""

from __future__ import annotations

from itertools import product

import numpy as np

from maixswitch.convert.refusals import refuse
from maixswitch.language import tr, word

from .graph import Draft, Place, RawConv, RawPool, depthwise
from .node import Array, Conv, GlobalMean, Op, Pool

LARGEST = 1 << 23
"""Weights of a grouped convolution written out; more would not go into the board's memory by far."""
EVEN = "use padding=1 with 3x3 and 0 with 1x1, and a picture whose sides divide by 32"
SMALL = "use 3x3 kernels, two or three one after another for larger ones"


def settle(draft: Draft) -> None:
    """Rewrites every convolution and pool. MaixSwitchError where there is no way."""
    for op in list(draft.ops):
        if isinstance(op, RawConv):
            draft.swap(op, _conv(draft, op))
        elif isinstance(op, RawPool):
            draft.swap(op, _pool(draft, op))


def _conv(draft: Draft, op: RawConv) -> list[Op]:
    place = Place(draft, op)
    shape = draft.shapes[op.inputs[0]]
    stride = op.strides[0]
    if op.strides[1] != stride or stride & (stride - 1):
        why = tr("its stride is {strides}", strides=op.strides)
        raise refuse(place, why, word("use stride 1, 2 or 4, the same both ways"))
    kernel, centre = _kernel(draft, op)
    for side, out, c, k in zip(shape[1:], draft.shapes[op.output][1:], centre, op.weights.shape[2:], strict=True):
        if out != side // stride or (out - 1) * stride + c > side - 1:
            full = side // stride
            why = tr(
                "its kernel of {kernel} makes {out} pixels of {side}, the KPU would {full}",
                kernel=k,
                out=out,
                side=side,
                full=full,
            )
            raise refuse(place, why, word(EVEN))
    deep = op.group == shape[0] == len(kernel) and op.group > 1
    weights = kernel if deep else _dense(draft, op, kernel)
    if not deep and not _around(weights).any():
        weights = weights[:, :, 1:2, 1:2]
    if centre == (0, 0):
        return _strided(draft, Conv(op.nodes, op.inputs, op.output, weights, op.bias, deep, 1, op.curve), stride)
    # The KPU takes every second pixel from the first on, and this one wants the neighbours: a step to the side.
    name = draft.name(op.output, "full")
    draft.shapes[name] = (len(kernel), *shape[1:])
    first = Conv(op.nodes, op.inputs, name, weights, op.bias, deep, 1, op.curve)
    step = depthwise(op.nodes, name, op.output, np.ones(len(kernel)), (1 + centre[0], 1 + centre[1]))
    return [first, *_strided(draft, step, stride)]


def _around(weights: Array) -> Array:
    """The weights without the middle ones."""
    found = weights.copy()
    found[:, :, 1, 1] = 0
    return found


def _kernel(draft: Draft, op: RawConv) -> tuple[Array, tuple[int, int]]:
    """The weights as 3x3, and how far its middle lies from the pixel that the stride takes: down, right."""
    taps: dict[tuple[int, int], Array] = {}
    for ky, kx in product(range(op.weights.shape[2]), range(op.weights.shape[3])):
        if op.weights[:, :, ky, kx].any():
            place = (ky * op.dilations[0] - op.pads[0], kx * op.dilations[1] - op.pads[1])
            taps[place] = op.weights[:, :, ky, kx]
    centre = []
    for axis in range(2):
        low, high = (pick((tap[axis] for tap in taps), default=0) for pick in (min, max))
        middle = 0 if high <= 1 else high - 1
        if low < middle - 1 or middle > 1:
            h, w = op.weights.shape[2:]
            why = tr("its kernel is {h} x {w}, padding {pads}", h=h, w=w, pads=op.pads)
            raise refuse(Place(draft, op), why, word(SMALL))
        centre.append(middle)
    kernel = np.zeros((*op.weights.shape[:2], 3, 3))
    for (y, x), numbers in taps.items():
        kernel[:, :, y - centre[0] + 1, x - centre[1] + 1] = numbers
    return kernel, (centre[0], centre[1])


def _dense(draft: Draft, op: RawConv, kernel: Array) -> Array:
    """The weights of all groups, with zeros between them."""
    if op.group == 1:
        return kernel
    out, per = kernel.shape[:2]
    if out * per * op.group * 9 > LARGEST:
        why = tr("it has {count} groups", count=op.group)
        raise refuse(Place(draft, op), why, word("use one group, or a depthwise convolution"))
    found = np.zeros((out, per * op.group, 3, 3))
    each = out // op.group
    for g in range(op.group):
        found[g * each : (g + 1) * each, g * per : (g + 1) * per] = kernel[g * each : (g + 1) * each]
    return found


def _strided(draft: Draft, conv: Conv, stride: int) -> list[Op]:
    """The convolution with this stride, in as many operations as that takes."""
    found: list[Op] = []
    c, *size = draft.shapes[conv.output]
    output = conv.output
    while stride > 4:
        name = draft.name(output, "stride4")
        size = [side // 4 for side in draft.shapes[conv.inputs[0]][1:]]
        draft.shapes[name] = (c, *size)
        found.append(_with(conv, name, 4))
        conv = depthwise(conv.nodes, name, output, np.ones(c))
        stride //= 4
    return [*found, _with(conv, output, stride)]


def _with(conv: Conv, output: str, stride: int) -> Conv:
    return Conv(conv.nodes, conv.inputs, output, conv.weights, conv.bias, conv.depthwise, stride, conv.curve)


def _pool(draft: Draft, op: RawPool) -> list[Op]:
    place = Place(draft, op)
    shape, out = draft.shapes[op.inputs[0]], draft.shapes[op.output]
    size, remedy = op.kernel[0], word("use a 2x2 pool with stride 2, or 4x4 with stride 4")
    if op.kind == "max" and op.kernel == (2, 2) and op.strides == (1, 1) and op.pads == (0, 0, 1, 1):
        return [Pool(op.nodes, op.inputs, op.output, "max2s1")]
    if op.kind == "mean" and op.kernel == shape[1:] and not any(op.pads):
        return [GlobalMean(op.nodes, op.inputs, op.output)]
    square = op.kernel == op.strides == (size, size)
    pads_unused = not any(op.pads[:2]) and out[1:] == tuple(side // size for side in shape[1:])
    if op.kernel == (1, 1) and op.strides[0] == op.strides[1] and not any(op.pads):
        identity = depthwise(op.nodes, op.inputs[0], op.output, np.ones(shape[0]))
        if op.strides[0] & (op.strides[0] - 1) == 0 and out[1:] == tuple(side // op.strides[0] for side in shape[1:]):
            return _strided(draft, identity, op.strides[0])
    if not square or size & (size - 1) or size < 2 or not pads_unused:
        why = tr(
            "its window is {h} x {w}, stride {strides}, padding {pads}, on {ih} x {iw}",
            h=op.kernel[0],
            w=op.kernel[1],
            strides=op.strides,
            pads=op.pads,
            ih=shape[1],
            iw=shape[2],
        )
        raise refuse(place, why, remedy)
    found: list[Op] = []
    source, (c, h, w) = op.inputs[0], shape
    while size > 1:
        step = 4 if size >= 4 else 2
        h, w, size = h // step, w // step, size // step
        name = op.output if size == 1 else draft.name(op.output, f"pool{step}")
        draft.shapes[name] = (c, h, w)
        found.append(Pool(op.nodes, (source,), name, f"{op.kind}{step}"))
        source = name
    return found
