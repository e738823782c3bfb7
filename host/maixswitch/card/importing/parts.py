"""The models of a source, and the texts that may belong to each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from maixswitch.errors import KModelError
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.language import tr

from .messages import ImportMessage, Refusal
from .network import NetworkFacts, read_network
from .scripts import Scripts
from .source import MAX_MODEL, MODELS, TEXTS, Source, distance, folder_of

LINKS = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".md", ".xml", ".h5", ".tflite", ".onnx", ".pb", ".zip", ".kfpkg")
SKIPPED = (*TEXTS[:-1], *LINKS)
ENCRYPTED = ("smodel", "emodel", "DUDE")


@dataclass(frozen=True)
class Part:
    """One model of a source.

    kmodel: the name of its file.
    texts: the texts that are at least as near to it as to any other model of the source, nearest first.
    network: its network, None before it was read.
    rivals: the other models of the source.
    scripts: the scripts of the source.
    """

    source: Source
    kmodel: str
    texts: tuple[str, ...]
    network: NetworkFacts
    scripts: Scripts = field(repr=False)
    rivals: tuple[Part, ...] = field(default=(), repr=False, compare=False)

    @property
    def stem(self) -> str:
        """The model file's name without folder and suffix."""
        return PurePosixPath(self.kmodel).stem

    def text(self, name: str) -> bytes | None:
        """Return the bytes of a text, None if it is too large."""
        return self.source.text(name)

    def is_called(self, name: str) -> bool:
        """Does `name`, as the user writes it, mean this model? The folders and the suffix may be left out."""
        path = PurePosixPath(self.kmodel)
        return name in (self.kmodel, path.name, path.stem, self.kmodel.removesuffix(path.suffix))
