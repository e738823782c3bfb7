"""Lists the picture files of a folder, or of a folder with a sub-folder for each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from maixswitch import files

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm")
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
"""Names of folders that divide a data set; the folders of the classes lie in them."""
MAC_DOUBLE = "._"
"""How the names of files begin in which macOS keeps what FAT cannot store. They end like the picture beside them."""


@dataclass(frozen=True)
class PictureFile:
    """A picture; ``folder``: name of its class folder, "" if the pictures are not sorted into such folders."""

    path: Path
    folder: str = ""


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of a folder, by class and name.

    doubles: the number of macOS's ``._`` files that were left out.
    unused: the number of pictures in sub-folders that are not used, because pictures lie beside these.
    """

    pictures: tuple[PictureFile, ...]
    doubles: int = 0
    unused: int = 0

    @property
    def folders(self) -> list[str]:
        """The names of the class folders, sorted as torchvision and Keras sort them; empty if there are none."""
        return sorted({picture.folder for picture in self.pictures} - {""})


def picture_files(folder: Path) -> PictureFiles:
    """Returns the pictures of a folder. MaixSwitchError (input or output) if it cannot be listed."""
    with files.reading(folder):
        own = sorted(path for path in folder.iterdir() if _ends_like_picture(path))
        below = sorted(_below(folder))
    plain = [PictureFile(path) for path in own if not path.name.startswith(MAC_DOUBLE)]
    sorted_in = [item for item in below if not item[1].name.startswith(MAC_DOUBLE)]
    # Pictures in the folder itself were chosen by the user; what lies below may be the results of another program.
    if plain:
        return PictureFiles(tuple(plain), len(own) - len(plain), len(sorted_in))
    doubles = len(own) + len(below) - len(sorted_in)
    return PictureFiles(tuple(PictureFile(path, name) for name, path in sorted_in), doubles)


def spread_over_classes(pictures: Sequence[PictureFile], most: int) -> list[PictureFile]:
    """Returns at most ``most`` pictures, as many of each class as possible, spread evenly over each class."""
    by_class: dict[str, list[PictureFile]] = {}
    for picture in pictures:
        by_class.setdefault(picture.folder, []).append(picture)
    names = sorted(by_class)
    # With more classes than pictures, every nth class gives one.
    if len(names) > most:
        names = [names[index * len(names) // most] for index in range(most)]
    # A class with few pictures gives all of them, and the others share what it leaves.
    shares = dict.fromkeys(names, 0)
    turns = zip_longest(*(by_class[name] for name in names))
    takers = [picture.folder for turn in turns for picture in turn if picture is not None]
    for name in takers[:most]:
        shares[name] += 1
    # Names often follow the time, so the pictures are spread over the whole class.
    return [
        by_class[name][index * len(by_class[name]) // shares[name]] for name in names for index in range(shares[name])
    ]


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields (class, path) of the pictures in sub-folders; the class is the highest folder that is not a split."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts[:-1]
        # Hidden folders and macOS's archive folder hold no data of the user.
        if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        classes = parts[1:] if parts[0].lower() in SPLITS and len(parts) > 1 else parts
        if _ends_like_picture(path):
            yield classes[0], path


def _ends_like_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()
