"""The order of a card's models is the order of their folders' names: numbers in front, renamed without losing one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import reason, tr

NUMBER = re.compile(r"(\d+)[-_ .]+(?=.)")
STEP = 10


def key(name: str) -> tuple[bytes, bytes]:
    """What the board sorts folders by (device/once/model_json.py): bytes, capitals as small letters (ASCII)."""
    data = name.encode()
    return data.lower(), data


def bare(name: str) -> str:
    """A folder's name without the number in front."""
    return NUMBER.sub("", name, count=1)


def slug(title: str) -> str:
    """A title as part of a folder's name: small ASCII letters, digits and "-", 24 characters at most."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:24].strip("-") or "model"


def numbered(names: Sequence[str]) -> list[str]:
    """New names for folders in this order: 10-, 20-, ..., as wide as needed."""
    width = max(2, len(str(len(names) * STEP)))
    return [f"{(at + 1) * STEP:0{width}d}-{bare(name)}" for at, name in enumerate(names)]


def renumbered(names: Sequence[str]) -> list[tuple[str, str]]:
    """(old name, new name) that put folders into this order; none where their names already say it."""
    return [] if [*names] == sorted(names, key=key) else list(zip(names, numbered(names), strict=True))


def following(names: Sequence[str], name: str) -> str:
    """A folder's name with a number that puts it behind all of these, as far as numbers can.

    The next ten, else the next number; where all of that width are taken, 990-, which sorts behind 99-.
    """
    taken = {other.casefold() for other in names}
    numbers = [match[1] for match in (NUMBER.match(other) for other in names) if match]
    width = max([2, *(len(number) for number in numbers)])
    last = max([0, *(int(number) for number in numbers)])
    for number in ((last // STEP + 1) * STEP, last + 1):
        found = f"{number:0{width}d}-{name}"
        if len(str(number)) <= width and found.casefold() not in taken:
            return found
    return f"{'9' * width}0-{name}"


def between(names: Sequence[str], position: int, name: str) -> str | None:
    """A name that makes a folder the position-th (1..) among these, in their order; None when there is no room."""
    before = names[position - 2] if position > 1 else ""
    after = names[position - 1] if position <= len(names) else ""
    match = NUMBER.match(after or before)
    width = max(2, len(match[1]) if match else 2)
    numbers = [int(found[1]) for found in (NUMBER.match(before), NUMBER.match(after)) if found]
    low = numbers[0] if before and numbers else 0
    high = numbers[-1] if after and numbers else 10**width
    for number in ((low + high) // 2, low + 1):
        found = f"{number:0{width}d}-{name}"
        fits = key(before) < key(found) and (not after or key(found) < key(after))
        if fits and found.casefold() not in {other.casefold() for other in names}:
            return found
    return None


def find(models: Sequence[tuple[str, str]], wanted: str) -> str:
    """The folder that a user means, of (folder, title) pairs: by folder, its name without number, or title.

    Capitals do not matter. MaixSwitchError (usage) for a name that fits none or several, with what there is.
    """
    word = wanted.rstrip("/").rpartition("/")[2]
    for folder, _ in models:
        if folder == word:
            return folder
    fold = word.casefold()
    found = [
        folder
        for folder, title in models
        if fold in (folder.casefold(), bare(folder).casefold(), title.casefold())
        or title.casefold() == wanted.casefold()
    ]
    listed = ", ".join(f"{folder} ({title})" for folder, title in models) or tr("none")
    if not found:
        raise MaixSwitchError(tr("no model {name}; there are: {listed}", name=wanted, listed=listed), EXIT_USAGE)
    if len(found) > 1:
        raise MaixSwitchError(
            tr(
                "{name} may be any of {found}: name the folder",
                name=wanted,
                found=", ".join(found),
            ),
            EXIT_USAGE,
        )
    return found[0]


def rename(models: Path, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Renames folders in `models` (old name, new name), returns the renames that were needed.

    Every folder keeps a name that the board sees at any moment, swaps go over a third name, and a failure puts back
    what was done: a card pulled in between has all its models. MaixSwitchError when a name is taken or nothing can be
    written.
    """
    todo = [(old, new) for old, new in pairs if old != new]
    moving = {old.casefold() for old, _ in todo}
    for _, new in todo:
        if (models / new).exists() and new.casefold() not in moving:
            raise MaixSwitchError(tr("{name} is there already; nothing was renamed", name=new), EXIT_USAGE)
    done: list[tuple[str, str]] = []

    def move(old: str, new: str) -> None:
        (models / old).rename(models / new)
        done.append((old, new))

    open_: list[tuple[str, str]] = list(todo)
    try:
        while open_:
            names = {old.casefold() for old, _ in open_}
            free = [(old, new) for old, new in open_ if new.casefold() not in names or new.casefold() == old.casefold()]
            if free:
                for old, new in free:
                    move(old, new)
                open_ = [pair for pair in open_ if pair not in free]
                continue
            old, new = open_[0]
            aside = _aside(models, old)
            move(old, aside)
            open_[0] = (aside, new)
    except BaseException as error:
        for old, new in reversed(done):
            (models / new).rename(models / old)
        if isinstance(error, OSError):
            raise MaixSwitchError(
                tr("{path}: cannot rename ({reason})", path=models, reason=reason(error)), EXIT_IO
            ) from error
        raise
    return todo


def _aside(models: Path, name: str) -> str:
    for number in range(1, 1000):
        found = f"{name}-moving{number}"
        if not (models / found).exists():
            return found
    raise MaixSwitchError(tr("{name}: no free name beside it", name=name), EXIT_IO)
