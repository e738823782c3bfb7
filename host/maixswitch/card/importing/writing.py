"""Write model folders onto a card: first beside models/, where the board's parser checks them; then rename them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch.card import ordering
from maixswitch.card.folders import unwritable
from maixswitch.card.importing.imported import ImportedModel
from maixswitch.card.importing.messages import ImportMessage, Refusal
from maixswitch.card.importing.naming import set_ascii_title
from maixswitch.card.importing.options import MAX_TITLE
from maixswitch.card.reading import MODELS, Card
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

STAGE = ".maixswitch-import-"


@dataclass
class Plan:
    """The folder names of the new models, in their order, and the renames (old, new) that make room for them."""

    folders: list[str]
    renames: list[tuple[str, str]] = field(default_factory=list)


def plan(models: Sequence[tuple[str, str]], imported: Sequence[ImportedModel], position: int = 0) -> Plan:
    """Decide the folder names of the new models, and make their titles unique.

    models: (folder, title) of the models on the card.
    position: the position of the first new model, from 1; 0 for behind all others.
    Raises MaixSwitchError (usage) if the position does not exist, and Refusal if two folders would have the same name.
    """
    names = [folder for folder, _ in models]
    if position > len(names) + 1:
        raise MaixSwitchError(
            tr("--position {position}: the card has {count} models", position=position, count=len(names)), EXIT_USAGE
        )
    taken = set(names)
    titles = {title for _, title in models}
    # The board refuses the second of two equal titles (C116). The new models may have equal titles among themselves.
    slugs = []
    for item in imported:
        title = _unique(item.title, titles)
        # The number that makes a title unique belongs into its ASCII form, too.
        if title != item.title:
            item.model["title"] = title
            set_ascii_title(item.model)
        titles.add(item.title)
        slugs.append(ordering.slug(str(item.model.get("ascii_title", item.title))))
    # A model behind all others needs no renames. This is the usual case.
    if not position or position == len(names) + 1:
        folders: list[str] = []
        for word in slugs:
            folders.append(ordering.following([*names, *folders], word))
        return Plan(folders)

    # One model often fits between two numbers, which needs no renames either.
    if len(slugs) == 1:
        name = ordering.between(names, position, slugs[0])
        if name and name not in taken:
            return Plan([name])

    # Otherwise number all folders again. The marks stand for the new models, whose names may equal old ones.
    marks = [f"\0{at}-{word}" for at, word in enumerate(slugs)]
    order = [*names[: position - 1], *marks, *names[position - 1 :]]
    new = ordering.numbered([mark.partition("-")[2] if mark in marks else mark for mark in order])
    # FAT ignores capitals, so names that differ only there would be one folder.
    if len({name.casefold() for name in new}) != len(new):
        raise Refusal("C540", tr("two folders would have one name; give a --title"), EXIT_USAGE)
    target = dict(zip(order, new, strict=True))
    return Plan([target[mark] for mark in marks], [(name, target[name]) for name in names if name != target[name]])


def _unique(title: str, titles: set[str]) -> str:
    candidate, number = title, 1
    while candidate in titles:
        number += 1
        end = f" {number}"
        # Shorten the title and not the number, so that the result is unique within the limit.
        candidate = title[: MAX_TITLE - len(end)] + end
    return candidate


def judge(folder: Path) -> list[ImportMessage]:
    """Return the problems that the board's own parser finds in a model's folder."""
    messages = []
    # None: another number of anchors is a note for the user (C526), not a reason to refuse the import.
    for model in Card(folder, None).models:
        messages += [
            ImportMessage("C544", f"{file} {field}: {value}; {expected}")
            for file, field, value, expected in model.spec.problems
        ]
    return messages


def try_out(imported: Sequence[ImportedModel]) -> None:
    """Add the problems that the board's parser finds in each model to its ``problems``, without using the card."""
    with tempfile.TemporaryDirectory(prefix="maixswitch-") as scratch:
        for item in imported:
            _write(Path(scratch, item.folder), item)
            item.problems += judge(Path(scratch, item.folder))


def put(card: Path, imported: Sequence[ImportedModel], plan: Plan) -> None:
    """Write every folder into a hidden folder of the card, check it there, and then rename it into models/.

    If the parser finds something wrong in a model, its ``problems`` say so, and it is left out.
    Raises MaixSwitchError (input or output) if something cannot be written; the card stays as it was, too.
    """
    models = card / MODELS
    with _stage(card) as stage:
        for item in imported:
            _write(stage / item.folder, item)
            item.problems += judge(stage / item.folder)
        # All models are judged before the first rename, because only good ones may change the card.
        good = [item.folder for item in imported if not item.problems]
        if not good:
            return
        renamed = ordering.rename(models, plan.renames)
        placed: list[Path] = []
        try:
            for name in good:
                # The card may have changed since the plan, and on Unix rename() silently replaces an empty folder.
                if (models / name).exists():
                    raise MaixSwitchError(tr("{name} exists already", name=models / name), EXIT_USAGE)
                (stage / name).rename(models / name)
                placed.append(models / name)
            _sync(models)
        except BaseException as error:
            # Remove the new folders before the old ones get their names back: they may need the same names.
            for path in placed:
                path.rename(stage / path.name)
            ordering.rename(models, [(new, old) for old, new in renamed])
            if isinstance(error, OSError):
                raise unwritable(card, error) from error
            raise


def document(model: Mapping[str, Any]) -> bytes:
    """Return model.json as bytes, one field per line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in model.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


@contextlib.contextmanager
def _stage(card: Path) -> Iterator[Path]:
    try:
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=card))
    except OSError as error:
        raise unwritable(card, error) from error
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(folder: Path, item: ImportedModel) -> None:
    try:
        folder.mkdir()
        # Without fsync before the rename, a card that is pulled out can hold a folder of empty files. Mode "x", because
        # in a new folder an existing name is a mistake.
        for name, data in {**item.files, "model.json": document(item.model)}.items():
            with (folder / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _sync(folder)
    except OSError as error:
        raise unwritable(folder.parent.parent, error) from error


def _sync(folder: Path) -> None:
    """Write a folder's entries to the card, on systems that can do this for folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # Some file systems cannot do this; the files themselves are synced.
            os.fsync(handle)
    finally:
        os.close(handle)
