"""Carries out a plan so that the card is always the old one, or one that its boot.py turns into the new one."""

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

    tell: gets the bytes as they arrive on the card.
    Raises MaixSwitchError for every failure. The card then holds the old files, or the new ones from its next start on,
    and the next sync continues where this one stopped. Ctrl-C ends it in the same way, with the code of an
    interruption.
    """
    decided = False
    try:
        target.drop(plan.leftovers)
        if not plan.empty or not plan.known:
            target.make_folder(SYNC)
            target.drop([Step("delete", SUMS)])  # The old checksums are wrong until the end.
        if plan.first:
            # Deletions go through the list of steps, too: a power cut between them must not leave half a model on show.
            _commit(plan.first, target)
            target.finish()
        for folder in plan.folders:
            target.make_folder(folder)
            # The mark comes before the first file, so that the app never sees the folder incomplete.
            if folder in plan.marked:
                target.write(f"{folder}/{MARK}", b"")
        for send in plan.sends:
            if not send.left and send.offset:  # All of it arrived in an earlier try.
                continue
            target.send(send.source.file, send.part, send.offset, send.source.size, send.source.crc, tell)
        if plan.steps:
            _commit(plan.steps, target)
            # From here on the card counts as the new version, and Ctrl-C must not claim otherwise.
            decided = True
            target.finish()
        # The manifest comes last, because it may only claim what is on the card.
        if not plan.known:
            target.write(SUMS, manifest.dump(plan.files))
    except KeyboardInterrupt:
        if decided:
            text = tr("interrupted; all new files are on the card, and the board uses them from its next start on")
        else:
            text = tr("interrupted; the card still has the old version; the same command continues where it stopped")
        raise MaixSwitchError(text, EXIT_INTERRUPTED) from None


def _commit(steps: Sequence[Step], target: Target) -> None:
    """Write the list of steps. From then on the card is the new one, as soon as its boot.py has run."""
    data = journal.dump(steps)
    target.write(STEPS, data)
    # The list decides which version the card is. Some bad cards accept writes and lose them without an error.
    if target.read(STEPS) != data:
        raise MaixSwitchError(
            tr("{name}: the card does not keep what is written to it; use another card", name=target.name), EXIT_IO
        )
