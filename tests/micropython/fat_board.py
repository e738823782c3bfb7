"""A board's /sd on MicroPython's own FatFs: programs come by line on stdin, what they print goes back in one line.

Each line is a JSON text, the answer JSON [what it printed, traceback]. Programs see this module's names.
"""

import json
import os
import sys
from binascii import crc32

import fat_disk

out = []
system_print = print
system_stdin = sys.stdin


def print(*words, end="\n"):
    out.append(" ".join([str(word) for word in words]) + end)


class machine:
    class UART:
        @staticmethod
        def repl_uart():
            return None


sys.modules["machine"] = machine


class Socket:
    """Holds the card: `disk`."""

    disk = None

    def use(self, disk):
        """Put in another card, or the same one after the power came back."""
        if self.disk:
            os.umount("/sd")
        self.disk = disk
        os.mount(os.VfsFat(disk), "/sd")


socket = Socket()


def crc(path):
    value = 0
    with open(path, "rb") as file:
        while True:
            data = file.read(4096)
            if not data:
                return value
            value = crc32(data, value)


def tree(folder="/sd"):
    """Print path and CRC32 of every file, -1 for a folder, -2 for what cannot be read."""
    for row in os.ilistdir(folder):
        path = folder + "/" + row[0]
        if row[1] == 0x4000:
            print(path[4:], -1)
            tree(path)
        else:
            try:
                print(path[4:], crc(path))
            except OSError:
                print(path[4:], -2)


def boot():
    """What the firmware does: boot.py if it is there, whatever becomes of it; print how many sectors it wrote."""
    try:
        with open("/sd/boot.py") as file:
            text = file.read()
        exec(text, {"print": print})
    except fat_disk.Cut:
        pass
    except Exception as error:
        print("boot.py:", repr(error))
    print(len(socket.disk.log))


def main():
    space = globals().copy()
    while True:
        line = system_stdin.readline()
        if not line:
            break
        out.clear()
        wrong = ""
        try:
            exec(json.loads(line), space)
        except Exception as error:
            wrong = "Traceback (most recent call last):\n%s: %s" % (type(error).__name__, error)
        system_print(json.dumps(["".join(out), wrong]))


main()
