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


def files(folder="/sd"):
    """Yield (path, CRC32) of what the app could see; -2 for what cannot be read.

    A name of several sectors whose removal was cut keeps its short form, "MODEL~1.JSO": nobody asks for that one.
    """
    rows = sorted(os.ilistdir(folder))
    names = [row[0] for row in rows]
    if folder.startswith("/sd/models/") and "model.json" not in names and (not names or "ARRIVING" in names):
        return
    for row in rows:
        path = folder + "/" + row[0]
        if row[1] == 0x4000:
            if row[0] != "SYNC":
                yield from files(path)
        elif "~" not in row[0]:
            try:
                yield path[4:], crc(path)
            except OSError:
                yield path[4:], -2


def boot():
    """What the firmware does: boot.py if it is there, whatever becomes of it; return how many sectors it wrote."""
    try:
        with open("/sd/boot.py") as file:
            text = file.read()
        exec(text, {"print": print})
    except fat_disk.Cut:
        pass
    except Exception as error:
        print("boot.py:", repr(error))
    return len(socket.disk.log)


def start(disk):
    """Start the board with this card; return the number of sectors that it wrote."""
    socket.use(disk)
    boot()
    socket.use(disk)
    return len(disk.log)


def outcome():
    """Return what the card holds, as one CRC32 with boot.py and one without, and what is damaged."""
    rows = ["%s %d" % row for row in sorted(files())]
    rest = [row for row in rows if not row.startswith("boot.py ")]
    faults = fat_disk.damage(socket.disk)[0]
    return crc32("\n".join(rows).encode()), crc32("\n".join(rest).encode()), faults[0] if faults else ""


def tally(past, counts, again, skip=1, offset=0):
    """Start the board after a cut of the power, and count the outcomes.

    past: a card with the writes of what was cut; counts: how many of them were done, in turn; again: how many more
    times the power is cut, at every skip-th write of the repair, from offset on.
    """
    outcomes = {}
    for count in counts:
        disk = past.at(count)
        writes = start(disk)
        key = outcome()
        outcomes[key] = outcomes.get(key, 0) + 1
        if again and writes:
            more = tally(disk, range((offset + count) % skip, writes, skip), again - 1, skip, offset)
            for key, number in more.items():
                outcomes[key] = outcomes.get(key, 0) + number
    return outcomes


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
