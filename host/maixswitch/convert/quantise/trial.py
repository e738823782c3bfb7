"""Runs the growing quantised network on a few calibration images, so that biases can be corrected.

KPU layers are computed fast, within one rounding of the chip. The emulator runs all other layers, each in a separate
file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Values, convolve
from maixswitch.convert.lower.layers import KpuConv, Layer, Shape
from maixswitch.convert.lower.runnable import copying
from maixswitch.kmodel.format.registers import Activation
from maixswitch.kmodel.format.v3_layers import QuantizedResizeNearest
from maixswitch.kmodel.run.arithmetic import POOLS, activate
from maixswitch.kmodel.run.model import load
from maixswitch.kmodel.write.quantize import FRACTION_BITS, Scale, linear
from maixswitch.kmodel.write.v4_from_v3 import as_v4
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

RESIZE = 23
"""Type of a quantized_resize_nearest_neighbor layer."""
ROUNDING = "v02"
ENTRIES = 1 << 18
"""Above this number of values, an activation is looked up in a table."""
UNIT = float(1 << FRACTION_BITS)


class Trial:
    """Computes tensors when they are needed."""

    def __init__(self, shapes: dict[str, Shape], scales: dict[str, Scale], source: str, images: Values) -> None:
        """Starts with the input.

        shapes, scales: of the network; they grow with it.
        source: name of its input.
        images: (n, ...).
        """
        self._layers: dict[str, Layer] = {}
        self._shapes, self._scales = shapes, scales
        self._known = {source: images}

    def add(self, layer: Layer) -> None:
        """Takes the next layer of the network."""
        self._layers[layer.output] = layer

    def values(self, name: str) -> Values:
        """Returns the tensor of all images (n, ...)."""
        # Only the tensors before a convolution are needed, and each is computed once.
        if name not in self._known:
            layer = self._layers[name]
            inputs = [self.values(source) for source in layer.inputs]
            if isinstance(layer, KpuConv):
                self._known[name] = run_conv(layer, inputs[0])
            else:
                self._known[name] = self._emulated(layer, inputs)
        return self._known[name]

    def _emulated(self, layer: Layer, inputs: list[Values]) -> Values:
        shape, dtype = self._shapes[layer.output], np.uint8 if layer.output in self._scales else np.float32
        # A view has no layer in the file, so there is nothing to emulate.
        if layer.is_view:
            return inputs[0].reshape(-1, *shape)
        # A file starts with a KPU layer. Then one resize for each input reserves memory; its result does not matter,
        # because the values of the input are written over it before the layer runs.
        writer = KModelWriter(1, 4, 4)
        start = writer.conv(writer.input, copying(1), to_main=True)
        rooms = [_room(writer, start, values) for values in inputs]
        writer.output(layer.write(writer, rooms, shape))
        data = as_v4(writer)[0] if layer.needs_v4 else writer.build()
        model = load(data, ROUNDING, backend="numpy")
        results = []
        for parts in zip(*inputs, strict=True):
            steps = model.run_layers(np.zeros((1, 4, 4), np.uint8))
            next(steps)
            for part in parts:
                room, _ = next(steps)
                raw = np.frombuffer(np.ascontiguousarray(part).tobytes(), np.uint8)
                model.machine.bytes(room.written()[0].start, raw.size)[:] = raw
            *_, (_, written) = steps
            results.append(np.frombuffer(written[-1].tobytes(), dtype).reshape(shape))
        return np.stack(results)


def _room(writer: KModelWriter, start: PlacedTensor, values: Values) -> PlacedTensor:
    """Adds a layer whose result has the type and shape of one image's values."""
    shape, dtype = values.shape[1:], str(values.dtype)
    size = int(np.prod(shape)) * values.dtype.itemsize
    return writer.layer(RESIZE, QuantizedResizeNearest, [start], shape, dtype, 1, 1, 1, size, 1, 0)


def run_conv(layer: KpuConv, images: Values) -> Values:
    """Returns uint8 (n, c, h, w) through a KPU layer, fast, within a rounding of the chip: its sums are float32.

    Flat images (n, c) stay flat.
    """
    if images.ndim == 2:
        flat: Values = run_conv(layer, images[:, :, None, None])[:, :, 0, 0]
        return flat
    part = layer.part
    # The pool types 5 and 7 pick pixels. Skipping the others before the sums gives the same result faster.
    stride = {5: 2, 7: 4}.get(layer.pool, 1)
    centred = part.weights.astype(np.float32) - part.weight_zero
    sums = convolve(images.astype(np.float32) - part.input_zero, centred, layer.depthwise, stride)
    shape = (1, -1, 1, 1)
    factor = (part.norm.mul / 2.0**part.norm.shift).astype(np.float32).reshape(shape)
    z = sums * factor + part.norm.add.astype(np.float32).reshape(shape)
    result = activated(z, part.activation)
    if layer.pool in (0, 5, 7):
        return result
    # A mean or a maximum is taken of bytes, as the KPU does after the activation table.
    pool = POOLS[layer.pool][2]
    return np.stack([pool(image, ROUNDING) for image in result])


def activated(z: NDArray[Any], table: Activation) -> NDArray[np.uint8]:
    """Returns the uint8 results of z, float. The straight table is a rounding; any other is computed as on the chip."""
    plain = linear()
    # The straight table is the usual one, and it only rounds.
    if all(np.array_equal(getattr(table, name), getattr(plain, name)) for name in ("start", "mul", "shift", "bias")):
        result: NDArray[np.uint8] = np.clip(np.rint(z * np.float32(1 / UNIT)), 0, 255).astype(np.uint8)
        return result
    if z.size <= ENTRIES:
        return activate(np.rint(z).astype(np.int64), table, ROUNDING)
    # If possible, the entries are close enough that each step of z has one.
    low, high = float(z.min()), float(z.max())
    entry = max((high - low) / (ENTRIES - 1), 1.0)
    entries = activate(np.rint(low + entry * np.arange(ENTRIES)).astype(np.int64), table, ROUNDING)
    return entries[((z - np.float32(low)) * np.float32(1 / entry) + np.float32(0.5)).astype(np.int32)]
