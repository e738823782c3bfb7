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
        """Read what the files say about a model. What scripts pass to the firmware is added for every format.

        part: one .kmodel of the source with the texts that may belong to it, which may be hostile.
        Returns None if the files are not of this format; `complete` evidence ends the search for others.
        Raises Refusal if a file cannot be read.
        """
