"""What the camera looks at: the drawn scene, a photo, an album, a folder of this PC, or the webcam of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Choosable, Scene, Source
from maixswitch.web.pictures import Album, DroppedPhoto, Webcam, describe
from maixswitch.web.subject import ALL, SUITED


class CameraView:
    """Holds the camera's source.

    source: the first one.
    aim: called with each new source.
    oust: called with the number of the page whose webcam was replaced.
    """

    def __init__(
        self, source: Source, aim: Callable[[Source], None], oust: Callable[[int], None] = lambda page: None
    ) -> None:
        self._source = source
        self._aim = aim
        self._oust = oust
        self._album = Album()
        self._filming = 0  # the page whose webcam it is, 0 for none
        self.desk = SUITED  # what a person chose to lie on the desk of the scene, one of DESKS

    @property
    def source(self) -> Source:
        """The present source."""
        return self._source

    def show(self, source: Source) -> None:
        """Make this the camera's source."""
        # Forget the filming page at once: what it still sends must not reach the new source.
        filming, self._filming = self._filming, 0
        self._source = source
        self._aim(source)
        if filming:
            self._oust(filming)

    def suit(self, subject: str, now: int) -> None:
        """Lay on the desk what was chosen. subject: what suits the model, see `suiting`. now: board time in ms."""
        if isinstance(self._source, Scene):
            self._source.lay(subject if self.desk == SUITED else "" if self.desk == ALL else self.desk, now)

    def show_scene(self) -> None:
        self.show(Scene())

    def show_photo(self, photo: DroppedPhoto) -> None:
        """Show a photo."""
        self.show(photo)

    def open_album(self) -> None:
        """Start a new album; it is shown with its first photo."""
        self._album = Album()

    def add_photo(self, photo: DroppedPhoto) -> None:
        """Add a photo to the album that was started last. Raises MaixSwitchError (usage) if it is full."""
        self._album.add(photo)
        # Show it only with its first photo: an album without photos, or only broken ones, would be black.
        if self._source is not self._album:
            self.show(self._album)

    def photos(self) -> list[DroppedPhoto]:
        """Return the photo or the photos of the album that lie before the camera; none for any other source."""
        if isinstance(self._source, Album):
            return self._source.photos()
        return [self._source] if isinstance(self._source, DroppedPhoto) else []

    def turn(self, index: int) -> None:
        """Show a photo of the album or folder by its index; -1 shows all in turn. Raises MaixSwitchError without it."""
        if not isinstance(self._source, Choosable) or not self._source.choose(index):
            raise MaixSwitchError(tr("the camera's source has no photo of that number"))

    def film(self, page: int) -> None:
        """Show the webcam of a page, black until its first frame. It replaces that of another page."""
        if self._filming == page:
            self._filming = 0  # the same page started again, so no page is replaced
        self.show(Webcam())
        self._filming = page

    def take_frame(self, data: bytes, page: int) -> None:
        """Take a frame of a page's webcam; ignore a page that was replaced and does not know it yet."""
        if isinstance(self._source, Webcam) and self._filming == page:
            self._source.put(data)

    def leave(self, page: int) -> None:
        """Show the drawn scene if the webcam of this page, which has gone, was shown."""
        if self._filming == page:
            self.show_scene()

    def take_trouble(self) -> tuple[str, int]:
        """Return once why the webcam's frames cannot be used ("" if they can), and the number of its page."""
        return (self._source.take_trouble(), self._filming) if isinstance(self._source, Webcam) else ("", 0)

    def document(self) -> dict[str, Any]:
        """Return the page's "source"."""
        return {**describe(self._source), "desk": self.desk}
