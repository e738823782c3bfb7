"""What the camera looks at: the drawn scene, a photo, an album, a folder of this PC, or a page's webcam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Choosable, Scene, Source
from maixswitch.web.pictures import Album, Webcam, describe, read_photo


class CameraView:
    """Holds the camera's source.

    source: the first one.
    aim: called with each new source.
    oust: called with the page whose webcam was replaced.
    """

    def __init__(
        self, source: Source, aim: Callable[[Source], None], oust: Callable[[int], None] = lambda page: None
    ) -> None:
        self._source = source
        self._aim = aim
        self._oust = oust
        self._album = Album()
        self._filming = 0  # the page whose webcam it is, 0 for none

    @property
    def source(self) -> Source:
        """What the camera looks at."""
        return self._source

    def show(self, source: Source) -> None:
        """Make this the camera's source."""
        # Cleared at once: what that page still sends must not reach the new source.
        filming, self._filming = self._filming, 0
        self._source = source
        self._aim(source)
        if filming:
            self._oust(filming)

    def show_scene(self) -> None:
        self.show(Scene())

    def show_photo(self, data: bytes) -> None:
        """Show the photo in these bytes. Raises MaixSwitchError if they cannot be read."""
        self.show(read_photo(data))

    def open_album(self) -> None:
        """Start a new album; it is shown with its first photo."""
        self._album = Album()

    def add_photo(self, name: str, data: bytes) -> None:
        """Add a photo to the album that was started last."""
        self._album.add(name, data)
        # Only with its first photo: a new album without one would be black, also if all its files are broken.
        if self._source is not self._album:
            self.show(self._album)

    def turn(self, index: int) -> None:
        """Show a photo of the album or folder by its index; -1 shows each for a while."""
        if not isinstance(self._source, Choosable) or not self._source.choose(index):
            raise MaixSwitchError(tr("the camera looks at no photo of that number"))

    def film(self, page: int) -> None:
        """Show the webcam of a page, black until its first frame. It replaces that of another page."""
        if self._filming == page:
            self._filming = 0  # The same page started again, so nobody is replaced.
        self.show(Webcam())
        self._filming = page

    def take_frame(self, data: bytes, page: int) -> None:
        """Take a frame of a page's webcam. A page that was replaced may send on until it hears of it."""
        if isinstance(self._source, Webcam) and self._filming == page:
            self._source.put(data)

    def leave(self, page: int) -> None:
        """Return to the scene if the page whose webcam is shown is gone."""
        if self._filming == page:
            self.show_scene()

    def take_trouble(self) -> tuple[str, int]:
        """Return why the webcam's frames cannot be used, once, and whose webcam it is."""
        return (self._source.take_trouble(), self._filming) if isinstance(self._source, Webcam) else ("", 0)

    def document(self) -> dict[str, Any]:
        """Return the page's "source"."""
        return describe(self._source)
