"""What a sync will do: files to send, steps that make them count, and what goes; made once, shown, and carried out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from maixswitch.board.sync import inventory, manifest, older
from maixswitch.board.sync.inventory import BOOT, MARK, MODEL, STEPS, SUMS, SYNC, Source
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing, Target, Tell
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

FINISHER = STEPS.encode()
"""A boot.py that holds this name finishes an interrupted sync."""
SPARE = 4
"""Clusters for the journal, the manifest and what grows in folders."""
TWINS = {".py": ".mpy", ".mpy": ".py"}
DELETABLE = ("models/", "device/")
PART_NAME = re.compile(rf"{SYNC}/[AM][0-9A-F]{{7}}")


@dataclass(frozen=True)
class Send:
    """A file to send. ``path``: where it will be; ``part``: where it arrives; ``offset``: bytes that are there.

    The two are the same for what belongs to a new model, but its model.json: the app passes over that model until then.
    """

    source: Source
    path: str
    part: str
    offset: int
    new: bool

    @property
    def left(self) -> int:
        """Bytes that have to be sent."""
        return self.source.size - self.offset


@dataclass(frozen=True)
class Options:
    """``delete``: also what the source has not; ``checksum``: trust no manifest; ``app_only``: leave models alone."""

    delete: bool = False
    checksum: bool = False
    app_only: bool = False


@dataclass(frozen=True)
class Plan:
    """All that a sync does, in order: ``leftovers``, ``first``, ``folders``, ``sends``, ``steps``.

    ``first``: deletions that must make room before anything is sent. ``marked``: those of the folders that get a file
    which hides them from the app. ``safe``: a power cut within the steps is made good by boot.py. ``files``: what the
    card then holds of the source, for the manifest; ``known``: does its manifest say so already?
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
        """Bytes to send."""
        return sum(send.left for send in self.sends)

    @property
    def empty(self) -> bool:
        return not (self.steps or self.first)


def make(
    found: dict[str, Source], target: Target, options: Options, *, dry: bool = False, tell: Tell = lambda size: None
) -> Plan:
    """Compares the source with the card; an earlier sync is finished first, or what it left taken away, unless ``dry``.

    MaixSwitchError when the card has not the room, or holds a folder where a file is to be. ``tell`` gets the bytes
    that the card has read for it.
    """
    listing = target.listing()
    pending = STEPS in listing.files
    old = list(older.remains(listing, target))
    if (pending or old) and not dry:
        target.drop(old)
        target.finish(force=True)
        listing = target.listing()
    there = {
        path: size
        for path, size in listing.files.items()
        if inventory.travels(path) and (inventory.is_app(path) or not options.app_only)
    }
    places = _places(found, listing)
    wanted = set(places.values())
    sums = manifest.parse(target.read(SUMS)) if SUMS in listing.files else {}
    known = {} if options.checksum else {path: crc for path, (size, crc) in sums.items() if there.get(path) == size}
    arriving = set() if options.app_only else _arriving(wanted, listing)
    parts = inventory.staged(found.values())
    parts |= {path: place for path, place in places.items() if _is_hidden(place, arriving)}
    unsure = {
        place: there[place]
        for path, place in places.items()
        if there.get(place) == found[path].size and place not in known
    }
    half = {
        part: listing.files[part] for path, part in parts.items() if 0 < listing.files.get(part, 0) <= found[path].size
    }
    read = target.checksums(unsure | half, tell)
    crcs = known | read
    sends = []
    for path in sorted(found, key=inventory.rank):
        source, place, part = found[path], places[path], parts[path]
        if there.get(place) == source.size and crcs.get(place) == source.crc:
            continue
        offset = half.get(part, 0)
        if offset and inventory.checksum(source.file, offset)[1] != read.get(part):
            offset = 0
        sends.append(Send(source, place, part, offset, place not in there))
    # what cannot be read names clusters that may be another file's soon: it goes before anything is written
    leftovers = [Step("delete", path) for path in sorted(unsure) if path not in read]
    leftovers += begun(listing, {send.part for send in sends}, wanted, app_only=options.app_only)
    gone = {step.path for step in leftovers}
    deletes = sorted((_doubles(there, wanted) | (_strangers(there, wanted) if options.delete else set())) - gone)
    removals = [Step("delete", path) for path in deletes]
    removals += [step for step in _emptied(listing, wanted, options) if step.path not in gone]
    marked = {folder for folder in arriving if any(path.startswith(folder + "/") for path in wanted)}
    folders = _folders(sends, marked, listing)
    need, free = _room(sends, leftovers, len(folders), listing, target)
    first: tuple[Step, ...] = ()
    if need > free:
        models = [path for path in deletes if not inventory.is_app(path)]
        gain = sum(there[path] for path in models)
        if need > free + gain:
            raise target.full(need, free, 0 if options.delete else sum(there[p] for p in _strangers(there, wanted)))
        first = tuple(step for step in removals if not inventory.is_app(step.path))
        removals = [step for step in removals if step not in first]
    new_finishes, old_finishes = _boot(sends, BOOT in there, target)
    marks = {f"{folder}/{MARK}" for folder in marked}
    if not options.app_only:
        marks |= {path for path in listing.files if path.endswith(f"/{MARK}")}
    steps = list(_arrivals(sends, listing.folders | set(folders)))
    steps += [Step("delete", path) for path in sorted(marks - gone)] + removals
    # the one that finishes the others is replaced when they are done, or when it has begun to be one
    steps.sort(key=lambda step: (step.name == BOOT) == (old_finishes or not new_finishes))
    files = {place: (found[path].size, found[path].crc) for path, place in places.items()}
    if options.app_only:  # what it did not look at stays as the manifest knows it
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
        same=len(found) - len(sends),
        files=files,
        known=sums == files,
        pending=pending,
        seconds=target.seconds(
            sum(send.left for send in sends), sum(send.source.size for send in sends if send.part != send.path)
        ),
    )


