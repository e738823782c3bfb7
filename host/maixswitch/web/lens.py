"""What lies before the lens: the drawn scene, a photo, an album, a folder of this PC, or a page's webcam."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Choosable, Scene, Source
from maixswitch.web.pictures import Album, Webcam, describe, read_photo

HUSH_S = 1.0  # a page stops its webcam when it hears that something else is looked at; until then it sends on


class Lens:
    """Starts with `source`; `aim` gets each that takes its place. `clock`: seconds of this PC."""

    def __init__(
        self, source: Source, aim: Callable[[Source], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._aim = aim
        self._clock = clock
        self._album = Album()
        self._filming = 0  # the page whose webcam it is
        self._ousted: set[int] = set()  # pages whose webcam had to go
        self._hush = 0.0  # when those may come back

    @property
    def source(self) -> Source:
        """What the camera looks at."""
        return self._source

    def show(self, source: Source) -> None:
        """Puts something before the lens."""
        if isinstance(self._source, Webcam):
            self._ousted.add(self._filming)
            self._hush = self._clock() + HUSH_S
        self._source = source
        self._aim(source)

    def show_scene(self) -> None:
        self.show(Scene())

    def show_photo(self, data: bytes) -> None:
        """A photo's file; MaixSwitchError where it cannot be read."""
        self.show(read_photo(data))

    def open_album(self) -> None:
        """A new album; it is shown with its first photo."""
        self._album = Album()

    def add_photo(self, name: str, data: bytes) -> None:
        """One more photo of the album that was opened last."""
        self._album.add(name, data)
        if self._source is not self._album:
            self.show(self._album)

    def turn(self, index: int) -> None:
        """A photo of the album or folder by its index; -1: each for a while."""
        if not isinstance(self._source, Choosable) or not self._source.choose(index):
            raise MaixSwitchError(tr("the camera looks at no photo of that number"))

    def show_webcam(self, data: bytes, page: int) -> None:
        """A frame of that page's webcam; dropped where what came instead of the webcam was chosen just now."""
        source = self._source
        if isinstance(source, Webcam):
            if self._filming == page:
                source.put(data)
            if page == self._filming or page in self._ousted:
                return
        elif self._clock() < self._hush:
            if page in self._ousted:
                return
        else:
            self._ousted.clear()
        webcam = Webcam()
        webcam.put(data)
        self.show(webcam)
        self._filming = page

    def leave(self, page: int) -> None:
        """The page is gone, and its webcam with it."""
        if isinstance(self._source, Webcam) and self._filming == page:
            self.show_scene()
        self._ousted.discard(page)

    def take_trouble(self) -> tuple[str, int]:
        """Why the webcam's frames cannot be used, told once, and whose it is."""
        return (self._source.take_trouble(), self._filming) if isinstance(self._source, Webcam) else ("", 0)

    def document(self) -> dict[str, Any]:
        """The page's "source"."""
        return describe(self._source)
