"""The card and the flash of a board: mounted, space, and what an interrupted sync left."""

from __future__ import annotations

from dataclasses import dataclass, field

from maixswitch.board.doctor.asking import Asked, ask
from maixswitch.board.doctor.looks import Look, amount
from maixswitch.board.sync import older
from maixswitch.board.sync.inventory import MARK, STEPS, SUMS, SYNC
from maixswitch.board.sync.journal import parse
from maixswitch.card.rules.app import some
from maixswitch.findings.finding import finding
from maixswitch.language import tr

SD, FLASH = "/sd", "/flash"
TODO = f"{SD}/{STEPS}"
DEPTH = 6
LITTLE = 1024 * 1024
TEXT_LIMIT = 16384
"""Bytes that are read of a file that is judged as text."""
ERRORS = {5: "EIO", 19: "ENODEV"}


@dataclass
class Storage:
    """What is mounted, and files with their sizes; ``mounts``: name -> (bytes of a block, blocks, free blocks), or the
    number of the error that asking gave. ``broken``: folders that cannot be read, with their error's number.
    """

    mounts: dict[str, tuple[int, int, int] | int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)

    @property
    def card(self) -> bool:
        """Is a card mounted, and does it answer?"""
        return "sd" in self.mounts and SD not in self.broken

    @property
    def root(self) -> str:
        """Where the firmware looks for boot.py and main.py."""
        return SD if self.card else FLASH

    @property
    def parts(self) -> list[str]:
        """Files on the card that a sync was bringing when it was interrupted, an older one's too."""
        marked = tuple(folder + "/" for folder in self.arriving)
        return sorted(
            path
            for path in self.files
            if (path.startswith(f"{SD}/{SYNC}/") and path not in (TODO, f"{SD}/{SUMS}"))
            or path.startswith(marked)
            or (path.startswith(SD + "/") and older.left(path.lower().split("/")[2:]))
        )

    @property
    def arriving(self) -> list[str]:
        """Folders of models that the app passes over, since not all of their files are there yet."""
        return sorted(
            path.rpartition("/")[0]
            for path in self.files
            if path.endswith(f"/{MARK}") and path.replace(MARK, "model.json") not in self.files
        )

    def text(self, path: str) -> str | None:
        """A text that was read; None when there is no such file, or it is no UTF-8."""
        try:
            return self.texts[path].decode() if path in self.texts else None
        except UnicodeDecodeError:
            return None


READ = (
    *(f"{root}/{name}" for root in (SD, FLASH) for name in ("boot.py", "main.py")),
    "/flash/config.json",
    "/sd/maixswitch.json",
    TODO,
)
"""Files whose text is judged."""


def probe(board: Asked) -> Storage:
    """Asks what is mounted, lists all files, and reads the few whose text counts."""
    found = Storage()
    for row in ask(board, "mounts()"):
        match row:
            case (str(name), int(size), int(blocks), int(free)):
                found.mounts[name] = (size, blocks, free)
            case (str(name), int(number)):
                found.mounts[name] = number
    for name in found.mounts:
        for row in ask(board, f"files('/{name}', {DEPTH})", 30.0):
            match row:
                case (str(path), int(size)) if path.endswith("/"):
                    found.folders.add(path.rstrip("/"))
                case (str(path), int(size)) if size < 0:
                    found.broken[path] = -size
                case (str(path), int(size)):
                    found.files[path] = size
    for path in READ:
        if path in found.files:
            for said in ask(board, f"text({path!r}, {TEXT_LIMIT})"):
                if isinstance(said, bytes):
                    found.texts[path] = said
    return found


def judge(found: Storage, port: str) -> Look:
    """Facts and findings of card and flash as places for files."""
    look = Look()
    if "sd" not in found.mounts:
        look.fact("card", tr("card"), tr("none"))
        look.findings.append(finding("B620", port=port))
    elif not found.card:
        number = found.broken[SD]
        look.fact("card", tr("card"), tr("cannot be read"))
        look.findings.append(finding("B623", SD, found=f"OSError {number} {ERRORS.get(number, '')}".strip()))
    else:
        _space(look, found.mounts["sd"])
        for folder, number in sorted(found.broken.items()):
            if folder.startswith(SD):
                look.findings.append(finding("B623", folder, found=f"OSError {number}"))
    if isinstance(row := found.mounts.get("flash"), tuple):
        total, free = row[0] * row[1], row[0] * row[2]
        look.fact("flash", tr("flash"), tr("{free} of {total} free", free=amount(free), total=amount(total)))
    if TODO in found.files:
        steps = parse(found.texts.get(TODO, b""))
        if steps is None:
            look.findings.append(finding("B629", TODO))
        else:
            look.findings.append(finding("B625", TODO, found=tr("{count} steps", count=len(steps))))
    if found.parts:
        look.findings.append(finding("B626", found=some([path.removeprefix(SD + "/") for path in found.parts])))
    return look


def _space(look: Look, row: tuple[int, int, int] | int) -> None:
    if isinstance(row, int):
        look.fact("card", tr("card"), tr("mounted; its space cannot be asked"))
        look.findings.append(finding("B623", SD, found=f"OSError {row}"))
        return
    size, blocks, free = row
    said = tr(
        "FAT, {free} of {total} free, clusters of {cluster}",
        free=amount(size * free),
        total=amount(size * blocks),
        cluster=amount(size),
    )
    look.fact("card", tr("card"), said)
    if size * free < LITTLE:
        look.findings.append(finding("B627", found=amount(size * free)))
