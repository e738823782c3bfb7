"""`maixswitch screenshot`: make pictures of the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import Camera, Firmware, Fit, FlashContents
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def screenshot(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card.", show_default=False)],
    script: Annotated[Path, typer.Option(help="File of actions and expectations.", show_default=False)],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the pictures; created if it is missing.", show_default=False)
    ],
    board: Annotated[
        list[str] | None,
        typer.Option(metavar="BOARD", autocompletion=completion.boards, help="Board, such as cube; may be repeated."),
    ] = None,
    zoom: Annotated[
        int | None, typer.Option(min=1, max=4, help="Enlarge the panel; default: 1, with --frame 2.")
    ] = None,
    frame: Annotated[
        bool, typer.Option("--frame", help="Draw the board around it: key, card, and what the script says.")
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write all pictures into one file, too, with their names and boards."),
    ] = None,
    pick: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME-BOARD", help="A picture for the sheet, in this order; may be repeated."),
    ] = None,
    columns: Annotated[
        int | None, typer.Option(min=1, max=99, help="Pictures in a row of the sheet; default: one for each board.")
    ] = None,
    firmware: Firmware = "",
    camera: Camera = None,
    fit: Fit = "stretch",
    flash: FlashContents = None,
) -> None:
    """Take pictures of the panel of one board or several. They are the same on every run.

    The script is like those of maixswitch sim. Each line `screenshot NAME` writes the file DIR/NAME-BOARD.png. Without
    --board, the command uses the board of the card's settings. It writes the files after all runs have ended; if an
    expectation fails, it writes none.
    """
    from maixswitch.card.flash.contents import flash_contents
    from maixswitch.sim import screenshots
    from maixswitch.sim.script import read_script
    from maixswitch.sim.session import Options

    # Check all options before the runs, which take minutes on several boards.
    if sheet is None and (pick or columns):
        raise MaixSwitchError(tr("--pick and --columns are for the sheet: name its file with --sheet"), EXIT_USAGE)
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise MaixSwitchError(tr("--sheet {path}: expected a name that ends in .png", path=sheet), EXIT_USAGE)
    if out.exists() and not out.is_dir():
        raise MaixSwitchError(tr("--out {out}: a file; expected a folder", out=out), EXIT_USAGE)
    boards, picks = list(dict.fromkeys(board or [])), pick or []
    parsed = read_script(script)
    screenshots.check(parsed, boards, picks)
    options = Options(
        card=card,
        script=parsed,
        script_base=script.parent,
        flavour=firmware,
        camera=camera,
        fit=fit,
        flash=flash_contents(flash or []),
        zoom=zoom or (2 if frame else 1),
    )
    album = screenshots.take(options, boards, frame)
    # After a failure nothing is written, because a mix of old and new pictures would mislead.
    if album.code:
        console.say(f"maixswitch: {album.reason}")
        raise typer.Exit(album.code)
    # Collect all pictures first, so that all files are written or none.
    files = {out / f"{shot.key}.png": shot.picture for shot in album.shots}
    if sheet is not None:
        shown = screenshots.chosen(album.shots, picks)
        files[sheet] = screenshots.sheet(shown, columns or len(picks) or max(1, len(boards)))
    screenshots.write(files)
    count = len(album.shots)
    console.say(tr("{out}: {count} picture" if count == 1 else "{out}: {count} pictures", out=out, count=count))
    if sheet is not None:
        console.say(tr("{path}: the sheet", path=sheet))
