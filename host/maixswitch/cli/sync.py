"""`maixswitch sync`: bring a card's folder onto the card of a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maixswitch import console
from maixswitch.cli.parameters import CardFolder, Json
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.board.sync.plan import Plan


def sync(
    card: CardFolder,
    port: Annotated[str, typer.Option("--port", "-p", help="Serial port of the board.")] = "",
    to: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder where a card is mounted.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All attached boards, in parallel.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, change nothing.")] = False,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="Also delete models and files of the app that CARD does not have and that sync did not put there.",
        ),
    ] = False,
    app_only: Annotated[bool, typer.Option("--app-only", help="Only boot.py, main.py and device/.")] = False,
    mpy: Annotated[
        bool, typer.Option("--mpy", help="Send the app of this maixswitch, compiled with mpy-cross 1.11.")
    ] = False,
    checksum: Annotated[
        bool, typer.Option("--checksum", help="Read every file on the card; do not trust SYNC/SUMS.")
    ] = False,
    baud: Annotated[
        int, typer.Option(min=0, max=4500000, help="Rate of the line, such as 1500000; 0 keeps 115200.")
    ] = 0,
    plain: Annotated[bool, typer.Option("--plain", help="Use mpremote's own file commands, which are slower.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --to: even into a folder that is not yet a card.")
    ] = False,
    json: Json = False,
) -> None:
    """Copy a card's folder onto the card of a board: over its USB cable, or onto a card that is in this PC.

    The command sends only files that differ. It copies files that got another path on the card itself, and deletes what
    it once put there and CARD no longer has. The board keeps running the old files until all new ones have arrived.
    After an interruption, run the same command again: it continues where it stopped. Without --port, --to and --all, it
    uses the only board that is attached.

    This command has never been tried on a real board, only on a virtual one (docs/sync.md).
    """
    import tempfile

    from maixswitch.board.sync import report, run
    from maixswitch.board.sync.plan import Options
    from maixswitch.board.sync.progress import bars
    from maixswitch.card.glyphs.renewing import renew

    if sum((bool(port), to is not None, all_)) > 1:
        raise MaixSwitchError(tr("choose one of --port, --to and --all"), EXIT_USAGE)
    # typer's range cannot have a gap between 0, which keeps the rate, and 9600.
    if baud and baud < 9600:
        raise MaixSwitchError(tr("--baud {baud}: expected a rate such as 115200 or 1500000", baud=baud), EXIT_USAGE)
    options = Options(delete, checksum, app_only)
    # Check the target folder before all files of the card are read.
    target = run.folder(to, card, force) if to is not None else None

    def show(plan: Plan) -> None:
        # With --all the boards work at the same time, and their plans would mix on the terminal.
        if not json and not all_:
            console.show("".join(f"{line}\n" for line in report.table(plan)), end="")
        for note in [] if all_ else report.notes(plan):
            console.say(tr("note: {text}", text=note))
        if not dry_run and not all_ and not plan.empty:
            console.say(report.summary(plan))

    with tempfile.TemporaryDirectory(prefix="maixswitch-") as scratch, bars() as drawn:
        # Look for the ports before reading the files, so that a missing board shows at once.
        ports = [] if target else _ports(port, all_)
        if not dry_run and not app_only:
            for text in renew(card).lines(card):
                console.say(text)
        sources = run.gather(card, Path(scratch) if mpy else None, app_only, drawn)
        line = run.Line(baud, plain)

        def one(name: str) -> run.Result:
            return run.board(name, line, sources, options, dry=dry_run, bars=drawn, say=console.say, show=show)

        if target:
            results = [run.into(target, sources, options, dry=dry_run, bars=drawn, show=show)]
        elif all_:
            results = run.boards(ports, one, drawn)
        else:
            results = [one(ports[0])]
    if json:
        cards = [result.document() for result in results]
        console.emit({"schema": 1, "command": "sync", "card": str(card), "dry_run": dry_run, "cards": cards})
    else:
        for result in results:
            console.say(result.line(dry_run))
    # There is one exit code for all boards: that of the first failure in the order of the ports.
    failed = [result.code for result in results if result.code]
    if failed:
        raise typer.Exit(failed[0])


def _ports(port: str, every: bool) -> list[str]:
    from maixswitch.board import ports
    from maixswitch.board.failures import BoardError

    if not every:
        return [ports.choose(port)]
    devices = [board.device for board in ports.all_boards()]
    if not devices:
        raise BoardError("B600")
    return devices
