"""Rules about the card as a medium: partition table, file system, free space, and the names of its files."""

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

NEEDED = 8192  # bytes for the two files that remember the choice, with any cluster size
LITTLE = 1 << 20
MOST = 20_000  # the most names of a folder tree that are judged
SHOWN = 20  # the most findings of one code about names; one more counts the others

KINDS = {
    "control": "C404", "refused": "C404", "trailing": "C404", "long": "C404", "device": "C405",
    "beyond-ascii": "C402", "beyond-437": "C402",
}  # fmt: skip


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield the findings C401 to C427 of a card. A model's folder is not a medium: only its names are judged."""
    if card.kind == "card":
        yield from judge_mount(read_mount(card.path))
    if card.bare:
        return
    prefix = "" if card.kind == "card" else f"models/{card.path.resolve().name}/"
    yield from judge_names(folder_names(card.path, prefix))
    for model in card.models:
        if model.spec is not None:
            yield from _named_files(card, model.json)


def judge_image(image: Image) -> Iterator[Finding]:
    """Judge a card that was read as an image or a block device: table, file system, free space, state."""
    table, volume = image.table, image.volume
    # A partition with an unknown file system matters only if the card has no other.
    systems = [system for _, system in image.refused if system]
    if table.kind == "gpt":
        # A card with both tables works if an entry of the MBR is a FAT volume.
        if volume is None:
            yield finding("C412", found=tr("GPT"), wanted="MBR")
    elif table.kind == "blank":
        yield finding("C414", wanted=tr("MBR and FAT32"))
    elif volume is None and not systems:
        count_text = tr("{count} partitions without a known file system", count=len(table.partitions))
        yield finding("C414", found=count_text, wanted="FAT32")
    if table.kind == "none":
        yield finding("C413", wanted="MBR")
    # The file systems of a GPT card are not reported: the board does not see them, and C412 asks for a new table.
    if volume is None:
        if table.kind != "gpt":
            yield from (_system(system) for system in dict.fromkeys(systems))
        return
    yield from _partition(image, volume)
    yield from _volume(image, volume)


def judge_mount(mount: Mount | None) -> Iterator[Finding]:
    """Judge a card that this PC has mounted; None stands for a folder of this PC."""
    # A folder is not an error: users build a card in a folder and copy it later.
    if mount is None:
        yield finding("C425", found=tr("a folder of this PC, not a mounted card"))
        return
    if mount.unchecked:
        yield finding("C425", found="; ".join(mount.unchecked))
    if mount.table == "gpt":
        yield finding("C412", found="GPT", wanted="MBR")
    elif mount.table == "none":
        yield finding("C413", wanted="MBR")
    # A card without FAT must be formatted again, so its details do not matter.
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
    """Judge file names, with at most 20 findings of a code and one that counts the others.

    tree: (path of a folder on the card, names in it), as os.walk goes.
    """
    counts: dict[str, int] = {}
    litter: list[str] = []

    def say(code: str, path: str, names_in: str) -> Iterator[Finding]:
        counts[code] = counts.get(code, 0) + 1
        if counts[code] <= SHOWN:
            yield finding(code, path, found=names_in)

    for folder, names_in in tree:
        for name in names_in:
            path = f"{folder}/{name}" if folder else name
            shown = "/".join(names.printable(part) for part in path.split("/"))
            # A copy on macOS leaves many such files, so they share one finding at the end.
            if names.is_litter(name):
                litter.append(shown)
                continue
            for trouble in names.troubles(name):
                yield from say(KINDS[trouble.kind], shown, _named(trouble, name))
            length = names.path_length(path)
            if length > names.LONGEST_PATH:
                yield from say("C407", shown, tr("{count} bytes", count=length))
        # Such names can exist together only on a PC. A copy onto the card keeps one of the files without a warning.
        for group in names.twins(names_in):
            shown_folder = names.printable(folder)
            yield from say("C403", shown_folder, ", ".join(names.printable(name) for name in group[:4]))
    # A long list would hide the other findings, so the last finding of a code is a count.
    for code, count in counts.items():
        if count > SHOWN:
            yield finding(code, found=tr("{count} more of them", count=count - SHOWN))
    if litter:
        more = tr("{name} and {count} more", name=litter[0], count=len(litter) - 1) if litter[1:] else litter[0]
        yield finding("C406", found=more)


