"""Pictures that a page sends to the camera: a photo, an album of photos, or the frames of its webcam."""

from __future__ import annotations

import io
import itertools
import unicodedata
import warnings
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Choosable, Picture, Scene, Source, fit_picture, upright
from maixswitch.web.messages import MOST_BYTES

MOST_PIXELS = 24_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MOST_PHOTOS = 100
PHOTO_SIZE = (1280, 960)
ALBUM_SIZE = (640, 480)
WEBCAM_BYTES = 256 * 1024
WEBCAM_SIZE = (1280, 960)
NAME_LETTERS = 80
# The first four bytes of a page's binary message -> its kind.
KINDS = {b"MXP1": "photo", b"MXA0": "album", b"MXA1": "add", b"MXW1": "webcam"}
_numbers = itertools.count(1)


class DroppedPhoto:
    """A still picture, shown complete on black. Each dropped photo counts as a new picture."""

    def __init__(self, image: Image.Image, name: str = "dropped photo") -> None:
        self.name = name
        self._number = next(_numbers)
        self._image = image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the picture that is kept."""
        return self._image.size

    def save(self, path: Path) -> None:
        """Write the picture as a PNG. Raises MaixSwitchError (output) if that is impossible."""
        with files.writing(path):
            self._image.save(path, "PNG")

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        return self._number, lambda: fit_picture(self._image, width, height, "contain")


class Album(Choosable):
    """At most MOST_PHOTOS photos in the order of their arrival, each reduced to fit ALBUM_SIZE."""

    def __init__(self) -> None:
        super().__init__("album", ())

    def add(self, photo: DroppedPhoto) -> None:
        """Add a photo. Raises MaixSwitchError (usage) if the album is full. Then the album stays unchanged."""
        if len(self._photos) >= MOST_PHOTOS:
            raise MaixSwitchError(
                tr("the album is full ({most} photos); start a new one", most=MOST_PHOTOS), EXIT_USAGE
            )
        self._photos.append(photo)

    def photos(self) -> list[DroppedPhoto]:
        """Return the photos."""
        return [photo for photo in self._photos if isinstance(photo, DroppedPhoto)]


class Webcam:
    """The newest frame of a page's webcam, cut to fill the camera's picture; black before the first frame.

    `put` may be called from any thread and is fast: a frame is decoded only when the camera looks at it. If a frame
    cannot be decoded, the last picture stays.
    """

    def __init__(self) -> None:
        self.name = "webcam"
        self._newest = (0, b"")  # a single tuple, so that another thread sees both or neither
        self._decoded = 0  # number of the frame that was decoded last, broken or not
        self._image: Image.Image | None = None
        self._trouble = ""
        self._reported = False

    def put(self, data: bytes) -> None:
        """Take a frame, a JPEG. Raises MaixSwitchError (usage) if it has more than WEBCAM_BYTES."""
        if len(data) > WEBCAM_BYTES:
            raise MaixSwitchError(
                tr("a webcam frame of {size} bytes; at most {most} are allowed", size=len(data), most=WEBCAM_BYTES),
                EXIT_USAGE,
            )
        self._newest = (next(_numbers), data)

    def take_trouble(self) -> str:
        """Return why a frame could not be used, else "". Each series of bad frames is told only once."""
        trouble, self._trouble = self._trouble, ""
        return trouble

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        number, data = self._newest
        return number, lambda: self._picture(number, data, width, height)

    def _picture(self, number: int, data: bytes, width: int, height: int) -> Picture:
        # A broken frame counts as decoded, or each look of the camera would try it again.
        if number != self._decoded:
            self._decoded = number
            try:
                self._image = _decode_frame(data)
                self._reported = False
            except MaixSwitchError as error:
                # Give one message for a series of broken frames: a page sends many in a second.
                self._trouble = self._trouble if self._reported else error.message
                self._reported = True
        if self._image is None:
            return np.zeros((height, width, 3), np.uint8)
        return fit_picture(self._image, width, height, "cover")


def read_photo(data: bytes, name: str = "dropped photo", most: tuple[int, int] = PHOTO_SIZE) -> DroppedPhoto:
    """Return the photo in a file's bytes: PNG, JPEG, WebP, BMP or GIF (its first picture) of up to 24 million pixels.

    It takes up to a second: call it in a thread that neither the board nor the pages wait for.
    name: of its file, as plain text.
    most: largest width and height in pixels that are kept.
    Raises MaixSwitchError (input) for anything else. Of a photo that is too large only the header is read.
    """
    return DroppedPhoto(_decode(data, most), name)


def read_bytes_message(data: bytes) -> tuple[str, str, bytes]:
    """Return (kind, name, contents) of a page's binary message, which begins with four letters.

    "MXP1" and a picture's file: "photo".
    "MXA0": "album", a new empty one.
    "MXA1", a byte with the length of a name, the name (UTF-8) and a picture's file: "add".
    "MXW1" and a JPEG: "webcam".
    The name is plain text, "" if there is none. The contents are not checked.
    Raises MaixSwitchError (usage) for anything else.
    """
    # Check sizes here and not in the decoder: a message that is too large must not wait in the board's queue.
    if len(data) > MOST_BYTES:
        raise MaixSwitchError(tr("a message of more than {most} bytes", most=MOST_BYTES), EXIT_USAGE)
    kind, contents = KINDS.get(bytes(data[:4]), ""), bytes(data[4:])
    if not kind:
        raise MaixSwitchError(
            tr(
                "a binary message begins with {head!r}; expected one of {known}",
                head=bytes(data[:4]),
                known=", ".join(letters.decode() for letters in KINDS),
            ),
            EXIT_USAGE,
        )
    name = ""
    if kind == "add":
        # _read_name refuses a length of 0, or one beyond the end.
        length = contents[0] if contents else 0
        name, contents = _read_name(contents[1 : 1 + length], length), contents[1 + length :]
    # A new album must be empty, and everything else must bring a picture.
    if (kind == "album") != (not contents):
        expected = tr("none") if kind == "album" else tr("a picture")
        raise MaixSwitchError(
            tr(
                "{kind}: {size} bytes of contents; expected: {expected}",
                kind=kind,
                size=len(contents),
                expected=expected,
            ),
            EXIT_USAGE,
        )
    if kind == "webcam" and len(contents) > WEBCAM_BYTES:
        raise MaixSwitchError(
            tr("a webcam frame of {size} bytes; at most {most} are allowed", size=len(contents), most=WEBCAM_BYTES),
            EXIT_USAGE,
        )
    return kind, name, contents


def _read_name(data: bytes, length: int) -> str:
    try:
        if not length or len(data) != length:
            raise ValueError
        return plain_name(data.decode("utf-8"))
    except ValueError as error:
        raise MaixSwitchError(
            tr("a photo's name is cut short or not UTF-8; expected the length of the name, the name, then the picture"),
            EXIT_USAGE,
        ) from error


def plain_name(name: str) -> str:
    """Return a file's name as plain text of at most NAME_LETTERS, without folders and without invisible characters.

    Invisible characters are those of Unicode's group C: line breaks, marks of direction, lone surrogates and others.
    """
    # A browser on Windows may send backslashes.
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    # Turn white space into spaces first: tabs and line breaks are in group C, and two words would become one.
    kept = "".join(" " if letter.isspace() else letter for letter in last)
    kept = "".join(letter for letter in kept if not unicodedata.category(letter).startswith("C")).strip()
    return (kept if len(kept) <= NAME_LETTERS else kept[: NAME_LETTERS - 1] + "…") or tr("photo")


def describe(source: Source) -> dict[str, Any]:
    """Return the camera's source for the page's "status".

    kind: "scene", "photo" (dropped), "album" (of a page, or a folder), "webcam", or "file" for any other.
    name: plain text, in the user's language if it is ours.
    photos, chosen: names of the photos, and the index of the chosen one or -1.
    """
    kind = next((name for family, name in _FAMILIES if isinstance(source, family)), "file")
    several = source if isinstance(source, Choosable) else None
    if kind == "album":
        name = tr("album") if isinstance(source, Album) else source.name
    else:
        name = {"scene": tr("drawn scene"), "photo": tr("dropped photo"), "webcam": tr("webcam")}.get(kind, source.name)
    return {
        "kind": kind,
        "name": plain_name(name),
        # A folder of this PC may hold thousands of photos: name only the first ones, since the status is sent often.
        "photos": [plain_name(name) for name in several.names()[:MOST_PHOTOS]] if several else [],
        "chosen": several.chosen if several else -1,
    }


_FAMILIES = ((Scene, "scene"), (DroppedPhoto, "photo"), (Choosable, "album"), (Webcam, "webcam"))


def _open(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the caller checks its size
        return Image.open(io.BytesIO(data), formats=formats)


def _decode(data: bytes, most: tuple[int, int]) -> Image.Image:
    """Return the RGB picture of a photo's file. most: largest width and height in pixels."""
    try:
        with _open(data, FORMATS) as image:
            # Only the header has been read so far: a small file can contain a huge picture.
            if image.width * image.height > MOST_PIXELS:
                raise MaixSwitchError(
                    tr(
                        "a photo of {width} x {height} pixels; make it smaller than {most} million pixels",
                        width=image.width,
                        height=image.height,
                        most=MOST_PIXELS // 1_000_000,
                    ),
                    EXIT_IO,
                )
            image.draft("RGB", most)  # decodes a JPEG at half or a quarter of its size if that is enough
            photo = upright(image)
    except MaixSwitchError:
        raise
    except Image.DecompressionBombError as error:
        raise MaixSwitchError(
            tr("a photo of more than {most} million pixels: make it smaller", most=MOST_PIXELS // 1_000_000), EXIT_IO
        ) from error
    except Exception as error:  # Pillow's readers raise errors of many kinds on broken files
        raise MaixSwitchError(
            tr("this is not a readable photo; expected one of {formats}", formats=", ".join(FORMATS)), EXIT_IO
        ) from error
    # `draft` works only on JPEG and in powers of two: now reduce the picture to the exact size.
    photo.thumbnail(most)
    return photo


def _decode_frame(data: bytes) -> Image.Image:
    width, height = WEBCAM_SIZE
    try:
        # Accept only JPEG, since the page sends nothing else: each further reader is more code open to foreign bytes.
        with _open(data, ("JPEG",)) as image:
            if image.width <= width and image.height <= height:
                return image.convert("RGB")
            size = f"{image.width}x{image.height}"
    except Exception as error:  # Pillow's readers raise errors of many kinds on broken files
        raise MaixSwitchError(tr("a webcam frame is not a readable JPEG"), EXIT_IO) from error
    raise MaixSwitchError(
        tr(
            "a webcam frame of {size} pixels; at most {most} are allowed",
            size=size,
            most=f"{width}x{height}",
        ),
        EXIT_IO,
    )
