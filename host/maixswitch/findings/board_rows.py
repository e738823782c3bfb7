"""Rows of the findings table about a board on its cable.

B60x and B61x the line, B62x the card, B63x the firmware, B64x and B65x what starts, B66x camera, panel and keys.

Each is (code, severity, what it means, what to do), as `Rule` of finding_table has them.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

LINE: tuple[Row, ...] = (
    (
        "B600",
        "error",
        "No board is attached: this computer has no serial port with a USB chip of such boards.",
        "Plug it in with a cable that carries data, not only power; then run: maixswitch doctor",
    ),
    (
        "B601",
        "error",
        "The port {port} is not there.",
        "Plug the board in and take one of the ports that maixswitch doctor lists.",
    ),
    ("B602", "error", "Several boards are attached.", "Name one: --port PORT"),
    (
        "B603",
        "error",
        "The port {port} is busy: another program has it open.",
        "Close that program (MaixPy IDE, a terminal, another maixswitch) and try again.",
    ),
    (
        "B604",
        "error",
        "This user may not open the port {port}.",
        "On Linux run: sudo usermod -aG dialout $USER (on Arch: uucp), then log in anew; or add a udev rule.",
    ),
    (
        "B605",
        "error",
        "Nothing answers at {port}: the board is busy, is held in reset or in its boot loader, or has no MicroPython.",
        "A board is busy while it loads a large model or looks for its camera: wait a moment and try again. If it "
        "stays so, press RESET with no other key held, or run: maixswitch reset --port {port}, with --kind when the "
        "board is known. Is there a MaixPy firmware on it?",
    ),
    (
        "B606",
        "error",
        "What answers at {port} is another Python than MaixPy on a K210.",
        "Take the port of the Maix board; maixswitch doctor lists the ports.",
    ),
    (
        "B607",
        "error",
        "The board at {port} answers, but does not let go of its program.",
        "A board is busy while it loads a large model or looks for its camera: wait a moment and try again. If it "
        "stays so, press RESET and try again at once; or take the card out, press RESET and correct its boot.py.",
    ),
    (
        "B608",
        "error",
        "The line to {port} broke while it was in use: unplugged, or its power failed.",
        "Plug it in again, take another cable if it happens again, and repeat the command: it goes on from there.",
    ),
    (
        "B609",
        "error",
        "Too much that went over the line to {port} arrived damaged.",
        "Try a shorter cable or another USB socket, and the slow rate: --baud 115200",
    ),
    (
        "B610",
        "warning",
        "The board at {port} does not manage the fast rate; the line stays at 115200.",
        "Nothing to do: it takes longer. Another cable may help.",
    ),
    (
        "B611",
        "error",
        "The board at {port} did not answer in time.",
        "Press RESET and try again; a camera or a panel that hangs is cured by taking the power away.",
    ),
    (
        "B612",
        "error",
        "The board at {port} raised an error of its own.",
        "Press RESET and try again; maixswitch explain LINE knows what many of its lines mean.",
    ),
    (
        "B613",
        "error",
        "The board at {port} ran out of memory.",
        "Press RESET and try again; if it stays so, make its Python heap larger or take a smaller firmware.",
    ),
    (
        "B614",
        "error",
        "The port {port} cannot be opened.",
        "Unplug the board and plug it in again; maixswitch doctor lists the ports.",
    ),
    (
        "B615",
        "note",
        "The chip of this port is none that is known from Maix boards; it is not looked at unless it is named.",
        "If it is your board, name it: --port {port}",
    ),
    (
        "B617",
        "error",
        "The port {port} has no lines for RESET and BOOT.",
        "Press the board's RESET key, or restart only its program: maixswitch reset --soft --port {port}",
    ),
)

CARD: tuple[Row, ...] = (
    (
        "B620",
        "error",
        "The board at {port} sees no card.",
        "Put in a TF card with an MBR and FAT32 (cards above 32 GB often have exFAT), then switch the power off and "
        "on; maixswitch check on a PC says what is wrong with a card.",
    ),
    (
        "B621",
        "error",
        "The card in the board is full.",
        "Take models away (maixswitch sync --delete), or take a larger card.",
    ),
    (
        "B622",
        "error",
        "The card in the board cannot be written.",
        "Push the lock of its adapter back, let a PC check its file system, or take another card.",
    ),
    (
        "B623",
        "error",
        "The card in the board cannot be read, or was pulled out.",
        "Push it in until it holds, switch the power off and on; if it stays so, take another card.",
    ),
    (
        "B624",
        "error",
        "A file on the board is not what was sent.",
        "Run the same command again; if it happens again, take another card or cable.",
    ),
    (
        "B625",
        "error",
        "An interrupted sync stands on the card: its changes are decided, and not all done yet.",
        "Restart the board, run maixswitch doctor --fix, or run the same sync again.",
    ),
    (
        "B626",
        "warning",
        "Parts of files of an interrupted sync are on the card.",
        "Run the same sync again, which goes on from them, or delete them: maixswitch doctor --fix",
    ),
    (
        "B627",
        "warning",
        "The card has little space left.",
        "Take models away (maixswitch sync --delete), or take a larger card.",
    ),
    (
        "B628",
        "error",
        "This folder is no card: it has neither models/ nor the app.",
        "Name the card's own folder, or say that it shall become one: --force",
    ),
    (
        "B629",
        "error",
        "The file of an interrupted sync on the card cannot be understood; nothing of it is done.",
        "Run the same sync again; maixswitch doctor --fix takes the file away.",
    ),
)

FIRMWARE: tuple[Row, ...] = (
    (
        "B630",
        "error",
        "This build of the firmware starts neither boot.py nor main.py.",
        "Write another build than v0.6.2-76 and -77 onto the board, v0.6.2-78 or later, with kflash.",
    ),
    (
        "B631",
        "note",
        "This firmware runs no kmodel of version 4.",
        "Take models of version 3, or a firmware with kmodel v4 support, such as minimum_with_kmodel_v4_support.",
    ),
    (
        "B632",
        "warning",
        "The Python heap is smaller than the firmware's own: programs may run out of memory.",
        "If nobody chose that, run on the board: from Maix import utils; utils.gc_heap_size(512 * 1024), then reset.",
    ),
    (
        "B633",
        "note",
        "The Python heap is larger than the firmware's own; models have that much less room.",
        "Make it smaller if a model does not fit: from Maix import utils; utils.gc_heap_size(512 * 1024), then reset.",
    ),
    (
        "B634",
        "note",
        "Little of the system heap is free: large models will not load.",
        "A small firmware, such as minimum_with_kmodel_v4_support, leaves about 2 MB more.",
    ),
    (
        "B635",
        "warning",
        "The version of this firmware cannot be told.",
        "Look at its first line after RESET: MicroPython vX.Y.Z-... belongs there.",
    ),
    (
        "B636",
        "error",
        "The app does not start on this firmware: the version lacks what it needs.",
        "Write v0.6.2-78 or later onto the board with kflash.",
    ),
    (
        "B637",
        "warning",
        "A part of the app does not work on this firmware: the version lacks what it takes.",
        "Write v0.6.2-78 or later onto the board with kflash. Without machine.SDCard a card that was pulled comes back "
        "after RESET only; without lcd_type the panel of an Amigo may stay dark.",
    ),
)

STARTS: tuple[Row, ...] = (
    ("B640", "error", "The app is not on the board's card.", "Run: maixswitch sync CARD --port {port}"),
    ("B641", "error", "Files of the app are missing on the board's card.", "Run: maixswitch sync CARD --port {port}"),
    (
        "B642",
        "warning",
        "The app on the board's card differs from that of this maixswitch: another version, or changed by hand.",
        "If you did not change it, run: maixswitch sync CARD --app-only --port {port}",
    ),
    (
        "B643",
        "error",
        "boot.py does its own work when the board starts: the app comes late or never.",
        "Bring the app's own: maixswitch sync CARD --app-only --port {port}",
    ),
    (
        "B644",
        "warning",
        "boot.py is not the app's own; the firmware runs it before the app.",
        "If you did not write it, run: maixswitch sync CARD --app-only --port {port}",
    ),
    (
        "B645",
        "error",
        "main.py does not start the app: the board runs another program.",
        "Import its model if it has one (maixswitch import), then run: maixswitch sync CARD --app-only --port {port}",
    ),
    (
        "B646",
        "warning",
        "The firmware copies this file into the board's own flash, for ever, and resets.",
        "Delete it, unless that is what you want.",
    ),
    (
        "B647",
        "warning",
        "At the next start the firmware waits for MaixPy IDE and starts neither boot.py nor main.py.",
        "Close MaixPy IDE, and delete the file: maixswitch doctor --fix",
    ),
    (
        "B648",
        "warning",
        "config.json in the flash cannot be used: the firmware goes on without it, with pins of its own.",
        "Write it anew for your board, one JSON object, or delete it.",
    ),
    (
        "B649",
        "note",
        "config.json in the flash changes the panel; what the app says of its pins and size is not asked.",
        "Nothing to do, if the picture is right.",
    ),
    ("B650", "error", "The board's card holds no model.", "Run: maixswitch sync CARD --port {port}"),
    (
        "B651",
        "note",
        "The board's flash has a program of its own; it runs when no card is in.",
        "Nothing to do, if you want that.",
    ),
    (
        "B652",
        "warning",
        "A folder in models/ on the board's card has no model.json.",
        "Run: maixswitch sync CARD --port {port}",
    ),
)

DEVICES: tuple[Row, ...] = (
    (
        "B660",
        "error",
        "The camera does not answer.",
        "Switch the power off, push the camera's ribbon in straight and close its latch, then try again.",
    ),
    (
        "B661",
        "error",
        "The camera answers, but gives no picture.",
        "Switch the power off and on; if it stays so, push its ribbon in anew or take another camera.",
    ),
    (
        "B662",
        "error",
        "The panel cannot be started.",
        "Restart the board and try again; if memory is short, take a smaller firmware.",
    ),
    (
        "B663",
        "error",
        "A key was not felt within 10 s.",
        'Press it again with maixswitch doctor --keys; if it is on another pin, write "keys" in maixswitch.json.',
    ),
    (
        "B664",
        "error",
        "A key is held down all the time, or its pin is tied to ground.",
        'Let it go; if nobody holds it, it is on another pin: write "keys" in maixswitch.json.',
    ),
    (
        "B665",
        "warning",
        "A part of the look at the board failed; the rest goes on.",
        "Press RESET and try again; please report it if it happens each time.",
    ),
)

BOARD: tuple[Row, ...] = LINE + CARD + FIRMWARE + STARTS + DEVICES
