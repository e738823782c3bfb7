"""Which rows of the AI RAM hold a feature map that is still needed, layer by layer.

A map lives from the layer that writes it to the last layer that reads it, both included, because a KPU layer needs its
input and its output at the same time. Source: K210 register block (image_src_addr, image_dst_addr) and nncase's
allocators.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maixswitch.kmodel.format.airam import ROW, ROWS, MapLayout
from maixswitch.kmodel.format.program import AI_RAM, Program, Use
from maixswitch.language import tr

INPUT = -1
"""``born`` of a map that the host writes before the first layer runs."""


@dataclass(frozen=True)
class LiveMap:
    """One feature map in the AI RAM.

    row, rows: its first row, and how many it takes.
    born: index of the layer that writes it, INPUT for the model's input.
    last: index of the last layer that needs it.
    shape: (batches, channels, height, width), None if the file does not tell it.
    """

    row: int
    rows: int
    born: int
    last: int
    shape: tuple[int, ...] | None

    @property
    def bytes(self) -> int:
        return self.rows * ROW

    @property
    def title(self) -> str:
        """The layer that writes it and its sizes, channels first: "layer 3: 64x60x80"."""
        writer = tr("input") if self.born == INPUT else tr("layer {layer}", layer=self.born)
        if self.shape is None:
            return writer
        batches, *sizes = (1, 1, 1, *self.shape)[-4:]
        shape = "x".join(map(str, sizes))
        return (
            tr("{writer}: {batches} of {shape}", writer=writer, batches=batches, shape=shape)
            if batches > 1
            else f"{writer}: {shape}"
        )


@dataclass(frozen=True)
class AiRam:
    """The AI RAM over one inference.

    maps: in the order in which they are written.
    live: for each layer, the rows that are needed while it runs.
    """

    maps: tuple[LiveMap, ...]
    live: tuple[int, ...]

    @property
    def peak_rows(self) -> int:
        return max(self.live, default=0)

    @property
    def peak_layer(self) -> int:
        """Index of the layer that needs most; the first of several, 0 for a model without layers."""
        return self.live.index(self.peak_rows) if self.live else 0

    @property
    def peak_bytes(self) -> int:
        return self.peak_rows * ROW

    @property
    def fits(self) -> bool:
        """Do the maps stay inside the 32768 rows (2 MiB)?"""
        return self.peak_rows <= ROWS and all(item.row + item.rows <= ROWS for item in self.maps)

    def during(self, layer: int) -> list[LiveMap]:
        """The maps that are needed while that layer runs."""
        return [item for item in self.maps if item.born <= layer <= item.last]


@dataclass
class _Open:
    """A map whose last reader is not known yet; ``spans``: the rows that no layer has overwritten."""

    row: int
    rows: int
    born: int
    last: int
    shape: tuple[int, ...] | None
    spans: list[tuple[int, int]]


def ai_ram(program: Program) -> AiRam:
    """The maps of a program and their lives.

    A read keeps every map alive that it touches. A write ends the rows that it overwrites, after the layer has read.
    """
    known: list[_Open] = []
    # An input is in memory before the first layer runs.
    for tensor in program.inputs:
        if tensor.memory == AI_RAM:
            shape, row = tensor.shape, tensor.address // ROW
            # An input without a known shape still takes its bytes, rounded up to whole rows.
            rows = (
                MapLayout(*shape[-3:]).rows * (shape[0] if len(shape) > 3 else 1) if shape else -(-tensor.bytes // ROW)
            )
            known.append(_Open(row, rows, INPUT, 0, shape, [(row, row + rows)]))
    # Maps of which no row is left stay in the result, but nothing can read or overwrite them any more.
    alive = list(known)
    for layer in program.layers:
        # Reads come first: a layer that works in place needs what it is about to overwrite.
        uses = [use for use in layer.uses() if use.memory == AI_RAM]
        for use in uses:
            if not use.writes:
                _read(alive, _span(use), layer.index)
        for use in uses:
            if use.writes:
                start, end = _span(use)
                _overwrite(alive, start, end)
                item = _Open(start, end - start, layer.index, layer.index, use.shape, [(start, end)])
                known.append(item)
                alive = [*(other for other in alive if other.spans), item]
    # An output must last until the program ends.
    for tensor in program.outputs:
        if tensor.memory == AI_RAM:
            start = tensor.address // ROW
            _read(known, (start, start + max(1, -(-tensor.bytes // ROW))), len(program.layers) - 1)
    maps = tuple(LiveMap(item.row, item.rows, item.born, item.last, item.shape) for item in known)
    return AiRam(maps, tuple(_union(_needed(maps, layer.index)) for layer in program.layers))


def _span(use: Use) -> tuple[int, int]:
    # A use may begin inside a row, and then the whole row counts.
    return use.start // ROW, -(-(use.start + use.size) // ROW)


def _read(known: list[_Open], span: tuple[int, int], layer: int) -> None:
    start, end = span
    for item in known:
        # Reading one remaining row keeps the map alive, because a layer may read a part of a concatenation.
        if any(low < end and start < high for low, high in item.spans):
            item.last = max(item.last, layer)


def _overwrite(known: list[_Open], start: int, end: int) -> None:
    for item in known:
        # A write in the middle leaves two parts, and each may be read later.
        left = [(low, min(high, start)) for low, high in item.spans if low < start]
        right = [(max(low, end), high) for low, high in item.spans if high > end]
        item.spans = left + right


def _needed(maps: Iterable[LiveMap], layer: int) -> list[tuple[int, int]]:
    return [(item.row, item.row + item.rows) for item in maps if item.born <= layer <= item.last]


def _union(spans: list[tuple[int, int]]) -> int:
    """Rows covered by any of the spans."""
    total = reached = 0
    # Maps may share rows, for example a concatenation and its parts. Shared rows count once.
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
