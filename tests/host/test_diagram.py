"""The diagram shows the table: it is parsed and compared row by row."""

from __future__ import annotations

import re

from device import fsm
from maixswitch.diagram import mermaid
from tests.device import fsm_rules


def parse(text: str) -> set[tuple[str, str, str, str]]:
    rows = set()
    for line in text.splitlines():
        match = re.fullmatch(r"    (\w+) --> (\w+): (.*)", line)
        if not match:
            continue
        state, after, label = match.groups()
        for part in label.split("<br/>"):
            events, actions = part.split(" / ")
            rows |= {(state, event, actions, after) for event in events.split(", ")}
    return rows


def test_the_diagram_holds_every_row_and_no_other() -> None:
    expected = {(state, event, ", ".join(actions), after) for state, event, actions, after in fsm.rows()}
    assert parse(mermaid()) == expected
    assert len(expected) == len(fsm.rows())


def test_the_frame_of_the_diagram() -> None:
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert lines[1] == "    [*] --> NO_CARD"
    assert lines[-1] == "    STOPPED --> [*]"


def test_every_state_is_drawn() -> None:
    text = mermaid()
    assert all(f" {state} " in text for state in fsm_rules.STATES)


def test_events_with_equal_actions_share_a_line() -> None:
    rows = [
        ("A", "GO", "act", "B"),
        ("A", "RUN", "act", "B"),
        ("A", "HOP", ("act", "jump"), "B"),
        ("B", "STOP", "end", "C"),
    ]
    assert mermaid(rows, "A", "C").splitlines() == [
        "stateDiagram-v2",
        "    [*] --> A",
        "    A --> B: GO, RUN / act<br/>HOP / act, jump",
        "    B --> C: STOP / end",
        "    C --> [*]",
    ]
