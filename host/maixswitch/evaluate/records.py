"""What a worker returns for a picture, as bytes: numbers as they came, and never a sum.

So a record is the same whoever makes it, and one that comes twice replaces itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASS = np.dtype([("name", "<u2"), ("score", "<f4")])
BOX = np.dtype([("name", "<u2"), ("score", "<f4"), ("sides", "<f4", (4,))])
POINT = np.dtype("<f4")
Rows = NDArray[Any]

# Why a picture has no answers.
MISSING, NO_PICTURE, LINK, TOO_LARGE, LOST = "missing", "no picture", "link", "too large", "worker lost"
_HEAD = struct.Struct("<H32sIIBQqHB")
_PART = struct.Struct("<HHHI")


@dataclass(frozen=True)
class Answer:
    """The answer of one column.

    rows: of CLASS, best first; of BOX; of POINT; or bytes of a face, as an array of int8 or float32.
    width, height: the pixels in which sides and points are; 0 for shares of the picture.
    found: what was there before the limit of ten, for the board's view; else the number of rows.
    """

    rows: Rows
    width: int = 0
    height: int = 0
    found: int = 0


@dataclass(frozen=True)
class Record:
    """A measured picture.

    key: see Sample. digest: SHA-256 of its file; zeros if it could not be read.
    width, height: of the upright picture. turned: what its EXIF data says, 1 to 8.
    size, changed: bytes and time (ns) of the file, by which a resumed run notices another file.
    error: why there are no answers, "" if there are.
    answers: one for each column of the job, without the type of their rows.
    """

    key: str
    digest: bytes = bytes(32)
    width: int = 0
    height: int = 0
    turned: int = 1
    size: int = 0
    changed: int = 0
    error: str = ""
    answers: tuple[Answer, ...] = ()

    def packed(self) -> bytes:
        """Return the record as bytes."""
        key, error = self.key.encode("utf-8", "surrogateescape"), self.error.encode()
        parts = [
            _HEAD.pack(
                len(key), self.digest, self.width, self.height, self.turned, self.size, self.changed, len(error),
                len(self.answers),
            ),
            key,
            error,
        ]  # fmt: skip
        for answer in self.answers:
            data = answer.rows.tobytes()
            parts += [_PART.pack(answer.width, answer.height, min(answer.found, 65535), len(data)), data]
        return b"".join(parts)


def unpacked(data: bytes, dtype: np.dtype[Any] = np.dtype(np.uint8)) -> Record:  # noqa: B008  a constant
    """Return the record of `packed`.

    dtype: of the rows; bytes for one who does not read them. Raises ValueError or struct.error for other bytes.
    """
    length, digest, width, height, turned, size, changed, errors, count = _HEAD.unpack_from(data)
    at = _HEAD.size
    key = data[at : at + length].decode("utf-8", "surrogateescape")
    at += length
    error = data[at : at + errors].decode()
    at += errors
    answers = []
    for _ in range(count):
        across, down, found, bytes_ = _PART.unpack_from(data, at)
        at += _PART.size
        answers.append(Answer(np.frombuffer(data[at : at + bytes_], dtype), across, down, found))
        at += bytes_
    return Record(key, digest, width, height, turned, size, changed, error, tuple(answers))