def _named(trouble: names.Trouble, name: str) -> str:
    texts = {
        "control": tr("control characters {detail}", detail=trouble.detail),
        "refused": tr("the characters {detail}", detail=trouble.detail),
        "trailing": tr("{detail} at its end", detail=trouble.detail),
        "long": tr("{detail} characters", detail=trouble.detail),
        "device": trouble.detail,
        "beyond-ascii": tr("the board reads it as {name}", name=_as_listed(name)),
        "beyond-437": tr("the board sees its short form, such as {name}", name="MODELL~1"),
    }
    return texts[trouble.kind]


def _as_listed(name: str) -> str:
    """Return the name as the board's panel shows it: bytes of code page 437 are not valid UTF-8."""
    return "".join(c if c.isascii() else "?" for c in names.printable(name))


def _named_files(card: Card, path: str) -> Iterator[Finding]:
    """Judge non-ASCII file names in model.json, even if such a file does not exist."""
    import json

    # The board's reader reports such a file as missing but not why. It refuses a model.json of more than 8192 bytes.
    text = card.text(path)
    try:
        data = json.loads(text) if text and len(text) <= 8192 else None
    except (ValueError, RecursionError):
        return
    for field in ("kmodel", "labels", "ascii_labels"):
        name = data.get(field) if isinstance(data, dict) else None
        if isinstance(name, str) and not name.isascii():
            yield finding("C401", path, field, names.printable(name), tr("a name in ASCII letters"))


def folder_names(folder: Path, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield (path on the card, names in it) of a folder and all folders below, as `judge_names` takes them."""
    seen = 0
    for current, inner, files in os.walk(folder):
        # Changed in place, so that os.walk does not enter the folders that are left out.
        inner[:] = sorted(name for name in inner if not names.is_silent(name))
        base = Path(current).relative_to(folder).as_posix()
        path = (prefix + ("" if base == "." else base)).rstrip("/")
        seen += len(inner) + len(files)
        yield path, [*inner, *sorted(name for name in files if not names.is_silent(name))]
        # `check ~` by mistake must end in bounded time; a card has far fewer files.
        if seen > MOST:
            return


def _system(system: str) -> Finding:
    if system == "exFAT":
        return finding("C410", found="exFAT", wanted="FAT32")
    if system.startswith("FAT"):
        return finding("C415", found=system, wanted=tr("FAT32 in sectors of 512 bytes"))
    return finding("C411", found=system, wanted="FAT32")


def _partition(image: Image, volume: Volume) -> Iterator[Finding]:
    partition = tr("partition {number}", number=volume.number) if volume.number else ""
    # C424 implies several partitions, so it replaces C427.
    if image.refused:
        details = ", ".join(f"{number}: {system or '?'}" for number, system in image.refused)
        yield finding("C424", partition, found=details)
    elif len(image.table.partitions) > 1:
        yield finding("C427", partition, found=tr("{count} partitions", count=len(image.table.partitions)))
    if volume.number and volume.kind not in FAT_TYPES:
        yield finding("C416", partition, found=tr("type {kind}", kind=f"{volume.kind:02x}"), wanted="0c")
    shape = volume.shape
    if shape.bits != 32:
        yield finding("C417", partition, found=f"FAT{shape.bits}", wanted="FAT32")
    # Truncated downloads and counterfeit cards look fine until a file in the missing part is read.
    end = (shape.start + shape.total) * SECTOR
    if image.size < end:
        yield finding(
            "C426", partition, found=tr("{count} bytes", count=image.size), wanted=tr("{count} bytes", count=end)
        )


def _volume(image: Image, volume: Volume) -> Iterator[Finding]:
    shape = volume.shape
    if volume.dirty:
        yield finding("C418")
    # The count is right, while a crash can leave a wrong number in FSInfo. The firmware believes that number, so a
    # difference is worth a note.
    free = volume.free if volume.free is not None else volume.info
    if volume.free is not None and volume.info is not None and volume.free != volume.info:
        noted = tr("{count} clusters free", count=volume.info)
        yield finding("C423", found=noted, wanted=tr("{count} clusters free", count=volume.free))
    if free is None:
        yield finding("C425", found=tr("the free space, which takes too long to count"))
    else:
        yield from _room(free * shape.cluster_bytes)


def _room(free: int) -> Iterator[Finding]:
    if free < NEEDED:
        yield finding("C420", found=tr("{count} bytes free", count=free), wanted=tr("{count} bytes", count=NEEDED))
    elif free < LITTLE:
        yield finding("C421", found=tr("{count} KiB free", count=free // 1024))
