"""Turns integer layers into a kmodel: which tensors lie in AI RAM, in main memory or in both, and the moves between.

A KPU layer reads and writes the AI RAM; all others main memory. The result of a KPU layer is sent to main memory if
another type of layer reads it. An upload copies the results of other layers to the AI RAM for a KPU layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maixswitch.convert.refusals import refuse, together
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format import airam
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import UPLOAD, KModelWriter
from maixswitch.language import tr

from .channel_groups import Split, splits
from .layers import KpuConv, Layer, Quantised, Shape, named
from .limits import ai_ram, check, is_flat
from .runnable import Runnable, make_runnable

AUTO = 0
"""The version of a kmodel that depends on its layers."""
LAYER_COST = 2500
"""Bytes that the CPU copies to the AI RAM in the time that the start of a layer takes."""


@dataclass(frozen=True)
class Lowered:
    """The file, and the origin of its layers.

    data: the bytes of the file.
    layers: for each layer of the file, the integer layer that it belongs to.
    shapes: of all tensors.
    joined: for each tensor that several layers make, the tensors of its channels, in order.
    notes: sentences for the user about what it costs that maps do not fit into the AI RAM.
    only_v4: the layers that kmodel v3 does not have.
    """

    data: bytes
    layers: tuple[Layer, ...]
    shapes: dict[str, Shape]
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    only_v4: tuple[Layer, ...] = ()

    @property
    def tensors(self) -> tuple[str, ...]:
        """For each layer of the file, the tensor that its integer layer makes."""
        return tuple(layer.output for layer in self.layers)


def lower(quantised: Quantised, version: int = AUTO) -> Lowered:
    """Returns the kmodel of a quantised network.

    version: of the format, 3 or 4, or AUTO for 3 if it has all layers, else 4.
    If the AI RAM is too small, maps that later layers still read wait in main memory, or layers run in groups of
    channels, whichever costs less. MaixSwitchError if the network is beyond the limits of the chip (limits.py) or of
    the version; it names the node and what to change.
    """
    runnable = make_runnable(quantised, small=version != 3)
    only_v4 = tuple(layer for layer in runnable.layers if layer.needs_v4)
    if version == AUTO:
        version = 4 if only_v4 else 3
    if version == 3 and only_v4:
        why, remedy = tr("kmodel v3 has no layer for it"), tr("leave out --kmodel v3: v4 has one")
        raise together([refuse(*quantised.title(layer), why, remedy) for layer in only_v4])
    # The limits of single layers are checked first, because those messages name one cause.
    check(quantised, runnable.layers, runnable.shapes)
    schedule = _schedule(quantised, runnable)
    lowering, runnable = schedule.lowering, schedule.lowering.runnable
    try:
        data, counts = _built(lowering.writer, version)
    except ValueError as error:  # numbers that do not fit into a field of the file
        raise MaixSwitchError(tr("the network cannot be written as a kmodel: {error}", error=error)) from error
    # A layer of v3 may be several nodes of v4.
    origin = [layer for layer, count in zip(lowering.origin, counts, strict=True) for _ in range(count)]
    joined: dict[str, tuple[str, ...]] = {}
    for layer in runnable.layers:
        whole = runnable.whole(layer.output)
        if whole != layer.output:
            joined[whole] = (*joined.get(whole, ()), layer.output)
    notes = tuple(_note(quantised, split) for split in schedule.splits)
    return Lowered(data, tuple(origin), dict(runnable.shapes), joined, notes, only_v4)


def _built(writer: KModelWriter, version: int) -> tuple[bytes, list[int]]:
    """The bytes of the file, and for each layer of the writer the number of layers in the file."""
    if version == 3:
        return writer.build(), [1] * len(writer)
    # The default is v3, and no module for v4 is imported for it.
    from maixswitch.kmodel.write.v4_from_v3 import as_v4

    return as_v4(writer)


def _note(quantised: Quantised, split: Split) -> str:
    return tr(
        "node {name}: its maps do not fit into the AI RAM at one time; so {layers} layers run in {count} groups of "
        "channels one after another, with the same results",
        name=quantised.title(split.chain[0])[0],
        layers=len(split.chain),
        count=split.count,
    )


@dataclass(frozen=True)
class _Schedule:
    """A way to fit a network into the AI RAM."""

    lowering: _Lowering
    splits: tuple[Split, ...] = ()

    @property
    def cost(self) -> int:
        """The time of the moves and of additional layers, as a number of bytes that the CPU copies to the AI RAM."""
        moved = sum(node.inputs[0].bytes for node in self.lowering.writer.nodes if node.number == UPLOAD)
        return moved + LAYER_COST * len(self.lowering.writer)


def _schedule(quantised: Quantised, runnable: Runnable) -> _Schedule:
    """Returns the cheapest way that fits. MaixSwitchError if there is none."""
    plain = _Schedule(_Lowering(quantised, runnable, waits=False))
    # Keeping all maps in the AI RAM is faster. Only a network that does not fit pays.
    if plain.lowering.writer.fits():
        return plain
    waiting = _Schedule(_Lowering(quantised, runnable, waits=True))
    fitting = [waiting] if waiting.lowering.writer.fits() else []
    for start in (plain, waiting):
        schedule = _in_groups(quantised, start)
        fitting += [schedule] if schedule.lowering.writer.fits() else []
    if fitting:
        return min(fitting, key=lambda schedule: schedule.cost)
    # The message names the layer with the largest need, where smaller maps help most.
    lowering = schedule.lowering
    rows = lowering.writer.rows()
    worst = lowering.origin[rows.index(max(rows))]
    names = [*worst.inputs, worst.output]
    shapes = ", ".join("x".join(map(str, lowering.runnable.shapes[name])) for name in names)
    raise ai_ram(quantised.title(worst), max(rows), shapes, lowering.runnable.shapes[quantised.input])


def _in_groups(quantised: Quantised, schedule: _Schedule) -> _Schedule:
    """Lets layers run in groups of channels until all fit, or until nothing helps."""
    while not schedule.lowering.writer.fits():
        lowering = schedule.lowering
        rows = lowering.writer.rows()
        worst = lowering.origin[rows.index(max(rows))]
        before = _beyond(rows)
        for split in splits(lowering.runnable, worst, quantised.outputs):
            # A group may begin where no row or word begins, which the writer refuses.
            try:
                after = _Lowering(quantised, split.runnable, lowering.waits)
            except MaixSwitchError:
                continue
            mine = [
                row for row, layer in zip(after.writer.rows(), after.origin, strict=True) if after.is_of(layer, split)
            ]
            fits = max(mine) <= airam.ROWS and _beyond(after.writer.rows()) < before
            if fits or (not before and after.writer.fits()):
                schedule = _Schedule(after, (*schedule.splits, split))
                break
        else:
            return schedule
    return schedule


def _beyond(rows: list[int]) -> int:
    """The rows that are too many, over all layers."""
    return sum(max(0, count - airam.ROWS) for count in rows)


class _Lowering:
    """Writes the layers to a file; with ``waits``, maps that the next layer does not read wait in main memory."""

    def __init__(self, quantised: Quantised, runnable: Runnable, waits: bool) -> None:
        self.runnable, self.shapes, self.outputs = runnable, runnable.shapes, quantised.outputs
        self.layers, self.waits = runnable.layers, waits
        self.steps = _steps(runnable)
        self.readers: dict[str, list[int]] = {}
        for index, layer in enumerate(runnable.layers):
            for name in layer.inputs:
                self.readers.setdefault(runnable.whole(name), []).append(index)
        shape = self.shapes[quantised.input]
        self.ram: dict[str, PlacedTensor] = {}
        self.main: dict[str, PlacedTensor] = {}
        self.until: dict[str, int] = {}
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

    def is_of(self, layer: Layer, split: Split) -> bool:
        """Does the layer belong to the chain of this split?"""
        part = self.runnable.parts.get(layer.output)
        return part is not None and part.split == split.name

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
        whole, part = self.runnable.whole(layer.output), self.runnable.parts.get(layer.output)
        joined = part if part is not None and part.whole else None
        # A KPU layer can also send its result to main memory, which is cheaper than a separate layer.
        to_main = self._read_from_main(whole, index) or (joined is not None and not joined.in_ram)
        into: tuple[PlacedTensor | None, PlacedTensor | None] = (None, None)
        if joined is not None:
            count = self.shapes[layer.output][0]
            rooms = [("ai_ram", self.ram, joined.in_ram), ("main", self.main, to_main)]
            taken = [memory for memory, known, needed in rooms if needed and self._has_room(memory, known, whole)]
            into = (
                self.ram[whole].channels(joined.first, count) if "ai_ram" in taken else None,
                self.main[whole].channels(joined.first, count) if "main" in taken else None,
            )
        both = self.writer.conv_both(
            source, layer.part, pool=layer.pool, depthwise=layer.depthwise, to_main=to_main, into=into
        )
        if joined is None:
            self.ram[layer.output] = both[0]
            if to_main:
                self.main[layer.output] = both[1]
        # Until the step behind this one, the map is in the AI RAM in any case.
        self.until[whole] = self.steps[index] + 1

    def _has_room(self, memory: str, known: dict[str, PlacedTensor], whole: str) -> bool:
        """Makes room for a map of which several layers make the channels, if there is none; returns True."""
        if whole not in known:
            known[whole] = self.writer.room(memory, self.shapes[whole])
        return True

    def _read_from_main(self, name: str, index: int) -> bool:
        """Is the result of the KPU layer at ``index`` needed in main memory, too?"""
        # The firmware reads the outputs from main memory only (kpu.c, ``kpu_get_output``).
        if name in self.outputs:
            return True
        for later in self.readers.get(name, ()):
            # The next layer reads the map from the AI RAM. With ``waits``, all later ones get it from main memory.
            if later > index and (
                not isinstance(self.layers[later], KpuConv)
                or (self.waits and self.steps[later] > self.steps[index] + 1)
            ):
                return True
        return False

    def _in_ram(self, name: str, index: int) -> PlacedTensor:
        """The tensor in the AI RAM, uploaded if it is no longer there."""
        whole = self.runnable.whole(name)
        # With ``waits``, a map stays in the AI RAM only for the step directly after the one that made it.
        fresh = self.until.get(whole, -1) >= self.steps[index]
        if whole in self.ram and not (self.waits and whole in self.main and not fresh):
            return self._part(self.ram[whole], name)
        if whole != name:
            return self.writer.upload(self._part(self.main[whole], name))
        self.ram[name] = self.writer.upload(self.main[name])
        self.until[name] = self.steps[index]
        return self.ram[name]

    def _part(self, tensor: PlacedTensor, name: str) -> PlacedTensor:
        """The channels of a map that ``name`` stands for."""
        if self.runnable.whole(name) == name:
            return tensor
        return tensor.channels(self.runnable.parts[name].first, self.shapes[name][0])


def _steps(runnable: Runnable) -> list[int]:
    """Numbers the layers; those of one chain in groups of channels have one number."""
    steps: list[int] = []
    before = ""
    for layer in runnable.layers:
        part = runnable.parts.get(layer.output)
        split = part.split if part is not None else ""
        steps.append((steps[-1] if steps else -1) + (not split or split != before))
        before = split
    return steps


def _check_start(layer: Layer) -> None:
    if not layer.may_start:
        raise MaixSwitchError(
            tr(
                "{nodes}: the firmware starts only with a convolution, or with a fully connected layer of numbers; "
                "put one of them first",
                nodes=named(layer),
            )
        )
