"""Carries out a plan so that the card is always the old one, or one that boot.py turns into the new one."""

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
    """Carry out the plan.

    tell: gets the number of bytes written since its last call.
    Raises MaixSwitchError for every failure, with EXIT_INTERRUPTED for Ctrl-C. The board then uses the old files, or
    the new ones from its next start on, and the next sync continues where this one stopped.
    """
    decided = False
    try:
        target.drop(plan.leftovers)
        if not plan.empty or not plan.known:
            target.make_folder(SYNC)
            target.drop([Step("delete", SUMS)])  # It must not state checksums of files that are about to change.
        if plan.first:
            # Deletions are a list of steps, too, so that a power cut cannot leave half a model visible to the app.
            _commit(plan.first, target)
            target.finish()
        for folder in plan.folders:
            target.make_folder(folder)
            # The mark comes before the first file, so that the app never sees an incomplete folder.
            if folder in plan.marked:
                target.write(f"{folder}/{MARK}", b"")
        for send in plan.sends:
            if not send.left and send.offset:  # the whole file arrived in an earlier sync
                continue
            target.send(send.source.file, send.part, send.offset, send.source.size, send.source.crc, tell)
        if plan.steps:
            _commit(plan.steps, target)
            # From here on the card is the new version, and the message after Ctrl-C must say so.
            decided = True
            target.finish()
        # The manifest comes last, because it may only list files that are on the card.
        if not plan.known:
            target.write(SUMS, manifest.dump(plan.files))
    except KeyboardInterrupt:
        if decided:
            text = tr("interrupted; all new files are on the card, and the board uses them from its next start on")
        else:
            text = tr("interrupted; the card still has the old version; the same command continues where it stopped")
        raise MaixSwitchError(text, EXIT_INTERRUPTED) from None


def _commit(steps: Sequence[Step], target: Target) -> None:
    """Write the list of steps. From then on, boot.py turns the card into the new one."""
    data = journal.dump(steps)
    target.write(STEPS, data)
    # The list decides which version the card is, and bad cards can lose what is written without reporting an error.
    if target.read(STEPS) != data:
        raise MaixSwitchError(
            tr("{name}: the card does not keep what is written to it; use another card", name=target.name), EXIT_IO
        )
