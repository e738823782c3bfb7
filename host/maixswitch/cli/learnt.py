"""`maixswitch learnt`: list and change what a card's models have learnt on the board."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import CardFolder, Json
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def learnt(
    card: CardFolder,
    model: Annotated[
        str,
        typer.Argument(
            metavar="[MODEL]",
            autocompletion=completion.models,
            help="Folder or title of the model.",
            show_default=False,
        ),
    ] = "",
    export: Annotated[Path | None, typer.Option(help="Write what the model has learnt into this file.")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Add what such a file holds; equal names are replaced.")
    ] = None,
    rename: Annotated[
        tuple[str, str] | None, typer.Option(metavar="OLD NEW", help="Give one of the names another.")
    ] = None,
    forget: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Forget a name; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """List, export, import, rename or forget what models have learnt on the board: faces and classes.

    CARD is the card itself, in this PC's reader: sync never sends what was learnt, and never deletes it on the board.
    Without MODEL, the command lists all models that learn. The options change one model, in the order import, rename,
    forget, export.
    """
    from maixswitch import files
    from maixswitch.card import folders, ordering, reading
    from maixswitch.card import learnt as store

    present = folders.existing(card)
    folder = ordering.find(present, model) if model else ""
    learners = [item for item in reading.Card(card, None).models if item.spec.learns]
    if folder:
        learners = [item for item in learners if item.folder == folder]
        if not learners:
            raise MaixSwitchError(tr("{name} does not learn on the board", name=model), EXIT_USAGE)
    elif export or import_ or rename or forget:
        raise MaixSwitchError(tr("name the model that these options are for"), EXIT_USAGE)
    rows = []
    for item in learners:
        path = card / reading.MODELS / item.folder
        # The network that learns: that of a stage, or the model's own.
        part = next(part for part in (*item.stages, item) if part.spec.learns)
        network = zlib.crc32(part.data)
        known = store.read(path, store.LEARNER if part is item else store.FACES)
        before = known
        if import_:
            known = known.joined(store.imported(import_, network))
        if rename:
            known = known.renamed(*rename)
        for name in forget or ():
            known = known.without(name)
        if known != before:
            store.write(path, known)
        if export:
            files.write(export, store.export(known, network), option="--export")
        rows.append({"folder": item.folder, "title": item.title, "form": known.form, "names": list(known.names)})
    if json:
        console.emit({"schema": 1, "command": "learnt", "card": str(card), "models": rows})
        return
    for row in rows:
        names = ", ".join(row["names"]) or tr("nothing learnt yet")
        console.show(f"{row['folder']}  {row['title']}: {names}")
    if not rows:
        console.say(tr("{card}: no model on it learns on the board", card=card))
