"""Boot the virtual board: start.py STUBS ANSWERS REQUESTS CARD FLASH CHIP FLAVOUR CAUSE MODE SPACE READONLY FLAG.

STUBS, CARD, FLASH, CHIP: folders; CARD is "" without a card. CHIP has a file for each part of the flash chip outside
/flash, with its address as its name; "" for none. ANSWERS, REQUESTS: file numbers of the line. CAUSE of the boot:
power, reset or soft, or "script": then script.py runs one script without a boot. MODE of the REPL: 0 or 1. SPACE: bytes
that fit the card, "" for no limit. READONLY: "1" for a read-only card. FLAG: file number of the flag of Ctrl-C.

The exit code is 42 for a soft reset of the friendly REPL, 43 for one of the raw REPL, 44 for a reset of the chip, and
45 when the line is closed.
"""

import builtins
import sys

STUBS, ANSWERS, REQUESTS, CARD, FLASH, CHIP, FLAVOUR, CAUSE, MODE, SPACE, READONLY, FLAG = sys.argv[1:13]
SOFT, SOFT_RAW, RESET, LOST = 42, 43, 44, 45
opener = open
system = __import__("os")  # of the interpreter, not of the board
system_time = __import__("time")
posix = getattr(system, "VfsPosix")  # noqa: B009
wire_files = (opener(int(ANSWERS), "rb"), opener(int(REQUESTS), "wb"), opener(int(FLAG), "rb"))

system.mount(posix(STUBS), "/stubs")
system.mount(posix(FLASH), "/flash")
if CARD:
    system.mount(posix(CARD), "/sd")
if CHIP:
    system.mount(posix(CHIP), "/chip")
system.chdir("/")
system.umount("/")  # from here on programs of the card cannot reach other files of the PC
sys.path[:] = ["/stubs"]

from virtual import wire  # noqa: E402  needs the path

wire.connect(*wire_files)

code = RESET
try:
    if CAUSE == "script":
        from virtual import script

        code = script.run(system, system_time, opener, builtins, FLAVOUR)
    else:
        from virtual import machinery

        code = machinery.run(
            system,
            system_time,
            opener,
            builtins,
            (CARD, CHIP, FLAVOUR, CAUSE, int(MODE), int(SPACE) if SPACE else None, READONLY),
        )
except wire.Gone:
    code = LOST
sys.exit(code)
