"""Dataclasses that *are* the byte layout: the order of the fields is the order in the file.

A field is a word (U32, I32, F32, U8), a Shape, another record, or an array whose metadata ``array()`` makes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import SimpleNamespace
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import numpy as np

from .byte_reader import Cursor

U32 = Annotated[int, "I"]
I32 = Annotated[int, "i"]
F32 = Annotated[float, "f"]
U8 = Annotated[int, "B"]
Shape = Annotated[tuple[int, int, int, int], "4i"]
"""Four sizes, or four indices, one per axis."""
Record = TypeVar("Record")


def array(dtype: str, shape: Callable[[Any], tuple[int, ...]]) -> dict[str, Any]:
    """Metadata of a field holding ``dtype`` values whose shape follows from the fields read before it."""
    return {"dtype": dtype, "shape": shape}


@cache
def _plan(cls: type[Any]) -> list[tuple[str, Any, Any]]:
    """(field, struct form or record class or None, metadata)."""
    hints = get_type_hints(cls, include_extras=True)
    rows = []
    for entry in fields(cls):
        kind = hints[entry.name]
        form = getattr(kind, "__metadata__", (kind,))[0]
        rows.append((entry.name, form, entry.metadata))
    return rows


def read(cls: type[Record], cursor: Cursor) -> Record:
    """Reads one record."""
    values = SimpleNamespace()
    for name, form, metadata in _plan(cast(Any, cls)):
        value: object
        if metadata:
            # The shape may depend on fields before it, so all values so far are passed on.
            value = cursor.array(metadata["dtype"], metadata["shape"](values), name)
        elif isinstance(form, str):
            numbers = struct.unpack("<" + form, cursor.take(struct.calcsize("<" + form), name))
            value = numbers if len(numbers) > 1 else numbers[0]
        else:
            value = read(form, cursor)
        setattr(values, name, value)
    return cls(**vars(values))


def plain(cls: type[Record]) -> Callable[[Cursor, object], Record]:
    """A parser for a table of layer types, for a body that consists of its fields alone."""
    return lambda cursor, context: read(cls, cursor)


def write(record: object) -> bytes:
    """The bytes of a record, as ``read`` takes them."""
    parts = []
    for name, form, metadata in _plan(cast(Any, type(record))):
        value = getattr(record, name)
        if metadata:
            parts.append(np.asarray(value, metadata["dtype"]).tobytes())
        elif isinstance(form, str):
            parts.append(struct.pack("<" + form, *(value if isinstance(value, tuple) else (value,))))
        else:
            assert is_dataclass(value)
            parts.append(write(value))
    return b"".join(parts)
