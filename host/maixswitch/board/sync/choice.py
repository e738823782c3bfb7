"""The model that the app remembers on the card, after the folder of that model got another name.

The app remembers the folder's name (device/once/choice.py). If that stayed, the board would start with the first model
after `maixswitch order`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from maixswitch.board.sync.inventory import CHOSEN
from maixswitch.board.sync.leftovers import model_of
from maixswitch.board.sync.target import Listing, Target
from maixswitch.card.slots import read_slot, slot_line


@dataclass(frozen=True)
class Choice:
    """The slot to write, relative to the card's root, and its new line."""

    path: str
    line: bytes


def followed(target: Target, listing: Listing, moved: Mapping[str, str], models: Iterable[str]) -> Choice | None:
    """Return the slot that makes the app remember the same model under its new folder; None if nothing changes.

    moved: old path -> new path of the files that get another path on the card.
    models: the folders of the source's models, such as models/10-digits.
    """
    from_models = {model_of(path) for path in moved} - {""}
    slots = [path for path in CHOSEN if path in listing.files]
    if not from_models or not slots:
        return None
    models = set(models)
    by_path = {path: read_slot(target.read(path) if path in slots else b"") for path in CHOSEN}
    number, name = max(by_path.values())
    folder = f"models/{name}"
    if number < 0 or folder not in from_models:
        return None
    new = new_folder(listing, moved, models, folder)
    if not new:
        return None
    line = slot_line(number + 1, new.removeprefix("models/"))
    # The slot with the lower number, as on the board: the other one keeps the old choice until this one is complete.
    return Choice(min(by_path, key=lambda path: by_path[path]), line)


def new_folder(listing: Listing, moved: Mapping[str, str], models: Collection[str], folder: str) -> str:
    """Return the folder to which a sync moves a model, "" if it stays or is deleted.

    moved, models: see `followed`. folder: the model's present folder, such as models/10-digits.
    """
    # The model is where its largest file is, which is its network. Small files may be equal in several models.
    inside = [path for path in listing.files if model_of(path) == folder]
    leaving = [path for path in inside if path in moved]
    candidates = leaving if folder not in models else inside
    if not candidates:
        return ""
    largest = max(candidates, key=lambda path: (listing.files[path], path in moved))
    new = model_of(moved.get(largest, ""))
    return "" if new == folder else new
