"""`maixswitch import`: bring models onto a card."""

from __future__ import annotations

import re
from json import loads as parse
from pathlib import Path
from typing import Annotated, Any

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import Json
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

Share = Annotated[
    list[str] | None, typer.Option(metavar="[MODEL=]NUMBER", help="0 to 1; default: the value in the files.")
]
SIZE = re.compile(r"(\d{1,4})x(\d{1,4})(?:x([13]))?", re.IGNORECASE)


def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC", help="Folder, .zip, .kfpkg or .kmodel.", show_default=False)
    ],
    card: Annotated[Path, typer.Option("--card", metavar="CARD", help="Folder of the card.")],
    title: Annotated[
        list[str] | None,
        typer.Option(metavar="[MODEL=]TEXT", help="Title on the panel; default: derived from the file's name."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[MODEL=]KIND",
            autocompletion=completion.kinds,
            help="Kind of the model, such as classifier; default: derived from the files.",
        ),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(metavar="[MODEL=]FILE", help="Labels: a file, or a file of the source such as main.py:13."),
    ] = None,
    anchors: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[MODEL=]FILE|LIST", help="Anchors: numbers with commas, a file, or a file of the source."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="Import only this model; may be repeated.")
    ] = None,
    position: Annotated[int, typer.Option(min=0, help="Position in the button's order, 1 for the first.")] = 0,
    input_: Annotated[
        str, typer.Option("--input", metavar="WxHxC", help="Expected input of the network; another one is refused.")
    ] = "",
    threshold: Share = None,
    nms: Share = None,
    softmax: Annotated[
        bool | None,
        typer.Option(
            "--softmax/--no-softmax", help="Whether the app computes a softmax; default: derived from the network."
        ),
    ] = None,
    top: Annotated[
        list[str] | None, typer.Option(metavar="[MODEL=]NUMBER", help="How many classes to show, 1 to 10.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A field of the kind for model.json, as NAME=VALUE; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")] = False,
    json: Json = False,
) -> None:
    """Import models onto a card: an export of MaixHub, V-Training or aXeleRate, a kfpkg, or a single .kmodel.

    The command recognises the format by the contents of the files. It reads scripts but never runs them. If the files
    contradict each other, it shows the values and names the option that decides between them. A model with a problem is
    left out, with the command that imports it; then the exit code is 1.

    Options may be repeated. MODEL= in front of a value means this model of the source only, for example
    --labels face.kmodel=names.txt.
    """
    from maixswitch.card.importing import importer
    from maixswitch.card.importing.messages import Refusal
    from maixswitch.card.importing.options import from_words

    # Judge the options before a source is opened.
    size, fields = _size(input_), dict(_field(text) for text in field or [])
    words = {"title": title, "kind": kind, "labels": labels, "anchors": anchors, "threshold": threshold, "nms": nms}
    texts = {name: values or [] for name, values in {**words, "top": top}.items()}
    options = from_words(texts, input=size, softmax=softmax, fields=fields, only=tuple(only or ()))
    try:
        result = importer.import_models(sources, card, options, position, dry_run)
    except Refusal as error:
        # Programs read the refusal in the document, people in the message that follows.
        if json:
            console.emit(importer.ImportResult([], [error.import_message]).document(card))
        raise
    if json:
        console.emit(result.document(card))
    else:
        for line in importer.report(result, card, dry_run):
            console.say(line)
    if not result.clean:
        raise typer.Exit(EXIT_FINDINGS)


def _field(text: str) -> tuple[str, Any]:
    """Return name and value of "points=5"; a value that is not JSON is a text.

    Raises MaixSwitchError (usage) for anything else.
    """
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise MaixSwitchError(tr("--field {text}: expected NAME=VALUE, such as points=5", text=text), EXIT_USAGE)
    try:
        # Read the value as JSON, so that 5 is a number and [1, 2] a list. A plain word needs no quotes in the shell.
        return name, parse(value)
    except ValueError:
        return name, value


def _size(text: str) -> tuple[int, int, int] | None:
    """Return width, height and channels of a text such as "320x240x3" (3 channels by default), None for ""."""
    if not text:
        return None
    match = SIZE.fullmatch(text)
    if not match:
        raise MaixSwitchError(
            tr("--input {text}: expected width x height x channels such as 320x240x3", text=text), EXIT_USAGE
        )
    return int(match[1]), int(match[2]), int(match[3] or 3)
