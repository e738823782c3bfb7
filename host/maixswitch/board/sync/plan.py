"""What a sync will do: files to send, steps that make them count, and what goes; made once, shown, and carried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from maixswitch.board.sync import inventory, journal, manifest
from maixswitch.board.sync.inventory import BOOT, DRAFT, MANIFEST, PART, TODO, Source
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing, Target, Tell
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

FINISHER = b"sync.todo"
"""A boot.py that holds this word finishes an interrupted sync."""
SPARE = 4
"""Clusters for the journal, the manifest and what grows in folders."""
TWINS = {".py": ".mpy", ".mpy": ".py"}
DELETABLE = ("models/", "device/")


@dataclass(frozen=True)
class Send:
    """A file to send. ``path``: where it will be; ``part``: its temporary name; ``offset``: bytes that are there."""

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

    ``first``: deletions that must make room before anything is sent. ``switch``: boot.py takes its place before the
    steps, since the card's own would not finish them. ``safe``: a power cut within the steps is made good by boot.py.
    ``files``: what the card then holds of the source, for the manifest; ``known``: does its manifest say so already?
    """

    sends: tuple[Send, ...]
    deletes: tuple[str, ...]
    leftovers: tuple[Step, ...]
    first: tuple[Step, ...]
    folders: tuple[str, ...]
    steps: tuple[Step, ...]
    switch: bool
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
        return not (self.steps or self.switch or self.first)


