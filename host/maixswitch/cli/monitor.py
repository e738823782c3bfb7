"""`maixswitch monitor`: show live what a board's app sees and does."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from maixswitch import console
from maixswitch.errors import EXIT_DEVICE, MaixSwitchError
from maixswitch.language import tr


def monitor(
    port: Annotated[str, typer.Option(help="Serial port; default: that of the only board.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Messages as JSON Lines on stdout, and nothing else.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after this many seconds.")] = None,
    baud: Annotated[int, typer.Option(min=9600, help="Rate of the line.")] = 115200,
) -> None:
    """Show live what a board's app sees and does. The command only listens, so it does not disturb the app.

    The app sends messages only if maixswitch.json on the card contains "link": true. After a reset, or when the cable
    is plugged in again, the command continues by itself. Ctrl-C ends it. It has never been tried on a real board.

    With --json, every valid message goes to stdout, one per line, as docs/serial.md describes them.
    """
    from maixswitch.board.monitor import Listener
    from maixswitch.board.ports import choose

    listener = Listener(choose(port), baud)
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

    with MonitorView(Console(stderr=True, no_color=not console.colours()), listener.port) as view:
        for item in listener.listen(seconds):
            if isinstance(item, dict):
                view.message(item)
            elif item is not None:
                view.note(item.text)
            view.draw()
