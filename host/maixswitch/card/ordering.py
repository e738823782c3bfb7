"""The order of a card's models, which is the order of their folder names: they begin with numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import reason, tr

NUMBER = re.compile(r"(\d+)[-_ .]+(?=.)")
STEP = 10


def key(name: str) -> tuple[bytes, bytes]:
    """Return the board's sort key of a folder (device/once/model_json.py): its bytes, ASCII in small letters first."""
    data = name.encode()
    return data.lower(), data


def bare(name: str) -> str:
    """Return a folder's name without the number in front."""
    return NUMBER.sub("", name, count=1)


def slug(title: str) -> str:
    """Return a title as part of a folder name: ASCII letters, digits and "-", at most 24 characters."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:24].strip("-") or "model"


def numbered(names: Sequence[str]) -> list[str]:
    """Return new names for folders in this order: 10-, 20-, ..., all with the same number of digits."""
    width = max(2, len(str(len(names) * STEP)))
    return [f"{(at + 1) * STEP:0{width}d}-{bare(name)}" for at, name in enumerate(names)]


def renumbered(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the renames (old, new) that put folders into this order; [] if they are in it already."""
    return [] if [*names] == sorted(names, key=key) else list(zip(names, numbered(names), strict=True))


def following(names: Sequence[str], name: str) -> str:
    """Return a folder name that sorts behind all of these.

    Its number is the next multiple of ten or, if that needs another digit, the next number. If all numbers of that
    width are taken, it is 990, which sorts behind 99.
    """
    taken = {other.casefold() for other in names}
    numbers = [match[1] for match in (NUMBER.match(other) for other in names) if match]
    # The folders sort as text, so a number with fewer digits than the others would land in the middle.
    width = max([2, *(len(number) for number in numbers)])
    last = max([0, *(int(number) for number in numbers)])
    # A multiple of ten leaves room for later insertions. Another digit would sort wrong, so the next number is better.
    for number in ((last // STEP + 1) * STEP, last + 1):
        candidate = f"{number:0{width}d}-{name}"
        if len(str(number)) <= width and candidate.casefold() not in taken:
            return candidate
    return f"{'9' * width}0-{name}"


def between(names: Sequence[str], position: int, name: str) -> str | None:
    """Return a name that becomes the position-th, from 1, of these in their order; None if no number is free."""
    before = names[position - 2] if position > 1 else ""
    after = names[position - 1] if position <= len(names) else ""
    # Use as many digits as the neighbour, because the names are compared as text.
    match = NUMBER.match(after or before)
    width = max(2, len(match[1]) if match else 2)
    numbers = [int(match[1]) for match in (NUMBER.match(before), NUMBER.match(after)) if match]
    low = numbers[0] if before and numbers else 0
    high = numbers[-1] if after and numbers else 10**width
    # The middle keeps room on both sides. If no whole number lies between the two, the upper neighbour's number may
    # still fit: then the names behind the numbers decide.
    for number in ((low + high) // 2, low + 1):
        candidate = f"{number:0{width}d}-{name}"
        # Compare the full names as the board does, since neighbours may have no number or one of another width.
        fits = key(before) < key(candidate) and (not after or key(candidate) < key(after))
        if fits and candidate.casefold() not in {other.casefold() for other in names}:
            return candidate
    return None


def find(models: Sequence[tuple[str, str]], name: str) -> str:
    """Return the folder that a user means, by its name, its name without the number, or the model's title.

    models: (folder, title) of the card's models. Case does not matter.
    Raises MaixSwitchError (usage), which lists the models, if no model or more than one fits.
    """
    bare_name = name.rstrip("/").rpartition("/")[2]
    # An exact folder name always wins; otherwise a title that equals another folder's name would make that folder
    # unreachable.
    for folder, _ in models:
        if folder == bare_name:
            return folder
    fold = bare_name.casefold()
    matches = [
        folder
        for folder, title in models
        if fold in (folder.casefold(), bare(folder).casefold(), title.casefold()) or title.casefold() == name.casefold()
    ]
    listed = ", ".join(f"{folder} ({title})" for folder, title in models) or tr("none")
    if not matches:
        raise MaixSwitchError(tr("no model {name}; the card has: {listed}", name=name, listed=listed), EXIT_USAGE)
    if len(matches) > 1:
        raise MaixSwitchError(
            tr(
                "{name} fits several models: {folders}; name the folder",
                name=name,
                folders=", ".join(matches),
            ),
            EXIT_USAGE,
        )
    return matches[0]


def rename(models: Path, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rename folders in `models`; return the renames (old, new) that were needed.

    Every folder exists at every moment: a swap goes through a third name, and a failure undoes the earlier renames.
    Raises MaixSwitchError if a name is taken, or if the card cannot be written.
    """
    todo = [(old, new) for old, new in pairs if old != new]
    moving = {old.casefold() for old, _ in todo}
    for _, new in todo:
        # A name that another rename of this list gives up is not taken.
        if (models / new).exists() and new.casefold() not in moving:
            raise MaixSwitchError(tr("{name} exists already; nothing was renamed", name=new), EXIT_USAGE)
    done: list[tuple[str, str]] = []

    def move(old: str, new: str) -> None:
        (models / old).rename(models / new)
        done.append((old, new))

    # In each round, rename the folders whose new name is free. If there are none, the names form a ring, and one
    # folder gets a third name first.
    open_: list[tuple[str, str]] = list(todo)
    try:
        while open_:
            names = {old.casefold() for old, _ in open_}
            # A change of capitals only is always free: FAT takes both for one name, so the folder would block itself.
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
        # Undo in reverse, because a later rename may have used a name that an earlier one gave up.
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
        candidate = f"{name}-moving{number}"
        if not (models / candidate).exists():
            return candidate
    raise MaixSwitchError(tr("{name}: no free name beside it", name=name), EXIT_IO)
