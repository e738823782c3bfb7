"""Ways to break a .kmodel file, from blind (flipped bits) to informed (one register field, one memory range)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format.program import Layer
from maixswitch.kmodel.format.registers import BLOCK_SIZE, FIELDS
from maixswitch.kmodel.format.v3_reader import LAYER_TYPES, RESERVED_TYPES
from maixswitch.kmodel.format.v4_moves import KpuHead
from maixswitch.kmodel.format.v4_node import Geometry, Padding, Range
from maixswitch.kmodel.format.v4_reader import NODE_TYPES

HEAD_WORDS = 64
TABLE_BYTES = 8 + 144
WORDS = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 255, 256, 257, 512, 1000, 1023, 1024, 1025),
    *(4095, 4096, 32767, 32768, 65535, 65536, 65537, 1 << 20, (1 << 21) - 64, 1 << 21, (1 << 21) + 64, 1 << 22),
    *(6 << 20, 8 << 20, 1 << 24, 1 << 26, 1 << 28, 1 << 30, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF8),
    *(0x3F800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0x00000001, 0x80000001),
)
"""Limits of the format and of the chip; the last line are floats: 1, infinities, NaN, the largest, the smallest."""
SIZES = (
    1,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    33,
    64,
    100,
    256,
    320,
    512,
    1000,
    1024,
    4096,
    32768,
    65535,
    65536,
    65537,
    0,
    -1,
    1 << 30,
)
MEMORY = (1 << 16, 1 << 20, 2 << 20, 6 << 20, 8 << 20, 16 << 20, 32 << 20, 64 << 20)


@dataclass(eq=False)
class Seed:
    """A file and its structure: byte offsets of words, counts, types, bodies and register blocks."""

    name: str
    data: bytes
    words: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    fields: list[list[tuple[type, int]]] = field(default_factory=list)
    """For each layer the fields of its body: (Range, Padding, Geometry, tuple for a shape, int or float; offset)."""
    main: int = 20
    """Byte offset of the size of the main memory."""


def fields_of(cls: type[Any], offset: int) -> Iterator[tuple[type, int]]:
    """Yield (kind, byte offset) for the fields of a record up to its first array."""
    for _, form, metadata in record._plan(cls):
        if metadata:
            return
        if isinstance(form, str):
            kind = tuple if form == "4i" else float if form == "f" else int
            yield kind, offset
            offset += struct.calcsize("<" + form)
        elif form in (Range, Padding, Geometry):
            yield form, offset
            offset += {Range: 16, Padding: 8, Geometry: 40}[form]
        else:
            inner = list(fields_of(form, offset))
            yield from inner
            offset = inner[-1][1] + 4


def find_structure(name: str, data: bytes) -> Seed:
    """Find the structure of a file; if the file does not load, only its first words."""
    seed = Seed(name, data)
    try:
        model = load(data)
    except KModelError:
        seed.words = list(range(0, min(len(data) - 3, 4 * HEAD_WORDS), 4))
        return seed
    version4 = model.version == 4
    seed.counts = [16, 20, 24, 28, 32] if version4 else [12, 20, 24]
    first = model.layers[0].offset
    table = first - 8 * len(model.layers)
    seed.types = list(range(table, first, 8))
    head = range(0, first, 4)
    seed.words = [*head, *(position + 4 for position in seed.types)] if len(head) < 400 else list(range(0, 400, 4))
    for layer in model.layers:
        seed.edges += [layer.offset, layer.offset + layer.size]
        seed.words += range(layer.offset, layer.offset + min(layer.size, 160) - 3, 4)
        _study_layer(seed, layer, version4)
    return seed


def _study_layer(seed: Seed, layer: Layer, version4: bool) -> None:
    if hasattr(layer.spec, "conv"):
        block = layer.offset + 24 if version4 else layer.spec.body.layer_offset
        seed.blocks.append(block)
        seed.words += range(block, block + BLOCK_SIZE, 4)
        seed.fields.append(list(fields_of(KpuHead, layer.offset)) if version4 else [])
        return
    cls = next((base for base in type(layer.spec).__mro__ if base.__name__ == "_Ends"), type(layer.spec))
    seed.fields.append(list(fields_of(cls, layer.offset)))


Mutation = Callable[[Random, bytearray, Seed, Sequence[Seed]], None]


def write_word(data: bytearray, position: int, value: int) -> None:
    """Write a little-endian word, if the position is still in the file."""
    if 0 <= position <= len(data) - 4:
        data[position : position + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")


def word(rng: Random, data: bytearray) -> int:
    """Return a number that may cause damage."""
    choice = rng.randrange(6)
    if choice == 0:
        return rng.getrandbits(32)
    if choice == 1:
        return len(data) + rng.randrange(-16, 17)
    if choice == 2:
        return -rng.randrange(1, 70000)
    if choice == 3:
        return rng.randrange(1, 2000)
    return rng.choice(WORDS)


def flip(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Flip a few bits anywhere."""
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64)) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def flip_structure(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Flip a few bits in the header, the tables and the starts of bodies."""
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        position = rng.choice(seed.words) + rng.randrange(4)
        if position < len(data):
            data[position] ^= 1 << rng.randrange(8)


def truncate(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Cut the file anywhere, near an edge of a layer, or a few bytes before the end."""
    if not data:
        return
    ends = (
        rng.randrange(len(data)),
        rng.choice(seed.edges or [40]) + rng.randrange(-9, 10),
        len(data) - rng.randrange(17),
    )
    del data[max(0, rng.choice(ends)) :]


def extend(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Add bytes after the end."""
    data += rng.randbytes(rng.choice((1, 4, 7, 8, 100, 4096)))


def set_word(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Change one word of the structure."""
    write_word(data, rng.choice(seed.words), word(rng, data))


def set_count(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Change the number of layers, outputs, inputs or constants, or the size of the main memory."""
    write_word(
        data,
        rng.choice(seed.counts or [12, 24]),
        rng.choice((rng.getrandbits(32), rng.choice(WORDS), rng.randrange(40))),
    )


def swap_words(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Swap two words: near each other, as offsets are, or anywhere."""
    first = rng.randrange(len(seed.words))
    last = rng.randrange(len(seed.words)) if rng.random() < 0.3 else (first + rng.randrange(1, 6)) % len(seed.words)
    a, b = seed.words[first], seed.words[last]
    if max(a, b) + 4 <= len(data):
        data[a : a + 4], data[b : b + 4] = data[b : b + 4], data[a : a + 4]


def splice(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Replace the start by that of another file."""
    other = rng.choice(others)
    size = rng.choice((8, 28, 40, 64, *(other.edges[:6] or [16])))
    data[:size] = other.data[:size]


def set_register(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Set fields of a register block to their limits."""
    if not seed.blocks:
        return set_word(rng, data, seed, others)
    block = rng.choice(seed.blocks)
    for _ in range(rng.choice((1, 1, 2, 4))):
        _, index, low, high, _ = rng.choice(FIELDS)
        position = block + 8 * index
        if position + 8 > len(data):
            return None
        top = (1 << (high - low)) - 1
        value = rng.choice(
            (0, 1, 2, top >> 1, (top >> 1) + 1, top - 1, top, rng.randint(0, top), rng.randint(0, min(top, 64)))
        )
        old = int.from_bytes(data[position : position + 8], "little")
        data[position : position + 8] = (old & ~(top << low) | value << low).to_bytes(8, "little")
    return None


def set_type(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Set another layer type, known or not."""
    known = [*LAYER_TYPES, *RESERVED_TYPES] if data[:1] == b"\x03" else [*NODE_TYPES]
    if seed.types:
        write_word(data, rng.choice(seed.types), rng.choice(known) if rng.random() < 0.9 else rng.getrandbits(32))


def move_bytes(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Repeat, remove or move a piece."""
    if len(data) < 144:
        return
    size = rng.choice((1, 4, 8, 64, 144))
    source, target = rng.randrange(len(data) - size + 1), rng.randrange(len(data))
    piece = data[source : source + size]
    kind = rng.randrange(3)
    if kind:
        del data[source : source + size]
    if kind != 1:
        data[target:target] = piece


def set_fields(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Write one body as an attacker would: ranges, shapes and windows of absurd but plausible sizes."""
    records = [fields for fields in seed.fields if fields]
    if not records:
        return set_word(rng, data, seed, others)
    dims = [rng.choice(SIZES) for _ in range(4)]
    room = rng.choice(MEMORY)
    if rng.random() < 0.7:
        write_word(data, seed.main, room)
    chance = rng.choice((0.2, 0.6, 1.0))
    for kind, position in rng.choice(records):
        if rng.random() > chance:
            continue
        if kind is Range:
            values = [rng.choice((1, 1, 1, 0, 2, 3)), rng.choice((0, 0, 1, 1, 2)), 0, room]
            values[2] = rng.choice((0, 0, 8, 64, 1 << 19, room - 64, room // 2))
            values[3] = rng.choice((room, room // 2, room // 8, 64, 0, 1 << 31))
        elif kind is tuple:
            values = dims if rng.random() < 0.8 else [rng.choice(SIZES) for _ in range(4)]
        elif kind is Padding:
            values = [rng.choice((0, 1, 2, -1, 100, -100, 1 << 30)) for _ in range(2)]
        elif kind is Geometry:
            windows = (1, 2, 3, 7, 64, 100, 1000, 65535)
            values = [rng.choice((0, 1, 50, -1, 70000, -70000)) for _ in range(4)] + [
                rng.choice(windows) for _ in range(6)
            ]
        elif kind is float:
            values = [rng.choice(WORDS[-7:])]
        else:
            values = [rng.choice((rng.choice(SIZES), rng.choice(WORDS), room, room // 4, rng.randrange(64)))]
        for index, value in enumerate(values):
            write_word(data, position + 4 * index, value)
    return None


def set_tables(rng: Random, data: bytearray, seed: Seed, others: Sequence[Seed]) -> None:
    """Write noise after a register block, where batch norm, activation table or weights are."""
    if not seed.blocks:
        return flip(rng, data, seed, others)
    start = rng.choice(seed.blocks) + BLOCK_SIZE + rng.randrange(0, 600)
    piece = rng.randbytes(rng.choice((1, 8, TABLE_BYTES)))
    data[start : start + len(piece)] = piece[: max(0, len(data) - start)]
    return None


MUTATIONS: tuple[tuple[int, Mutation], ...] = (
    # weight, mutation
    (3, flip),
    (3, flip_structure),
    (2, truncate),
    (1, extend),
    (4, set_word),
    (2, set_count),
    (2, swap_words),
    (1, splice),
    (4, set_register),
    (1, set_type),
    (1, move_bytes),
    (6, set_fields),
    (2, set_tables),
)


def mutate(rng: Random, seed: Seed, others: Sequence[Seed]) -> tuple[bytes, str]:
    """Return the broken file and the names of the mutations."""
    data = bytearray(seed.data)
    names = []
    for mutation in rng.choices(
        [row[1] for row in MUTATIONS], [row[0] for row in MUTATIONS], k=rng.choice((1, 1, 1, 2, 3))
    ):
        mutation(rng, data, seed, others)
        names.append(mutation.__name__)
    return bytes(data), "+".join(names)
