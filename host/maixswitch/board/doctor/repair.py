"""`maixswitch doctor --fix`: the few things that can be put right without asking; each is announced."""

from __future__ import annotations

from collections.abc import Callable

from maixswitch.board.connection import Board
from maixswitch.board.doctor.starts import IDE
from maixswitch.board.doctor.storage import TODO, Storage
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.journal import parse
from maixswitch.language import tr


def repair(board: Board, found: Storage, say: Callable[[str], None]) -> bool:
    """Finishes an interrupted sync or takes its left-overs away, and ends the firmware's wait for MaixPy IDE.

    Returns whether anything was changed; what was found is to be asked anew then. BoardError when the board refuses.
    """
    done = False
    parts = set(found.parts)
    if TODO in found.files:
        steps = parse(found.texts.get(TODO, b""))
        if steps is None:
            say(tr("fix: {path} taken away: it cannot be understood", path=TODO))
        else:
            say(tr("fix: the interrupted sync is finished, {count} steps", count=len(steps)))
        BoardTarget(board).finish()
        parts -= {f"/sd/{step.path}" for step in steps or ()}  # those the steps have put in their place
        done = True
    for path in sorted(parts):
        say(tr("fix: {path} deleted, {size} bytes of an interrupted sync", path=path, size=found.files[path]))
        _remove(board, path)
        done = True
    if IDE in found.files:
        say(tr("fix: {path} deleted: the board starts the app again", path=IDE))
        _remove(board, IDE)
        done = True
    return done


def _remove(board: Board, path: str) -> None:
    board.exec(f"import uos\nuos.remove({path!r})", 30.0)
