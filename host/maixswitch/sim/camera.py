"""What the simulated camera looks at: a photo, a folder of photos, an animation or the drawn scene.

A source says which picture the camera sees at a time of the board's clock. `ChipCamera` turns that picture into what
the K210's camera interface writes: RGB565 words for the screen and planar 8-bit colour for the KPU.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.rgb565 import words
from maixswitch.sim import scene

Picture = NDArray[np.uint8]
Maker = Callable[[], Picture]
FITS = ("stretch", "cover", "contain")
PHOTO_MS = 3000
BY_ITSELF = -1
MAX_ANIMATION_FRAMES = 600
_CACHED_VIEWS = 8


class Source(Protocol):
    """Something that the camera can look at."""

    name: str

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        """Return the key of the picture at a time, and a function that makes the picture, shape (height, width, 3).

        Equal keys mean equal pictures.
        """


class Scene:
    """The drawn moving scene, one picture per camera frame."""

    name = "drawn scene"

    def __init__(self) -> None:
        self._subject = ""
        self._since = 0

    def lay(self, subject: str, now_ms: int) -> None:
        """From now on show only this subject, a key of scene.SUBJECTS; "" for all of them in turn."""
        if subject != self._subject:
            self._subject, self._since = subject, now_ms

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        at = scene.moment(self._subject, now_ms - self._since) if self._subject else now_ms
        return at, lambda: scene.draw(at, width, height)


class Photo:
    """One still picture."""

    def __init__(self, path: Path, fit: str) -> None:
        self.name = path.name
        self._fit = fit
        self._image = _open(path)

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        return self.name, lambda: fit_picture(self._image, width, height, self._fit)


class Choosable:
    """Several pictures, each for three seconds of board time until one is chosen."""

    def __init__(self, name: str, photos: Sequence[Source]) -> None:
        self.name = name
        self._photos = list(photos)
        self._chosen = BY_ITSELF

    def names(self) -> list[str]:
        """The names of the photos, in the order in which they are shown."""
        return [photo.name for photo in self._photos]

    @property
    def chosen(self) -> int:
        """The index of the chosen photo; BY_ITSELF (-1) while the photos take turns."""
        return self._chosen

    def choose(self, which: int) -> bool:
        """Show the photo of this index from now on, or with BY_ITSELF all in turn; return False if there is none."""
        if which != BY_ITSELF and not 0 <= which < len(self._photos):
            return False
        self._chosen = which
        return True

    def shown(self, now_ms: int) -> int:
        """Return the index of the photo at a time of the board's clock; -1 without photos."""
        if not self._photos or self._chosen != BY_ITSELF:
            return self._chosen
        return now_ms // PHOTO_MS % len(self._photos)

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        if not self._photos:
            return "nothing", lambda: np.zeros((height, width, 3), np.uint8)
        return self._photos[self.shown(now_ms)].view(now_ms, width, height)


class Folder(Choosable):
    """The photos of a folder, in name order."""

    def __init__(self, path: Path, fit: str) -> None:
        # Take only files that Pillow may read: people keep notes and videos beside their photos.
        suffixes = set(Image.registered_extensions())
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and file.is_file())
        if not files:
            raise MaixSwitchError(
                tr("{path}: this folder holds no pictures; expected files such as .png or .jpg", path=path), EXIT_IO
            )
        super().__init__(path.name, [Photo(file, fit) for file in files])

    def choose(self, which: int | str) -> bool:
        """Choose a photo by its index, or by file name with or without the suffix; return False if there is none."""
        if isinstance(which, int):
            return super().choose(which)
        # A script may write `camera cat` for cat.jpg, whatever the type of the file is.
        for index, name in enumerate(self.names()):
            if which in (name, Path(name).stem):
                return super().choose(index)
        return False


class Animation:
    """An animated picture in a loop; each frame has its own duration."""

    def __init__(self, path: Path, fit: str) -> None:
        self.name = path.name
        self._fit = fit
        self._frames: list[Image.Image] = []
        self._ends: list[int] = []
        end = 0
        # Decode every frame now: each is stored as a change of the one before, so a later jump back in time would have
        # to start from the first. The limit bounds the memory.
        with Image.open(path) as image:
            for frame in ImageSequence.Iterator(image):
                self._frames.append(frame.convert("RGB"))
                # Browsers lengthen very short frames, too, and an animation of 0 ms would make `view` divide by zero.
                end += max(20, int(frame.info.get("duration", 100)))
                self._ends.append(end)
                if len(self._frames) == MAX_ANIMATION_FRAMES:
                    break

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        ms = now_ms % self._ends[-1]
        index = next(index for index, end in enumerate(self._ends) if ms < end)
        return (self.name, index), lambda: fit_picture(self._frames[index], width, height, self._fit)


def open_source(path: Path | None, fit: str = "stretch") -> Source:
    """Open the source for a path; None means the drawn scene.

    Raises MaixSwitchError for a file that is missing or not a picture (input), or for an unknown `fit` (usage).
    """
    if fit not in FITS:
        raise MaixSwitchError(tr("--fit {fit}: expected one of {known}", fit=fit, known=", ".join(FITS)), EXIT_USAGE)
    if path is None:
        return Scene()
    if not path.exists():
        raise MaixSwitchError(tr("{path}: no such picture or folder of pictures", path=path), EXIT_IO)
    if path.is_dir():
        return Folder(path, fit)
    # Open the file to see whether it is animated: GIF, WebP and PNG can be either.
    try:
        with Image.open(path) as image:
            moving = bool(getattr(image, "is_animated", False))
    except (UnidentifiedImageError, OSError) as error:
        raise _unreadable(path, error) from error
    return Animation(path, fit) if moving else Photo(path, fit)


