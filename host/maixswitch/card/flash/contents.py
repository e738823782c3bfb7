"""What `--flash` puts into the flash chip: a file at an address, or the parts of a .kfpkg."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from maixswitch import files
from maixswitch.card.flash.flash_map import SIZE, Extent
from maixswitch.card.flash.package import Package, Part, is_package, judge, read_package
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.findings.table import ERROR
from maixswitch.language import tr

AT_ADDRESS = re.compile(r"(0[xX][0-9a-fA-F]{1,8}|\d{1,9})=(.+)")


def flash_contents(words: list[str]) -> dict[int, bytes]:
    """Return address -> content for the values of `--flash`, such as "0x300000=face.kmodel" or "face.kfpkg".

    Raises MaixSwitchError (usage) for a value that it cannot understand, and for contents that overlap or do not fit;
    (input or output) for an unreadable file; Refusal for a package that cannot be used.
    """
    parts: list[Part] = []
    for word in words:
        match = AT_ADDRESS.fullmatch(word)
        if match:
            data = files.read(Path(match[2]), SIZE + 1, "--flash")
            parts.append(Part(match[2], int(match[1], 0), False, len(data), data))
        elif is_package(Path(word)):
            parts += _sound(read_package(Path(word)), word).parts
        else:
            raise MaixSwitchError(
                tr("--flash {text}: expected ADDRESS=FILE, such as 0x300000=face.kmodel, or a .kfpkg", text=word),
                EXIT_USAGE,
            )
    placed = sorted((part.extent for part in parts), key=lambda item: (item.start, item.end))
    for first, second in pairwise(placed):
        if first.overlaps(second):
            raise _refused(second, first.named)
    for extent in placed:
        if extent.end > SIZE:
            raise _refused(extent, tr("the flash chip ends at {end}", end=f"0x{SIZE:06X}"))
    return Package(tuple(parts)).contents()


def _sound(package: Package, word: str) -> Package:
    """Return the package. Raises MaixSwitchError (usage) for one that no flashing tool could write."""
    # Its form matters to kflash only.
    for item in judge(package):
        if item.severity == ERROR and item.code != "C682":
            raise MaixSwitchError(f"--flash {word}: {item.text()} {item.remedy}", EXIT_USAGE)
    return package


def _refused(extent: Extent, limit: str) -> MaixSwitchError:
    text = tr("--flash {extent}: does not fit; {limit}", extent=extent.named, limit=limit)
    return MaixSwitchError(text, EXIT_USAGE)
