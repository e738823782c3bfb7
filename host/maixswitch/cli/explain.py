"""`maixswitch explain`: say what codes and lines of the board, and of the tools around it, mean."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MAX_TEXT = 1 << 20


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE|TEXT",
            autocompletion=completion.codes,
            help="C206, 2006, ERR_NO_MEM, or lines of the board or the flashing tool.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Explain a code, or lines that a board, a serial port or the flashing tool printed, and say what to do.

    Each line is explained by itself; harmless lines come last. Without arguments, the command reads the text from its
    standard input, or lists what it can explain if that is a terminal. The exit code is 1 if it knows no line of the
    text.
    """
    from maixswitch.card.explain import explain_lines, known, nearest

    text = _piped() if not words or words == ["-"] else " ".join(words)
    if not text.strip():
        console.show(known())
        return
    explanations = explain_lines(text)
    offered = [] if explanations else nearest(text)
    if json:
        first, *others = [{**vars(item), "also": list(item.also)} for item in explanations] or [{}]
        document = {"schema": 1, "command": "explain", "asked": text, "known": bool(explanations), **first}
        near = [item.code or item.name for item in offered]
        console.emit({**document, "others": others, "nearest": near})
    elif explanations:
        console.show("\n\n".join(item.text() for item in explanations))
    else:
        console.say(tr("maixswitch: nothing known about: {text}", text=text))
        for item in offered:
            console.say(tr("  similar: {explanation}", explanation=item.line()))
        console.say(tr("maixswitch explain without a text lists the codes and lines that it knows."))
    if not explanations:
        raise typer.Exit(EXIT_FINDINGS)


def _piped() -> str:
    """Return the text that another program or a file sends, "" if the standard input is a terminal or closed.

    Raises MaixSwitchError (usage) for more than 1 MiB.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return ""
    # A log of the board may hold any bytes.
    data = sys.stdin.buffer.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise MaixSwitchError(
            tr("the text has more than {limit} bytes: send the end of the log, as with tail", limit=MAX_TEXT),
            EXIT_USAGE,
        )
    return data.decode(errors="replace")
