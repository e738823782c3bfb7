"""The plan of a sync: files to send or to copy on the card, the steps that put them in their places, and deletions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from maixswitch.board.sync import learnt, manifest, moves, removals, room
from maixswitch.board.sync.choice import Choice, followed
from maixswitch.board.sync.compare import Comparison, compare
from maixswitch.board.sync.inventory import BOOT, MARK, STEPS, SYNC, Source
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.leftovers import begun, model_of
from maixswitch.board.sync.send import Send
from maixswitch.board.sync.target import Listing, Target, Tell

FINISHER = STEPS.encode()
"""A boot.py that contains this name finishes an interrupted sync."""


@dataclass(frozen=True)
class Options:
    """The options of a sync.

    delete: also delete models and files of the app that the source does not have and that sync did not put there.
    checksum: read every file on the card instead of trusting the manifest.
    app_only: send only the app.
    """

    delete: bool = False
    checksum: bool = False
    app_only: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that a sync does, in this order: ``leftovers``, ``first``, ``folders``, ``sends``, ``steps``.

    deletes: the files that ``first`` and ``steps`` delete, without those that move to another path.
    leftovers: deletions of what earlier syncs left.
    first: deletions that must make room before anything is sent.
    folders: folders to make.
    marked: folders in which a mark hides the files from the app until all have arrived.
    emptied: folders to delete when the steps have succeeded.
    choice: the remembered model under its new folder; None if it stays as it is.
    foreign: files that sync did not put there, in folders of models that lose their other files.
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
    emptied: tuple[Step, ...]
    choice: Choice | None
    foreign: tuple[str, ...]
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
    # A step may have failed, so the manifest that the steps wrote may be wrong.
    trust = not (options.checksum or pending)
    compared = compare(sources, listing, target, tell, trust=trust, app_only=options.app_only)
    on_card, keep = compared.on_card, compared.keep

    # An unreadable file may use clusters that another file will get, so it is deleted before anything is written.
    leftovers = [Step("delete", path) for path in compared.unreadable]
    leftovers += begun(listing, {send.part for send in compared.sends}, keep, app_only=options.app_only)
    deleted = {step.path for step in leftovers}
    gone = removals.doubles(on_card, keep) | compared.dropped
    gone = (gone | (removals.strangers(on_card, keep) if options.delete else set())) - deleted
    sends = _with_origins(compared, gone, deleted)
    lessons = learnt.leaving(listing, gone)
    folders_gone = set(removals.emptied(listing, keep, gone | lessons))
    if options.delete:
        folders_gone |= set(removals.unwanted(listing, keep, app_only=options.app_only))
    marked = {folder for folder in compared.arriving if any(path.startswith(folder + "/") for path in keep)}
    folders = _folders(sends, marked, listing)

    # If old and new files do not fit on the card together, try what needs less room.
    ends = [Step("delete", path) for path in sorted(gone)]
    ends += [Step("rmdir", path) for path in sorted(folders_gone - deleted, reverse=True)]
    space = target.space()
    for layout in room.layouts(sends, ends):
        need, free = room.needed(layout.sends, leftovers, len(folders), listing, space)
        gain = sum(on_card[step.path] for step in layout.first if step.verb == "delete")
        if need <= free + gain:
            break
    else:
        strangers = removals.strangers(on_card, keep) - gone
        raise target.full(need, free, 0 if options.delete else sum(on_card[path] for path in strangers))
    moving = {send.origin: send.path for send in sends if send.moved}
    models = set(map(model_of, keep))
    choice = followed(target, listing, moving, models)
    sends = list(layout.sends)

    # The steps at the end copy files to their places and delete marks and other files.
    new_finishes, old_finishes = _boot(sends, BOOT in on_card, target)
    marks = {f"{folder}/{MARK}" for folder in marked}
    if not options.app_only:
        marks |= {path for path in listing.files if path.endswith(f"/{MARK}")}
    steps = list(_arrivals(sends, listing.folders | set(folders)))
    steps += learnt.followed(target, listing, moving, models, lessons)
    steps += [Step("delete", path) for path in sorted(marks - deleted)] + list(layout.removals)
    # If the old boot.py can finish a sync, it is replaced last. If only the new one can, it is copied first.
    steps.sort(key=lambda step: (step.name == BOOT) == (old_finishes or not new_finishes))
    moved = {send.origin for send in sends if send.moved}
    return Plan(
        sends=tuple(sends),
        deletes=tuple(sorted(gone - moved)),
        leftovers=tuple(leftovers),
        first=layout.first,
        folders=tuple(folders),
        marked=frozenset(marked),
        steps=tuple(steps),
        emptied=layout.empty,
        choice=choice,
        foreign=tuple(removals.foreign(on_card, keep, gone)),
        safe=old_finishes or new_finishes,
        same=len(sources) - len(sends),
        files=compared.files,
        known=compared.sums == compared.files,
        pending=pending,
        seconds=target.seconds(sum(send.left for send in sends), sum(map(_copied, sends))),
    )


def _with_origins(compared: Comparison, gone: set[str], deleted: set[str]) -> list[Send]:
    """Return the files that the card needs, each with the file of the card from which it can be copied.

    gone: the files that the sync deletes at its end.
    deleted: the files that it deletes before anything else.
    """
    replaced = {send.path for send in compared.sends if not send.new}
    lacking = {send.path: (send.source.size, send.source.crc) for send in compared.sends if send.source.size}
    holders: dict[moves.Content, list[str]] = {}
    for path, content in compared.contents.items():
        if path not in deleted:
            holders.setdefault(content, []).append(path)
    origins = moves.origins(lacking, holders, gone | replaced)
    # An origin moves to one path only; further paths get copies.
    movers = {origin: path for path, origin in reversed(origins.items()) if origin in gone | replaced}
    return [
        replace(send, origin=origins[send.path], moved=movers.get(origins[send.path]) == send.path)
        if send.path in origins
        else send
        for send in compared.sends
    ]


def _copied(send: Send) -> int:
    """Return the bytes that the board copies for a file, from its origin and from its part."""
    copies = (send.origin not in ("", send.part)) + (send.part != send.path)
    return copies * send.source.size


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


def _boot(sends: Iterable[Send], exists: bool, target: Target) -> tuple[bool, bool]:
    """Return whether the boot.py that is sent, and the one on the card, finish an interrupted sync."""
    send = next((send for send in sends if send.path == BOOT), None)
    new = send is not None and FINISHER in send.source.file.read_bytes()
    old = exists and FINISHER in target.read(BOOT)
    return new, old


def document(plan: Plan) -> dict[str, object]:
    """Return the plan as JSON-able values."""
    return {
        "send": [
            {"path": send.path, "bytes": send.source.size, "left": send.left, "new": send.new}
            for send in plan.sends
            if not send.origin
        ],
        "move": [_move(send) for send in plan.sends if send.moved],
        "copy": [_move(send) for send in plan.sends if send.origin and not send.moved],
        "delete": list(plan.deletes),
        "foreign": list(plan.foreign),
        "same": plan.same,
        "bytes": plan.size,
        "seconds": None if plan.seconds is None else round(plan.seconds, 1),
        "pending": plan.pending,
    }


def _move(send: Send) -> dict[str, object]:
    return {"from": send.origin, "path": send.path, "bytes": send.source.size}