def make(
    found: dict[str, Source], target: Target, options: Options, *, dry: bool = False, tell: Tell = lambda size: None
) -> Plan:
    """Compares the source with the card; nothing is changed there, but that an earlier sync is finished unless ``dry``.

    MaixSwitchError when the card has not the room, or holds a folder where a file is to be. ``tell`` gets the bytes
    that the card has read for it.
    """
    listing = target.listing()
    pending = TODO in listing.files
    if pending and not dry:
        target.finish(force=True)
        listing = target.listing()
    there = {
        path: size
        for path, size in listing.files.items()
        if inventory.travels(path) and (inventory.is_app(path) or not options.app_only)
    }
    places = _places(found, listing)
    sums = manifest.parse(target.read(MANIFEST)) if MANIFEST in listing.files else {}
    known = {} if options.checksum else {path: crc for path, (size, crc) in sums.items() if there.get(path) == size}
    parts = {source.path: _part(places[source.path], listing) for source in found.values()}
    unsure = {
        place: there[place]
        for path, place in places.items()
        if there.get(place) == found[path].size and place not in known
    }
    begun = {
        part: listing.files[part] for path, part in parts.items() if 0 < listing.files.get(part, 0) <= found[path].size
    }
    read = target.checksums(unsure | begun, tell)
    crcs = known | read
    sends = []
    for path in sorted(found, key=inventory.rank):
        source, place, part = found[path], places[path], parts[path]
        if there.get(place) == source.size and crcs.get(place) == source.crc:
            continue
        offset = begun.get(part, 0)
        if offset and inventory.checksum(source.file, offset)[1] != read.get(part):
            offset = 0
        sends.append(Send(source, place, part, offset, place not in there))
    wanted = set(places.values())
    deletes = sorted(_doubles(there, wanted) | (_strangers(there, wanted) if options.delete else set()))
    emptied = list(_emptied(listing, wanted, set(deletes), options)) if options.delete else []
    leftovers = tuple(_leftovers(listing, {send.part for send in sends}, options))
    switch, safe = _boot(sends, BOOT in there, target)
    steps = list(_renames(sends, listing, switch))
    steps[_before_boot(steps) : _before_boot(steps)] = [Step("delete", path) for path in deletes] + emptied
    need, free = _room(sends, leftovers, listing, target)
    first: tuple[Step, ...] = ()
    if need > free:
        models = [path for path in deletes if not inventory.is_app(path)]
        gain = sum(there[path] for path in models)
        if need > free + gain:
            raise target.full(need, free, 0 if options.delete else sum(there[p] for p in _strangers(there, wanted)))
        first = tuple(step for step in steps if step.verb != "rename" and not inventory.is_app(step.path))
        steps = [step for step in steps if step not in first]
    files = {place: (found[path].size, found[path].crc) for path, place in places.items()}
    if options.app_only:  # what it did not look at stays as the manifest knows it
        files = {path: row for path, row in sums.items() if not inventory.is_app(path)} | files
    return Plan(
        sends=tuple(sends),
        deletes=tuple(deletes),
        leftovers=leftovers,
        first=first,
        folders=tuple(_staging(sends, listing)),
        steps=tuple(steps),
        switch=switch,
        safe=safe,
        same=len(found) - len(sends),
        files=files,
        known=sums == files,
        pending=pending,
        seconds=target.seconds(sum(send.left for send in sends)),
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


def _new_folder(path: str, listing: Listing) -> str:
    """The topmost folder of a path that the card has not, "" when all are there."""
    folders = [parent.as_posix() for parent in PurePosixPath(path).parents][:-1]
    return next((folder for folder in reversed(folders) if folder not in listing.folders), "")


def _part(path: str, listing: Listing) -> str:
    """The temporary name: beside the file, or in the hidden folder that will become its new one."""
    folder = _new_folder(path, listing)
    return inventory.hidden(folder) + path[len(folder) :] if folder else inventory.beside(path)


def _staging(sends: Iterable[Send], listing: Listing) -> list[str]:
    """Folders to make before sending, each after the one it is in."""
    folders = {parent.as_posix() for send in sends for parent in list(PurePosixPath(send.part).parents)[:-1]}
    return sorted(folders - listing.folders)


def _renames(sends: Iterable[Send], listing: Listing, switch: bool) -> Iterator[Step]:
    done = set()
    for send in sends:
        folder = _new_folder(send.path, listing)
        if folder and folder not in done:
            done.add(folder)
            yield Step("rename", inventory.hidden(folder), folder)
        elif not folder and not (switch and send.path == BOOT):
            yield Step("rename", send.part, send.path)


def _before_boot(steps: list[Step]) -> int:
    """Where deletions stand: behind the renames, but before boot.py's."""
    return len(steps) - 1 if steps and steps[-1].name == BOOT else len(steps)


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


def _emptied(listing: Listing, wanted: set[str], deletes: set[str], options: Options) -> Iterator[Step]:
    """Folders that nothing is left in, deepest first, after the hidden files that would keep them."""
    for folder in sorted(listing.folders, reverse=True):
        if not folder.startswith(DELETABLE) or (options.app_only and not inventory.is_app(folder)):
            continue
        inside = folder + "/"
        if not inventory.travels(folder) or any(path.startswith(inside) for path in wanted):
            continue
        for path in sorted(listing.files):
            if path.rpartition("/")[0] == folder and path not in deletes and not path.endswith(PART):
                yield Step("delete", path)
        for other in sorted(listing.folders, reverse=True):
            if other.startswith(inside) and not inventory.travels(other):
                yield from (Step("delete", path) for path in sorted(listing.files) if path.rpartition("/")[0] == other)
                yield Step("rmdir", other)
        yield Step("rmdir", folder)


def _leftovers(listing: Listing, wanted: set[str], options: Options) -> Iterator[Step]:
    """Temporary files and folders of an earlier sync that this one has no use for."""
    folders = [folder for folder in listing.folders if _hidden(folder)]
    for path in sorted(listing.files):
        mine = path.endswith(PART) or any(path.startswith(folder + "/") for folder in folders)
        if mine and path not in wanted and path != DRAFT and (inventory.is_app(path) or not options.app_only):
            yield Step("delete", path)
    for folder in sorted(folders, reverse=True):
        kept = any(path.startswith(folder + "/") for path in wanted)
        if not kept and (inventory.is_app(folder) or not options.app_only):
            yield Step("rmdir", folder)


def _hidden(folder: str) -> bool:
    return any(part.startswith(".") and part.endswith(PART) for part in folder.split("/"))


def _boot(sends: Iterable[Send], there: bool, target: Target) -> tuple[bool, bool]:
    """(must boot.py take its place first, is a power cut within the steps made good by it)."""
    send = next((send for send in sends if send.path == BOOT), None)
    new = send is not None and FINISHER in send.source.file.read_bytes()
    old = there and FINISHER in target.read(BOOT)
    return new and not old, old or new


def _room(sends: Iterable[Send], leftovers: Iterable[Step], listing: Listing, target: Target) -> tuple[int, int]:
    """(bytes needed at once, bytes that are free when the leftovers are gone), in whole clusters."""
    free, cluster = target.space()
    freed = sum(_clusters(listing.files[step.path], cluster) for step in leftovers if step.verb == "delete")
    folders = _staging(sends, listing)
    # a part whose beginning is of no use is written anew: its old bytes are room, too
    begun = sum(_clusters(listing.files.get(send.part, 0), cluster) for send in sends)
    need = sum(_clusters(send.source.size, cluster) for send in sends) + len(folders)
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


def lines(plan: Plan) -> bytes:
    """The journal of the plan."""
    return journal.dump(plan.steps)
