"""The table and the machine that runs it. Runs under CPython and MicroPython."""

from device.fsm import QUEUE, Machine, Refused, rows
from tests.device.fsm_rules import STATES, check
from tests.device.unit_helpers import raises

KEYS = ("NEXT", "PREVIOUS", "RELOAD")


class Actions:
    """The actions that a Machine calls, as attributes."""


def machine(start="NO_CARD", fail=(), log=None, changed=None):
    """Return a Machine whose actions append (name, arg) to log; those named in fail raise ValueError(name)."""
    log = [] if log is None else log

    def action(name):
        def act(arg):
            log.append((name, arg))
            if name in fail:
                raise ValueError(name)

        return act

    acts = Actions()
    for row in rows():
        for name in row[2]:
            setattr(acts, name, action(name))
    return Machine(acts, start, changed)


def row(state, event):
    matching = [row for row in rows() if row[0] == state and row[1] == event]
    return matching[0] if matching else None


def test_every_row_runs_its_actions_in_order_and_reaches_its_state():
    for state, event, actions, end in rows():
        log = []
        machine(state, (), log, lambda *change, log=log: log.append(change)).post(event, 7)
        assert log == [(name, 7) for name in actions] + [(state, event, end)]


def test_the_key_works_in_every_state_but_the_last():
    for state in STATES:
        for event in KEYS:
            assert (row(state, event) is None) == (state == "STOPPED")


def test_the_card_can_be_pulled_in_any_state():
    for state in STATES:
        assert (row(state, "CARD_OUT") is None) == (state in ("NO_CARD", "STOPPED"))


def test_rows_of_the_design():
    assert row("RUNNING", "NEXT")[2:] == [["unload", "select_next"], "UNLOADED"]
    assert row("UNLOADED", "NEXT")[2:] == [["select_next"], "UNLOADED"]
    assert row("UNLOADED", "LOAD")[2:] == [["load"], "RUNNING"]
    assert row("UNLOADED", "FAIL")[2:] == [["show_fault"], "FAULT"]
    assert row("RUNNING", "FAIL")[2:] == [["unload", "show_fault"], "FAULT"]
    assert row("FAULT", "NEXT")[2:] == [["select_next"], "UNLOADED"]
    assert row("NO_CARD", "NEXT")[2] == ["remount"]
    assert row("EMPTY", "NEXT")[2] == ["read_card"]
    assert [r[0] for r in rows() if "load" in r[2]] == ["UNLOADED"]


def test_an_event_without_a_row_is_refused_and_changes_nothing():
    log = []
    it = machine("RUNNING", (), log)
    assert str(raises(Refused, it.post, "LOAD")) == "cannot LOAD in RUNNING"
    assert str(raises(Refused, machine("STOPPED").post, "NEXT")) == "cannot NEXT in STOPPED"
    assert it.state == "RUNNING"
    assert log == []
    it.post("NEXT")
    assert it.state == "UNLOADED"


def test_every_pair_without_a_row_is_refused():
    events = {r[1] for r in rows()}
    for state in STATES:
        for event in events:
            if not row(state, event):
                raises(Refused, machine(state).post, event)


def test_the_argument_reaches_every_action_of_the_row():
    log = []
    machine("RUNNING", (), log).post("SELECT", 3)
    assert log == [("unload", 3), ("select", 3)]


def test_an_action_that_raises_posts_fail_from_the_state_where_its_row_began():
    log = []
    it = machine("UNLOADED", ("load",), log)
    it.post("LOAD")
    assert it.state == "FAULT"
    assert [name for name, _ in log] == ["load", "show_fault"]
    assert str(log[1][1]) == "load"
    log = []
    it = machine("RUNNING", ("select_next",), log)
    it.post("NEXT")
    assert it.state == "FAULT"
    assert [name for name, _ in log] == ["unload", "select_next", "unload", "show_fault"]


def test_every_row_whose_actions_raise_ends_in_a_state_from_which_the_key_works():
    for state, event, actions, end in rows():
        for name in actions:
            it = machine(state, (name,))
            it.post(event)
            assert row(it.state, "NEXT") or it.state == "STOPPED"
            if event in ("FAIL", "STOP"):
                assert it.state == end
                assert str(it.error) == name
            else:
                assert it.state == ("EMPTY" if state in ("NO_CARD", "EMPTY") else "FAULT")


def test_a_fail_whose_own_action_raises_runs_the_others_and_keeps_the_exception():
    log = []
    it = machine("RUNNING", ("unload", "show_fault"), log)
    it.post("FAIL", ValueError("why"))
    assert it.state == "FAULT"
    assert [name for name, _ in log] == ["unload", "show_fault"]
    assert str(it.error) == "show_fault"
    it = machine("RUNNING", ("unload",))
    it.post("STOP")
    assert it.state == "STOPPED"
    assert str(it.error) == "unload"


