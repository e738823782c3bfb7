"""The card and the flash of a board: mounts, free space, and files that an interrupted sync left."""

from __future__ import annotations

from dataclasses import dataclass, field

from maixswitch.board.doctor.questions import Askable, ask
from maixswitch.board.doctor.subject import SubjectReport, amount
from maixswitch.board.sync.inventory import MARK, STEPS, SUMS, SYNC
from maixswitch.board.sync.journal import parse
from maixswitch.card.rules.app import some
from maixswitch.findings.finding import finding
from maixswitch.language import tr

SD, FLASH = "/sd", "/flash"
TODO = f"{SD}/{STEPS}"
DEPTH = 6
LITTLE = 1024 * 1024
"""Free bytes below which a card counts as nearly full."""
TEXT_LIMIT = 16384
"""The most bytes that are read from a file that is judged as text."""
ERRORS = {5: "EIO", 19: "ENODEV"}


@dataclass
class Storage:
    """The mounted card and flash with their files.

    mounts: by name (sd, flash): (bytes of a block, blocks, free blocks), or the errno if they cannot be read.
    files: path -> size in bytes.
    broken: folders that cannot be read -> errno.
    texts: path -> the first TEXT_LIMIT bytes of the files in READ.
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
        """The folder in which the firmware looks for boot.py and main.py."""
        return SD if self.card else FLASH

    @property
    def parts(self) -> list[str]:
        """Files on the card that an interrupted sync was writing."""
        marked = tuple(folder + "/" for folder in self.arriving)
        return sorted(
            path
            for path in self.files
            if (path.startswith(f"{SD}/{SYNC}/") and path not in (TODO, f"{SD}/{SUMS}")) or path.startswith(marked)
        )

    @property
    def arriving(self) -> list[str]:
        """Folders of models that the app ignores, because some of their files have not arrived."""
        return sorted(
            path.rpartition("/")[0]
            for path in self.files
            if path.endswith(f"/{MARK}") and path.replace(MARK, "model.json") not in self.files
        )

    def text(self, path: str) -> str | None:
        """Return the text of a file in READ; None if the file is missing or not UTF-8."""
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


def probe(board: Askable) -> Storage:
    """Ask which media are mounted, list all files on them, and read those in READ."""
    storage = Storage()
    for row in ask(board, "mounts()"):
        match row:
            case (str(name), int(size), int(blocks), int(free)):
                storage.mounts[name] = (size, blocks, free)
            case (str(name), int(number)):
                storage.mounts[name] = number
    for name in storage.mounts:
        for row in ask(board, f"files('/{name}', {DEPTH})", 30.0):
            match row:
                # onboard/look.py ends the path of a folder with "/". For a folder that cannot be read it returns the
                # negative errno as the size.
                case (str(path), int(size)) if path.endswith("/"):
                    storage.folders.add(path.rstrip("/"))
                case (str(path), int(size)) if size < 0:
                    storage.broken[path] = -size
                case (str(path), int(size)):
                    storage.files[path] = size
    for path in READ:
        if path in storage.files:
            for data in ask(board, f"text({path!r}, {TEXT_LIMIT})"):
                if isinstance(data, bytes):
                    storage.texts[path] = data
    return storage


def judge(storage: Storage, port: str) -> SubjectReport:
    """Return facts and findings about the card and the flash."""
    report = SubjectReport()
    if "sd" not in storage.mounts:
        report.fact("card", tr("card"), tr("none"))
        report.findings.append(finding("B620", port=port))
    elif not storage.card:
        # The firmware mounted the card at its start, but now the card returns errors: a bad contact or a failing card.
        number = storage.broken[SD]
        report.fact("card", tr("card"), tr("cannot be read"))
        report.findings.append(finding("B623", SD, found=f"OSError {number} {ERRORS.get(number, '')}".strip()))
    else:
        _space(report, storage.mounts["sd"])
        for folder, number in sorted(storage.broken.items()):
            if folder.startswith(SD):
                report.findings.append(finding("B623", folder, found=f"OSError {number}"))
    # If the flash does not answer, that is not a finding, since the app does not need it.
    if isinstance(row := storage.mounts.get("flash"), tuple):
        total, free = row[0] * row[1], row[0] * row[2]
        report.fact("flash", tr("flash"), tr("{free} of {total} free", free=amount(free), total=amount(total)))
    if TODO in storage.files:
        # boot.py ignores an incomplete list, but the list shows that a sync was interrupted.
        steps = parse(storage.texts.get(TODO, b""))
        if steps is None:
            report.findings.append(finding("B629", TODO))
        else:
            report.findings.append(
                finding(
                    "B625", TODO, found=tr("{count} step" if len(steps) == 1 else "{count} steps", count=len(steps))
                )
            )
    if storage.parts:
        report.findings.append(finding("B626", found=some([path.removeprefix(SD + "/") for path in storage.parts])))
    return report


def _space(report: SubjectReport, row: tuple[int, int, int] | int) -> None:
    # The card lists its files but not its free space, so its file system is probably damaged.
    if isinstance(row, int):
        report.fact("card", tr("card"), tr("mounted; its free space is unknown"))
        report.findings.append(finding("B623", SD, found=f"OSError {row}"))
        return
    size, blocks, free = row
    text = tr(
        "FAT, {free} of {total} free, clusters of {cluster}",
        free=amount(size * free),
        total=amount(size * blocks),
        cluster=amount(size),
    )
    report.fact("card", tr("card"), text)
    # A sync needs room for old and new files together, so a nearly full card deserves a warning.
    if size * free < LITTLE:
        report.findings.append(finding("B627", found=amount(size * free)))
