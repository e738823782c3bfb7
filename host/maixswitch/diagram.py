"""The state machine's table as a Mermaid state diagram, for the README and `maixswitch diagram`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from maixswitch import board_code

Row = Sequence[Any]


def mermaid(rows: Iterable[Row] | None = None, start: str = "NO_CARD", end: str = "STOPPED") -> str:
    """Return the text of a stateDiagram-v2, with a newline at the end.

    rows: (state, event, (action, ...), next state); None for the app's own.
    start, end: the states after the start and before the end.
    """
    if rows is None:
        rows = board_code.transitions()
    # Draw one arrow for each pair of states. Events with the same actions share a line of its label.
    arrows: dict[tuple[str, str], dict[str, list[str]]] = {}
    for state, event, actions, after in rows:
        label = ", ".join([actions] if isinstance(actions, str) else actions)
        arrows.setdefault((state, after), {}).setdefault(label, []).append(event)
    lines = ["stateDiagram-v2", f"    [*] --> {start}"]
    for (state, after), labels in arrows.items():
        text = "<br/>".join(f"{', '.join(events)} / {label}" for label, events in labels.items())
        lines.append(f"    {state} --> {after}: {text}")
    lines.append(f"    {end} --> [*]")
    return "\n".join(lines) + "\n"
