"""What an older version of sync left on a card when it was interrupted. It renamed files, and FatFs does that in two
writes.

Between the two, one file has two names, NAME and NAME.part. Deleting either frees the clusters that the other still
names, and the next file that is written takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing, Target

PART = ".part"
NAMES = ("sync.todo", "sync.part", "sync.json")
SHORT = re.compile(r"~\w+\.par$", re.IGNORECASE)
"""What remains of a name in .part when its deletion was interrupted. It may be a second name, so it stays."""


def left(parts: Sequence[str]) -> bool:
    """Is this path, in its parts, one that an older version of sync used for itself?"""
    return any(part.endswith(PART) or SHORT.search(part) for part in parts) or (len(parts) == 1 and parts[0] in NAMES)


def remains(listing: Listing, target: Target) -> Iterator[Step]:
    """Yield the steps that delete it, to be carried out before anything is written.

    If a file and its .part hold the same bytes, both go, one right after the other, and the file is sent again.
    """
    pairs = {path: path.removesuffix(PART) for path in listing.files if path.endswith(PART)}
    pairs |= {"sync.part": "sync.todo"} if "sync.part" in listing.files else {}
    # Reading takes long, and files of different sizes cannot be the same one.
    alike = {part: name for part, name in pairs.items() if listing.files[part] == listing.files.get(name)}
    sums = target.checksums({path: listing.files[path] for pair in alike.items() for path in pair}, lambda size: None)
    for part in pairs:
        yield Step("delete", part)
        if part in alike and sums.get(part) == sums.get(alike[part]):
            yield Step("delete", alike[part])
    hidden = [folder for folder in listing.folders if any(_is_hidden(part) for part in folder.split("/"))]
    named = {folder: "/".join(_plain(part) for part in folder.split("/")) for folder in hidden}
    yield from (Step("delete", path) for folder in hidden for path in _inside(folder, listing))
    for folder, name in sorted(named.items(), reverse=True):
        # A folder can have two names as well, .NAME.part and NAME. The same list of files in both shows it.
        twin = [path[len(folder) :] for path in _inside(folder, listing)]
        yield Step("rmdir", folder)
        if name in listing.folders and twin == [path[len(name) :] for path in _inside(name, listing)]:
            yield Step("rmdir", name)
    yield from (Step("delete", name) for name in NAMES if name in listing.files)


def _inside(folder: str, listing: Listing) -> list[str]:
    return sorted(path for path in listing.files if path.startswith(folder + "/"))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name.endswith(PART)


def _plain(name: str) -> str:
    return name[1:].removesuffix(PART) if _is_hidden(name) else name
