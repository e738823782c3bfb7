"""Copies of what a model has learnt, in its own folder: learnt.b0 to learnt.b9, for the clients of a HuskyLens.

A copy is the line of the slot that counts (see learnt.py) with its own crc32 at the end, LF, and the data.
"""

from binascii import crc32, unhexlify

import uio

from device.once.learnt import PART, checksum, learnt_path, learnt_read, learnt_write, words_of

NAME = "learnt.b%d"
LINE = 4096  # bytes of a line


def _copy(source, target):
    while True:
        part = source.read(PART)
        if not part:
            return
        target.write(part)


def rename(folder, names):
    """Keep other names for what is learnt. Raises OSError."""
    path = learnt_read(folder)[1]
    if path:
        with uio.open(path, "rb") as source:
            with uio.open(learnt_path(folder), "wb") as target:
                _copy(source, target)
        learnt_write(folder, names)
    return True


def backup(folder, number):
    """Copy what is learnt; return whether something is. Raises OSError."""
    names, path = learnt_read(folder)
    if not path:
        return False
    line = words_of(checksum(path), names).encode()
    with uio.open(path, "rb") as source:
        with uio.open(folder + NAME % number, "wb") as target:
            target.write(line + b" %08x\n" % crc32(line))
            _copy(source, target)
    return True


def restore(folder, number):
    """Let a copy count again; return False for one that is missing or damaged. Raises OSError."""
    with uio.open(folder + NAME % number, "rb") as source:
        line = source.read(LINE)
        end = line.find(b"\n")
        body = line[: end - 9]
        if end < 17 or line[end - 9 : end] != b" %08x" % crc32(body):
            return False
        source.seek(end + 1)
        with uio.open(learnt_path(folder), "wb") as target:
            _copy(source, target)
    # A half copy must not count: the line says what the data must be.
    if checksum(learnt_path(folder)) != int(body[:8], 16):
        return False
    learnt_write(folder, names_in(body.decode()))
    return True


def names_in(line):
    """Return the names in a line "crc name name ..."."""
    return [unhexlify(word).decode() for word in line.split(" ")[1:]]
