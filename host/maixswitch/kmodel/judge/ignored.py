"""Finds dense layers of kmodel v3 whose activation a runtime ignores, if that changes the answers of the network.

MaixPy's library never reads the activation of a dense layer. That does no harm where only quantize layers read the
result and cut what the activation would have cut: values below 0 for a relu, and for a relu6 also those above 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes
from maixswitch.kmodel.format.program import MAIN, Layer, Tensor
from maixswitch.kmodel.format.v3_layers import FullyConnected, Quantize
from maixswitch.kmodel.run.model import KModel
from maixswitch.kmodel.run.runtimes import CANMV, MAIXPY
from maixswitch.kmodel.run.v3_cpu import quantized
from maixswitch.language import tr

ACTIVATIONS = {1: "relu", 2: "relu6"}
CELLS = 6
"""Cells along each side of the test picture, which looks like a photo out of focus."""


@dataclass(frozen=True)
class Change:
    """How the first output changes on one input when the activations are ignored.

    largest: the largest difference of a value.
    best, applied: index of the largest value without and with the activations.
    picture: True if the input was a picture, False for random numbers.
    """

    largest: float
    best: int
    applied: int
    picture: bool

    def __str__(self) -> str:
        best, applied, largest = self.best, self.applied, f"{self.largest:.3g}"
        if best == applied:
            text = tr(
                "the largest output stays number {best}, values change by up to {largest}", best=best, largest=largest
            )
        else:
            text = tr(
                "the largest output is number {best} instead of {applied}, values change by up to {largest}",
                best=best,
                applied=applied,
                largest=largest,
            )
        return tr("on a picture {text}", text=text) if self.picture else tr("on random numbers {text}", text=text)


def ignored(kmodel: KModel) -> list[Layer]:
    """The dense layers whose activation MaixPy ignores and whose result another layer reads; [] for kmodel v4."""
    return [layer for layer in kmodel.layers if isinstance(layer.spec, FullyConnected) and _matters(kmodel, layer)]


def names(layers: list[Layer]) -> str:
    """The layers with their activations, for messages."""
    return ", ".join(f"{layer}: {ACTIVATIONS[layer.spec.act]}" for layer in layers)


def change(kmodel: KModel) -> Change:
    """Runs the network on one input with and without the activations of dense layers."""
    entry = kmodel.inputs[0]
    # A network that takes no picture gets random numbers, as nobody knows what its inputs mean.
    picture = entry.dtype == "uint8"
    # Many networks answer all random pixels alike, because no photo looks like that. A blurred picture shows more.
    values = _picture(entry) if picture else np.random.default_rng(0).normal(size=entry.elements).astype(np.float32)
    without, applied = (
        KModel(kmodel.program, kmodel.rounding, runtime.name).run(values.reshape(entry.shape or (entry.elements,)))[0]
        for runtime in (MAIXPY, CANMV)
    )
    # NaN and infinities of a broken network may not stop the report.
    with np.errstate(invalid="ignore"):
        gap = np.abs(without.astype(np.float64) - applied.astype(np.float64))
    return Change(float(np.nanmax(gap, initial=0.0)), int(without.argmax()), int(applied.argmax()), picture)


def _matters(kmodel: KModel, dense: Layer) -> bool:
    """True if a layer that does not make the same cut reads the result before it is overwritten."""
    # Without an activation there is nothing to ignore.
    if dense.spec.act not in ACTIVATIONS:
        return False
    # Marks the bytes of the result that no later layer has overwritten yet.
    start, count = dense.spec.output, 4 * dense.spec.out_channels
    alive: Array = np.ones(count, bool)
    for layer in kmodel.layers[dense.index + 1 :]:
        uses = [use for use in layer.uses() if use.memory == MAIN]
        # Reading a single byte counts. A quantize layer that cuts at the same values makes the activation superfluous.
        if any(not use.writes and _part(alive, start, use.start, use.size).any() for use in uses) and not (
            isinstance(layer.spec, Quantize) and _cuts(layer.spec, dense.spec.act)
        ):
            return True
        # The reads come before the writes, because a layer may work in place.
        for use in uses:
            if use.writes:
                _part(alive, start, use.start, use.size)[:] = False
    return any(_part(alive, start, tensor.address, tensor.bytes).any() for tensor in kmodel.outputs)


def _part(alive: Array, start: int, address: int, size: int) -> Array:
    """The part of ``alive``, which begins at the address ``start``, that lies in another piece of memory."""
    return alive[max(address - start, 0) : max(address + size - start, 0)]


def _cuts(spec: Quantize, act: int) -> bool:
    """True if the layer turns 0 into the byte 0, and for a relu6 also 6 into the byte 255."""
    with np.errstate(all="ignore"):
        least, greatest = quantized(spec, np.array([0, 6], np.float32), MAIXPY.arithmetic()).tolist()
    return bool(spec.scale > 0 and least == 0 and (act == 1 or greatest == 255))


def _picture(entry: Tensor) -> Bytes:
    """A smooth picture of the input's size: random light in a few cells, blended between them."""
    shape = (1, 1, 1, *(entry.shape or (entry.elements,)))[-3:]
    light = np.random.default_rng(0).integers(0, 256, (shape[0], CELLS, CELLS)).astype(np.float64)
    for axis, size in ((1, shape[1]), (2, shape[2])):
        at = np.linspace(0, CELLS - 1, size)
        first = np.minimum(at.astype(int), CELLS - 2)
        share = np.expand_dims(at - first, tuple({0, 1, 2} - {axis}))
        light = np.take(light, first, axis) * (1 - share) + np.take(light, first + 1, axis) * share
    return light.round().astype(np.uint8)
