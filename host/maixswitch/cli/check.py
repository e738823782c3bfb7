"""`maixswitch check`: look for every mistake on a card or in a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import Board, Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="CARD|MODEL|IMAGE",
            help="A card, a model's folder, a .kmodel, or an image of a card.",
            show_default=False,
        ),
    ],
    board: Board = "",
    firmware: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            autocompletion=completion.firmwares,
            help="Flavour or image file; may be repeated. Default: all flavours that suit the board.",
        ),
    ] = None,
    gc: Annotated[int, typer.Option(min=0, max=6144, help="Python heap in KiB; 0: the firmware's own.")] = 0,
    json: Json = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="SARIF 2.1.0 on stdout, and nothing else.")] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Run each model once, too: on the fakes, or in the image of --firmware.")
    ] = False,
) -> None:
    """Check a card, a model's folder or a .kmodel for mistakes, before it goes into a board.

    CARD may also be an image file of a card or a device such as /dev/sdb. The command then checks its partitions and
    file system.

    Each finding has a code; maixswitch explain CODE says more. The exit code is 1 if there is an error. Without --board
    and --firmware, it is enough that a model fits one of the firmwares for common boards. With --firmware, it must fit
    one of those that you name.
    """
    from maixswitch.card import check as checking

    # Each of the two options promises to write the only document on stdout.
    if json and sarif:
        raise MaixSwitchError(tr("choose one of --json and --sarif"), EXIT_USAGE)
    report = checking.check(path, checking.Options(board, tuple(firmware or ()), gc or None, run))
    if json:
        console.emit(checking.document(report))
    elif sarif:
        from maixswitch.card.sarif import sarif as document

        console.emit(document(report))
    else:
        from maixswitch.card.report import text

        console.show(text(report))
    if not report.ok:
        raise typer.Exit(EXIT_FINDINGS)
