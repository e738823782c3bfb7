"""Finds out which format a folder of labelled pictures has, and reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from . import class_folders, coco, tables, voc, yolo
from .listing import listed, one_split
from .sample import DataSet

READERS = (coco.read, voc.read, yolo.read, tables.read, class_folders.read)
"""The most certain sign first: any format may also lie in folders that look like classes."""


def read_data(folder: Path, split: str = "") -> DataSet:
    """Return the labelled pictures of a folder.

    split: which part, see `one_split`.
    Raises MaixSwitchError if there are no pictures, or no labels that can be read.
    """
    listing = listed(folder)
    if not listing.pictures:
        raise MaixSwitchError(tr("{folder} holds no pictures, nor do its sub-folders", folder=folder), EXIT_USAGE)
    found = next((data for reader in READERS if (data := reader(listing)) is not None and data.samples), None)
    if found is None:
        raise MaixSwitchError(
            tr(
                "{folder}: {count} pictures, but no labels; expected a folder for each class, VOC XML, YOLO txt, COCO "
                "JSON, or a CSV file that names the pictures",
                folder=folder,
                count=len(listing.pictures),
            ),
            EXIT_USAGE,
        )
    samples, chosen = one_split(found.samples, split)
    notes = list(found.notes)
    if chosen and len(samples) < len(found.samples):
        notes.append(
            tr("only the part {split} is used: {count} of {all} pictures (--split {all_name} for all)",
               split=chosen, count=len(samples), all=len(found.samples), all_name="all")
        )  # fmt: skip
    return replace(found, samples=tuple(samples), notes=tuple(notes))
