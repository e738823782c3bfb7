"""Lists the files of a data set, and chooses among its parts (train, valid, test)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from maixswitch import files
from maixswitch.convert.quantise.picture_files import ENDINGS, MAC_DOUBLE
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from .sample import Listing, Sample

SPLITS = (("test", "testing"), ("val", "valid", "validation"), ("train", "training"))
"""Names of the parts of a data set, the one to measure with first."""
SPLIT = re.compile(r"(test|testing|val|valid|validation|train|training)(?:[-_]?\d{1,4})?", re.IGNORECASE)
MOST_FILES = 5_000_000
LARGEST_LIST = 512 << 20
"""Bytes of a list of labels; COCO's largest has 450 MB."""
LARGEST_LABEL = 4 << 20
"""Bytes of the labels of one picture."""
ALL = "all"


def listed(folder: Path) -> Listing:
    """Return the files below a folder, without hidden ones. MaixSwitchError if it is no folder or cannot be listed."""
    if not folder.is_dir():
        raise MaixSwitchError(tr("--data {folder}: expected a folder of labelled pictures", folder=folder), EXIT_IO)
    pictures: list[str] = []
    others: list[str] = []

    def fail(error: OSError) -> None:
        raise MaixSwitchError(files.unreadable(folder, error), EXIT_IO) from error

    for current, inner, names in os.walk(folder, onerror=fail):
        inner[:] = [name for name in inner if not name.startswith(".") and name != "__MACOSX"]
        base = Path(current).relative_to(folder).as_posix()
        for name in names:
            if name.startswith((".", MAC_DOUBLE)):
                continue
            path = name if base == "." else f"{base}/{name}"
            (pictures if name.lower().endswith(ENDINGS) else others).append(path)
        if len(pictures) + len(others) > MOST_FILES:
            raise MaixSwitchError(tr("{folder}: more than {most} files", folder=folder, most=MOST_FILES), EXIT_USAGE)
    return Listing(folder, sorted(pictures), sorted(others))


def read_text(folder: Path, path: str, most: int = LARGEST_LABEL) -> str:
    """Return a file of labels as text; a byte that is not UTF-8 becomes a sign. MaixSwitchError if it is too large."""
    # The data set may come from a stranger: a link in it must not bring another file of this PC into a report.
    if files.leads_out(folder / path, folder):
        raise MaixSwitchError(tr("{path}: a link that leads out of {folder}", path=path, folder=folder), EXIT_IO)
    data = files.read(folder / path, most + 1)
    if len(data) > most:
        raise MaixSwitchError(tr("{path}: more than {most} bytes of labels", path=path, most=most))
    return data.decode("utf-8-sig", "replace")


def split_of(key: str) -> str:
    """Return "test", "val" or "train" if one of the first two folders of a key is named so, else ""."""
    for part in key.split("/")[:-1][:2]:
        match = SPLIT.fullmatch(part)
        if match:
            return next(names[0] for names in SPLITS if match[1].lower() in names)
    return ""


def one_split(samples: Sequence[Sample], asked: str) -> tuple[list[Sample], str]:
    """Return the samples of one part of the data set, and its name, "" if it has no parts.

    asked: "test", "val" or "train", "all" for everything; "" for the first of these that there is.
    Raises MaixSwitchError (usage) for a part that there is not.
    """
    by_split: dict[str, list[Sample]] = {}
    for sample in samples:
        by_split.setdefault(sample.split or split_of(sample.key), []).append(sample)
    known = [names[0] for names in SPLITS if names[0] in by_split]
    if asked == ALL or (not asked and len(by_split) < 2):
        return list(samples), ""
    if asked:
        chosen = next((names[0] for names in SPLITS if asked.lower() in names), asked)
        if chosen not in by_split:
            found = ", ".join(known) or tr("no such folders")
            raise MaixSwitchError(tr("--split {split}: found {found}", split=asked, found=found), EXIT_USAGE)
        return by_split[chosen], chosen
    return by_split[known[0]], known[0]
