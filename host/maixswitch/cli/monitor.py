"""`maixswitch monitor`: show live what a board's app sees and does."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from maixswitch import console
from maixswitch.errors import EXIT_DEVICE, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def monitor(
    port: Annotated[str, typer.Option(help="Serial port; default: that of the only board.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Messages as JSON Lines on stdout, and nothing else.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after this many seconds.")] = None,
    baud: Annotated[int, typer.Option(min=9600, help="Rate of the line.")] = 115200,
    models: Annotated[bool, typer.Option("--models", help="List the models of the card.")] = False,
    select: Annotated[str, typer.Option(metavar="N|TITLE", help="Select a model, by its number from 1 or title.")] = "",
    step: Annotated[str, typer.Option(metavar="WHICH", help="next, previous, or reload (read the card again).")] = "",
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Of the running model.")] = None,
    nms: Annotated[float | None, typer.Option(min=0, max=1, help="Of the running model.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep threshold and nms on the card.")] = False,
    rate: Annotated[int | None, typer.Option(min=0, max=30, help="Results a second from now on.")] = None,
    results: Annotated[bool, typer.Option("--results", help="Ask for the results of the next frame.")] = False,
    snapshot: Annotated[
        str, typer.Option(metavar="WHAT", help="Save a picture on the card: camera, or screen with what is drawn.")
    ] = "",
    status: Annotated[bool, typer.Option("--status", help="Ask for the status.")] = False,
) -> None:
    """Show live what a board's app sees and does, and tell it what to do. Without commands it only listens.

    The app sends messages only if maixswitch.json on the card contains "link": true. After a reset, or when the cable
    is plugged in again, the command continues by itself. Ctrl-C ends it. It has never been tried on a real board.

    With --json, every valid message goes to stdout, one per line, as docs/serial.md describes them.

    The options from --models on are commands: they are sent when the app is heard. The exit code is 3 if one is refused
    or not answered. In a terminal keys do the same: n next, p previous, 1-9 select, r reload, + - threshold,
    s snapshot, q quit.
    """
    from maixswitch.board.monitor import Listener
    from maixswitch.board.monitor_commands import Commands, orders
    from maixswitch.board.ports import choose

    for name, value, known in (
        ("--step", step, ("next", "previous", "reload")),
        ("--snapshot", snapshot, ("camera", "screen")),
    ):
        if value and value not in known:
            raise MaixSwitchError(
                tr("{option} {value}: expected one of {known}", option=name, value=value, known=", ".join(known)),
                EXIT_USAGE,
            )
    if select.isdecimal() and not 0 < int(select) <= 1000:
        raise MaixSwitchError(tr("--select {number}: the first model is 1", number=select), EXIT_USAGE)
    commands = Commands(
        orders(
            models=models,
            select=select,
            step=step,
            threshold=threshold,
            nms=nms,
            keep=keep,
            rate=rate,
            results=results,
            snapshot=snapshot,
            status=status,
        )
    )
    if threshold is not None:
        commands.threshold = threshold
    listener = Listener(choose(port), baud, commands)
    if json:
        _pass_on(listener, seconds)
    # Only a terminal can show a table that redraws itself. A file or a pipe gets lines.
    elif console.interactive():
        _show(listener, seconds)
    else:
        _tell(listener, seconds)
    # The exit code lets a script test the link.
    if not listener.lines.messages:
        raise MaixSwitchError(
            tr("no message came from {port} in {seconds:g} s", port=listener.port, seconds=seconds or 0), EXIT_DEVICE
        )
    if commands.failed or commands.pending:
        raise MaixSwitchError(tr("not every command was carried out"), EXIT_DEVICE)


def _pass_on(listener: Any, seconds: float | None) -> None:
    for item in listener.listen(seconds):
        if isinstance(item, dict):
            console.emit(item)
        elif item is not None:
            console.say(f"maixswitch: {item.text}")


def _tell(listener: Any, seconds: float | None) -> None:
    from maixswitch.board.monitor_state import LineWriter

    line_writer = LineWriter()
    for item in listener.listen(seconds):
        if isinstance(item, dict):
            line = line_writer.line(item)
            if line:
                console.show(line)
        elif item is not None:
            console.say(f"maixswitch: {item.text}")


def _show(listener: Any, seconds: float | None) -> None:
    from rich.console import Console

    from maixswitch.board.monitor_view import MonitorView
    from maixswitch.sim.keyboard import Keyboard

    view = MonitorView(Console(stderr=True, no_color=not console.colours()), listener.port)
    with view, Keyboard() as keyboard:
        for item in listener.listen(seconds):
            if listener.commands.key(keyboard.read()):
                return
            if isinstance(item, dict):
                view.message(item)
            elif item is not None:
                view.note(item.text)
            view.draw()
