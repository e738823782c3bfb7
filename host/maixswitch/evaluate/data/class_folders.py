"""A folder for each class: cat/1.jpg, or test/cat/1.jpg."""

from __future__ import annotations

from maixswitch.evaluate.data.listing import SPLIT

from .sample import CLASSES, DataSet, Listing, Sample

SKIPPED = frozenset({"images", "imgs", "pictures", "jpegimages", "dataset", "data"})
"""Names of folders that hold the folders of the classes."""


def read(listing: Listing) -> DataSet | None:
    """Return the data set, None unless pictures lie in at least one folder."""
    samples = []
    for key in listing.pictures:
        folders = key.split("/")[:-1]
        # Only folders above the class: a class may be called "test", too.
        while len(folders) > 1 and (SPLIT.fullmatch(folders[0]) or folders[0].casefold() in SKIPPED):
            folders = folders[1:]
        if folders:
            # A blank at the end of a folder's name is a slip that no label has.
            samples.append(Sample(key, folders[0].strip()))
    if not samples:
        return None
    names = tuple(sorted({sample.name for sample in samples}))
    return DataSet(listing.folder, "class folders", CLASSES, tuple(samples), names)
