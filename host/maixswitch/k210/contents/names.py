"""The modules of a firmware image and their names, from the tables of MicroPython that lie in it.

MicroPython keeps each name once, in a pool. Its built-in modules are a table of pairs: a name, and a pointer to an
object whose second word points to a dict; the dict is a table of such pairs again. The tables have fixed addresses, so
the names that `dir()` gives on the board can be read without running it. Sources: MicroPython v1.11, qstr.h, obj.h,
objmodule.c, frozenmod.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .words import BASE, word

KNOWN = b"micropython"
"""A module that every firmware has; the search for the tables begins with its name."""
HASH_BYTES = (1, 2)
"""Bytes of the hash before a name; MaixPy has one, CanMV two."""
KEY_SHIFTS = (2, 3)
"""Bits of a key below the number of its name: two up to MicroPython v1.11, three later."""
PAIR = 16
POINTER = 8
MOST_NAMES = 20_000
MOST_MODULES = 500
MOST_LETTERS = 255
MOST_PLACES = 100
FROZEN_BOOT = b"\0_boot.py\0"
"""One of the modules that were compiled into the image; it stands in a list of their names, with an empty one at its
end."""
FROZEN_NAME = re.compile(rb"[\w/]+\.py", re.ASCII)


@dataclass(frozen=True)
class Names:
    """What can be imported.

    modules: name -> the names in the module; a module written in Python has none here.
    pool: every name that the firmware's C code knows.
    """

    modules: Mapping[str, frozenset[str]]
    pool: frozenset[str]


def names(code: bytes) -> Names:
    """Return the modules and names of an image; both are empty if it has no MicroPython in the known form."""
    modules: dict[str, frozenset[str]] = {}
    pool = _Pool.find(code)
    if pool is not None:
        # Nothing in the pool tells the form of the keys, but with the wrong one the tables make no sense.
        tables = [_builtin(pool.with_shift(shift)) for shift in KEY_SHIFTS]
        modules = max(tables, key=len)
    modules.update((name, frozenset()) for name in _frozen(code))
    return Names(modules, frozenset(pool.names()) if pool else frozenset())


class _Pool:
    """The pool of names of an image, and the tables whose keys are in it."""

    def __init__(self, code: bytes, start: int, count: int, hash_bytes: int, key_shift: int = KEY_SHIFTS[0]) -> None:
        self.code = code
        self._start = start
        self._count = count
        self._hash_bytes = hash_bytes
        self._key_shift = key_shift

    @classmethod
    def find(cls, code: bytes) -> _Pool | None:
        at = code.find(bytes((len(KNOWN),)) + KNOWN + b"\0")
        if at < 0:
            return None
        for hash_bytes in HASH_BYTES:
            pointer_at = code.find((BASE + at - hash_bytes).to_bytes(POINTER, "little"))
            if pointer_at < 0:
                continue
            # The pool begins where the words are no longer addresses; its header ends with the number of names.
            start = pointer_at
            lowest = max(pointer_at - POINTER * MOST_NAMES, POINTER)
            while start >= lowest and _offset(code, word(code, start - POINTER, POINTER)) is not None:
                start -= POINTER
            count = word(code, start - POINTER, POINTER) if start >= POINTER else 0
            if (pointer_at - start) // POINTER < count <= MOST_NAMES:
                return cls(code, start, count, hash_bytes)
        return None

    def with_shift(self, key_shift: int) -> _Pool:
        """Return the same pool for tables whose keys have that many bits below the number of the name."""
        return _Pool(self.code, self._start, self._count, self._hash_bytes, key_shift)

    def name(self, index: int) -> str | None:
        at = _offset(self.code, word(self.code, self._start + POINTER * index, POINTER))
        if not 0 <= index < self._count or at is None:
            return None
        at += self._hash_bytes
        text = self.code[at + 1 : at + 1 + self.code[at]] if at < len(self.code) else b""
        return text.decode("ascii", "replace")

    def names(self) -> Iterator[str]:
        for index in range(self._count):
            name = self.name(index)
            if name is not None:
                yield name

    def key(self, at: int) -> str | None:
        """Return the name that is the key of the pair at an offset, None if another object is the key."""
        key = word(self.code, at, POINTER)
        low_bits = (1 << self._key_shift) - 1
        return self.name(key >> self._key_shift) if key & low_bits == 2 else None

    def pairs_with(self, name: bytes) -> Iterator[int]:
        """Yield the offsets of pairs whose key is that name."""
        pointers = {
            (BASE + at - self._hash_bytes).to_bytes(POINTER, "little")
            for at in _all(self.code, bytes((len(name),)) + name + b"\0")
        }
        for pointer in pointers:
            pointer_at = self.code.find(pointer, self._start, self._start + POINTER * self._count)
            if pointer_at >= 0:
                number = (pointer_at - self._start) // POINTER
                key = (number << self._key_shift | 2).to_bytes(POINTER, "little")
                yield from (at for at in _all(self.code, key) if at % POINTER == 0)


def _builtin(pool: _Pool) -> dict[str, frozenset[str]]:
    """Return the modules of the table of built-in ones, and their second names such as json for ujson."""
    code = pool.code
    modules: dict[str, frozenset[str]] = {}
    for name in (KNOWN, b"collections"):  # the second table holds the second names
        tables = [_table(pool, at) for at in pool.pairs_with(name)]
        for at in max(tables, key=len, default=range(0)):
            name_of_module = pool.key(at)
            module = _offset(code, word(code, at + POINTER, POINTER))
            if name_of_module is not None and module is not None:
                modules[name_of_module] = _dict(pool, word(code, module + POINTER, POINTER))
    return modules


def _table(pool: _Pool, at: int) -> range:
    """Return the offsets of the pairs of the table of modules around a pair; an empty range if it is none."""
    code = pool.code

    def type_of(pair: int) -> int | None:
        """The type of the object in a pair; modules have one type, which tells a table of modules from others."""
        value = _offset(code, word(code, pair + POINTER, POINTER)) if pair >= 0 and pool.key(pair) else None
        if value is None or _offset(code, word(code, value + POINTER, POINTER)) is None:
            return None
        return word(code, value, POINTER)

    kind = type_of(at)
    if kind is None or _offset(code, kind) is None:
        return range(0)
    first = last = at
    while type_of(first - PAIR) == kind and at - first < PAIR * MOST_MODULES:
        first -= PAIR
    while type_of(last + PAIR) == kind and last - at < PAIR * MOST_MODULES:
        last += PAIR
    return range(first, last + PAIR, PAIR)


def _dict(pool: _Pool, address: int) -> frozenset[str]:
    """Return the keys of a dict that lies in the image."""
    code = pool.code
    at = _offset(code, address)
    # A dict has its type, then a map: the number of entries above three flags, the size, and the table.
    table = _offset(code, word(code, at + 3 * POINTER, POINTER)) if at is not None else None
    if at is None or table is None:
        return frozenset()
    count = min(word(code, at + POINTER, POINTER) >> 3, MOST_NAMES, (len(code) - table) // PAIR)
    keys = (pool.key(table + PAIR * number) for number in range(count))
    return frozenset(key for key in keys if key is not None)


def _frozen(code: bytes) -> tuple[str, ...]:
    """Return the names of the modules in Python that were compiled into the image."""
    # The code that starts the module contains its name as well, so the longest list is the right one.
    return max((_frozen_around(code, at + 1) for at in _all(code, FROZEN_BOOT)), key=len, default=())


def _frozen_around(code: bytes, at: int) -> tuple[str, ...]:
    """Return the names of the list in which a name begins at an offset."""
    start = at
    for _ in range(MOST_MODULES):
        before = code.rfind(b"\0", max(start - MOST_LETTERS, 0), start - 1) + 1
        if not before or not FROZEN_NAME.fullmatch(code, before, start - 1):
            break
        start = before
    names: list[str] = []
    while len(names) < MOST_MODULES:
        end = code.find(b"\0", start, start + MOST_LETTERS)
        if end < 0 or not FROZEN_NAME.fullmatch(code, start, end):
            break
        names.append(code[start : end - len(".py")].decode("ascii"))
        start = end + 1
    return tuple(names)


def _offset(code: bytes, address: int) -> int | None:
    """Return where an address lies in the image, None if it does not."""
    return address - BASE if BASE <= address < BASE + len(code) else None


def _all(code: bytes, part: bytes) -> Iterator[int]:
    """Yield where a part occurs; a firmware has a handful, and a file made to waste time could have a million."""
    at = -1
    for _ in range(MOST_PLACES):
        at = code.find(part, at + 1)
        if at < 0:
            return
        yield at
