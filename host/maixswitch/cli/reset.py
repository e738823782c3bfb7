"""`maixswitch reset`: restart a board over its cable."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def reset(
    port: Annotated[str, typer.Option(help="Serial port, such as /dev/ttyUSB0; default: that of the only board.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of board: dan, goE or goD, or a board such as bit or cube.")] = "",
    bootloader: Annotated[bool, typer.Option("--bootloader", help="Start the boot loader; needs the kind.")] = False,
    soft: Annotated[bool, typer.Option("--soft", help="Restart only the program, without the lines.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Restart a board over its cable: the lines DTR and RTS drive its RESET and BOOT.

    How these lines are wired depends on the board. Without --kind, the command guesses from the USB chip, or tries both
    common kinds until the board prints something. With --bootloader, the board waits for a firmware; run maixswitch
    reset to start its program again.

    With --soft, the command does not use the lines: it interrupts the running program and starts boot.py and main.py
    again.
    """
    from maixswitch.board import lines, ports

    if soft and (bootloader or kind):
        raise MaixSwitchError(tr("--soft moves no line: it goes with neither --kind nor --bootloader"), EXIT_USAGE)
    # Check the kind before looking for a port.
    chosen = lines.kind(kind).name if kind else ""
    device = ports.choose(port, kind)
    guess = next((board.kind_guess for board in ports.ports() if board.device == device), "")
    if soft:
        from maixswitch.board.connection import connect

        with connect(device) as board:
            board.restart(soft=True)
        how, text = "soft", tr("{port}: its program starts again", port=device)
    elif bootloader:
        # The command cannot try kinds here: the boot loader prints nothing, so a wrong kind would go unnoticed.
        if not (chosen or guess):
            raise MaixSwitchError(
                tr("--bootloader: the kind of the board at {port} is not known; name it with --kind", port=device),
                EXIT_USAGE,
            )
        how = lines.bootloader(device, chosen or guess)
        text = tr(
            "{port}: the boot loader was started as for kind {kind}; back with: maixswitch reset", port=device, kind=how
        )
    else:
        # The guess comes first, since it is often right and each further try takes seconds.
        names = (chosen,) if chosen else tuple(dict.fromkeys((guess, *lines.TRIED) if guess else lines.TRIED))
        how = lines.restart(device, names)
        text = tr("{port}: restarted, its lines are those of kind {kind}", port=device, kind=how)
    if json:
        console.emit({"schema": 1, "command": "reset", "port": device, "how": how, "bootloader": bootloader})
    else:
        console.say(text)
