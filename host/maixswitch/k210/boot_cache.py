"""Starts boards whose firmware has already started once on this PC: from a file in the user's cache folder.

A state is taken when the firmware has started and has not read a block of the card yet, so it does not depend on what
is on the card. The variable MAIXSWITCH_CACHE names another folder; "off" switches the cache off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from pathlib import Path

from maixswitch import __version__, files
from maixswitch.errors import MaixSwitchError
from maixswitch.files import cache_folder

from . import saved_state
from .virtual_board import PROMPT, VirtualBoard

SUFFIX = ".k210"
STARTED = b"init end"
"""What MaixPy and CanMV print when they have started, about 0.05 s after the reset. Only then they read the card."""
LONGEST_S = 0.3
"""Board time after which a firmware that prints something else goes on without a saved state."""
MOST_FILES, MOST_BYTES = 32, 128 << 20
"""Limits of the cache. A state takes about 2 MB, and what --flash puts into the flash chip."""
LARGEST = 32 << 20
"""Bytes of a file: memory and flash of a board have 24 MiB."""
DIGEST_BYTES = hashlib.sha256().digest_size


def start(board: VirtualBoard) -> None:
    """Let the firmware of a new board start, or put the board into that state from the cache.

    The board stops at the same instruction with and without the cache, so that runs are the same in every byte.
    """
    folder = cache_folder()
    path = folder / (_key(board) + SUFFIX) if folder else None
    if path is not None and _take(board, path):
        return
    board.run(LONGEST_S, lambda: _is_over(board))
    if path is not None and STARTED in board.chip.uarths.sent and not board.slot.used:
        _keep(board, path)


def _is_over(board: VirtualBoard) -> bool:
    sent = board.chip.uarths.sent
    return STARTED in sent or board.slot.used or PROMPT in sent


def _key(board: VirtualBoard) -> str:
    """Return the digest of everything that the start depends on."""
    digest = hashlib.sha256(_code_digest())
    digest.update(saved_state.document_of(board).encode())
    digest.update(hashlib.sha256(board.flash.content).digest())
    # The firmware asks for the size of a card before it reads the first block.
    digest.update(str(board.slot.blocks.count if board.slot.blocks else None).encode())
    return digest.hexdigest()[:40]


@cache
def _code_digest() -> bytes:
    """Return the digest of the virtual K210 itself: a change of its code makes other states."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def _take(board: VirtualBoard, path: Path) -> bool:
    """Put the board into the state of a file; return whether that was possible. A damaged file is removed."""
    try:
        data = files.read(path, LARGEST)
    except MaixSwitchError:
        return False
    content = data[DIGEST_BYTES:]
    # A restored board must not have half a state, so look at the whole file first.
    if data[:DIGEST_BYTES] != hashlib.sha256(content).digest():
        _remove(path)
        return False
    saved_state.restore(board, content, path)
    # What was used last is removed last. A folder that cannot be written is no reason to stop.
    with contextlib.suppress(OSError):
        os.utime(path)
    return True


def _keep(board: VirtualBoard, path: Path) -> None:
    """Write the board's state to a file, and remove the oldest ones that are too many."""
    content = saved_state.content_of(board, with_card=False)
    if len(content) > LARGEST - DIGEST_BYTES:
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(path, hashlib.sha256(content).digest() + content)
        _shrink(path.parent)
    except (OSError, MaixSwitchError):
        # A full disk or a folder that cannot be written costs the next start a second, and nothing else.
        return


def _shrink(folder: Path) -> None:
    kept = [(entry.stat().st_mtime, entry.stat().st_size, Path(entry.path)) for entry in os.scandir(folder)
            if entry.name.endswith(SUFFIX)]  # fmt: skip
    total = 0
    for number, (_, size, path) in enumerate(sorted(kept, reverse=True)):
        total += size
        if number >= MOST_FILES or total > MOST_BYTES:
            _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # another command may use it
        path.unlink(missing_ok=True)
