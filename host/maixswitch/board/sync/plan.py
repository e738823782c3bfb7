"""The plan of a sync: files to send, the steps that put them in their places, and deletions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from maixswitch.board.sync import inventory, manifest
from maixswitch.board.sync.inventory import BOOT, MARK, MODEL, STEPS, SUMS, SYNC, Source
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing, Target, Tell
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

FINISHER = STEPS.encode()
"""A boot.py that contains this name finishes an interrupted sync."""
SPARE = 4
"""Clusters to keep free for the journal, the manifest, and folders that grow."""
TWINS = {".py": ".mpy", ".mpy": ".py"}
DELETABLE = ("models/", "device/")
PART_NAME = re.compile(rf"{SYNC}/[AM][0-9A-F]{{7}}")


@dataclass(frozen=True)
class Send:
    """A file to send.

    path: its final path on the card.
    part: the path at which it arrives. For the files of a new model, except model.json, that is `path` itself, since
        the app ignores the model until model.json exists.
    offset: bytes that are on the card already.
    new: is `path` missing on the card?
    """

    source: Source
    path: str
    part: str
    offset: int
    new: bool

    @property
    def left(self) -> int:
        """The bytes that remain to be sent."""
        return self.source.size - self.offset


@dataclass(frozen=True)
class Options:
    """The options of a sync.

    delete: also delete models and files of the app that the source does not have.
    checksum: read every file on the card instead of trusting the manifest.
    app_only: send only the app.
    """

    delete: bool = False
    checksum: bool = False
    app_only: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that a sync does, in this order: ``leftovers``, ``first``, ``folders``, ``sends``, ``steps``.

    deletes: the files that ``first`` and ``steps`` delete.
    leftovers: deletions of what earlier syncs left.
    first: deletions that must make room before anything is sent.
    folders: folders to make.
    marked: folders in which a mark hides the files from the app until all have arrived.
    safe: does boot.py finish the steps after a power cut?
    same: how many files need no change.
    files: the files that the card will have in common with the source, for the manifest.
    known: does the card's manifest list exactly these already?
    pending: did an earlier sync leave steps?
    seconds: an estimate of the duration, None if unknown.
    """

    sends: tuple[Send, ...]
    deletes: tuple[str, ...]
    leftovers: tuple[Step, ...]
    first: tuple[Step, ...]
    folders: tuple[str, ...]
    marked: frozenset[str]
    steps: tuple[Step, ...]
    safe: bool
    same: int
    files: manifest.Files
    known: bool
    pending: bool
    seconds: float | None

    @property
    def size(self) -> int:
        """The bytes to send."""
        return sum(send.left for send in self.sends)

    @property
    def empty(self) -> bool:
        return not (self.steps or self.first)


