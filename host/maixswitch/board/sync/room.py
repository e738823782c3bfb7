"""Whether a card has room for a plan, and what to do if it has not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from maixswitch.board.sync import inventory
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.send import Send
from maixswitch.board.sync.target import Listing

SPARE = 8
"""Clusters to keep free for the journal, the manifest, and folders that grow."""


@dataclass(frozen=True)
class Layout:
    """When files come and go.

    first: deletions before anything is sent.
    removals: deletions at the end.
    empty: folders from which all files move at the end; they are deleted once that has succeeded.
    """

    sends: tuple[Send, ...]
    first: tuple[Step, ...]
    removals: tuple[Step, ...]
    empty: tuple[Step, ...] = ()


def layouts(sends: Sequence[Send], removals: Sequence[Step]) -> Iterator[Layout]:
    """Yield the ways to carry out a plan, from the safest to the one that needs the least room.

    sends: with their origins.
    removals: deletions of files, among them origins, and then of folders.
    """
    yield Layout(tuple(sends), (), tuple(removals))

    # A move in the last steps needs room for two copies of one file, not of all. Such a step can be repeated if no
    # other step writes its origin, so this excludes files that change places.
    deleted = {step.path for step in removals if step.verb == "delete"}
    moving = tuple(
        replace(send, part=send.origin, offset=send.source.size)
        if send.moved and send.new and send.origin in deleted
        else send
        for send in sends
    )
    parts = {send.part for send in moving}
    rest = [step for step in removals if step.path not in parts]
    # "rmdir" deletes the files in a folder, so it must not follow a move out of it that may have failed.
    empty = tuple(step for step in rest if any(part.startswith(step.path + "/") for part in parts))
    rest = [step for step in rest if step not in empty]
    yield Layout(moving, (), tuple(rest), empty)

    # Next, files go first that are not needed any more. Only models, because without the app's old files a power cut
    # would leave a card that does not start.
    origins = {send.origin for send in moving}
    early = [step for step in rest if step.verb == "delete" and _is_model(step) and step.path not in origins]
    yield Layout(moving, tuple(early), tuple(step for step in rest if step not in early), empty)

    # Last, the files that would move go, too, and are sent again.
    early = [step for step in removals if _is_model(step)]
    gone = {step.path for step in early}
    again = tuple(replace(send, origin="", moved=False) if send.origin in gone else send for send in sends)
    yield Layout(again, tuple(early), tuple(step for step in removals if step not in early))


def _is_model(step: Step) -> bool:
    return not inventory.is_app(step.path)


def needed(
    sends: Iterable[Send], leftovers: Iterable[Step], folders: int, listing: Listing, space: tuple[int, int]
) -> tuple[int, int]:
    """Return (bytes needed, bytes free once the leftovers are deleted), in whole clusters.

    folders: how many folders are made.
    space: (free bytes, bytes of a cluster).
    """
    free, cluster = space
    freed = sum(_clusters(listing.files[step.path], cluster) for step in leftovers if step.verb == "delete")
    sends = list(sends)
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
