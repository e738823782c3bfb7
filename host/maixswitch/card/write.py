"""Puts model folders onto a card: written whole beside models/, read back by the board's own parser, then renamed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maixswitch import files
from maixswitch.card import ordering
from maixswitch.card.importing.remark import Refusal, Remark
from maixswitch.card.importing.resolve import MAX_TITLE, Ready
from maixswitch.card.reading import MODELS, Card
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import reason, tr

STAGE = ".maixswitch-import-"


@dataclass
class Plan:
    """Folder names for the new models, in order, and the renames of old ones that their place needs."""

    folders: list[str]
    renames: list[tuple[str, str]] = field(default_factory=list)


def existing(card: Path) -> list[tuple[str, str]]:
    """(folder, title) of the models on a card, in the button's order; MaixSwitchError when it is none."""
    if not (card / MODELS).is_dir():
        if card.exists() and not card.is_dir():
            raise MaixSwitchError(tr("{path}: a file; wanted the folder of a card", path=card), EXIT_USAGE)
        raise MaixSwitchError(
            tr("{path}: not a card, it has no folder models/. A new one: maixswitch new {path}", path=card),
            EXIT_USAGE if card.exists() else EXIT_IO,
        )
    if not (card / MODELS).resolve().is_relative_to(card.resolve()):
        raise MaixSwitchError(tr("{path}: a link that leads off the card", path=card / MODELS), EXIT_USAGE)
    return [(model.folder, model.title) for model in Card(card, None).models]


def plan(models: Sequence[tuple[str, str]], readies: Sequence[Ready], position: int = 0) -> Plan:
    """Where the new models go: behind all others, or from the position-th place (1..) on; titles are made unique.

    A title that the user chose (``wish``) is not changed: the board's parser refuses the second of one name.
    """
    names = [folder for folder, _ in models]
    if position > len(names) + 1:
        raise MaixSwitchError(
            tr("--position {position}: the card has {count} models", position=position, count=len(names)), EXIT_USAGE
        )
    taken = set(names)
    titles = {title for _, title in models}
    slugs = []
    for ready in readies:
        ready.model["title"] = _unique(ready.title, titles)
        titles.add(ready.title)
        slugs.append(ordering.slug(ready.title))
    if not position or position == len(names) + 1:
        folders: list[str] = []
        for word in slugs:
            folders.append(ordering.following([*names, *folders], word))
        return Plan(folders)
    if len(slugs) == 1:
        found = ordering.between(names, position, slugs[0])
        if found and found not in taken:
            return Plan([found])
    marks = [f"\0{at}-{word}" for at, word in enumerate(slugs)]
    order = [*names[: position - 1], *marks, *names[position - 1 :]]
    new = ordering.numbered([mark.partition("-")[2] if mark in marks else mark for mark in order])
    if len({name.casefold() for name in new}) != len(new):
        raise Refusal("C540", tr("two folders would have one name; give a --title"), EXIT_USAGE)
    target = dict(zip(order, new, strict=True))
    return Plan([target[mark] for mark in marks], [(name, target[name]) for name in names if name != target[name]])


def _unique(title: str, titles: set[str]) -> str:
    found, number = title, 1
    while found in titles:
        number += 1
        end = f" {number}"
        found = title[: MAX_TITLE - len(end)] + end
    return found


def judge(folder: Path) -> list[Remark]:
    """What the board's own parser finds wrong with a model's folder."""
    found = []
    for model in Card(folder, None).models:
        found += [
            Remark("C544", f"{file} {field}: {value}; {wanted}") for file, field, value, wanted in model.spec.problems
        ]
    return found


def try_out(readies: Sequence[Ready], folders: Sequence[str]) -> None:
    """Adds to ``problems`` what the board's parser says of each model, without the card: for a dry run."""
    with tempfile.TemporaryDirectory(prefix="maixswitch-") as scratch:
        for ready, name in zip(readies, folders, strict=True):
            _write(Path(scratch, name), ready)
            ready.problems += judge(Path(scratch, name))


def put(card: Path, readies: Sequence[Ready], wanted: Plan) -> None:
    """Writes every folder into a hidden one of the card, has it read back, and then renames all into models/.

    When the parser finds something, ``problems`` says it and nothing is on the card. MaixSwitchError (input or output)
    when something cannot be written: then, too, the card is as it was.
    """
    models = card / MODELS
    with _stage(card) as stage:
        for ready, name in zip(readies, wanted.folders, strict=True):
            _write(stage / name, ready)
            ready.problems += judge(stage / name)
        if any(ready.problems for ready in readies):
            return
        renamed = ordering.rename(models, wanted.renames)
        placed: list[Path] = []
        try:
            for name in wanted.folders:
                if (models / name).exists():
                    raise MaixSwitchError(tr("{name} is there already", name=models / name), EXIT_USAGE)
                (stage / name).rename(models / name)
                placed.append(models / name)
            _sync(models)
        except BaseException as error:
            for path in placed:
                path.rename(stage / path.name)
            ordering.rename(models, [(new, old) for old, new in renamed])
            if isinstance(error, OSError):
                raise _unwritable(card, error) from error
            raise


def remove(card: Path, folder: str) -> None:
    """Takes a model's folder off the card: renamed away first, so that the board never sees half of it."""
    place = card / MODELS / folder
    aside = card / MODELS / f".removed-{folder}"
    for number in range(1000):
        if not aside.exists() and not aside.is_symlink():
            break
        aside = card / MODELS / f".removed{number}-{folder}"
    try:
        place.rename(aside)
    except OSError as error:
        raise _unwritable(card, error) from error
    try:
        if aside.is_symlink():
            aside.unlink()
        else:
            shutil.rmtree(aside)
    except OSError as error:
        raise MaixSwitchError(
            tr(
                "{folder} is off the list, but {path} cannot be deleted ({reason}); delete it by hand",
                folder=folder,
                path=aside,
                reason=reason(error),
            ),
            EXIT_IO,
        ) from error


def document(ready: Ready) -> bytes:
    """model.json as bytes: one field a line, short lists on it."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in ready.model.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


@contextlib.contextmanager
def _stage(card: Path) -> Iterator[Path]:
    try:
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=card))
    except OSError as error:
        raise _unwritable(card, error) from error
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _write(folder: Path, ready: Ready) -> None:
    try:
        folder.mkdir()
        for name, data in {**ready.files, "model.json": document(ready)}.items():
            with (folder / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _sync(folder)
    except OSError as error:
        raise _unwritable(folder.parent.parent, error) from error


def _sync(folder: Path) -> None:
    """Asks that a folder's entries reach the card, where the system has such a call for folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot; the files themselves are synced
            os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(card: Path, error: OSError) -> MaixSwitchError:
    return MaixSwitchError(files.unwritable(card, error), EXIT_IO)
