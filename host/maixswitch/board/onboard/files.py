"""Sent to a board by sync: functions that print what is on its card, one literal per line, and the CRC32 of the lines.

MicroPython v1.11 language. `board/sync/board_target.py` calls them and reads their output.
"""

from binascii import crc32

import uio
import uos

rows_crc = [0]


def say(row):
    """Print a literal, and add it to the CRC32."""
    line = repr(row)
    rows_crc[0] = crc32(line.encode(), rows_crc[0])
    print(line)


def end():
    """Print the CRC32 of the lines since the last call."""
    print("= %d" % (rows_crc[0] & 0xFFFFFFFF))
    rows_crc[0] = 0


def walk(root):
    """Print (path, bytes) for every file below root, and (path, -1) for every folder."""
    folders = [""]
    while folders:
        folder = folders.pop()
        for row in uos.ilistdir(root + folder):
            path = folder + "/" + row[0]
            if row[1] == 0x4000:
                folders.append(path)
                say((path[1:], -1))
            else:
                say((path[1:], uos.stat(root + path)[6]))


def read(path):
    """Print the bytes of a file in pieces; print nothing if it is missing."""
    try:
        file = uio.open(path, "rb")
    except OSError as error:
        if error.args[0] != 2:
            raise
        return
    with file:
        while True:
            piece = file.read(512)
            if not piece:
                break
            say(piece)


def make(path):
    """Make a folder; do nothing if it exists."""
    try:
        uos.mkdir(path)
    except OSError as error:
        if error.args[0] != 17:
            raise


def copy(path, target):
    """Copy a file of the card."""
    buffer = memoryview(bytearray(4096))
    with uio.open(path, "rb") as source, uio.open(target, "wb") as file:
        size = 1
        while size:
            size = source.readinto(buffer)
            file.write(buffer[:size])


def drop(path, folder):
    """Delete a file, or a folder with the files in it; do nothing if it is missing.

    folder: is the path that of a folder?
    """
    try:
        if folder:
            # The names come first: removing files under an open listing would make FatFs leave some out.
            for row in list(uos.ilistdir(path)):
                uos.remove(path + "/" + row[0])
        (uos.rmdir if folder else uos.remove)(path)
    except OSError as error:
        if error.args[0] != 2:
            raise


def space(root):
    """Print (free bytes, bytes of a cluster)."""
    stats = uos.statvfs(root)
    say((stats[1] * stats[3], stats[1]))
