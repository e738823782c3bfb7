"""`maixswitch doctor --fix`: repairs that need no decision of the user. Each one is reported."""

from __future__ import annotations

from collections.abc import Callable

from maixswitch.board.connection import Board
from maixswitch.board.doctor.starts import IDE
from maixswitch.board.doctor.storage import SD, TODO, Storage
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.journal import parse
from maixswitch.board.sync.leftovers import begun
from maixswitch.language import tr


def repair(board: Board, storage: Storage, say: Callable[[str], None]) -> bool:
    """Finish an interrupted sync, delete the files that it left, and end the firmware's wait for MaixPy IDE.

    storage: the result of `storage.probe`.
    say: tells the user about each repair.
    Returns whether anything was changed; `storage` is then out of date.
    Raises BoardError if the board refuses.
    """
    changed = False
    target = BoardTarget(board)
    if TODO in storage.files:
        steps = parse(storage.texts.get(TODO, b""))
        # `finish` deletes a damaged list. That loses nothing, because the next sync compares every file.
        if steps is None:
            say(tr("fix: {path} deleted: it is damaged", path=TODO))
        else:
            say(tr("fix: the interrupted sync is finished, {count} steps", count=len(steps)))
        target.finish()
        changed = True
    if storage.parts:
        # List the card again, because finishing the sync above has changed it.
        listing = target.listing()
        steps = list(begun(listing))
        for step in steps:
            if size := listing.files.get(step.path):
                say(tr("fix: {path} deleted, {size} bytes of an interrupted sync", path=f"{SD}/{step.path}", size=size))
        target.drop(steps)
        changed = True
    # With this file the firmware waits for MaixPy IDE and does not start main.py.
    if IDE in storage.files:
        say(tr("fix: {path} deleted: the board starts the app again", path=IDE))
        board.exec(f"import uos\nuos.remove({IDE!r})", 30.0)
        changed = True
    return changed
