"""The interface of an import format."""

from __future__ import annotations

from typing import Protocol

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part


class ImportFormat(Protocol):
    """A format of other tools; every module of this folder that has a row in FORMATS is one.

    SOURCE, SIGNS and TAKEN are the cells of its row in docs/import.md, in English Markdown.
    """

    SOURCE: str
    """What writes this format."""
    SIGNS: str
    """The files by which it is known."""
    TAKEN: str
    """What is read from them."""

    def read_evidence(self, part: Part) -> Evidence | None:
        """Read what the files beside a model say about it.

        part: one .kmodel of the source and the texts beside it, which may be hostile.
        Returns None if the files are not of this format.
        Raises Refusal if a file cannot be read.
        """
