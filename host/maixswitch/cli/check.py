"""`maixswitch check` and `maixswitch explain`; what they need is imported only when they run: it brings numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

CHECK_HELP = """Look for every mistake on a card, in a model's folder or in a .kmodel, before it goes into a board.

A card may also be an image file or a device, such as /dev/sdb: then its partitions and file system are judged too.

Each finding has a code; maixswitch explain CODE says more. Ends with 1 when an error stands. Without --board and
--firmware a model may fit any of the firmwares for common boards; with --firmware it has to fit one of those named.
"""


def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="CARD|MODEL|IMAGE",
            help="A card, a model's folder, a .kmodel, or an image of a card.",
            show_default=False,
        ),
    ],
    board: Annotated[str, typer.Option(help="Board, such as cube; default: what the card's settings say.")] = "",
    firmware: Annotated[
        list[str] | None, typer.Option(help="Firmware on the board; may be repeated. Default: all that suit the board.")
    ] = None,
    gc: Annotated[int, typer.Option(min=0, max=6144, help="Python heap in KiB; 0: the firmware's own.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="SARIF 2.1.0 on stdout, and nothing else.")] = False,
    run: Annotated[bool, typer.Option("--run", help="Run each model once in the emulated board, too.")] = False,
) -> None:
    from maixswitch.card import check as checking

    if json and sarif:
        raise MaixSwitchError(tr("--json and --sarif: wanted one of the two"), EXIT_USAGE)
    report = checking.check(path, checking.Options(board, tuple(firmware or ()), gc or None, run))
    if json:
        console.emit(checking.document(report))
    elif sarif:
        from maixswitch.card.sarif import sarif as document

        console.emit(document(report))
    else:
        from maixswitch.card.report import text

        print(text(report))
    if not report.ok:
        raise typer.Exit(EXIT_FINDINGS)


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="CODE|LINE", help="C206, 2006, ERR_NO_MEM, or a line that the board printed."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")] = False,
) -> None:
    """Say what a code, or a line that the board printed, means and what to do.

    Without words it lists what it knows. Ends with 1 for what is unknown.
    """
    from maixswitch.card.explain import explain as find
    from maixswitch.card.explain import known

    asked = " ".join(words or ())
    if not asked.strip():
        print(known())
        return
    found = find(asked)
    if json:
        document = {"schema": 1, "command": "explain", "asked": asked, "known": found is not None}
        console.emit({**document, **({**vars(found), "also": list(found.also)} if found else {})})
    elif found:
        print(found.text())
    else:
        console.say(tr("maixswitch: nothing known about: {text}", text=asked))
        console.say(known())
    if found is None:
        raise typer.Exit(EXIT_FINDINGS)
