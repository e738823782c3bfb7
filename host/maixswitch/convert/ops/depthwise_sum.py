"""A depthwise convolution of a large kernel: the sum of 3x3 depthwise layers on shifted copies of the map.

The parts are bytes, so each is rounded. To lose nothing more, all parts of a channel have one step, which is as small
as the range of that channel allows, and the integer additions are exact. A last depthwise layer turns the steps of each
channel into those of the result, and has the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.curve import Curve, limits_of
from maixswitch.convert.graph.float_math import Array, Values, apply, convolve, mean_sums
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.lower.layers import KpuConv, QuantizedAdd
from maixswitch.convert.quantise import curves16
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.quantise.rounding import quantise_for
from maixswitch.convert.quantise.scales import saturates
from maixswitch.convert.quantise.trial import UNIT
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, linear, norm_of

Reals = NDArray[np.float64]
MIDDLE = 128
"""The byte in the middle of each range. The additions subtract it."""
REACH = 120
"""Steps from the middle to the ends of what the calibration measured. The rest is for other pictures."""
ADDING = (0, 1, 0, -MIDDLE, 1, 0, 0, 1, 0)
"""The nine numbers of an addition of bytes a + b - MIDDLE."""
LARGEST_ADD = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class DepthwiseSum(Node):
    """The sum of 3x3 depthwise convolutions of maps of one shape and scale, then bias and curve.

    kernels: for each input, weights (channels, 1, 3, 3).
    """

    kernels: tuple[Array, ...]
    bias: Array
    curve: Curve | None = None
    operators = ("Conv",)

    def _parts(self, values: Sequence[Values]) -> list[Values]:
        return [convolve(each, kernel, True) for each, kernel in zip(values, self.kernels, strict=True)]

    def evaluate(self, values: Sequence[Values]) -> Values:
        total = sum(self._parts(values)) + np.asarray(self.bias, np.float32).reshape(1, -1, 1, 1)
        return apply(self.curve, np.asarray(total))

    def makes_bytes(self, shape: tuple[int, ...]) -> bool:
        return True

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def quantise(self, quantiser: Quantiser) -> None:
        sources = [quantiser.as_byte(name) for name in self.inputs]
        exact = [quantiser.calibration.tensors[name] for name in self.inputs]
        parts = self._parts([values.astype(np.float32) for values in exact])
        middles, steps = _ranges(parts)
        shape, total = quantiser.graph.shapes[self.output], ""
        # The middle of each sum is a whole number of steps away from 0, so that the additions stay exact.
        offsets = np.rint(middles * steps)
        before: Reals = np.zeros(len(steps))
        try:
            for index, source in enumerate(sources):
                name = f"{self.output}:part{index}"
                lift = MIDDLE - (offsets[index] - before)
                before = offsets[index]
                trial = quantiser.trial.values(source)
                weights = self.kernels[index]
                part = _part(weights, quantiser.scales[source], steps, lift, (exact[index], trial))
                layer = KpuConv(self.sources, (source,), name, part, 0, True)
                quantiser.put(layer, shape, Scale(1.0))
                if total:
                    both = (total, name)
                    name = f"{self.output}:sum{index}"
                    quantiser.put(QuantizedAdd(self.sources, both, name, ADDING), shape, Scale(1.0))
                total = name
            self._finish(quantiser, total, np.asarray(sum(parts)), steps)
        except ValueError as error:  # a factor beyond 22 bits
            raise MaixSwitchError(f"{' + '.join(self.sources)}: {error}") from error

    def _finish(self, quantiser: Quantiser, total: str, sums: Values, steps: Reals) -> None:
        """Adds the layer from the steps of each channel to those of the result."""
        out, bias = quantiser.scales[self.output], np.asarray(self.bias, np.float64)
        real = sums + bias.astype(np.float32).reshape(1, -1, 1, 1)
        if saturates(self.curve, out):
            table, units, base = linear(), out.steps * UNIT, out.zero * UNIT
        else:
            assert self.curve is not None
            low, high = float(real.min()), float(real.max())
            table, units = curves16.fit(self.curve.evaluate, out, low, high, real)
            base = 0.0
        norm = norm_of(units / steps, np.zeros(len(steps)))
        reached = quantiser.trial.values(total).mean(axis=(0, 2, 3), dtype=np.float64) * norm.mul / 2.0**norm.shift
        add = real.mean(axis=(0, 2, 3), dtype=np.float64) * units + base - reached
        weights = np.zeros((len(steps), 1, 3, 3), np.uint8)
        weights[:, 0, 1, 1] = 1
        part = KpuWeights(weights, BatchNorm(norm.mul, norm.shift, _whole(add)), table)
        layer = KpuConv(self.sources, (total,), self.output, part, 0, True)
        quantiser.put(layer, quantiser.graph.shapes[self.output], out)


def _ranges(parts: Sequence[Values]) -> tuple[Reals, Reals]:
    """Returns the middle of each growing sum, (parts, channels), and the steps per unit of each channel."""
    axes = (0, 2, 3)
    growing, middles = np.zeros_like(parts[0]), []
    farthest: Reals = np.zeros(parts[0].shape[1])
    before: Reals = np.zeros(parts[0].shape[1])
    for part in parts:
        growing = growing + part
        low, high = growing.min(axis=axes).astype(np.float64), growing.max(axis=axes).astype(np.float64)
        middle = (low + high) / 2
        # The part itself has to fit as well, around the middle by which it moves the sum.
        moved = np.abs(part - (middle - before).astype(np.float32).reshape(1, -1, 1, 1)).max(axis=axes)
        farthest = np.maximum.reduce([farthest, (high - low) / 2, moved.astype(np.float64)])
        middles.append(middle)
        before = middle
    # A channel that is always 0 fits any step; so it gets that of another one.
    farthest = np.where(farthest > 0, farthest, farthest.max() or 1.0)
    # The steps of very quiet channels would take factors that no register holds.
    farthest = np.maximum(farthest, farthest.max() * 2.0**-12)
    return np.array(middles), REACH / farthest


def _part(weights: Array, source: Scale, steps: Reals, lift: Reals, tensors: tuple[Values, Values]) -> KpuWeights:
    """Returns a depthwise layer whose result is a number of steps, plus ``lift``; tensors as in ``conv.kpu_layer``."""
    exact, levels = tensors
    shifted = levels.astype(np.float32) - source.zero
    rounded, zero, fine = quantise_for(weights, shifted, True)
    norm = norm_of(steps * UNIT / (source.steps * fine), np.zeros(len(steps)))
    expected = mean_sums(exact, weights, True) * steps * UNIT
    reached = mean_sums(shifted, rounded.astype(np.float64) - zero, True) * norm.mul / 2.0**norm.shift
    norm = BatchNorm(norm.mul, norm.shift, _whole(expected + lift * UNIT - reached))
    return KpuWeights(rounded, norm, linear(), zero, source.zero)


def _whole(numbers: Reals) -> NDArray[np.int64]:
    whole: NDArray[np.int64] = np.clip(np.rint(numbers), -LARGEST_ADD, LARGEST_ADD).astype(np.int64)
    return whole
