"""Carries out a plan so that the card is at every moment the old one, or one that its boot.py turns into the new."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.board.sync import journal, manifest
from maixswitch.board.sync.inventory import MARK, STEPS, SUMS, SYNC
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.plan import Plan
from maixswitch.board.sync.target import Target, Tell
from maixswitch.errors import EXIT_INTERRUPTED, EXIT_IO, MaixSwitchError
from maixswitch.language import tr


def apply(plan: Plan, target: Target, tell: Tell = lambda size: None) -> None:
    """Does all that the plan says; ``tell`` gets the bytes as they arrive on the card.

    MaixSwitchError for whatever fails: the card then holds the old files, or from its next start on the new ones, and
    the next sync goes on where this one stopped. Ctrl-C ends it in the same way, with the code of an interruption.
    """
    decided = False
    try:
        target.drop(plan.leftovers)
        if not plan.empty or not plan.known:
            target.make_folder(SYNC)
            target.drop([Step("delete", SUMS)])  # nothing is believed before the end
        if plan.first:
            _commit(plan.first, target)
            target.finish()
        for folder in plan.folders:
            target.make_folder(folder)
            if folder in plan.marked:
                target.write(f"{folder}/{MARK}", b"")
        for send in plan.sends:
            if not send.left and send.offset:  # all of it arrived in an earlier try
                continue
            target.send(send.source.file, send.part, send.offset, send.source.size, send.source.crc, tell)
        if plan.steps:
            _commit(plan.steps, target)
            decided = True
            target.finish()
        if not plan.known:
            target.write(SUMS, manifest.dump(plan.files))
    except KeyboardInterrupt:
        if decided:
            text = tr("interrupted; the new files are all there, and count from the board's next start on")
        else:
            text = tr("interrupted; the card still runs the old version; the same command goes on where it stopped")
        raise MaixSwitchError(text, EXIT_INTERRUPTED) from None


def _commit(steps: Sequence[Step], target: Target) -> None:
    """Writes the list of steps; from then on the card is the new one, as soon as its boot.py has run."""
    wanted = journal.dump(steps)
    target.write(STEPS, wanted)
    if target.read(STEPS) != wanted:
        raise MaixSwitchError(
            tr("{name}: the card does not keep what is written to it; take another card", name=target.name), EXIT_IO
        )
