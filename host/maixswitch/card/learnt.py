"""What a model has learnt on the board, in its folder on a card: read, changed, exported and imported.

The files are those of device/once/learnt.py, and they are written in its order: first the data into the file that does
not count, then the slot that makes them count. So a power cut, or a card pulled out, leaves the old state or the new.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from maixswitch import files
from maixswitch.card.slots import read_slot, slot_line
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

SLOTS = ("learnt.s0", "learnt.s1")
DATA = ("learnt.0", "learnt.1")
MOST_NAMES = 20
NAME = 24
"""The most characters of a name."""
LEARNER, FACES = "learner", "faces"
COUNTS = struct.Struct("<HH")
HEAD = struct.Struct("<IifI")
"""Before each vector of a learner: its length, the class, 0.0 for a set class, padding (kpu.classifier's own file)."""
LARGEST = 1 << 20


@dataclass(frozen=True)
class Learnt:
    """What one model has learnt.

    form: LEARNER for vectors of floats, FACES for packed faces.
    names: one for each row.
    rows: the bytes of each vector or face, all of one length.
    """

    form: str
    names: tuple[str, ...] = ()
    rows: tuple[bytes, ...] = ()

    def renamed(self, old: str, new: str) -> Learnt:
        """Return the same with another name for one row. Raises MaixSwitchError (usage) if that cannot be."""
        at = self._find(old)
        if new in self.names:
            raise MaixSwitchError(tr("{name}: learnt already", name=new), EXIT_USAGE)
        return replace(self, names=(*self.names[:at], check_name(new), *self.names[at + 1 :]))

    def without(self, name: str) -> Learnt:
        """Return the same without a row. Raises MaixSwitchError (usage) if there is no such name."""
        at = self._find(name)
        return replace(
            self, names=self.names[:at] + self.names[at + 1 :], rows=self.rows[:at] + self.rows[at + 1 :]
        )  # fmt: skip

    def joined(self, other: Learnt) -> Learnt:
        """Return both; a row of `other` replaces the one of the same name.

        Raises MaixSwitchError (usage) if they do not fit together, or if there are too many.
        """
        lengths = {len(row) for row in (*self.rows, *other.rows)}
        if other.form != self.form or len(lengths) > 1:
            raise MaixSwitchError(tr("the file was learnt with another network"), EXIT_USAGE)
        rows = dict(zip(self.names, self.rows, strict=True)) | dict(zip(other.names, other.rows, strict=True))
        if len(rows) > MOST_NAMES:
            text = tr("{count} names; a model learns at most {most}", count=len(rows), most=MOST_NAMES)
            raise MaixSwitchError(text, EXIT_USAGE)
        return Learnt(self.form, tuple(map(check_name, rows)), tuple(rows.values()))

    def _find(self, name: str) -> int:
        if name not in self.names:
            listed = ", ".join(self.names) or tr("none")
            raise MaixSwitchError(tr("{name}: not learnt; there are: {listed}", name=name, listed=listed), EXIT_USAGE)
        return self.names.index(name)


def check_name(name: str) -> str:
    """Return a name that the board takes. Raises MaixSwitchError (usage) for another one."""
    if not 0 < len(name) <= NAME or not name.isprintable():
        text = tr("the name {name}: expected 1 to {most} characters", name=ascii(name), most=NAME)
        raise MaixSwitchError(text, EXIT_USAGE)
    return name


def read(folder: Path, form: str) -> Learnt:
    """Return what a model has learnt; nothing if its files are missing or damaged, as on the board.

    folder: the model's. form: of the model, LEARNER or FACES.
    Raises MaixSwitchError (input or output) if a file cannot be read.
    """
    number, text = max(_slots(folder))
    path = folder / DATA[number & 1]
    if number < 0 or not path.is_file():
        return Learnt(form)
    data = files.read(path, LARGEST)
    crc, *words = text.split(" ")
    try:
        names = tuple(bytes.fromhex(word).decode() for word in words)
        whole = int(crc, 16) == zlib.crc32(data)
    except ValueError:
        return Learnt(form)
    rows = _rows(data, form, len(names)) if whole else None
    return Learnt(form) if rows is None else Learnt(form, names, rows)


def write(folder: Path, learnt: Learnt) -> None:
    """Write what a model has learnt into its folder. Raises MaixSwitchError (input or output) if that fails."""
    slots = _slots(folder)
    number = max(slots)[0] + 1
    data = _data(learnt)
    words = [f"{zlib.crc32(data):08x}", *(name.encode().hex() for name in learnt.names)]
    files.write(folder / DATA[number & 1], data)
    # The slot with the lower number, or a broken one: the other keeps the old state until this one is complete.
    files.write(folder / SLOTS[slots.index(min(slots))], slot_line(number, " ".join(words)))


def export(learnt: Learnt, network: int) -> str:
    """Return the text of a file with which others can import what was learnt. network: the CRC32 of the .kmodel."""
    rows = [base64.b64encode(row).decode() for row in learnt.rows]
    document = {"schema": 1, "form": learnt.form, "network": f"{network:08x}", "names": learnt.names, "rows": rows}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def imported(path: Path, network: int) -> Learnt:
    """Return what an exported file holds. network: the CRC32 of the .kmodel that shall use it.

    Raises MaixSwitchError (usage) for another file, or one of another network; (input or output) if it is unreadable.
    """
    try:
        document = json.loads(files.read(path, 2 * LARGEST, option="--import"))
        learnt = Learnt(
            str(document["form"]),
            tuple(map(str, document["names"])),
            tuple(base64.b64decode(row, validate=True) for row in document["rows"]),
        )
        same = document["network"] == f"{network:08x}"
    except (ValueError, KeyError, TypeError) as error:
        text = tr("--import {path}: not a file that maixswitch learnt --export wrote", path=path)
        raise MaixSwitchError(text, EXIT_USAGE) from error
    if len(learnt.names) != len(learnt.rows):
        raise MaixSwitchError(tr("--import {path}: {names} names for {rows} rows", path=path, names=len(learnt.names),
                                 rows=len(learnt.rows)), EXIT_USAGE)  # fmt: skip
    # Vectors of two networks may have one length and still mean different things.
    if not same:
        raise MaixSwitchError(tr("--import {path}: it was learnt with another .kmodel", path=path), EXIT_USAGE)
    return learnt


def _slots(folder: Path) -> list[tuple[int, str]]:
    return [read_slot(files.read(folder / name) if (folder / name).is_file() else b"") for name in SLOTS]


def _rows(data: bytes, form: str, count: int) -> tuple[bytes, ...] | None:
    """Return the rows in a data file; None if it does not hold so many."""
    start = COUNTS.size if form == LEARNER else 0
    if not count or (len(data) - start) % count:
        return None if count or len(data) > start else ()
    size = (len(data) - start) // count
    rows = [data[start + at * size : start + (at + 1) * size] for at in range(count)]
    if form != LEARNER:
        return tuple(rows)
    if (
        COUNTS.unpack_from(data)[0] != count
        or size <= HEAD.size
        or HEAD.unpack_from(rows[0])[0] * 4 + HEAD.size != size
    ):
        return None
    return tuple(row[HEAD.size :] for row in rows)


def _data(learnt: Learnt) -> bytes:
    """Return the bytes of a data file."""
    if learnt.form != LEARNER:
        return b"".join(learnt.rows)
    parts = [HEAD.pack(len(row) // 4, at, 0.0, 0) + row for at, row in enumerate(learnt.rows)]
    return COUNTS.pack(len(parts), 1) + b"".join(parts)
