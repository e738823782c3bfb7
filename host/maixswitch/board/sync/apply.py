"""Carries out a plan so that the card is always the old one, or one that boot.py turns into the new one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from maixswitch.board.sync import journal, manifest
from maixswitch.board.sync.inventory import BOOT, MARK, STEPS, SUMS, SYNC
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
        if plan.first:
            # Deletions are a list of steps, too, so that a power cut cannot leave half a model visible to the app.
            _commit([*plan.first, *_choice(plan, target)], target)
            target.finish()
        for folder in plan.folders:
            target.make_folder(folder)
            # The mark comes before the first file, so that the app never sees an incomplete folder.
            if folder in plan.marked:
                target.write(f"{folder}/{MARK}", b"")
        for send in plan.sends:
            if send.arrived:
                continue
            if send.origin:
                target.copy(send.origin, send.part, send.source.size, send.source.crc)
            else:
                target.send(send.source.file, send.part, send.offset, send.source.size, send.source.crc, tell)
        steps = _with_records(plan, target)
        if steps:
            _commit(steps, target)
            # From here on the card is the new version, and the message after Ctrl-C must say so.
            decided = True
            target.finish()
            target.drop(plan.emptied)
    except KeyboardInterrupt:
        if decided:
            text = tr("interrupted; all new files are on the card, and the board uses them from its next start on")
        else:
            text = tr("interrupted; the card still has the old version; the same command continues where it stopped")
        raise MaixSwitchError(text, EXIT_INTERRUPTED) from None


def _with_records(plan: Plan, target: Target) -> list[Step]:
    """Write the new manifest and the remembered model beside the old ones; return all steps of the end.

    The old manifest stays until then: after a cut, the next sync must still know which files sync put on the card.
    """
    records = [] if plan.known else [_record(SUMS, manifest.dump(plan.files), plan, target)]
    if not plan.first:
        records += _choice(plan, target)
    # boot.py is the last step if the card's boot.py can finish the others.
    last = len(plan.steps) - (plan.steps[-1:] != () and plan.steps[-1].name == BOOT)
    return [*plan.steps[:last], *records, *plan.steps[last:]]


def _choice(plan: Plan, target: Target) -> list[Step]:
    """Write the remembered model; return the step that puts it in its place.

    That is among the first steps if these delete models, since the next sync may no longer see what became of a model.
    """
    return [_record(plan.choice.path, plan.choice.line, plan, target)] if plan.choice else []


def _record(path: str, data: bytes, plan: Plan, target: Target) -> Step:
    """Write a file into SYNC; return the step that copies it to its path."""
    taken = {send.part for send in plan.sends}
    number = zlib.crc32(path.encode())
    while (part := f"{SYNC}/A{number % (1 << 28):07X}") in taken:
        number += 1
    target.write(part, data)
    return Step("copy", part, path, f"{zlib.crc32(data):08x}")


def _commit(steps: Sequence[Step], target: Target) -> None:
    """Write the list of steps. From then on, boot.py turns the card into the new one."""
    data = journal.dump(steps)
    target.write(STEPS, data)
    # The list decides which version the card is, and bad cards can lose what is written without reporting an error.
    if target.read(STEPS) != data:
        raise MaixSwitchError(
            tr("{name}: the card does not keep what is written to it; use another card", name=target.name), EXIT_IO
        )
