"""`maixswitch explain`: say what a code or a line of the board means."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS
from maixswitch.language import tr


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="CODE|LINE", help="C206, 2006, ERR_NO_MEM, or a line that the board printed."),
    ] = None,
    json: Json = False,
) -> None:
    """Explain a code, or a line that the board printed, and say what to do.

    Without arguments, the command lists what it can explain. The exit code is 1 if it does not know the text.
    """
    from maixswitch.card.explain import explain as look_up
    from maixswitch.card.explain import known

    text = " ".join(words or ())
    if not text.strip():
        print(known())
        return
    explanation = look_up(text)
    if json:
        document = {"schema": 1, "command": "explain", "asked": text, "known": explanation is not None}
        console.emit({**document, **({**vars(explanation), "also": list(explanation.also)} if explanation else {})})
    elif explanation:
        print(explanation.text())
    else:
        console.say(tr("maixswitch: nothing known about: {text}", text=text))
        console.say(known())
    if explanation is None:
        raise typer.Exit(EXIT_FINDINGS)