def _places(found: Iterable[str], listing: Listing) -> dict[str, str]:
    """Where each file goes: names on the card count as they are written there, capitals or not, as FAT has it."""
    actual = {path.casefold(): path for path in [*listing.files, *listing.folders]}
    places = {}
    for path in found:
        place = ""
        for part in path.split("/"):
            place = f"{place}/{part}" if place else part
            exact = place in listing.files or place in listing.folders
            place = place if exact else actual.get(place.casefold(), place)
            if (place in listing.files) != (len(place.split("/")) == len(path.split("/"))) and (
                place in listing.files or place in listing.folders
            ):
                raise MaixSwitchError(
                    tr("{path}: a folder on one side and a file on the other; delete or rename one", path=place),
                    EXIT_USAGE,
                )
        places[path] = place
    return places


def _model(path: str) -> str:
    """The model's folder that a path is in, "" for one that is in none."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "models" and len(parts) > 2 else ""


def _arriving(wanted: Iterable[str], listing: Listing) -> set[str]:
    """Folders of models that the app does not see: not there yet, marked so, or without any file."""
    full = {_model(path) for path in listing.files}
    folders = {_model(path) for path in wanted} | {folder for folder in listing.folders if _model(folder + "/")}
    models = {_model(folder + "/") for folder in folders} - {""}
    there = {folder for folder in models if f"{folder}/{MODEL}" in listing.files or not inventory.travels(folder)}
    return {folder for folder in models - there if folder not in full or f"{folder}/{MARK}" in listing.files}


def _is_hidden(path: str, arriving: set[str]) -> bool:
    """Can the file be written where it belongs, since the app will not see it before its model.json is there?"""
    return _model(path) in arriving and path != f"{_model(path)}/{MODEL}"


def _folders(sends: Iterable[Send], marked: set[str], listing: Listing) -> list[str]:
    """Folders to make before sending, each after the one it is in, and those that have no mark yet."""
    folders = {parent.as_posix() for send in sends for parent in list(PurePosixPath(send.part).parents)[:-1]}
    unmarked = {folder for folder in marked if f"{folder}/{MARK}" not in listing.files}
    return sorted((folders - listing.folders - {SYNC}) | unmarked)


def _arrivals(sends: Iterable[Send], folders: set[str]) -> Iterator[Step]:
    """What makes the new files count, boot.py's among them."""
    for send in sends:
        if send.part != send.path:
            for folder in sorted(parent.as_posix() for parent in list(PurePosixPath(send.path).parents)[:-1]):
                if folder not in folders:
                    folders.add(folder)
                    yield Step("mkdir", folder)
            yield Step("copy", send.part, send.path, f"{send.source.crc:08x}")


