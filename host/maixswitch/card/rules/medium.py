"""The card as a medium: partition table, file system, room, and the names of its files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from maixswitch.card import names
from maixswitch.card.medium.image import Image, Volume
from maixswitch.card.medium.mount import Mount, read_mount
from maixswitch.card.medium.partitions import FAT_TYPES
from maixswitch.card.medium.sectors import SECTOR
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

if TYPE_CHECKING:
    from maixswitch.card.options import Options
    from maixswitch.card.reading import Card

NEEDED = 8192  # the two files that remember the choice, and what the firmware may write, whatever a cluster is
LITTLE = 1 << 20
MOST = 20_000  # names of a folder tree that are looked at
SHOWN = 20  # findings of one code about names; the rest is counted in the last

KINDS = {
    "control": "C404", "refused": "C404", "trailing": "C404", "long": "C404", "device": "C405",
    "beyond-ascii": "C402", "beyond-437": "C402",
}  # fmt: skip


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Findings C401 to C427 of a card; a model's folder or a bare file is no medium, of it only names are judged."""
    if card.kind == "card":
        yield from judge_mount(read_mount(card.path))
    if card.kind == "kmodel":
        return
    prefix = "" if card.kind == "card" else f"models/{card.path.resolve().name}/"
    yield from judge_names(folder_names(card.path, prefix))
    for model in card.models:
        if model.spec is not None:
            yield from _named_files(card, model.json)


def judge_image(image: Image) -> Iterator[Finding]:
    """What is wrong with a card that was read as an image or block device: table, file system, room, state."""
    table, volume = image.table, image.volume
    systems = [system for _, system in image.refused if system]
    if table.kind == "gpt":
        # a table of both sorts works when one of the MBR's entries is the FAT volume
        if volume is None:
            yield finding("C412", found=tr("GPT"), wanted="MBR")
    elif table.kind == "blank":
        yield finding("C414", wanted=tr("MBR and FAT32"))
    elif volume is None and not systems:
        found = tr("{count} partitions without a known file system", count=len(table.partitions))
        yield finding("C414", found=found, wanted="FAT32")
    if table.kind == "none":
        yield finding("C413", wanted="MBR")
    if volume is None:
        if table.kind != "gpt":
            yield from (_system(system) for system in dict.fromkeys(systems))
        return
    yield from _partition(image, volume)
    yield from _volume(image, volume)


def judge_mount(mount: Mount | None) -> Iterator[Finding]:
    """What is wrong with a card that this PC has mounted; None: a folder of this PC, of which nothing is known."""
    if mount is None:
        yield finding("C425", found=tr("a folder of this PC, not a mounted card"))
        return
    if mount.unchecked:
        yield finding("C425", found="; ".join(mount.unchecked))
    if mount.table == "gpt":
        yield finding("C412", found="GPT", wanted="MBR")
    elif mount.table == "none":
        yield finding("C413", wanted="MBR")
    if mount.system and mount.system != "FAT":
        yield _system(mount.system)
        return
    if mount.bits in (12, 16):
        yield finding("C417", found=f"FAT{mount.bits}", wanted="FAT32")
    if mount.table == "mbr" and mount.kind and mount.kind not in FAT_TYPES:
        yield finding("C416", found=tr("type {kind}", kind=f"{mount.kind:02x}"), wanted="0c")
    if mount.read_only:
        yield finding("C422")
    if mount.free >= 0:
        yield from _room(mount.free)


def judge_names(tree: Iterable[tuple[str, list[str]]]) -> Iterator[Finding]:
    """What is wrong with names; tree: (card path of a folder, names in it), as os.walk goes. At most 20 of a kind."""
    counts: dict[str, int] = {}
    litter: list[str] = []

    def say(code: str, path: str, found: str) -> Iterator[Finding]:
        counts[code] = counts.get(code, 0) + 1
        if counts[code] <= SHOWN:
            yield finding(code, path, found=found)

    for folder, found in tree:
        for name in found:
            path = f"{folder}/{name}" if folder else name
            shown = "/".join(names.printable(part) for part in path.split("/"))
            if names.is_litter(name):
                litter.append(shown)
                continue
            for trouble in names.troubles(name):
                yield from say(KINDS[trouble.kind], shown, _named(trouble, name))
            length = names.path_length(path)
            if length > names.LONGEST_PATH:
                yield from say("C407", shown, tr("{count} bytes", count=length))
        for group in names.twins(found):
            place = names.printable(folder)
            yield from say("C403", place, ", ".join(names.printable(name) for name in group[:4]))
    for code, count in counts.items():
        if count > SHOWN:
            yield finding(code, found=tr("{count} more of them", count=count - SHOWN))
    if litter:
        more = tr("{name} and {count} more", name=litter[0], count=len(litter) - 1) if litter[1:] else litter[0]
        yield finding("C406", found=more)


