"""Windows of convolutions and pools in ONNX, and the 3x3 kernels with which the KPU can compute them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from maixswitch.convert.refusals import AGAIN, TWO_DIMENSIONS
from maixswitch.language import tr, word

from .float_math import Array, Shape
from .onnx_node import OnnxNode

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


@dataclass(frozen=True)
class Window:
    """A window as in ONNX: pairs are (y, x), pads are top, left, bottom, right."""

    kernel: Pair
    strides: Pair = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilations: Pair = (1, 1)
    group: int = 1

    def sides(self, size: Shape, round_up: bool = False) -> Pair:
        """Returns height and width of the result for an input of this height and width."""
        sides = []
        for axis in range(2):
            room = size[axis] + self.pads[axis] + self.pads[axis + 2]
            steps = room - (self.kernel[axis] - 1) * self.dilations[axis] - 1
            sides.append((-(-steps // self.strides[axis]) if round_up else steps // self.strides[axis]) + 1)
        return sides[0], sides[1]


def pair(node: OnnxNode, name: str, default: int = 1) -> Pair:
    """Returns an attribute of two whole numbers from 1 on. MaixSwitchError for anything else."""
    # Some exporters write an empty list instead of leaving the attribute out.
    numbers = node.attributes.get(name) or [default, default]
    if len(numbers) != 2:
        raise node.refused(tr("it has {count} dimensions", count=len(numbers)), word(TWO_DIMENSIONS))
    if min(numbers) < 1:
        raise node.refused(tr("its {name} is {value}", name=name, value=list(numbers)), word(AGAIN))
    return int(numbers[0]), int(numbers[1])


def read_window(node: OnnxNode, size: Shape, kernel: Pair, group: int = 1) -> Window:
    """Returns the window of a node on an input (height, width). MaixSwitchError where it does not fit."""
    strides, dilations = pair(node, "strides"), pair(node, "dilations")
    window = Window(kernel, strides, _pads(node, size, kernel, strides, dilations), dilations, group)
    if min(window.sides(size)) < 1:
        why = tr("its input, {h} x {w}, is smaller than its window", h=size[0], w=size[1])
        raise node.refused(why, word("use a larger picture, or fewer pools"))
    return window


def _pads(node: OnnxNode, size: Shape, kernel: Pair, strides: Pair, dilations: Pair) -> Pads:
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    # The total padding follows from the size. An odd pixel comes after the input for UPPER, and before it for LOWER.
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        before, behind = [], []
        for s, k, step, d in zip(size, kernel, strides, dilations, strict=True):
            total = max((-(-s // step) - 1) * step + (k - 1) * d + 1 - s, 0)
            small, large = total // 2, total - total // 2
            before.append(small if auto == "SAME_UPPER" else large)
            behind.append(large if auto == "SAME_UPPER" else small)
        return before[0], before[1], behind[0], behind[1]
    if auto == "VALID":
        return 0, 0, 0, 0
    # Negative padding would crop the picture, which the KPU cannot do.
    pads = [int(p) for p in node.attributes.get("pads") or [0] * 4]
    if len(pads) != 4 or min(pads) < 0:
        raise node.refused(tr("its padding is {pads}", pads=pads), word(AGAIN))
    return pads[0], pads[1], pads[2], pads[3]


def as_3x3(weights: Array, window: Window) -> tuple[Array, Pair] | None:
    """Returns the kernel as 3x3, and the distance (down, right) of its middle from the pixel that the stride takes.

    None if the taps that are not zero do not fit into 3x3, or if the middle would be more than a pixel away.
    """
    # Taps of zeros have no effect, so a 5x5 kernel with an empty border is a 3x3 one.
    taps: dict[Pair, Array] = {}
    for ky, kx in product(range(weights.shape[2]), range(weights.shape[3])):
        # Coordinates count from the pixel that the stride takes, which makes padding and dilation disappear.
        if weights[:, :, ky, kx].any():
            tap = (ky * window.dilations[0] - window.pads[0], kx * window.dilations[1] - window.pads[1])
            taps[tap] = weights[:, :, ky, kx]
    centre = []
    for axis in range(2):
        low, high = (pick((tap[axis] for tap in taps), default=0) for pick in (min, max))
        # The middle stays on the pixel itself if the taps allow it, because a step aside costs another layer.
        middle = 0 if high <= 1 else high - 1
        # For a kernel one pixel away, one depthwise layer is enough. A larger distance would take several.
        if low < middle - 1 or middle > 1:
            return None
        centre.append(middle)
    kernel = np.zeros((*weights.shape[:2], 3, 3))
    for (y, x), numbers in taps.items():
        kernel[:, :, y - centre[0] + 1, x - centre[1] + 1] = numbers
    return kernel, (centre[0], centre[1])


def without_groups(kernel: Array, group: int) -> Array:
    """Returns the weights (out, in, kh, kw) of a convolution of several groups, with zeros between the groups."""
    if group == 1:
        return kernel
    # The KPU has no groups. Zeros between them give the same result, but cost weights and time.
    out, per = kernel.shape[:2]
    weights = np.zeros((out, per * group, *kernel.shape[2:]))
    each = out // group
    for g in range(group):
        rows = slice(g * each, (g + 1) * each)
        weights[rows, g * per : (g + 1) * per] = kernel[rows]
    return weights
