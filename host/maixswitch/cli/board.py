"""`maixswitch board`: run a virtual board behind a serial port of this PC."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import meant, tr

if TYPE_CHECKING:
    from maixswitch.board.virtual import Faults

FAULT = re.compile(
    r"(back-)?(drop|corrupt|stall|unplug|power-cut|swallow-ctrl-c)@(\d{1,12})(?::(\d{1,4}(?:\.\d{1,3})?))?"
)


def board(
    card: Annotated[
        Path, typer.Argument(metavar="CARD", help="Folder of the card; the board writes to it.", show_default=False)
    ],
    pty: Annotated[bool, typer.Option("--pty", help="Use a pseudo terminal, the only kind so far.")] = False,
    flash: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Folder for /flash, or a .kfpkg for the flash chip; with a firmware image, a file with what is in the "
            "flash chip. Default: empty.",
        ),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=300, max=5_000_000, help="Pace of the line in bit/s; default: no limit.")
    ] = None,
    link: Annotated[Path | None, typer.Option(metavar="PATH", help="Path at which the port appears.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME@N", help="A fault of the line or the board; may be repeated.")
    ] = None,
    firmware: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            autocompletion=completion.firmwares,
            help="Firmware flavour (default: minimum_with_kmodel_v4_support), or the file of a firmware image.",
        ),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--board",
            metavar="BOARD",
            autocompletion=completion.boards,
            help="With a firmware image: the board around it; default: bit.",
        ),
    ] = "",
    uart: Annotated[
        list[str] | None,
        typer.Option(metavar="N=PATH", help="A port for UART N, 1 to 3, at this path; may be repeated."),
    ] = None,
    space: Annotated[int | None, typer.Option(min=0, help="Bytes that the card holds; default: no limit.")] = None,
    readonly: Annotated[bool, typer.Option("--readonly", help="The card cannot be written.")] = False,
) -> None:
    """Run a virtual board behind a serial port of this PC, until you press Ctrl-C.

    The folder CARD is the board's card: the board runs its programs and writes its files. Any program that talks to a
    board can talk to this one: maixswitch itself, mpremote or a terminal.

    Without a firmware image, the programs run on this PC with your rights, so use only cards that you trust. With one
    (--firmware FILE.bin), the real firmware runs on a virtual K210 and reaches nothing but the card. That card is made
    of the folder at the start; what the firmware writes is put into the folder when it has been quiet for a second.

    \b
    A fault is NAME@N: it happens at the N-th byte to the board. back-NAME@N counts the bytes from the board:
      drop@N        the byte is lost               corrupt@N     one bit of the byte is wrong
      stall@N:2.5   the board sleeps for 2.5 s     unplug@N      the port disappears
      power-cut@N   the power fails                swallow-ctrl-c@N   the first N Ctrl-C are lost
    """
    from maixswitch.board.virtual import VirtualBoard
    from maixswitch.board.virtual.handle import FLAVOUR
    from maixswitch.card.flash.contents import flash_contents
    from maixswitch.card.flash.package import is_package
    from maixswitch.k210.choice import image_path

    if not pty:
        raise MaixSwitchError(tr("board: add --pty, the only kind of virtual board so far"), EXIT_USAGE)
    # Check everything before the signal handlers change and the board starts.
    sides = _sides(uart or [])
    _check_card(card)
    image = image_path(firmware)
    if image is None:
        _check_flavour(firmware or FLAVOUR)
        if kind:
            raise MaixSwitchError(
                tr("--board {board} goes with a firmware image; add --firmware FILE.bin", board=kind), EXIT_USAGE
            )
    else:
        _check_chip(kind, space, readonly)
        if uart:
            raise MaixSwitchError(
                tr("--uart: only the fakes have ports for UART 1 to 3; leave out --firmware"), EXIT_USAGE
            )
    packed = flash is not None and is_package(flash)
    chip = flash_contents([str(flash)]) if packed else None
    folder = None if packed else flash
    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell starts background programs with SIGINT ignored
        signal.signal(ending, signal.default_int_handler)
    try:
        with VirtualBoard(
            card,
            None if image else folder,
            rate=rate,
            faults=faults(fault or []),
            flavour=firmware or FLAVOUR,
            space=space,
            readonly=readonly,
            link=link,
            image=image,
            board=kind or "bit",
            flash_file=folder if image else None,
            chip=chip,
            uarts=sides,
        ) as running:
            _introduce(running.port, card)
            for number, path in sides.items():
                console.say(tr("UART {number} is on this port: {path}", number=number, path=path))
            # `wire` raises if the process behind the port has ended, so this loop ends then, too.
            while running.wire:
                time.sleep(0.5)
    except KeyboardInterrupt:
        console.say(tr("the virtual board is off"))


def _sides(words: list[str]) -> dict[int, Path]:
    """Return the ports of a command line, UART -> path; raises MaixSwitchError (usage) for one that it cannot read."""
    sides = {}
    for word in words:
        number, _, path = word.partition("=")
        if number not in ("1", "2", "3") or not path or int(number) in sides:
            raise MaixSwitchError(
                tr("--uart {word}: expected N=PATH, with N from 1 to 3, each only once", word=word), EXIT_USAGE
            )
        sides[int(number)] = Path(path)
    return sides


def _check_chip(kind: str, space: int | None, readonly: bool) -> None:
    """Raise MaixSwitchError (usage) for options that mean nothing to a real firmware, or an unknown board."""
    from maixswitch import board_code

    boards = board_code.boards()
    if kind and kind not in boards.names():
        known = ", ".join(boards.names())
        raise MaixSwitchError(tr("--board {board}: unknown board; known: {known}", board=kind, known=known), EXIT_USAGE)
    if space is not None or readonly:
        name = "--readonly" if readonly else "--space"
        raise MaixSwitchError(
            tr("{option}: a real firmware sees a whole card; put a large file on it to fill it", option=name),
            EXIT_USAGE,
        )


def _introduce(port: str, card: Path) -> None:
    # stdout holds only the port, so that a script can read it. The texts for people go to stderr.
    print(port, flush=True)
    console.say(tr("a virtual board is on this port, with {card} as its card, until Ctrl-C; for example:", card=card))
    for words in ("mpremote connect {port} resume ls", "maixswitch monitor --port {port}"):
        console.say("  " + words.format(port=port))
    console.say(f"  maixswitch sync CARD2 --port {port}")


def _check_card(card: Path) -> None:
    """Raise MaixSwitchError for a folder that is not a card, because the board would write a main.py into it."""
    if not card.is_dir():
        raise MaixSwitchError(tr("{folder}: no such folder", folder=card), EXIT_IO)
    names = sorted(path.name for path in card.iterdir() if not path.name.startswith("."))
    # An empty folder is accepted: the virtual board is a way to fill a new card.
    if names and not {"models", "main.py", "boot.py"} & set(names):
        shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        raise MaixSwitchError(
            tr(
                "{folder}: not a card: expected an empty folder, or models/, boot.py or main.py in it; found {names}",
                folder=card,
                names=shown,
            ),
            EXIT_USAGE,
        )


def _check_flavour(name: str) -> None:
    from maixswitch import board_code

    flavours = board_code.flavours()
    # The REPL behind the port imitates only MaixPy, not the modules of CanMV.
    known = [row[flavours.NAME] for row in flavours.newest() if row[flavours.API] == "maixpy"]
    try:
        if flavours.find(name)[flavours.NAME] in known:
            return
    except ValueError:
        pass
    message = tr("--firmware {name}: unknown flavour; known: {known}", name=name, known=", ".join(known))
    raise MaixSwitchError(message + meant(name, known), EXIT_USAGE)


def faults(words: list[str]) -> Faults:
    """Return the faults of a command line; raises MaixSwitchError (usage) for one that it cannot read."""
    from maixswitch.board.virtual import Faults

    result = Faults()
    for text in words:
        match = FAULT.fullmatch(text)
        back, name, number, seconds = match.groups() if match else ("", "", "0", None)
        if not name or (name == "stall") != (seconds is not None) or (back and name == "swallow-ctrl-c"):
            raise MaixSwitchError(
                tr(
                    "--fault {text}: expected drop@N, corrupt@N, stall@N:SECONDS, unplug@N or power-cut@N, with or "
                    "without back- before it, or swallow-ctrl-c@N",
                    text=text,
                ),
                EXIT_USAGE,
            )
        field, position = name.replace("-", "_"), int(number)
        direction = result.back if back else result
        # Bytes may be lost or wrong at several positions. Every other fault happens once.
        if field in ("drop", "corrupt"):
            value: object = (*getattr(direction, field), position)
        else:
            value = (position, float(seconds)) if seconds is not None else position
        change = {field: value}
        # `Faults` is frozen, and the faults of the other direction are one level deeper.
        if back:
            change = {"back": replace(result.back, **change)}  # type: ignore[arg-type]
        result = replace(result, **change)  # type: ignore[arg-type]
    return result
