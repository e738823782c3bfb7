"""Reads and checks the bodies of the layers of either version, and tolerates a file without its last padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maixswitch.errors import KModelError
from maixswitch.language import tr

from . import airam
from .budget import MAX_MAIN_MEMORY, Budget
from .byte_reader import Cursor
from .program import AI_RAM, CONST, MAIN, Context, Layer, LayerType, Use

SHORT_TAIL = 7
"""Bytes that a file may lack at its end: the converters seek to a multiple of 8 without writing."""


def check_main_memory(cursor: Cursor, size: int) -> None:
    """Refuses a size that no chip has. The field has the same offset in both versions."""
    if size > MAX_MAIN_MEMORY:
        raise cursor.refuse(
            tr("impossible main memory"),
            "main_mem_usage",
            size,
            tr("at most {most}", most=MAX_MAIN_MEMORY),
            20,
        )


def check_count(cursor: Cursor, field: str, offset: int, number: int, most: int) -> None:
    """Refuses a header that announces nothing, or more than any model has.

    offset: of the field in the file.
    most: the largest number that is accepted.
    """
    if not 1 <= number <= most:
        raise cursor.refuse(tr("nothing to run, or too much"), field, number, f"1..{most}", offset)


def check_use(use: Use, part: str, offset: int | None, context: Context) -> None:
    """Refuses a use that reads or writes beyond its memory, and one that writes to constants."""
    limit = {MAIN: context.main_memory, AI_RAM: airam.SIZE, CONST: context.constants}[use.memory]
    if use.start + use.size > limit or (use.writes and use.memory == CONST):
        raise KModelError(
            tr("{part} leaves its memory", part=part),
            offset=offset,
            field=tr("{field} in {memory} memory", field=use.field, memory=use.memory),
            found=tr("bytes {start}..{start2}", start=use.start, start2=use.start + use.size),
            wanted=tr("bytes 0..{value}", value=0 if use.writes and use.memory == CONST else limit),
        )


class LayerReader:
    """Reads bodies that lie one after another from ``start`` to the end of the file.

    heads: the number of the type and the size of each body.
    file: the file, with the padding that it may lack at its end.
    notes: what is odd about its end, but harmless.
    """

    def __init__(self, file: memoryview, start: int, heads: Sequence[tuple[int, int]]) -> None:
        self.start = start
        self.heads = heads
        self.file = file
        self.notes: tuple[str, ...] = ()
        self.size = size = len(file)
        end = start + sum(body_size for _, body_size in heads)
        # More than padding is missing, so a layer would be read beyond the end.
        if end > size + SHORT_TAIL:
            raise KModelError(
                tr("the file is cut short; copy or download it again"),
                offset=size,
                field="body_size",
                found=tr("{size} bytes", size=size),
                wanted=tr("{end} bytes", end=end),
            )
        if end > size:
            # The chip reads such a file as well, because the missing bytes are padding that it never looks at.
            self.file = memoryview(bytes(file) + bytes(end - size))
            self.notes = (tr("the last {end} padding bytes are missing, which is usual", end=end - size),)
        elif end < size:
            self.notes = (tr("{size} bytes follow the last layer", size=size - end),)

    def layers(self, types: Mapping[int, LayerType], context: Context, bounded: bool = True) -> tuple[Layer, ...]:
        """Parses and checks every layer.

        types: the types that the format knows, by number.
        bounded: as of ``Budget``.
        Raises KModelError for the first layer that cannot run.
        """
        position, result = self.start, []
        budget = Budget(len(self.file), bounded)
        for index, (number, body_size) in enumerate(self.heads):
            kind = types.get(number)
            # Nobody knows what an unknown layer writes, so the layers after it cannot be trusted either.
            if kind is None:
                raise KModelError(
                    tr("layer {index} is of unknown type", index=index),
                    offset=position,
                    field=tr("layer type"),
                    found=number,
                    wanted=tr("one of {types}", types=", ".join(map(str, types))),
                )
            # A body is read within its own bytes, so that a broken one cannot reach into the next.
            part = tr("layer {index} ({name})", index=index, name=kind.name)
            cursor = Cursor(self.file, position, position + body_size, part)
            spec = kind.parse(cursor, context)
            # The body needs some of the missing bytes, so more than padding may be lost.
            if cursor.position > self.size:
                lost = len(self.file) - self.size
                self.notes = (
                    tr(
                        "the last {lost} bytes are missing and taken as 0; {part} may have lost something",
                        lost=lost,
                        part=part,
                    ),
                )
            # The order of the checks: the layer itself, then its memory, then its cost on this PC.
            problem = spec.problem()
            if problem:
                raise KModelError(
                    tr("{part} cannot run", part=part),
                    offset=position,
                    field=problem[0],
                    found=problem[1],
                    wanted=problem[2],
                )
            layer = Layer(index, kind, position, body_size, spec)
            # A use outside its memory would read or write what belongs to another part of the board.
            for use in layer.uses():
                check_use(use, part, position, context)
            budget.add(layer)
            result.append(layer)
            position += body_size
        return tuple(result)
