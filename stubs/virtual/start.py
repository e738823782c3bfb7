"""Boots the virtual board: start.py STUBS ANSWERS REQUESTS CARD FLASH FLAVOUR WHY MODE SPACE READONLY FLAG.

Folders (CARD "" for no card), two file numbers of the line, why it boots (power, reset, soft), the REPL's mode,
bytes on the card ("" for no limit), "1" for a card that cannot be written, and a file number that says of Ctrl-C.
Ends with 42 for a soft reset of the friendly REPL, 43 of the raw one, 44 for a reset of the chip, 45 when the line is
gone.
"""

import builtins
import sys

STUBS, ANSWERS, REQUESTS, CARD, FLASH, FLAVOUR, WHY, MODE, SPACE, READONLY, FLAG = sys.argv[1:12]
SOFT, SOFT_RAW, RESET, LOST = 42, 43, 44, 45
opener = open
system = __import__("os")  # the interpreter's own, not the board's
system_time = __import__("time")
posix = getattr(system, "VfsPosix")  # noqa: B009
wire_files = (opener(int(ANSWERS), "rb"), opener(int(REQUESTS), "wb"), opener(int(FLAG), "rb"))

system.mount(posix(STUBS), "/stubs")
system.mount(posix(FLASH), "/flash")
if CARD:
    system.mount(posix(CARD), "/sd")
system.chdir("/")
system.umount("/")  # from here on the PC's files are out of reach of the card's programs
sys.path[:] = ["/stubs"]

from virtual import wire  # noqa: E402  the path comes first

wire.connect(*wire_files)

from virtual import machinery  # noqa: E402

code = RESET
try:
    code = machinery.run(
        system, system_time, opener, builtins, (CARD, FLAVOUR, WHY, int(MODE), int(SPACE) if SPACE else None, READONLY)
    )
except wire.Gone:
    code = LOST
sys.exit(code)
