"""A file that the card needs, and how its bytes get there."""

from __future__ import annotations

from dataclasses import dataclass

from maixswitch.board.sync.inventory import Source


@dataclass(frozen=True)
class Send:
    """A file to send, or to copy from another path of the card.

    path: its final path on the card.
    part: the path at which it arrives. For the files of a new model, except model.json, that is `path` itself, since
        the app ignores the model until model.json exists.
    offset: bytes that are on the card already.
    new: is `path` missing on the card?
    origin: a file of the card with the same bytes, which are copied and not sent; "" for none.
    moved: does `origin` leave its path?
    """

    source: Source
    path: str
    part: str
    offset: int
    new: bool
    origin: str = ""
    moved: bool = False

    @property
    def left(self) -> int:
        """The bytes that remain to be sent."""
        return 0 if self.origin else self.source.size - self.offset

    @property
    def arrived(self) -> bool:
        """Has an earlier sync brought all bytes to `part`?"""
        return 0 < self.offset == self.source.size
