"""What a sync deletes on a card, and the folders that this empties."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from maixswitch.board.sync import inventory
from maixswitch.board.sync.inventory import MARK
from maixswitch.board.sync.leftovers import model_of
from maixswitch.board.sync.target import Listing

TWINS = {".py": ".mpy", ".mpy": ".py"}
DELETABLE = ("models/", "device/")
JUNK = (".ds_store", "thumbs.db", "desktop.ini", MARK.lower())
"""Files that do not keep a folder on the card: systems put them everywhere, and the mark is sync's own."""


def doubles(on_card: Iterable[str], keep: Collection[str]) -> set[str]:
    """Return modules of the app that are sent in the other form, source or compiled; the board may use the old form."""
    old_forms = set()
    for path in on_card:
        name = PurePosixPath(path)
        twin = TWINS.get(name.suffix)
        if twin and path.startswith("device/") and path not in keep and name.with_suffix(twin).as_posix() in keep:
            old_forms.add(path)
    return old_forms


def strangers(on_card: Iterable[str], keep: Collection[str]) -> set[str]:
    """Return the files of models and of the app that the source does not have."""
    return {path for path in on_card if path.startswith(DELETABLE) and path not in keep}


def emptied(listing: Listing, keep: Collection[str], gone: Collection[str]) -> Iterator[str]:
    """Yield the folders in which the sync leaves no file, the deepest first.

    keep: the paths on the card of the source's files.
    gone: the files that the sync deletes.
    """
    stay = {path for path in listing.files if path not in gone and not _is_junk(path)} | set(keep)
    used = _parents(stay) | {name.rstrip("/") for name in DELETABLE}
    # With "/" at the end, so that models/a does not match models/ab.
    cleared = tuple(folder + "/" for folder in _parents(gone) - used)
    for folder in sorted(listing.folders, reverse=True):
        if (folder + "/").startswith(cleared):
            yield folder


def unwanted(listing: Listing, keep: Collection[str], *, app_only: bool) -> Iterator[str]:
    """Yield the folders below models/ and device/ that the source does not have, the deepest first."""
    kept = _parents(keep)
    tops = tuple(
        folder + "/"
        for folder in listing.folders
        if folder.startswith(DELETABLE)
        and inventory.travels(folder)
        and (inventory.is_app(folder) or not app_only)
        and folder not in kept
    )
    for folder in sorted(listing.folders, reverse=True):
        if (folder + "/").startswith(tops):
            yield folder


def foreign(on_card: Iterable[str], keep: Collection[str], gone: Collection[str]) -> list[str]:
    """Return the files that stay in folders of models that the source does not have and that lose other files."""
    losing = {model_of(path) for path in gone} - {model_of(path) for path in keep} - {""}
    return sorted(path for path in on_card if model_of(path) in losing and path not in gone)


def _is_junk(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name in JUNK or name.startswith("._")


def _parents(paths: Iterable[str]) -> set[str]:
    return {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents} - {"."}