def test_error_is_none_again_after_a_good_row():
    it = machine("RUNNING", ("show_fault",))
    it.post("FAIL")
    assert it.error
    it.post("NEXT")
    assert it.error is None


def posting(state, script, seen):
    """Return a Machine in which each action of `script` posts its events while it runs."""
    acts = Actions()
    holder = []

    def action(name):
        def act(arg):
            for event in script.get(name, ()):
                holder[0].post(event, name)
            if name == script.get("raises"):
                raise ValueError(name)

        return act

    for r in rows():
        for name in r[2]:
            setattr(acts, name, action(name))
    holder.append(Machine(acts, state, lambda *change: seen.append(change)))
    return holder[0]


def test_an_event_posted_by_an_action_waits_for_the_end_of_its_row():
    seen = []
    it = posting("NO_CARD", {"read_card": ("NO_MODELS",)}, seen)
    it.post("CARD_IN")
    assert seen == [("NO_CARD", "CARD_IN", "UNLOADED"), ("UNLOADED", "NO_MODELS", "EMPTY")]


def test_fail_comes_before_the_events_of_the_failed_action():
    seen = []
    it = posting("UNLOADED", {"load": ("NEXT",), "raises": "load"}, seen)
    it.post("LOAD")
    assert seen == [("UNLOADED", "FAIL", "FAULT"), ("FAULT", "NEXT", "UNLOADED")]


def test_a_refused_event_does_not_stop_the_others():
    seen = []
    it = posting("UNLOADED", {"select_next": ("CARD_IN", "PREVIOUS")}, seen)
    assert str(raises(Refused, it.post, "NEXT")) == "cannot CARD_IN in UNLOADED"
    assert [change[1] for change in seen] == ["NEXT", "PREVIOUS"]


def test_the_queue_is_bounded():
    seen = []
    it = posting("UNLOADED", {"select_next": ["PREVIOUS"] * (QUEUE + 1)}, seen)
    it.post("NEXT")
    # The ninth post raised in the action, so the row failed; the eight that fitted ran after FAIL.
    assert seen[0] == ("UNLOADED", "FAIL", "FAULT")
    assert len(seen) == 1 + QUEUE


class Power(BaseException):
    pass


def test_an_exception_that_ends_the_program_passes_through_and_leaves_the_machine_usable():
    def cut(arg):
        raise Power()

    acts = Actions()
    for r in rows():
        for name in r[2]:
            setattr(acts, name, lambda arg: None)
    acts.select_next = cut
    it = Machine(acts, "UNLOADED")
    raises(Power, it.post, "NEXT")
    assert it.state == "UNLOADED"
    it.post("PREVIOUS")
    it.post("STOP")
    assert it.state == "STOPPED"


def test_a_machine_needs_every_action_of_the_table():
    assert str(raises(ValueError, Machine, Actions())) == "no action remount"


def bad(change):
    """Return the text of the ValueError of check() after change(rows)."""
    table = rows()
    change(table)
    return str(raises(ValueError, check, table))


def drop(state, *events):
    return lambda table: [table.remove(r) for r in list(table) if r[0] == state and (not events or r[1] in events)]


def test_check_refuses_a_bad_table_and_names_the_row():
    add = lambda *new: lambda table: table.append(list(new))  # noqa: E731
    text = bad(add("RUNNING", "NEXT", ["unload"], "UNLOADED"))
    assert text.startswith("duplicate row: ")
    assert "'RUNNING', 'NEXT'" in text
    assert bad(add("RUNNING", "JUMP", ["unload"], "MOON")).startswith("unknown state: ")
    assert bad(add("MOON", "JUMP", ["unload"], "RUNNING")).startswith("unknown state: ")
    assert bad(add("FAULT", "JUMP", ["load"], "RUNNING")).startswith("load outside UNLOADED: ")
    assert bad(add("RUNNING", "JUMP", ["unload", "load"], "RUNNING")).startswith("load outside UNLOADED: ")
    assert bad(add("FAULT", "JUMP", ["select"], "RUNNING")).startswith("RUNNING without load: ")
    assert bad(add("RUNNING", "JUMP", ["select"], "FAULT")).startswith("RUNNING left without unload: ")


def test_check_refuses_unreachable_states_and_traps():
    assert bad(drop("UNLOADED", "LOAD")) == "unreachable state: RUNNING"
    assert bad(drop("EMPTY")) == "no way out of EMPTY"
    assert bad(drop("FAULT", "NEXT")) == "no row for NEXT in FAULT"
    assert bad(drop("EMPTY", "FAIL")) == "no row for FAIL in EMPTY"
