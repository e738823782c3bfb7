"""What a model has learnt, on the card in the model's own folder; it survives a power cut at any byte.

The data lie in learnt.0 or learnt.1; learnt.s0 and .s1 are two slots as in device/once/choice.py. The slot that counts
says "number crc32-of-the-data name name ...", each name in hexadecimal UTF-8, and its number's parity tells which data
file it means. New data go into the other file first, then the other slot is written: until then the old ones count.
"""

from binascii import crc32, hexlify, unhexlify

import uio

from device.once.choice import slots_read, slots_write

SLOTS = ("learnt.s0", "learnt.s1")
FILES = ("learnt.0", "learnt.1")
MOST_NAMES = 20
NAME = 24  # characters of a name
INDEX = 4096  # bytes of a slot: twenty names of 24 characters, at most 8 hexadecimal digits each
PART = 512


def checksum(path):
    """Return the crc32 of a file, read in parts of 512 bytes: it may be larger than the free heap."""
    crc = 0
    with uio.open(path, "rb") as file:
        while True:
            part = file.read(PART)
            if not part:
                return crc
            crc = crc32(part, crc)


def learnt_read(folder):
    """Return (names, path of the data); ([], None) when nothing is learnt, or what is there is damaged.

    folder: the model's, with a slash at its end.
    Raises OSError when the card cannot be read: what is learnt next would take the place of what it holds.
    """
    number, text = slots_read(folder, SLOTS, INDEX)
    if number < 0:
        return [], None
    words = text.split(" ")
    path = folder + FILES[number & 1]
    try:
        if checksum(path) != int(words[0], 16):
            return [], None
        return [unhexlify(word).decode() for word in words[1:]], path
    except ValueError:
        return [], None
    except OSError as error:
        if error.args[0] != 2:
            raise
        return [], None


def learnt_path(folder):
    """Return the path to write new data to; the data that count now are not touched."""
    return folder + FILES[(slots_read(folder, SLOTS, INDEX)[0] + 1) & 1]


def learnt_write(folder, names):
    """Let the data in learnt_path() count, with the names of what they hold. Raises OSError."""
    slots_write(folder, SLOTS, INDEX, words_of(checksum(learnt_path(folder)), names))


def words_of(crc, names):
    """Return the text of a slot."""
    return " ".join(["%08x" % crc] + [hexlify(name[:NAME].encode()).decode() for name in names[:MOST_NAMES]])
