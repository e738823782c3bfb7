"""The machine under generated stories of events and failing actions."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from device.fsm import Machine, Refused, rows

EVENTS = sorted({row[1] for row in rows()})
ACTIONS = sorted({name for row in rows() for name in row[2]})
# unload never raises: KpuSlot promises it.
FAILING = st.sets(st.sampled_from([name for name in ACTIONS if name != "unload"]), max_size=3)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), FAILING), max_size=40))
def test_at_most_one_model_and_a_key_that_works(story):
    loaded = 0
    failing: set[str] = set()

    def act(name):
        def run(arg):
            nonlocal loaded
            if name == "load":
                assert not loaded, "load before unload"
                loaded = 1
            if name == "unload":
                loaded = 0
            if name in failing:
                loaded = 0 if name == "load" else loaded  # a failed load leaves no model
                raise OSError(name)

        return run

    seen = []
    machine = Machine(
        SimpleNamespace(**{name: act(name) for name in ACTIONS}), "NO_CARD", lambda *change: seen.append(change)
    )
    known = {(row[0], row[1]): row[3] for row in rows()}
    for event, broken in story:
        failing = broken
        before = machine.state
        try:
            machine.post(event)
            assert (before, event) in known
        except Refused:
            assert (before, event) not in known
            assert machine.state == before
        assert loaded == (machine.state == "RUNNING")
        failing = set()
    for old, event, new in seen:
        assert known[old, event] == new
    if machine.state != "STOPPED":
        machine.post("NEXT")
        machine.post("STOP")
    assert machine.state == "STOPPED"
    assert not loaded
