"""The sources of models: a folder, a zip or one file, as names and sizes. Bytes are read on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from maixswitch.errors import EXIT_IO
from maixswitch.files import leads_out, unreadable
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.language import tr

from . import archive
from .messages import ImportMessage, Refusal

MAX_FILES = 5000
MAX_TEXT = 256 << 10
"""The largest file that is read as labels, anchors, settings or a script."""
MAX_MODEL = 6 << 20
"""The largest .kmodel that any firmware loads."""
TEXTS = (".txt", ".py", ".json", ".names", ".csv", ".labels", ".anchors", "")
MODELS = (".kmodel", ".smodel", ".emodel")
OTHER = (*TEXTS[:-1], ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".md", ".xml", ".h5", ".tflite", ".onnx", ".pb", ".zip")
ENCRYPTED = ("smodel", "emodel")
LISTED = 8  # names in a message


@dataclass(frozen=True)
class Source:
    """A folder, a zip or one file.

    name: its path, as the user wrote it.
    stem: its name without folder and suffix.
    files: the size in bytes of each file, by its name with "/" between the parts.
    links: the symbolic links that lead out of the folder; they are not followed.
    """

    name: str
    stem: str
    files: Mapping[str, int]
    reader: Callable[[str, int], bytes] = field(repr=False)
    links: tuple[str, ...] = ()

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file. Raises Refusal if there are more than ``limit``, or if they cannot be read."""
        size = self.files[name]
        # Refuse a large file instead of cutting it off: half a list of labels would look complete.
        if size > limit:
            raise Refusal(
                "C505",
                tr(
                    "{source}: {file} has {size} bytes; expected at most {limit}",
                    source=self.name,
                    file=name,
                    size=size,
                    limit=limit,
                ),
            )
        return self.reader(name, limit)

    def head(self, name: str) -> bytes:
        """Return the first 64 bytes of a file, or fewer."""
        return self.reader(name, 64)


@dataclass(frozen=True)
class Part:
    """One model of a source.

    kmodel: the name of its file.
    texts: the texts beside it or, if there are none, those of the nearest folder above that has any.
    alone: whether it is the only model of its folder.
    """

    source: Source
    kmodel: str
    texts: tuple[str, ...]
    alone: bool = True

    @property
    def stem(self) -> str:
        """The model file's name without folder and suffix."""
        return PurePosixPath(self.kmodel).stem

    def text(self, name: str) -> bytes | None:
        """Return the bytes of a text, None if it is too large."""
        return None if self.source.files[name] > MAX_TEXT else self.source.read(name, MAX_TEXT)

    def named(self, *words: str, ending: tuple[str, ...] = TEXTS) -> list[str]:
        """Return the texts whose name contains one of these words."""
        names = []
        for name in self.texts:
            path = PurePosixPath(name)
            if path.suffix.lower() in ending and any(word in path.stem.lower() for word in words):
                names.append(name)
        return names


def open_source(path: Path) -> Source:
    """Open a folder, a zip, a .kfpkg or a single file.

    Raises Refusal if it is missing, unsafe or too large.
    """
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as file:
            head = file.read(4)
        size = path.stat().st_size
    except OSError as error:
        raise Refusal("C500", unreadable(path, error), EXIT_IO) from error
    # The contents decide, not the suffix: a .kfpkg is a zip, and downloads may lose their suffix.
    if head[:2] == b"PK":
        files, reader = archive.open_zip(path)
        return Source(str(path), path.stem, files, reader)
    return Source(str(path), path.stem, {path.name: size}, lambda name, limit: _bytes(path, limit))


def _folder(path: Path) -> Source:
    root = path.resolve()
    files: dict[str, int] = {}
    links = []
    for folder, inner, names in os.walk(root):
        # Linked folders are left out: they may form a ring or lead to the whole disk.
        inner[:] = sorted(name for name in inner if name[0] != "." and not Path(folder, name).is_symlink())
        for name in sorted(names):
            file = Path(folder, name)
            inside = file.relative_to(root).as_posix()
            # A folder from somebody else must not copy files of this PC onto a card.
            if leads_out(file, root):
                links.append(inside)
            elif name[0] != "." and file.is_file():
                files[inside] = file.stat().st_size
        # Checked inside the loop, so that "import ~" stops early.
        if len(files) > MAX_FILES:
            raise Refusal(
                "C505",
                tr("{path}: more than {count} files; expected the folder of one export", path=path, count=MAX_FILES),
            )
    return Source(str(path), root.name, files, lambda name, limit: _bytes(root / name, limit), tuple(links))


def _bytes(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise Refusal("C500", unreadable(path, error), EXIT_IO) from error


def parts(source: Source) -> tuple[list[Part], list[ImportMessage]]:
    """Find the models of a source by their first bytes.

    Returns the models, and a message for each model file that cannot be used.
    Raises Refusal if there is no usable model; the message names the files that there are.
    """
    usable: list[str] = []
    refused: list[ImportMessage] = []
    for name in source.files:
        ending = PurePosixPath(name).suffix.lower()
        # Skip pictures and the like, of which a package holds hundreds. A single file was named by the user and always
        # gets a reason.
        if ending in OTHER and len(source.files) > 1:
            continue
        kind = file_kind(source.head(name))
        if kind.name in (V3, V4, "kmodel v3, word-swapped"):
            usable.append(name)
        elif ending in MODELS or len(source.files) == 1:
            code = "C503" if kind.name in ENCRYPTED else "C502"
            refused.append(ImportMessage(code, tr("{file}: {reason}", file=name, reason=kind.message)))
    if not usable:
        code = refused[0].code if refused else "C501"
        raise Refusal(code, _nothing(source, [message.text for message in refused]))
    models = [Part(source, name, _texts(source, name), _alone(usable, name)) for name in sorted(usable)]
    return models, refused


def _alone(usable: list[str], name: str) -> bool:
    """Is `name` the only model of its folder?"""
    folder = PurePosixPath(name).parent
    return sum(PurePosixPath(other).parent == folder for other in usable) == 1


def _texts(source: Source, kmodel: str) -> tuple[str, ...]:
    # Exports often keep the labels in a folder above the model. The nearest texts are the most likely ones.
    for folder in PurePosixPath(kmodel).parents:
        texts = []
        for name in source.files:
            path = PurePosixPath(name)
            if path.parent == folder and path.suffix.lower() in TEXTS and name != kmodel:
                texts.append(name)
        if texts:
            return tuple(sorted(texts))
    return ()


def _nothing(source: Source, refused: list[str]) -> str:
    if refused:
        return tr("{source}: no model that can be used: {reasons}", source=source.name, reasons="; ".join(refused))
    # Archives within archives are not opened, because their limits would multiply.
    inner = [name for name in source.files if name.lower().endswith((".zip", ".kfpkg"))]
    if inner:
        return tr(
            "{source}: no .kmodel, but a package in it: unpack {file} and import that",
            source=source.name,
            file=inner[0],
        )
    other = [name for name in source.files if name.lower().endswith((".tflite", ".onnx", ".h5", ".pb"))]
    if other:
        return tr(
            "{source}: no .kmodel, only {file}, which has to be converted first: maixswitch convert {file}",
            source=source.name,
            file=other[0],
        )
    names = sorted(source.files)
    listed = ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
    if not names:
        return tr("{source}: empty; expected an export with a .kmodel in it", source=source.name)
    return tr("{source}: no .kmodel; found {names}", source=source.name, names=listed)
