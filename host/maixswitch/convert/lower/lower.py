"""Turns integer layers into a kmodel: which tensors lie in AI RAM, in main memory or in both, and the moves between.

A KPU layer reads and writes the AI RAM; all others main memory. The result of a KPU layer is sent to main memory if
another type of layer reads it. An upload copies the results of other layers to the AI RAM for a KPU layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr

from .layers import KpuConv, Layer, Quantised, Shape, named
from .limits import ai_ram, check, is_flat
from .runnable import Runnable, make_runnable


@dataclass(frozen=True)
class Lowered:
    """The file, and the origin of its layers.

    data: the bytes of the file.
    layers: for each layer of the file, the integer layer that it belongs to.
    shapes: of all tensors.
    """

    data: bytes
    layers: tuple[Layer, ...]
    shapes: dict[str, Shape]

    @property
    def tensors(self) -> tuple[str, ...]:
        """For each layer of the file, the tensor that its integer layer makes."""
        return tuple(layer.output for layer in self.layers)


def lower(quantised: Quantised, version: int = 3) -> Lowered:
    """Returns the kmodel of a quantised network, in version 3 or 4 of the format.

    If the AI RAM is too small for maps that later layers still read, those maps wait in main memory. MaixSwitchError if
    the network is beyond the limits of the chip (limits.py); it names the node and what to change.
    """
    runnable = make_runnable(quantised)
    # The limits of single layers are checked first, because those messages name one cause.
    check(quantised, runnable.layers, runnable.shapes)
    lowering = _Lowering(quantised, runnable, waits=False)
    # Keeping all maps in the AI RAM is faster. Only a network that does not fit pays for moves to main memory and back.
    if max(lowering.writer.rows(), default=0) > airam.ROWS:
        lowering = _Lowering(quantised, runnable, waits=True)
        rows = lowering.writer.rows()
        if max(rows) > airam.ROWS:
            # The message names the layer with the largest need, where smaller maps help most.
            worst = lowering.origin[rows.index(max(rows))]
            names = [*worst.inputs, worst.output]
            shapes = ", ".join("x".join(map(str, runnable.shapes[name])) for name in names)
            raise ai_ram(quantised.title(worst), max(rows), shapes, runnable.shapes[quantised.input])
    try:
        data, counts = _built(lowering.writer, version)
    except ValueError as error:  # numbers that do not fit into a field of the file
        raise MaixSwitchError(tr("the network cannot be written as a kmodel: {error}", error=error)) from error
    # A layer of v3 may be several nodes of v4.
    origin = [layer for layer, count in zip(lowering.origin, counts, strict=True) for _ in range(count)]
    return Lowered(data, tuple(origin), dict(runnable.shapes))


def _built(writer: KModelWriter, version: int) -> tuple[bytes, list[int]]:
    """The bytes of the file, and for each layer of the writer the number of layers in the file."""
    if version == 3:
        return writer.build(), [1] * len(writer)
    # The default is v3, and no module for v4 is imported for it.
    from maixswitch.kmodel.write.v4_from_v3 import as_v4

    return as_v4(writer)


class _Lowering:
    """Writes the layers to a file; with ``waits``, maps that the next layer does not read wait in main memory."""

    def __init__(self, quantised: Quantised, runnable: Runnable, waits: bool) -> None:
        self.shapes, self.outputs = runnable.shapes, quantised.outputs
        self.layers, self.waits = runnable.layers, waits
        shape = self.shapes[quantised.input]
        self.ram: dict[str, PlacedTensor] = {}
        self.main: dict[str, PlacedTensor] = {}
        self.origin: list[Layer] = []
        # The camera's bytes lie in the AI RAM from the start. Numbers arrive in main memory.
        if quantised.input in quantised.scales:
            self.writer = KModelWriter(*shape)
            self.ram[quantised.input] = self.writer.input
        else:
            _check_start(runnable.layers[0])
            self.writer = KModelWriter(floats=shape[0])
            self.main[quantised.input] = self.writer.input
        for index, layer in enumerate(runnable.layers):
            try:
                self._add(index, layer)
            except ValueError as error:  # the writer refuses what no register of the KPU holds
                raise MaixSwitchError(f"{named(layer)}: {error}") from error
            # One layer may become several in the file. Reports and messages give its name to all of them.
            self.origin += [layer] * (len(self.writer) - len(self.origin))
        for name in quantised.outputs:
            self.writer.output(self.main[name])

    def _add(self, index: int, layer: Layer) -> None:
        if isinstance(layer, KpuConv):
            self._add_conv(index, layer)
        else:
            inputs = [self.main[name] for name in layer.inputs]
            self.main[layer.output] = layer.write(self.writer, inputs, self.shapes[layer.output])

    def _add_conv(self, index: int, layer: KpuConv) -> None:
        name = layer.inputs[0]
        # The KPU cannot read maps of one pixel, so each pixel becomes the corner of a 4x4 map.
        if is_flat(self.shapes[name]):
            padded = self.writer.add_padding(self.main[name])
            result = self.writer.conv(padded, layer.part, to_main=True)
            self.main[layer.output] = self.writer.remove_padding(result)
            return
        source = self._in_ram(name, index)
        # A KPU layer can also send its result to main memory, which is cheaper than a separate layer.
        to_main = self._read_from_main(layer.output, index)
        both = self.writer.conv_both(source, layer.part, pool=layer.pool, depthwise=layer.depthwise, to_main=to_main)
        self.ram[layer.output] = both[0]
        if to_main:
            self.main[layer.output] = both[1]

    def _read_from_main(self, name: str, index: int) -> bool:
        """Is the result of the KPU layer at ``index`` needed in main memory, too?"""
        # The firmware reads the outputs from main memory only (kpu.c, ``kpu_get_output``).
        if name in self.outputs:
            return True
        for later, layer in enumerate(self.layers[index + 1 :], index + 1):
            # The next layer reads the map from the AI RAM. With ``waits``, all later ones get it from main memory.
            if name in layer.inputs and (not isinstance(layer, KpuConv) or (self.waits and later > index + 1)):
                return True
        return False

    def _in_ram(self, name: str, index: int) -> PlacedTensor:
        """The tensor in the AI RAM, uploaded if it is no longer there."""
        # With ``waits``, a map stays in the AI RAM only for the layer directly after the one that made it.
        fresh = index and self.layers[index - 1].output == name
        if name in self.ram and not (self.waits and name in self.main and not fresh):
            return self.ram[name]
        self.ram[name] = self.writer.upload(self.main[name])
        return self.ram[name]


def _check_start(layer: Layer) -> None:
    if not layer.may_start:
        raise MaixSwitchError(
            tr(
                "{nodes}: the firmware starts only with a convolution, or with a fully connected layer of numbers; "
                "put one of them first",
                nodes=named(layer),
            )
        )