def make(
    sources: dict[str, Source], target: Target, options: Options, *, dry: bool = False, tell: Tell = lambda size: None
) -> Plan:
    """Compare the source with the card. Unless ``dry``, first carry out the steps that an earlier sync left.

    sources: the files that should be on the card, by path.
    tell: gets the number of bytes that the card has read since its last call.
    Raises MaixSwitchError if the card is too full, or has a folder where the source has a file, or the reverse.
    """
    listing = target.listing()
    pending = STEPS in listing.files
    # Until the steps of an earlier sync are done, the card is neither the old version nor the new one, and any
    # comparison would be out of date after the next start. A dry run must not write, so it compares the card as it is.
    if pending and not dry:
        target.finish(force=True)
        listing = target.listing()
    # Compare and delete only files that sync may change, so that files of the app and the system stay.
    on_card = {
        path: size
        for path, size in listing.files.items()
        if inventory.travels(path) and (inventory.is_app(path) or not options.app_only)
    }
    card_paths = _card_paths(sources, listing)
    keep = set(card_paths.values())
    sums = manifest.parse(target.read(SUMS)) if SUMS in listing.files else {}
    # A row of the manifest counts only if the size is right, because somebody may have changed the card on a PC.
    known = {} if options.checksum else {path: crc for path, (size, crc) in sums.items() if on_card.get(path) == size}

    # Read the checksums of files that the manifest does not list, and of parts that an interrupted sync left.
    arriving = set() if options.app_only else _arriving(keep, listing)
    parts = inventory.staged(sources.values())
    parts |= {path: card_path for path, card_path in card_paths.items() if _is_hidden(card_path, arriving)}
    unsure = {
        card_path: on_card[card_path]
        for path, card_path in card_paths.items()
        if on_card.get(card_path) == sources[path].size and card_path not in known
    }
    half = {
        part: listing.files[part]
        for path, part in parts.items()
        if 0 < listing.files.get(part, 0) <= sources[path].size
    }
    read = target.checksums(unsure | half, tell)
    crcs = known | read
    sends = []
    for path in sorted(sources, key=inventory.rank):
        source, card_path, part = sources[path], card_paths[path], parts[path]
        if on_card.get(card_path) == source.size and crcs.get(card_path) == source.crc:
            continue
        offset = half.get(part, 0)
        # The part may belong to an older source. Then the file is sent from its beginning.
        if offset and inventory.checksum(source.file, offset)[1] != read.get(part):
            offset = 0
        sends.append(Send(source, card_path, part, offset, card_path not in on_card))

    # An unreadable file may use clusters that another file will get, so it is deleted before anything is written.
    leftovers = [Step("delete", path) for path in sorted(unsure) if path not in read]
    leftovers += begun(listing, {send.part for send in sends}, keep, app_only=options.app_only)
    deleted = {step.path for step in leftovers}
    deletes = sorted((_doubles(on_card, keep) | (_strangers(on_card, keep) if options.delete else set())) - deleted)
    removals = [Step("delete", path) for path in deletes]
    removals += [step for step in _emptied(listing, keep, options) if step.path not in deleted]
    marked = {folder for folder in arriving if any(path.startswith(folder + "/") for path in keep)}
    folders = _folders(sends, marked, listing)

    # If old and new files do not fit on the card together, delete first the models that are to be deleted anyway.
    need, free = _room(sends, leftovers, len(folders), listing, target)
    first: tuple[Step, ...] = ()
    if need > free:
        models = [path for path in deletes if not inventory.is_app(path)]
        # Only models, because without the app's old files a power cut would leave a card that does not start.
        gain = sum(on_card[path] for path in models)
        if need > free + gain:
            raise target.full(need, free, 0 if options.delete else sum(on_card[p] for p in _strangers(on_card, keep)))
        first = tuple(step for step in removals if not inventory.is_app(step.path))
        removals = [step for step in removals if step not in first]

    # The steps at the end copy files to their places and delete marks and other files.
    new_finishes, old_finishes = _boot(sends, BOOT in on_card, target)
    marks = {f"{folder}/{MARK}" for folder in marked}
    if not options.app_only:
        marks |= {path for path in listing.files if path.endswith(f"/{MARK}")}
    steps = list(_arrivals(sends, listing.folders | set(folders)))
    steps += [Step("delete", path) for path in sorted(marks - deleted)] + removals
    # If the old boot.py can finish a sync, it is replaced last. If only the new one can, it is copied first.
    steps.sort(key=lambda step: (step.name == BOOT) == (old_finishes or not new_finishes))
    files = {card_path: (sources[path].size, sources[path].crc) for path, card_path in card_paths.items()}
    if options.app_only:  # files that were not compared stay in the manifest as they are
        files = {path: row for path, row in sums.items() if not inventory.is_app(path)} | files
    return Plan(
        sends=tuple(sends),
        deletes=tuple(deletes),
        leftovers=tuple(leftovers),
        first=first,
        folders=tuple(folders),
        marked=frozenset(marked),
        steps=tuple(steps),
        safe=old_finishes or new_finishes,
        same=len(sources) - len(sends),
        files=files,
        known=sums == files,
        pending=pending,
        seconds=target.seconds(
            sum(send.left for send in sends), sum(send.source.size for send in sends if send.part != send.path)
        ),
    )


