"""Remembers on the card the folder of the model to start with; the choice survives a power cut at any byte.

There are two slots, maixswitch.s0 and .s1, each with one line "number folder crc32". The higher number counts. The
other slot, or a broken one, is written next, so an interrupted write can lose the new choice but never the old one.
device/once/learnt.py keeps its index in two such slots, too.
"""

from binascii import crc32

import uio

SLOTS = ("/maixswitch.s0", "/maixswitch.s1")


def _slot(path, most):
    """Return (number, text) of a slot; (-1, "") for a slot that is missing or damaged."""
    try:
        with uio.open(path, "rb") as file:
            line = file.read(most)
        # Only the checksum decides: after a power cut a slot may be empty, short, or filled with older bytes.
        body = line[:-9]
        if line[-9:] == b" %08x" % crc32(body):
            number, text = body.split(b" ", 1)
            return int(number), text.decode()
    except ValueError:
        pass  # then the slot holds no text
    except OSError as error:
        # A card that cannot be read at this moment may hold what was learnt: it must not count as empty.
        if error.args[0] != 2:
            raise
    return -1, ""


def slots_read(root, names, most):
    """Return (number, text) of the slot that counts; (-1, "") when there is none. most: bytes of a slot.

    Raises OSError when the card cannot be read.
    """
    return max([_slot(root + name, most) for name in names])


def slots_write(root, names, most, text):
    """Write a text into the slot that does not count, so that it counts from now on. Raises OSError."""
    slots = [_slot(root + name, most) for name in names]
    body = ("%d %s" % (max(slots)[0] + 1, text)).encode()
    # The slot with the lower number, or a broken one (-1): the other keeps the old text if the power fails here.
    with uio.open(root + names[slots.index(min(slots))], "wb") as file:
        file.write(body + b" %08x" % crc32(body))


def choice_read(root):
    """Return the remembered folder, "" when there is none or the card cannot be read."""
    try:
        return slots_read(root, SLOTS, 400)[1]
    except OSError:
        return ""


def choice_write(root, folder):
    """Remember a folder; return whether the card holds it now. Nothing is written when it does already."""
    try:
        number, known = slots_read(root, SLOTS, 400)
        if number >= 0 and known == folder:
            return True
        slots_write(root, SLOTS, 400, folder)
    except OSError:
        return False
    return True
