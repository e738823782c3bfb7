"""Tells by its first bytes what kind of file this is, and what its owner can do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from maixswitch.language import tr, word

V3, V4, DUDE = "kmodel v3", "kmodel v4", "DUDE"
MAGIC = b"LDMK"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    name: for a listing.
    message: what the file is and what to do.
    usable: True if this package reads it.
    convert: True if converting the network again helps.
    """

    name: str
    message: str
    usable: bool = False
    convert: bool = False


_CONVERT = "convert the network again with maixswitch convert, from its .tflite or .onnx"
_MAKE = "maixswitch convert makes a kmodel of it"
_DOWNLOAD = "download it again, as the raw file"


def _word(data: bytes, offset: int, order: str = "little") -> int:
    return int.from_bytes(data[offset : offset + 4], "big" if order == "big" else "little")


def file_kind(data: bytes) -> Kind:
    """The kind of a file; the first 64 bytes are enough. Never raises."""
    head = data[:64]
    # An erased flash reads as 0xff, and a failed copy as zeros. Neither is worth a guess.
    if not head.strip(b"\0\xff"):
        return Kind("empty", tr("the file is empty or blank; download it again, as the raw file"))
    if head[:4] == MAGIC:
        return _container(_word(head, 4))
    # Version 3 has no magic number other than its version, so the word for the chip has to fit as well.
    if _word(head, 0) == 3:
        if _word(head, 8) not in (0,):
            return Kind("unknown", tr("starts like kmodel v3, but not for the K210 (arch is not 0)"))
        return Kind(V3, "kmodel v3 (nncase 0.1)", True)
    # load_flash reads the flash chip in words of the other byte order, so such files circulate as well.
    if _word(head, 0, "big") == 3 and _word(head, 4, "big") in (0, 1):
        return Kind(
            "kmodel v3, word-swapped",
            tr(
                "a kmodel v3 whose 32-bit words are byte-swapped, made for kpu.load_flash(); it cannot be loaded from "
                "the TF card: use the original file, or swap each 4 bytes back"
            ),
        )
    # The specific tests come first, because the test for a text is true for many other kinds.
    for test, kind in _OTHERS:
        if test(head):
            return replace(kind, message=word(kind.message))
    return Kind("unknown", tr("not a kmodel; download it again, as the raw file, or look for the right one"))


def _container(version: int) -> Kind:
    if version == 4:
        return Kind(V4, "kmodel v4 (nncase 0.2)", True)
    # Later versions hold the same kind of network, so its owner only has to convert it again.
    if version > 4:
        return Kind(
            f"kmodel v{version}",
            tr(
                "kmodel v{version} (nncase 1.0 or later), which no MaixPy firmware runs (it fails with 2015); "
                "convert the network again with maixswitch convert, from its .tflite or .onnx",
                version=version,
            ),
            convert=True,
        )
    message = tr(
        "a kmodel container of unknown version {version}; convert the network again with maixswitch convert, "
        "from its .tflite or .onnx",
        version=version,
    )
    return Kind("unknown", message, convert=True)


def _text(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head)


_OTHERS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (
        lambda head: head[:4] == b"LDMS" or _word(head, 0) == 0x2713,
        Kind(
            "smodel",
            "an encrypted model (.smodel), locked to one board's key; it runs only on that board: "
            "ask its owner for the plain .kmodel",
        ),
    ),
    (
        lambda head: head[:4] == b"DUDE",
        Kind(
            DUDE,
            "an encrypted model (it begins with DUDE) that only the firmware of the CorgiDude board reads; "
            "look for the plain .kmodel",
        ),
    ),
    (
        lambda head: head[:4] == b"LDME",
        Kind("emodel", "an .emodel, a closed format of the firmware's maker; look for the plain .kmodel"),
    ),
    (
        lambda head: head[:4] == b"PK\x03\x04",
        Kind("zip", "a zip or .kfpkg package, not a model; unpack it, the .kmodel is one of its files"),
    ),
    (
        lambda head: head[:4] == b"\x01\0\0\0",
        Kind("kmodel v1", f"a kmodel v1 (before nncase), which MaixPy no longer runs; {_CONVERT}", convert=True),
    ),
    (lambda head: head[:2] == b"\x1f\x8b", Kind("gzip", "a gzip archive, not a model; unpack it first")),
    (lambda head: head[4:8] == b"TFL3", Kind("tflite", f"a TensorFlow Lite model; {_MAKE}", convert=True)),
    (
        lambda head: head.lstrip()[:1] == b"<" and _text(head),
        Kind("html", f"a web page, not a model (a download that ended at a login or preview page); {_DOWNLOAD}"),
    ),
    (
        lambda head: head.startswith(b"version https://git-lfs"),
        Kind("git-lfs pointer", f"a Git LFS pointer, not the model itself; {_DOWNLOAD} or run git lfs pull"),
    ),
    (
        lambda head: head[:8] == b"\x89PNG\r\n\x1a\n" or head[:3] in (b"\xff\xd8\xff", b"GIF"),
        Kind("picture", "a picture, not a model; a picture goes behind --input of maixswitch kmodel run"),
    ),
    (
        lambda head: head[:4] == b"\x89HDF",
        Kind("hdf5", "an HDF5 file, such as Keras writes; maixswitch convert says how to export it", convert=True),
    ),
    (
        # protobuf: the version of the format, then the name of the program that wrote it, or at once the graph
        lambda head: (
            head[:1] == b"\x08"
            and 0 < int.from_bytes(head[1:2], "big") < 32
            and (head[2:3] == b":" or (head[2:3] == b"\x12" and head[4:5].isalpha()))
        ),
        Kind("onnx", f"an ONNX model; {_MAKE}", convert=True),
    ),
    (_text, Kind("text", f"a text file, not a model; {_DOWNLOAD}")),
)
