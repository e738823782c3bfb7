"""What an interrupted sync left on a card: parts of files, and folders of models that have not fully arrived."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from maixswitch.board.sync import inventory
from maixswitch.board.sync.inventory import MARK, MODEL, SYNC
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing

PART_NAME = re.compile(rf"{SYNC}/[AM][0-9A-F]{{7}}")


def model_of(path: str) -> str:
    """Return the folder of the model to which a path belongs, "" for none."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "models" and len(parts) > 2 else ""


def arriving(keep: Iterable[str], listing: Listing) -> set[str]:
    """Return the folders of models that the app ignores: missing, marked, or without files."""
    # A folder that has files, but neither model.json nor a mark, was not made by sync and is left alone.
    full = {model_of(path) for path in listing.files}
    folders = {model_of(path) for path in keep} | {folder for folder in listing.folders if model_of(folder + "/")}
    models = {model_of(folder + "/") for folder in folders} - {""}
    complete = {folder for folder in models if f"{folder}/{MODEL}" in listing.files or not inventory.travels(folder)}
    return {folder for folder in models - complete if folder not in full or f"{folder}/{MARK}" in listing.files}


def is_hidden(path: str, arriving_folders: set[str]) -> bool:
    """Can the file be written in place, since the app ignores its model until model.json exists?"""
    return model_of(path) in arriving_folders and path != f"{model_of(path)}/{MODEL}"


def begun(
    listing: Listing, parts: Collection[str] = (), keep: Collection[str] = (), *, app_only: bool = False
) -> Iterator[Step]:
    """Yield the steps that delete what an interrupted sync left.

    These are files in SYNC, except ``parts``, and files of models that the app ignores, except ``keep``.
    app_only: leave the files of models alone.
    """
    ignored = set() if app_only else arriving(keep, listing)
    kept = {parent.as_posix() for path in keep for parent in PurePosixPath(path).parents}
    for path in sorted(listing.files):
        if PART_NAME.fullmatch(path):
            # With --app-only, the parts of models stay for the next full sync.
            if path not in parts and (path[len(SYNC) + 1] == "A" or not app_only):
                yield Step("delete", path)
        # The mark of a model that is still being sent stays: without it the app would see an incomplete folder.
        elif model_of(path) in ignored and path not in keep and not (path.endswith(MARK) and model_of(path) in kept):
            yield Step("delete", path)
    for folder in sorted(listing.folders, reverse=True):
        if model_of(folder + "/") in ignored and folder not in kept:
            yield Step("rmdir", folder)
