"""Compares the files of the source with those on a card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from maixswitch.board.sync import inventory, manifest, moves
from maixswitch.board.sync.inventory import SUMS, Source
from maixswitch.board.sync.leftovers import arriving, is_hidden
from maixswitch.board.sync.send import Send
from maixswitch.board.sync.target import Listing, Target, Tell
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


@dataclass(frozen=True)
class Comparison:
    """What differs between the source and a card.

    on_card: path -> size in bytes of the files that this sync may change.
    keep: the paths on the card of the source's files.
    sums: the manifest of the card.
    files: the manifest of the card after this sync.
    arriving: the folders of models that the app ignores.
    sends: the files that the card needs, without their origins.
    contents: path -> content of the files of the card whose checksum is known and was read where this matters.
    dropped: the files that sync once put on the card, that nobody has changed since, and that the source does not have.
    unreadable: files that cannot be read.
    """

    on_card: dict[str, int]
    keep: set[str]
    sums: manifest.Files
    files: manifest.Files
    arriving: set[str]
    sends: tuple[Send, ...]
    contents: dict[str, moves.Content]
    dropped: set[str]
    unreadable: list[str]


def compare(
    sources: Mapping[str, Source], listing: Listing, target: Target, tell: Tell, *, trust: bool, app_only: bool
) -> Comparison:
    """Compare the source with a card.

    sources: the files that should be on the card, by path.
    tell: gets the number of bytes that the card has read since its last call.
    trust: believe the card's manifest where it need not be certain.
    app_only: compare only the files of the app.
    Raises MaixSwitchError if one side has a folder where the other has a file.
    """
    # Compare and delete only files that sync may change, so that files of the app and the system stay.
    on_card = {
        path: size
        for path, size in listing.files.items()
        if inventory.travels(path) and (inventory.is_app(path) or not app_only)
    }
    card_paths = _card_paths(sources, listing)
    keep = set(card_paths.values())
    files = {card_path: (sources[path].size, sources[path].crc) for path, card_path in card_paths.items()}
    # A row of the manifest counts only if the size is right, because somebody may have changed the card on a PC.
    sums = manifest.parse(target.read(SUMS)) if SUMS in listing.files else {}
    rows = moves.rows_on_card(sums, on_card)
    ignored = set() if app_only else arriving(keep, listing)
    # The manifest does not know what an interrupted sync wrote into the folder of a model.
    known = {path: row[1] for path, row in rows.items() if trust and not is_hidden(path, ignored)}

    # Read what the manifest does not list, and the parts that an interrupted sync left. Read also what may be deleted
    # or copied: only a file that still is what sync once put there is sync's own.
    parts = inventory.staged(sources.values())
    parts |= {path: card_path for path, card_path in card_paths.items() if is_hidden(card_path, ignored)}
    lacking = {path for path in files if (on_card.get(path), known.get(path)) != files[path]}
    needed = {files[path] for path in lacking}
    unsure = {path for path in lacking if on_card.get(path) == files[path][0] and path not in known}
    unsure |= moves.dropped(rows, keep) | {path for path, row in rows.items() if row in needed}
    half = {
        part: listing.files[part]
        for path, part in parts.items()
        if 0 < listing.files.get(part, 0) <= sources[path].size
    }
    read = target.checksums({path: on_card[path] for path in sorted(unsure)} | half, tell)
    crcs = {
        path: crc for path, crc in (known | read).items() if path in on_card and (path in read or path not in unsure)
    }

    sends = []
    for path in sorted(sources, key=inventory.rank):
        source, card_path, part = sources[path], card_paths[path], parts[path]
        if (on_card.get(card_path), crcs.get(card_path)) == (source.size, source.crc):
            continue
        offset = half.get(part, 0)
        # The part may belong to an older source. Then the file is sent from its beginning.
        if offset and inventory.checksum(source.file, offset)[1] != read.get(part):
            offset = 0
        sends.append(Send(source, card_path, part, offset, card_path not in on_card))

    if app_only:  # files that were not compared stay in the manifest as they are
        files = {path: row for path, row in sums.items() if not inventory.is_app(path)} | files
    return Comparison(
        on_card=on_card,
        keep=keep,
        sums=sums,
        files=files,
        arriving=ignored,
        sends=tuple(sends),
        # What is being overwritten in place cannot be copied from.
        contents={path: (on_card[path], crc) for path, crc in crcs.items() if not is_hidden(path, ignored)},
        dropped={path for path in moves.dropped(rows, keep) if read.get(path) == rows[path][1]},
        unreadable=sorted(unsure - set(read)),
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