def _card_paths(paths: Iterable[str], listing: Listing) -> dict[str, str]:
    """Return for each path of the source the path on the card.

    As in FAT, case does not matter, and names on the card keep their spelling.
    Raises MaixSwitchError (usage) if one side has a folder where the other has a file.
    """
    actual = {path.casefold(): path for path in [*listing.files, *listing.folders]}
    card_paths = {}
    for path in paths:
        card_path = ""
        for part in path.split("/"):
            card_path = f"{card_path}/{part}" if card_path else part
            # An exact match counts first, because a folder of this PC can hold names that differ only in case.
            exact = card_path in listing.files or card_path in listing.folders
            card_path = card_path if exact else actual.get(card_path.casefold(), card_path)
            # A copy cannot replace a folder by a file or the reverse, and the folder may hold files of the user.
            if (card_path in listing.files) != (len(card_path.split("/")) == len(path.split("/"))) and (
                card_path in listing.files or card_path in listing.folders
            ):
                raise MaixSwitchError(
                    tr("{path}: a folder on one side and a file on the other; delete or rename one", path=card_path),
                    EXIT_USAGE,
                )
        card_paths[path] = card_path
    return card_paths


def _model(path: str) -> str:
    """Return the folder of the model to which a path belongs, "" for none."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "models" and len(parts) > 2 else ""


def _arriving(keep: Iterable[str], listing: Listing) -> set[str]:
    """Return the folders of models that the app ignores: missing, marked, or without files."""
    # A folder that has files, but neither model.json nor a mark, was not made by sync and is left alone.
    full = {_model(path) for path in listing.files}
    folders = {_model(path) for path in keep} | {folder for folder in listing.folders if _model(folder + "/")}
    models = {_model(folder + "/") for folder in folders} - {""}
    complete = {folder for folder in models if f"{folder}/{MODEL}" in listing.files or not inventory.travels(folder)}
    return {folder for folder in models - complete if folder not in full or f"{folder}/{MARK}" in listing.files}


def _is_hidden(path: str, arriving: set[str]) -> bool:
    """Can the file be written in place, since the app ignores its model until model.json exists?"""
    return _model(path) in arriving and path != f"{_model(path)}/{MODEL}"


def _folders(sends: Iterable[Send], marked: set[str], listing: Listing) -> list[str]:
    """Return the folders to make before sending, each after its parent, and folders that still need their mark."""
    folders = {parent.as_posix() for send in sends for parent in list(PurePosixPath(send.part).parents)[:-1]}
    unmarked = {folder for folder in marked if f"{folder}/{MARK}" not in listing.files}
    return sorted((folders - listing.folders - {SYNC}) | unmarked)


def _arrivals(sends: Iterable[Send], folders: set[str]) -> Iterator[Step]:
    """Yield the steps that copy the new files to their places.

    folders: those on the card; new ones are added.
    """
    for send in sends:
        # The files of a hidden model arrived in their places and need no copy.
        if send.part != send.path:
            for folder in sorted(parent.as_posix() for parent in list(PurePosixPath(send.path).parents)[:-1]):
                if folder not in folders:
                    folders.add(folder)
                    yield Step("mkdir", folder)
            yield Step("copy", send.part, send.path, f"{send.source.crc:08x}")


def _doubles(on_card: Iterable[str], keep: set[str]) -> set[str]:
    """Return modules of the app that are sent in the other form, source or compiled; the board may use the old form."""
    doubles = set()
    for path in on_card:
        name = PurePosixPath(path)
        twin = TWINS.get(name.suffix)
        if twin and path.startswith("device/") and path not in keep and name.with_suffix(twin).as_posix() in keep:
            doubles.add(path)
    return doubles


def _strangers(on_card: Iterable[str], keep: set[str]) -> set[str]:
    """Return the files of models and of the app that the source does not have."""
    return {path for path in on_card if path.startswith(DELETABLE) and path not in keep}


def _emptied(listing: Listing, keep: set[str], options: Options) -> Iterator[Step]:
    """Yield the steps that delete folders of which the source has no file, the deepest first."""
    # With "/" at the end, so that models/a does not match models/ab.
    emptied = [
        folder + "/"
        for folder in listing.folders
        if folder.startswith(DELETABLE)
        and inventory.travels(folder)
        and (inventory.is_app(folder) or not options.app_only)
        and not any(path.startswith(folder + "/") for path in keep)
    ]
    for folder in sorted(listing.folders, reverse=True):
        if options.delete and (folder + "/").startswith(tuple(emptied)):
            yield Step("rmdir", folder)


def begun(
    listing: Listing, parts: Collection[str] = (), keep: Collection[str] = (), *, app_only: bool = False
) -> Iterator[Step]:
    """Yield the steps that delete what an interrupted sync left.

    These are files in SYNC, except ``parts``, and files of models that the app ignores, except ``keep``.
    app_only: leave the files of models alone.
    """
    arriving = set() if app_only else _arriving(keep, listing)
    kept = {parent.as_posix() for path in keep for parent in PurePosixPath(path).parents}
    for path in sorted(listing.files):
        if PART_NAME.fullmatch(path):
            # With --app-only, the parts of models stay for the next full sync.
            if path not in parts and (path[len(SYNC) + 1] == "A" or not app_only):
                yield Step("delete", path)
        # The mark of a model that is still being sent stays: without it the app would see an incomplete folder.
        elif _model(path) in arriving and path not in keep and not (path.endswith(MARK) and _model(path) in kept):
            yield Step("delete", path)
    for folder in sorted(listing.folders, reverse=True):
        if _model(folder + "/") in arriving and folder not in kept:
            yield Step("rmdir", folder)


def _boot(sends: Iterable[Send], exists: bool, target: Target) -> tuple[bool, bool]:
    """Return whether the boot.py that is sent, and the one on the card, finish an interrupted sync."""
    send = next((send for send in sends if send.path == BOOT), None)
    new = send is not None and FINISHER in send.source.file.read_bytes()
    old = exists and FINISHER in target.read(BOOT)
    return new, old


def _room(
    sends: Iterable[Send], leftovers: Iterable[Step], folders: int, listing: Listing, target: Target
) -> tuple[int, int]:
    """Return (bytes needed, bytes free once the leftovers are deleted), in whole clusters.

    folders: how many folders are made.
    """
    free, cluster = target.space()
    freed = sum(_clusters(listing.files[step.path], cluster) for step in leftovers if step.verb == "delete")
    # An existing part is continued or overwritten, so its bytes count as free.
    overwritten = sum(_clusters(listing.files.get(send.part, 0), cluster) for send in sends)
    need = sum(_clusters(send.source.size, cluster) for send in sends) + folders
    # At the end each part is copied to its path and then deleted, so there is never more than one copy.
    need += max((_clusters(send.source.size, cluster) for send in sends if send.part != send.path), default=0)
    if need:
        need += SPARE
    return need * cluster, free + (freed + overwritten) * cluster


def _clusters(size: int, cluster: int) -> int:
    return -(-size // cluster)


def document(plan: Plan) -> dict[str, object]:
    """Return the plan as JSON-able values."""
    return {
        "send": [
            {"path": send.path, "bytes": send.source.size, "left": send.left, "new": send.new} for send in plan.sends
        ],
        "delete": list(plan.deletes),
        "same": plan.same,
        "bytes": plan.size,
        "seconds": None if plan.seconds is None else round(plan.seconds, 1),
        "pending": plan.pending,
    }
