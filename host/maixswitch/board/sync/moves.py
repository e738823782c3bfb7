"""Files that are on the card already, under another path: they are copied there and not sent again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from maixswitch.board.sync import manifest
from maixswitch.board.sync.inventory import BOOT

Content = tuple[int, int]
"""The size and the CRC32 of a file."""
VITAL = (BOOT, "main.py")
"""Without these files a card does not start, so that sync never deletes them."""


def rows_on_card(rows: manifest.Files, on_card: Mapping[str, int]) -> manifest.Files:
    """Return the rows of the manifest that still have the size of the file on the card.

    The paths are spelled as on the card, because somebody may have changed the case of a name on a PC.
    on_card: path -> size in bytes.
    """
    spelled = {path.casefold(): path for path in on_card}
    found = {}
    for path, row in rows.items():
        card_path = path if path in on_card else spelled.get(path.casefold(), path)
        if on_card.get(card_path) == row[0]:
            found[card_path] = row
    return found


def dropped(rows: manifest.Files, keep: Collection[str]) -> set[str]:
    """Return the files that sync once put on the card and that the source no longer has, by the manifest's rows."""
    return {path for path in rows if path not in keep and path not in VITAL}


def origins(
    lacking: Mapping[str, Content], holders: Mapping[Content, Collection[str]], leaving: Collection[str]
) -> dict[str, str]:
    """Return for paths of the card the files on it that have the same bytes.

    lacking: the paths that need other bytes than the card has there, and their contents.
    holders: the files of the card that have a content.
    leaving: the files that the sync deletes or replaces.
    """
    chosen: dict[str, str] = {}
    folders: dict[str, str] = {}
    # Large files come first: they decide which folder became which, and small files, such as equal labels, follow them.
    for path in sorted(lacking, key=lambda path: (-lacking[path][0], path)):
        folder, name = _split(path)

        def preference(origin: str, folder: str = folder, name: str = name) -> tuple[bool, bool, bool, str]:
            origin_folder, origin_name = _split(origin)
            return (
                origin not in leaving or origin in chosen.values(),
                folders.get(folder, origin_folder) != origin_folder,
                origin_name != name,
                origin,
            )

        if candidates := holders.get(lacking[path]):
            chosen[path] = min(candidates, key=preference)
            folders.setdefault(folder, _split(chosen[path])[0])
    return chosen


def _split(path: str) -> tuple[str, str]:
    return PurePosixPath(path).parent.as_posix(), PurePosixPath(path).name
