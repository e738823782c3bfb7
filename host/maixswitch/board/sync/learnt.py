"""What a board's models have learnt there, when sync moves or deletes the folder of such a model.

The app writes these files (device/once/learnt.py). Sync neither sends nor compares them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping

from maixswitch.board.sync.choice import new_folder
from maixswitch.board.sync.inventory import MODEL, is_learnt
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.leftovers import model_of
from maixswitch.board.sync.target import Listing, Target


def leaving(listing: Listing, gone: Collection[str]) -> set[str]:
    """Return the learnt files of the models that the sync deletes or moves. gone: the files that it deletes."""
    return {path for path in listing.files if is_learnt(path) and f"{model_of(path)}/{MODEL}" in gone}


def followed(
    target: Target, listing: Listing, moved: Mapping[str, str], models: Collection[str], paths: Collection[str]
) -> Iterator[Step]:
    """Yield the steps that move learnt files after their model; those of a deleted model go with its folder.

    moved, models: see choice.new_folder. paths: the learnt files in question.
    """
    for path in sorted(paths):
        folder = new_folder(listing, moved, models, model_of(path))
        if folder:
            name = path.rpartition("/")[2]
            yield Step("copy", path, f"{folder}/{name}", f"{zlib.crc32(target.read(path)):08x}")