def _doubles(there: Iterable[str], wanted: set[str]) -> set[str]:
    """Modules of the app whose other form, source or compiled, is sent: the board would take the old one."""
    found = set()
    for path in there:
        name = PurePosixPath(path)
        twin = TWINS.get(name.suffix)
        if twin and path.startswith("device/") and path not in wanted and name.with_suffix(twin).as_posix() in wanted:
            found.add(path)
    return found


def _strangers(there: Iterable[str], wanted: set[str]) -> set[str]:
    return {path for path in there if path.startswith(DELETABLE) and path not in wanted}


def _emptied(listing: Listing, wanted: set[str], options: Options) -> Iterator[Step]:
    """Folders that nothing is left in but hidden files, which go along; deepest first."""
    gone = [
        folder + "/"
        for folder in listing.folders
        if folder.startswith(DELETABLE)
        and inventory.travels(folder)
        and (inventory.is_app(folder) or not options.app_only)
        and not any(path.startswith(folder + "/") for path in wanted)
    ]
    for folder in sorted(listing.folders, reverse=True):
        if options.delete and (folder + "/").startswith(tuple(gone)):
            yield Step("rmdir", folder)


def begun(
    listing: Listing, parts: Collection[str] = (), wanted: Collection[str] = (), *, app_only: bool = False
) -> Iterator[Step]:
    """The steps that take away what an earlier sync has begun.

    Those are files in SYNC other than ``parts``, and files other than ``wanted`` of models that the app does not see.
    """
    arriving = set() if app_only else _arriving(wanted, listing)
    kept = {parent.as_posix() for path in wanted for parent in PurePosixPath(path).parents}
    for path in sorted(listing.files):
        if PART_NAME.fullmatch(path):
            if path not in parts and (path[len(SYNC) + 1] == "A" or not app_only):
                yield Step("delete", path)
        elif _model(path) in arriving and path not in wanted and not (path.endswith(MARK) and _model(path) in kept):
            yield Step("delete", path)
    for folder in sorted(listing.folders, reverse=True):
        if _model(folder + "/") in arriving and folder not in kept:
            yield Step("rmdir", folder)


def _boot(sends: Iterable[Send], there: bool, target: Target) -> tuple[bool, bool]:
    """Whether the boot.py that is sent, and the one on the card, finish an interrupted sync."""
    send = next((send for send in sends if send.path == BOOT), None)
    new = send is not None and FINISHER in send.source.file.read_bytes()
    old = there and FINISHER in target.read(BOOT)
    return new, old


def _room(
    sends: Iterable[Send], leftovers: Iterable[Step], folders: int, listing: Listing, target: Target
) -> tuple[int, int]:
    """(bytes needed at once, bytes that are free when the leftovers are gone), in whole clusters."""
    free, cluster = target.space()
    freed = sum(_clusters(listing.files[step.path], cluster) for step in leftovers if step.verb == "delete")
    # a part whose beginning is of no use is written anew: its old bytes are room, too
    begun = sum(_clusters(listing.files.get(send.part, 0), cluster) for send in sends)
    need = sum(_clusters(send.source.size, cluster) for send in sends) + folders
    # in the end each is copied to its place, one at a time, and its part deleted
    need += max((_clusters(send.source.size, cluster) for send in sends if send.part != send.path), default=0)
    if need:
        need += SPARE
    return need * cluster, free + (freed + begun) * cluster


def _clusters(size: int, cluster: int) -> int:
    return -(-size // cluster)


def document(plan: Plan) -> dict[str, object]:
    """The plan for programs."""
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
