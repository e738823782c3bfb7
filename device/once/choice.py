"""Remembers on the card the folder of the model to start with; the choice survives a power cut at any byte.

There are two slots, maixswitch.s0 and .s1, each with one line "number folder crc32". The higher number counts. The
other slot, or a broken one, is written next, so an interrupted write can lose the new choice but never the old one.
"""

from binascii import crc32

import uio

SLOTS = ("/maixswitch.s0", "/maixswitch.s1")


def _slot(path):
    """Return (number, folder) of a slot; (-1, "") for a slot that is missing or damaged."""
    try:
        with uio.open(path, "rb") as file:
            line = file.read(400)
        # Only the checksum decides: after a power cut a slot may be empty, short, or filled with older bytes.
        body = line[:-9]
        if line[-9:] == b" %08x" % crc32(body):
            number, folder = body.split(b" ", 1)
            return int(number), folder.decode()
    except (OSError, ValueError):
        pass  # then the slot holds no choice
    return -1, ""


def choice_read(root):
    """Return the remembered folder, "" when there is none."""
    return max([_slot(root + name) for name in SLOTS])[1]


def choice_write(root, folder):
    """Remember a folder; return whether the card holds it now. Nothing is written when it does already."""
    slots = [_slot(root + name) for name in SLOTS]
    number, known = max(slots)
    if number >= 0 and known == folder:
        return True
    body = ("%d %s" % (number + 1, folder)).encode()
    try:
        # The slot with the lower number, or a broken one (-1): the other keeps the old choice if the power fails here.
        with uio.open(root + SLOTS[slots.index(min(slots))], "wb") as file:
            file.write(body + b" %08x" % crc32(body))
    except OSError:
        return False
    return True
