"""Sent to the board by sync: what is on its card, as one literal a line, and the CRC32 of those lines at the end."""

from binascii import crc32

import uio
import uos

told = [0]


def say(row):
    """Print a literal, and take it into the sum."""
    line = repr(row)
    told[0] = crc32(line.encode(), told[0])
    print(line)


def end():
    """Print the sum of all that was told since the last time."""
    print("= %d" % (told[0] & 0xFFFFFFFF))
    told[0] = 0


def walk(root):
    """Tell (path, bytes) of every file and (path, -1) of every folder below root."""
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
    """Tell the file's bytes in pieces; nothing for one that is not there."""
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
    """Make a folder; nothing when it is there."""
    try:
        uos.mkdir(path)
    except OSError as error:
        if error.args[0] != 17:
            raise


def drop(path, folder):
    """Delete a file, or a folder with the files in it; nothing when it is gone."""
    try:
        if folder:
            for row in list(uos.ilistdir(path)):
                uos.remove(path + "/" + row[0])
        (uos.rmdir if folder else uos.remove)(path)
    except OSError as error:
        if error.args[0] != 2:
            raise


def space(root):
    """Tell (free bytes, bytes of a cluster)."""
    found = uos.statvfs(root)
    say((found[1] * found[3], found[1]))