def _unreadable(path: Path, error: Exception) -> MaixSwitchError:
    return MaixSwitchError(tr("{path}: not a picture that Pillow can read ({error})", path=path, error=error), EXIT_IO)


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return upright(image)
    except (UnidentifiedImageError, OSError) as error:
        raise _unreadable(path, error) from error


def upright(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, turned upright as its EXIF data says."""
    # Pillow would turn almost every 16-bit grey level into white: reduce them to 8 bits first.
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I;16"):
        turned = Image.fromarray((np.asarray(turned) >> 8).astype(np.uint8))
    return turned.convert("RGB")


def fit_picture(image: Image.Image, width: int, height: int, fit: str) -> Picture:
    """Return the image at a size in pixels, resampled bilinearly.

    fit: "stretch" distorts it, so that a network gets the same as from a test that resizes the photo to its input, and
        positions stay the same fractions of the photo; "cover" cuts it to fill the size; "contain" puts all of it on
        black.
    """
    size = (width, height)
    if fit == "cover":
        image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    elif fit == "contain":
        image = ImageOps.pad(image, size, Image.Resampling.BILINEAR)
    else:
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8)


def rgb565(picture: Picture) -> bytes:
    """Return pixels (height, width, 3) as RGB565 words, high byte first as on the chip."""
    return words(picture).astype(">u2").tobytes()


def from_rgb565(pixels: bytes | bytearray, width: int, height: int) -> Picture:
    """Return RGB565 words, high byte first, as RGB (height, width, 3); the low bits repeat the high ones."""
    packed = np.frombuffer(bytes(pixels), ">u2").reshape(height, width)
    red, green, blue = packed >> 11 & 0x1F, packed >> 5 & 0x3F, packed & 0x1F
    channels = (red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2)
    return np.stack(channels, axis=-1).astype(np.uint8)


def to_jpeg(pixels: bytes, width: int, height: int, bpp: int, quality: int) -> bytes:
    """Return the .jpg of a picture of the board: RGB565 words, high byte first, or with bpp 1 grey bytes."""
    grey = np.frombuffer(pixels, np.uint8)
    picture = grey.reshape(height, width) if bpp == 1 else from_rgb565(pixels, width, height)
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return out.getvalue()


_NO_PICTURE: tuple[Hashable, int, int, Picture] = (None, 0, 0, np.zeros((0, 0, 3), np.uint8))


class ChipCamera:
    """Converts the pictures of a source as the chip's camera interface does; `grab` is the form of bench.camera.source.

    clock: returns the board's time in ms.
    tap: called with (source, key, maker, width, height) at each look; a recording notes what the source shows, a replay
        replaces it.
    """

    def __init__(self, source: Source, clock: Callable[[], int]) -> None:
        self._source = source
        self.tap: Callable[[Source, Hashable, Maker, int, int], tuple[Hashable, Maker]] | None = None
        self._clock = clock
        self._cache: dict[Hashable, tuple[bytes, bytes]] = {}
        self._last = _NO_PICTURE

    def picture(self, width: int, height: int) -> Picture:
        """Return a whole frame (height, width, 3), as a sensor sends it."""
        key, make = self._look(width, height)
        if self._last[:3] != (key, width, height):
            self._last = key, width, height, make()
        return self._last[3]

    def _look(self, width: int, height: int) -> tuple[Hashable, Maker]:
        key, make = self.source.view(self._clock(), width, height)
        # Call the tap before any cache: a recording must learn of every look, including one that a cache answers.
        return self.tap(self.source, key, make, width, height) if self.tap is not None else (key, make)

    @property
    def source(self) -> Source:
        """The present source."""
        return self._source

    @source.setter
    def source(self, source: Source) -> None:
        # A new source may use the same keys for its pictures, so drop the cached views.
        if source is not self._source:
            self._cache.clear()
            self._last = _NO_PICTURE
        self._source = source

    def grab(
        self, x: int, y: int, w: int, h: int, frame_w: int, frame_h: int, gray: bool
    ) -> tuple[bytes, bytes]:  # fmt: skip
        """Return the window (x, y, w, h) of a frame of frame_w x frame_h pixels.

        gray: whether the sensor sends grey.
        Returns the pixels (RGB565 words, or grey bytes) and the planes for the KPU (r, g, b, or grey).
        """
        key, make = self._look(frame_w, frame_h)
        # The key holds everything that the bytes depend on: the app changes the window and the format with the model.
        cache_key = (key, x, y, w, h, frame_w, frame_h, bool(gray))
        converted = self._cache.get(cache_key)
        if converted is None:
            converted = self._convert(make()[y : y + h, x : x + w], bool(gray))
            # Drop the oldest: time moves on, so a moving picture's old views do not come back soon.
            if len(self._cache) >= _CACHED_VIEWS:
                self._cache.pop(next(iter(self._cache)))
            self._cache[cache_key] = converted
        return converted

    @staticmethod
    def _convert(window: Picture, gray: bool) -> tuple[bytes, bytes]:
        if gray:  # the chip's own grey, not the firmware's; the app asks for RGB565
            plane = np.asarray(Image.fromarray(window).convert("L"), np.uint8).tobytes()
            return plane, plane
        return rgb565(window), np.ascontiguousarray(window.transpose(2, 0, 1)).tobytes()