def _named(trouble: names.Trouble, name: str) -> str:
    said = {
        "control": tr("control characters {detail}", detail=trouble.detail),
        "refused": tr("the characters {detail}", detail=trouble.detail),
        "trailing": tr("{detail} at its end", detail=trouble.detail),
        "long": tr("{detail} characters", detail=trouble.detail),
        "device": trouble.detail,
        "beyond-ascii": tr("the board reads it as {name}", name=_as_listed(name)),
        "beyond-437": tr("the board sees its short form, such as {name}", name="MODELL~1"),
    }
    return said[trouble.kind]


def _as_listed(name: str) -> str:
    """The name as the board's screen shows it: a byte of code page 437 is no UTF-8."""
    return "".join(c if c.isascii() else "?" for c in names.printable(name))


def _named_files(card: Card, path: str) -> Iterator[Finding]:
    """Files that model.json names in letters beyond ASCII: judged even where the file is not there."""
    import json

    said = card.text(path)
    try:
        data = json.loads(said) if said and len(said) <= 8192 else None
    except (ValueError, RecursionError):
        return
    for field in ("kmodel", "labels"):
        name = data.get(field) if isinstance(data, dict) else None
        if isinstance(name, str) and not name.isascii():
            yield finding("C401", path, field, names.printable(name), tr("a name in ASCII letters"))


def folder_names(folder: Path, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """(card path of a folder, names in it) of a folder and those below, as `judge_names` takes them."""
    seen = 0
    for place, inner, files in os.walk(folder):
        inner[:] = sorted(name for name in inner if not names.is_silent(name))
        base = Path(place).relative_to(folder).as_posix()
        path = (prefix + ("" if base == "." else base)).rstrip("/")
        seen += len(inner) + len(files)
        yield path, [*inner, *sorted(name for name in files if not names.is_silent(name))]
        if seen > MOST:
            return


def _system(system: str) -> Finding:
    if system == "exFAT":
        return finding("C410", found="exFAT", wanted="FAT32")
    if system.startswith("FAT"):
        return finding("C415", found=system, wanted=tr("FAT32 in sectors of 512 bytes"))
    return finding("C411", found=system, wanted="FAT32")


def _partition(image: Image, volume: Volume) -> Iterator[Finding]:
    place = tr("partition {number}", number=volume.number) if volume.number else ""
    if image.refused:
        found = ", ".join(f"{number}: {system or '?'}" for number, system in image.refused)
        yield finding("C424", place, found=found)
    elif len(image.table.partitions) > 1:
        yield finding("C427", place, found=tr("{count} partitions", count=len(image.table.partitions)))
    if volume.number and volume.kind not in FAT_TYPES:
        yield finding("C416", place, found=tr("type {kind}", kind=f"{volume.kind:02x}"), wanted="0c")
    shape = volume.shape
    if shape.bits != 32:
        yield finding("C417", place, found=f"FAT{shape.bits}", wanted="FAT32")
    end = (shape.start + shape.total) * SECTOR
    if image.size < end:
        yield finding("C426", place, found=tr("{count} bytes", count=image.size), wanted=tr("{count} bytes", count=end))


def _volume(image: Image, volume: Volume) -> Iterator[Finding]:
    shape = volume.shape
    if volume.dirty:
        yield finding("C418")
    free = volume.free if volume.free is not None else volume.info
    if volume.free is not None and volume.info is not None and volume.free != volume.info:
        found = tr("{count} clusters free", count=volume.info)
        yield finding("C423", found=found, wanted=tr("{count} clusters free", count=volume.free))
    if free is None:
        yield finding("C425", found=tr("the free space, which takes too long to count"))
    else:
        yield from _room(free * shape.cluster_bytes)


def _room(free: int) -> Iterator[Finding]:
    if free < NEEDED:
        yield finding("C420", found=tr("{count} bytes free", count=free), wanted=tr("{count} bytes", count=NEEDED))
    elif free < LITTLE:
        yield finding("C421", found=tr("{count} KiB free", count=free // 1024))
