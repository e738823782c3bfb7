"""Limits on what one file may ask for. They are checked before anything runs, so that a hostile file costs nothing.

Some limits are the chip's. The others bound the work and the memory of this PC. The work is estimated from the sizes in
the file: the nanoseconds that each layer takes on one core in plain numpy, rather too high than too low. The bound is
a few seconds, which the detectors of hands and poses with large maps nearly reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.errors import KModelError
from maixswitch.language import tr

from .conv import LOAD_BYTES, MAX_LOADS, Conv
from .layer_facts import batches, conv_of
from .program import Layer, Tensor

MAX_MAIN_MEMORY = 16 << 20
"""Bytes: twice what the chip has, so that a report can still say by how much a model is too large."""
MAX_LAYERS = 2048
MAX_ENDS = 64
"""The largest number of inputs, and of outputs."""
MAX_PARTS = 4096
"""The largest number of inputs of a concatenation."""
MAX_RESULTS = 64 << 20
"""Bytes of all inputs and outputs. In a real file they do not overlap, so that main memory and AI RAM hold them."""
MAX_COST = 10_000_000_000
MAX_LAYER_PIXELS = 8 << 20
"""Results of one KPU layer before its pool, four times what the AI RAM holds."""
MAX_PIXELS = 96 << 20
"""Results of all KPU layers together. The largest public model has 10 million, a converted one 53."""

LAYER_COST = 200_000
KPU_LAYER_COST = 3_000_000
"""Nanoseconds to prepare a layer, whatever its size."""
MACS_PER_NS = 10
WEIGHT_COST = 45
PIXEL_COST = 6
SLOW_PIXEL_COST = 60
"""Nanoseconds per result of a KPU layer: in floats, and in 64-bit integers."""
COSTS = {
    "quantized_add": 50,
    "quantized_binary": 40,
    "average_pool2d": 15,
    "quantized_max_pool2d": 15,
    "resize_image": 12,
    "matmul": 12,
    "conv2d": 2,
    "conv2d_transpose": 2,
    "cpu_conv2d": 2,
    "cpu_depthwise_conv2d": 2,
}
"""Nanoseconds per unit of ``spec.work()``."""
OTHER_COST = 5
CALL_COST = 4000
"""A few numpy calls cost about as much as this many elements."""
LIKELY_SUMS = 1 << 53


def _slow(conv: Conv) -> bool:
    """True if a backend might have to compute this layer in 64-bit integers; no layer of a converter is like that."""
    registers, norm, table = conv.registers, conv.norm, conv.activation
    largest = (1 << 8 * conv.weights.dtype.itemsize) - 1
    terms = conv.weights.shape[1] * conv.kernel**2
    # Both zero points add to the sum, so it may be twice as large as that of the weights alone.
    reach = 2 * 255 * largest * terms + abs(registers["arg_add"]) * conv.weights.shape[1]
    return (
        # Float arithmetic cannot compute an inexact shift, a falling piece or large sums.
        bool(registers["arg_x"] & ((1 << registers["shr_x"]) - 1))
        or int(table.mul.min()) < 0
        or reach * int(abs(norm.mul).max()) + (int(abs(norm.add).max()) << 15) >= LIKELY_SUMS
    )


def pixels(layer: Layer) -> int:
    """Results of a KPU layer before its pool, all batches; 0 for other layers."""
    conv = conv_of(layer)
    if conv is None:
        return 0
    return int(conv.weights.shape[0]) * conv.input.height * conv.input.width


def cost(layer: Layer) -> int:
    """Nanoseconds of one core for the first run, which prepares the layer; a high estimate."""
    conv = conv_of(layer)
    # The CPU's layers differ widely in what numpy needs for one unit of work.
    if conv is None:
        return LAYER_COST + int(layer.spec.work()) * COSTS.get(layer.name, OTHER_COST)
    each = SLOW_PIXEL_COST if _slow(conv) else PIXEL_COST
    # Weights are repacked once, before the first run, so their cost does not depend on the picture.
    prepared = KPU_LAYER_COST + int(conv.weights.size) * WEIGHT_COST
    return prepared + int(layer.spec.work()) // MACS_PER_NS + pixels(layer) * batches(layer) * each


def check_weights(conv: Conv, part: str, offset: int) -> None:
    """Refuses weights that the KPU cannot load."""
    size, most = conv.weights.nbytes, MAX_LOADS * LOAD_BYTES[conv.weights.dtype.itemsize]
    if size > most:
        raise KModelError(
            tr("{part}: the KPU cannot load this many weights", part=part),
            offset=offset,
            field="weights",
            found=tr("{size} bytes", size=size),
            wanted=tr("at most {most}", most=most),
        )


class Budget:
    """Adds up what the layers of one file ask for, and refuses the layer that asks for too much."""

    def __init__(self, file_size: int, bounded: bool = True) -> None:
        """``bounded``: limit the work and the memory of this PC, too, rather than what a file can hold alone."""
        # In a v3 file many layers could share the same bytes as their weights; no converter does that.
        self._limits = {"weights": file_size}
        if bounded:
            self._limits |= {"work": MAX_COST, "results": MAX_PIXELS}
        self._bounded = bounded
        self._spent = dict.fromkeys(self._limits, 0)

    def add(self, layer: Layer) -> None:
        """Adds one layer; raises KModelError with the field that exceeds its limit."""
        conv = conv_of(layer)
        # The sum of all layers counts, as a file may have many layers that are harmless one by one.
        for field, amount in self._amounts(layer, conv):
            if field not in self._limits:
                continue
            self._spent[field] += amount
            limit = self._limits[field]
            if self._spent[field] > limit:
                raise _too_much(layer, field, self._spent[field], limit)
        if conv is not None:
            check_weights(conv, str(layer), layer.offset)
            # One layer is bounded as well, because all its results are in memory at the same time.
            if self._bounded and pixels(layer) > MAX_LAYER_PIXELS:
                raise _too_much(layer, "results", pixels(layer), MAX_LAYER_PIXELS)

    @staticmethod
    def _amounts(layer: Layer, conv: Conv | None) -> Iterator[tuple[str, int]]:
        yield "work", cost(layer)
        if conv is not None:
            yield "results", pixels(layer)
            yield "weights", int(conv.weights.nbytes)


def _too_much(layer: Layer, field: str, amount: int, limit: int) -> KModelError:
    resource = {"work": "work", "results": "memory", "weights": "data"}[field]
    return KModelError(
        tr("{layer} asks for too much {resource}", layer=layer, resource=resource),
        offset=layer.offset,
        field=field,
        found=amount,
        wanted=tr("up to {limit}", limit=limit),
    )


def check_ends(tensors: tuple[Tensor, ...]) -> None:
    """Refuses inputs and outputs that together exceed all memory, which only overlapping ones can."""
    # Inputs may overlap in the memory of the chip, but each is copied here.
    total = sum(tensor.bytes for tensor in tensors)
    if total > MAX_RESULTS:
        raise KModelError(
            tr("inputs and outputs are too large"),
            field=tr("sizes of inputs and outputs"),
            found=total,
            wanted=tr("up to {limit}", limit=MAX_RESULTS),
        )
