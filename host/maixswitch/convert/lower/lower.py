"""From integer layers to a kmodel: what lies in AI RAM, in main memory or in both, and the moves between.

A KPU layer reads and writes the AI RAM; all others main memory. A KPU layer's result is sent to main memory where
another kind of layer reads it, and an upload brings what others made to the next KPU layer.
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
    """The file, and where its layers come from.

    data: the bytes of the file.
    layers: for each layer of the file the integer layer that it is, or serves.
    shapes: of all tensors.
    """

    data: bytes
    layers: tuple[Layer, ...]
    shapes: dict[str, Shape]

    @property
    def tensors(self) -> tuple[str, ...]:
        """For each layer of the file, the tensor that its integer layer makes."""
        return tuple(layer.output for layer in self.layers)


def lower(quantised: Quantised) -> Lowered:
    """Returns the kmodel of a quantised network.

    Where the AI RAM cannot hold what late layers still read, that waits in main memory. MaixSwitchError names the node
    and what to change for a network beyond the chip's limits (limits.py).
    """
    runnable = make_runnable(quantised)
    # The limits of a single layer come first, as their messages name a cause. Memory depends on all layers together.
    check(runnable.layers, runnable.shapes)
    lowering = _Lowering(quantised, runnable, waits=False)
    # Keeping all maps in the AI RAM is faster. Only a network that does not fit pays for moves to main memory and back.
    if max(lowering.writer.rows(), default=0) > airam.ROWS:
        lowering = _Lowering(quantised, runnable, waits=True)
        rows = lowering.writer.rows()
        if max(rows) > airam.ROWS:
            # The layer with the largest need is named, since a smaller map there helps most.
            worst = lowering.origin[rows.index(max(rows))]
            names = [*worst.inputs, worst.output]
            shapes = ", ".join("x".join(map(str, runnable.shapes[name])) for name in names)
            raise ai_ram(named(worst), max(rows), shapes)
    try:
        data = lowering.writer.build()
    except ValueError as error:  # numbers that do not fit into a field of the file
        raise MaixSwitchError(tr("the network cannot be written as a kmodel: {error}", error=error)) from error
    return Lowered(data, tuple(lowering.origin), dict(runnable.shapes))


class _Lowering:
    """``waits``: a map that the next KPU layer does not read goes to main memory and comes back when it is read."""

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
            # One layer may become several in the file. All of them carry its name, so that reports and messages find
            # it.
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
        # One pixel per channel is less than the KPU reads, so the pixels go through it in the corners of 4x4 maps.
        if is_flat(self.shapes[name]):
            padded = self.writer.add_padding(self.main[name])
            result = self.writer.conv(padded, layer.part, to_main=True)
            self.main[layer.output] = self.writer.remove_padding(result)
            return
        source = self._in_ram(name, index)
        # A KPU layer can send its result to main memory as well, which is cheaper than a layer that does only this.
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
            # A reader directly behind finds the map in the AI RAM. With ``waits``, any later one gets it from main
            # memory.
            if name in layer.inputs and (not isinstance(layer, KpuConv) or (self.waits and later > index + 1)):
                return True
        return False

    def _in_ram(self, name: str, index: int) -> PlacedTensor:
        """The tensor in the AI RAM, uploaded if it is not there any more."""
        # With ``waits``, a map lies in the AI RAM only for the layer right behind the one that made it.
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
