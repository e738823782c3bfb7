"""The models of a source, and the texts that may belong to each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.format.sniff import DUDE, V3, V4, file_kind
from maixswitch.language import tr

from .matching import Match, match
from .messages import ImportMessage, Refusal
from .network import NetworkFacts, read_network
from .scripts import Scripts
from .source import MAX_MODEL, MODELS, TEXTS, Source, distance

OTHER = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".md", ".xml", ".h5", ".tflite", ".onnx", ".pb", ".pt", ".zip")
SKIPPED = (*TEXTS[:-1], *OTHER, ".kfpkg")
ENCRYPTED = ("smodel", "emodel", DUDE)


@dataclass(eq=False)
class Part:
    """One model of a source.

    kmodel: the name of its file.
    texts: the texts that are at least as near to it as to any other model of the source, nearest first.
    rivals: the other models of the source.
    matches: what scripts do with it, the likeliest first.
    """

    source: Source
    kmodel: str
    texts: tuple[str, ...]
    network: NetworkFacts = field(repr=False)
    scripts: Scripts = field(repr=False)
    rivals: Sequence[Part] = field(default=(), repr=False)
    matches: list[Match] = field(default_factory=list, repr=False)

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

    def owns(self, file: str) -> bool:
        """Does a text belong to this model and to no other, by its place or its name?"""
        stem = PurePosixPath(file).stem.lower()
        named = [part for part in (self, *self.rivals) if part.stem.lower() in stem]
        if named:
            return named == [self] or max(named, key=lambda part: len(part.stem)) is self
        return not any(file in part.texts for part in self.rivals)


def find_parts(source: Source) -> tuple[list[Part], list[ImportMessage]]:
    """Find the models of a source by their first bytes, and read their networks.

    Returns the models, and a message for each model file and package that cannot be used.
    """
    names: list[str] = []
    refused: list[ImportMessage] = list(source.refused)
    for name in sorted(source.files):
        ending = PurePosixPath(name).suffix.lower()
        named = name == source.only or len(source.files) == 1
        # Skip pictures and the like, of which a package holds hundreds. A file that the user named gets a reason.
        if ending in SKIPPED and not named:
            continue
        kind = file_kind(source.head(name))
        if kind.name in (V3, V4, "kmodel v3, word-swapped"):
            names.append(name)
        elif (ending in MODELS and not source.only) or named:
            code = "C503" if kind.name in ENCRYPTED else "C502"
            refused.append(ImportMessage(code, tr("{file}: {reason}", file=name, reason=kind.message)))

    scripts = Scripts(source)
    parts: list[Part] = []
    # Loose files come first: a package beside them often holds the same model once more.
    networks: dict[bytes, str] = {}
    for name in sorted(names, key=lambda name: (name in source.packed, name)):
        try:
            network = read_network(source.read(name, MAX_MODEL))
            if name in source.packed and network.data in networks:
                continue
            networks[network.data] = name
            parts.append(Part(source, name, (), network, scripts))
        except Refusal as refusal:
            refused.append(refusal.import_message)
        except MaixSwitchError as error:
            refused.append(ImportMessage("C504", tr("{file}: {reason}", file=name, reason=error.message)))
    parts.sort(key=lambda part: part.kmodel)
    texts = _texts(source, [part.kmodel for part in parts])
    for part in parts:
        part.rivals = [other for other in parts if other is not part]
        part.texts = texts[part.kmodel]
    for part, matches in zip(
        parts, match(source, scripts, [(part.kmodel, part.network) for part in parts]), strict=True
    ):
        part.matches = matches
    if source.only:
        parts = [part for part in parts if part.kmodel == source.only]
    return parts, refused


def _texts(source: Source, models: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the texts of each model: those to which no other model is nearer, the nearest first."""
    near: dict[str, list[tuple[int, str]]] = {name: [] for name in models}
    for text in source.files:
        if PurePosixPath(text).suffix.lower() in TEXTS and text not in near:
            steps = {name: distance(text, name) for name in models}
            for name, count in steps.items():
                if count == min(steps.values()):
                    near[name].append((count, text))
    return {name: tuple(text for _, text in sorted(texts)) for name, texts in near.items()}
