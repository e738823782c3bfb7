"""File names: what a FAT card can hold, and what the board's firmware lists and opens.

The firmware's FatFs uses code page 437, while model.json is UTF-8, so the board never finds a file whose name in
model.json is not ASCII. It lists a name outside code page 437 by its short form, such as MODELL~1. Sources:
MICROPY_FATFS_LFN_CODE_PAGE in mpconfigport.h of MaixPy, FF_LFN_UNICODE 0 in ffconf.h and get_fileinfo in ff.c of
MicroPython v1.11. Never tried on a board.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_NAME = 255  # UTF-16 units of a long file name
LONGEST_PATH = 127  # bytes; MICROPY_ALLOC_PATH_MAX of MaixPy is 128, with the NUL at the end
REFUSED = '"*:<>?|\\'  # create_name in ff.c refuses them, and takes a backslash for a slash
DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10)))
)
LITTER = frozenset((".ds_store", "thumbs.db", "desktop.ini", "__macosx"))
# What operating systems keep on every card; the user need not know about it.
SILENT = frozenset(
    ("system volume information", ".spotlight-v100", ".trashes", ".fseventsd", ".trash-1000", "lost+found", "found.000")
)


@dataclass(frozen=True)
class Trouble:
    """What is wrong with one name.

    kind: beyond-ascii, beyond-437, refused, trailing, long, device, control or path.
    detail: the characters or the length that show it.
    """

    kind: str
    detail: str = ""


def printable(name: str) -> str:
    """Return a name for a message: unprintable characters as escapes, at most 80 characters."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)
    return text if len(text) <= 80 else text[:77] + "..."


def is_litter(name: str) -> bool:
    """Is this one of the files that macOS or Windows leave behind (`._face.kmodel`, `.DS_Store`, `Thumbs.db`)?"""
    return name.startswith("._") or name.lower() in LITTER


def is_silent(name: str) -> bool:
    """Does an operating system keep this on every card, so that it never matters?"""
    return name.lower() in SILENT


def in_code_page(name: str) -> bool:
    """Does code page 437 have every character of the name?"""
    try:
        unicodedata.normalize("NFC", name).encode("cp437")
    except UnicodeEncodeError:
        return False
    return True


def troubles(name: str) -> Iterator[Trouble]:
    """Yield what is wrong with one name (not a path), the worst first."""
    # With a control character or a refused one the copy onto the card fails; the later troubles only confuse.
    control = sorted({c for c in name if ord(c) < 32 or ord(c) == 127})
    if control:
        yield Trouble("control", " ".join(printable(c) for c in control))
    refused = sorted({c for c in name if c in REFUSED})
    if refused:
        yield Trouble("refused", " ".join(refused))
    # FAT drops dots and spaces at the end, so the file would not have the name that model.json states.
    if name.rstrip(" .") != name and name not in (".", ".."):
        yield Trouble("trailing", repr(name[-1]))
    # FAT counts a long name in UTF-16 units, so a character outside the basic plane counts twice.
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    if units > LONGEST_NAME:
        yield Trouble("long", str(units))
    # Windows reserves the name with any suffix: con.txt is the console, too.
    if name.split(".")[0].rstrip(" ").lower() in DEVICES:
        yield Trouble("device", name.split(".")[0].rstrip(" ").upper())
    if not name.isascii():
        yield Trouble("beyond-ascii" if in_code_page(name) else "beyond-437")


def path_length(path: str) -> int:
    """Return the bytes of a card path as the board writes it, with /sd/ before it."""
    return len(("/sd/" + path).encode("utf-8", "surrogatepass"))


def fold(name: str) -> str:
    """Return the name as FAT compares it: in capitals, without dots and spaces at the end."""
    return name.upper().rstrip(" .")


def twins(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names of one folder that FAT takes for the same, in sorted groups of two or more."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(fold(name), []).append(name)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)
