"""A reader of bytes that knows its position, never reads beyond its end, and names the field when it refuses."""

from __future__ import annotations

import struct

import numpy as np

from maixswitch.errors import KModelError
from maixswitch.language import tr

from .arrays import Array


class Cursor:
    """Reads little-endian fields of ``data`` between two byte offsets.

    position: offset of the next field.
    last: offset of the field that was read last.
    Every refusal is a KModelError that names the part of the file, the field and its offset.
    """

    def __init__(self, data: memoryview, start: int, end: int, part: str) -> None:
        self.data = data
        self.start = start
        self.end = end
        self.part = part
        self.position = start
        self.last = start

    @property
    def left(self) -> int:
        """Bytes that are still unread."""
        return self.end - self.position

    def take(self, size: int, field: str) -> memoryview:
        """The next ``size`` bytes, not copied."""
        if size > self.left:
            raise KModelError(
                tr("{part} is too short", part=self.part),
                offset=self.position,
                field=field,
                found=tr("{left} bytes", left=self.left),
                wanted=tr("{size} bytes", size=size),
            )
        self.last = self.position
        self.position += size
        return self.data[self.last : self.position]

    def unpack(self, form: str, field: str) -> int | float:
        """One number in a ``struct`` form such as "I", "i", "f", "B" or "Q"."""
        value: int | float = struct.unpack("<" + form, self.take(struct.calcsize("<" + form), field))[0]
        return value

    def u32(self, field: str) -> int:
        """An unsigned 32-bit word."""
        return int(self.unpack("I", field))

    def count(self, field: str, item_size: int) -> int:
        """A u32 that counts items of ``item_size`` bytes; KModelError if this part cannot hold that many."""
        offset = self.position
        value = self.u32(field)
        # The count is checked before anything is allocated, as a broken file may announce four billion items.
        if value * item_size > self.left:
            raise KModelError(
                tr("{part} cannot hold what it announces", part=self.part),
                offset=offset,
                field=field,
                found=value,
                wanted=tr("at most {left}", left=self.left // item_size),
            )
        return value

    def array(self, dtype: str, shape: tuple[int, ...], field: str) -> Array:
        """A read-only array over the file's own bytes."""
        # Python's whole numbers do not overflow, unlike a product of numpy's.
        count = 1
        for size in shape:
            count *= size
        # Two negative sizes would give a positive count, and numpy takes -1 for the size that is left.
        if min(shape, default=0) < 0:
            raise KModelError(
                tr("{part} has a negative size", part=self.part),
                offset=self.position,
                field=field,
                found=shape,
                wanted=tr("sizes from 0"),
            )
        raw = self.take(count * np.dtype(dtype).itemsize, field)
        if not count:  # numpy refuses other sizes beyond its limits even in an empty array
            shape = tuple(min(size, 1) for size in shape)
        return np.frombuffer(raw, dtype=dtype).reshape(shape)

    def refuse(self, message: str, field: str, found: object, wanted: object, offset: int | None = None) -> KModelError:
        """Makes an error at ``offset``, or at the field that was read last if that is None."""
        # The wrong field is usually the one that was read last, so most callers need no offset.
        where = self.last if offset is None else offset
        return KModelError(f"{self.part}: {message}", offset=where, field=field, found=found, wanted=wanted)
