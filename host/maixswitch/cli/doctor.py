"""`maixswitch doctor`: look for what is wrong with a board on its cable."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS


def doctor(
    port: Annotated[
        str, typer.Option("--port", "-p", metavar="PORT", help="Serial port; default: that of the only board.")
    ] = "",
    keys: Annotated[bool, typer.Option("--keys", help="Ask for each key to be pressed, 10 s each.")] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Finish an interrupted sync, delete its leftover files, and end the firmware's wait for MaixPy IDE.",
        ),
    ] = False,
    flash: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.kfpkg", help="The package that was burnt: compare the models in the flash chip."),
    ] = None,
    json: Json = False,
) -> None:
    """Examine a board over its cable: port, firmware, card, app, models in the flash chip, camera, panel and keys.

    The command stops the board's program and starts it again at the end. It changes nothing on the board unless you
    give --fix. Each finding has a code; maixswitch explain CODE says more. The exit code is 1 if there is an error or
    no board.

    This command has never been tried on a real board: what it expects comes from the firmware's source.
    """
    from maixswitch.board.doctor.examine import document, examine
    from maixswitch.card.flash.contents import flash_contents

    result = examine(port, console.say, keys=keys, fix=fix, flash=flash_contents(flash or []))
    if json:
        console.emit(document(result))
    else:
        from maixswitch.board.doctor.report import text

        console.show(text(result))
    if not result.ok:
        raise typer.Exit(EXIT_FINDINGS)
