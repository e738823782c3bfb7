"""Tells the user how a script ended."""

from __future__ import annotations

from maixswitch.board.maixpy_script.missing_names import missing_name
from maixswitch.board.maixpy_script.options import CRASHED, ENDED, RAISED, RESET, Options, Outcome
from maixswitch.k210.choice import image_path
from maixswitch.language import tr


def summary(outcome: Outcome, options: Options) -> str:
    """Return how a script ended, and which name the fakes lack if that is why."""
    seconds = f"{outcome.seconds:.1f}"
    if outcome.how == ENDED:
        return tr("the script ended after {seconds} s of board time", seconds=seconds)
    if outcome.how == RESET:
        return tr("the script restarted the chip after {seconds} s of board time", seconds=seconds)
    if outcome.how == CRASHED:
        return tr(
            "the firmware crashed after {seconds} s of board time: {reason}", seconds=seconds, reason=outcome.reason
        )
    if outcome.how != RAISED:
        return tr("stopped after {seconds} s of board time; --seconds sets the limit", seconds=seconds)
    message = tr("the script raised {error} after {seconds} s of board time", error=outcome.error, seconds=seconds)
    name = missing_name(outcome.error, options.source) if image_path(options.firmware) is None else ""
    if name:
        message += "; " + tr("the fakes have no {name}; with --firmware FILE it runs if the firmware has it", name=name)
    return message
