"""The state machine's table against a second form of it, by events. Runs under both interpreters."""

# ruff: noqa: RUF005

from device.fsm import QUEUE, Machine, Refused, rows
from tests.device.fsm_rules import STATES, check
from tests.device.unit_helpers import raises


class Actions:
    """The actions that a Machine calls, as attributes that keep a log."""

    def __init__(self, log):
        def action(name):
            return lambda arg: log.append((name, arg))

        for row in rows():
            for name in row[2]:
                setattr(self, name, action(name))


def expected_rows():
    """Return the rows that the events mean, {(state, event): (actions, next state)}.

    In a state with models (UNLOADED, RUNNING, FAULT) a key event selects one; in others it looks for some. A model in
    memory is unloaded first, except that it may learn. A fault is shown; in a state without models nothing is selected
    afterwards.
    """
    table = {}
    for state in ("UNLOADED", "RUNNING", "FAULT"):
        first = ["unload"] if state == "RUNNING" else []
        table[state, "NEXT"] = (first + ["select_next"], "UNLOADED")
        table[state, "PREVIOUS"] = (first + ["select_previous"], "UNLOADED")
        table[state, "SELECT"] = (first + ["select"], "UNLOADED")
        table[state, "RELOAD"] = (first + ["read_card"], "UNLOADED")
        table[state, "FAIL"] = (first + ["show_fault"], "FAULT")
        table[state, "CARD_OUT"] = (first + ["show_no_card"], "NO_CARD")
        table[state, "STOP"] = (first + ["close"], "STOPPED")
    for state in ("NO_CARD", "EMPTY"):
        for event in ("NEXT", "PREVIOUS", "RELOAD"):
            table[state, event] = (["remount"], "NO_CARD") if state == "NO_CARD" else (["read_card"], "UNLOADED")
        table[state, "FAIL"] = (["show_fault"], "EMPTY")
        table[state, "STOP"] = (["close"], "STOPPED")
    table["NO_CARD", "CARD_IN"] = (["read_card"], "UNLOADED")
    table["EMPTY", "CARD_OUT"] = (["show_no_card"], "NO_CARD")
    table["UNLOADED", "NO_MODELS"] = (["show_empty"], "EMPTY")
    table["UNLOADED", "LOAD"] = (["load"], "RUNNING")
    table["RUNNING", "LEARN"] = (["learn"], "RUNNING")
    return table


def test_every_row_is_what_its_event_means():
    actual = {(state, event): (actions, end) for state, event, actions, end in rows()}
    expected = expected_rows()
    for key in actual:
        assert actual[key] == expected.get(key), key
    assert set(actual) == set(expected)
    assert len(actual) == len(rows())


def test_the_apps_table_keeps_the_rules():
    assert check(rows()) is None
    assert {row[0] for row in rows()} | {row[3] for row in rows()} == set(STATES)


def test_a_state_that_only_itself_leads_to_is_unreachable():
    table = rows()
    for row in table:
        if row[3] == "FAULT" and row[0] != "FAULT":
            row[3] = "NO_CARD"
    assert str(raises(ValueError, check, table)) == "unreachable state: FAULT"


def test_a_new_machine_has_no_card_and_no_error():
    it = Machine(Actions([]))
    assert (it.state, it.error) == ("NO_CARD", None)


class Power(BaseException):
    pass


def test_an_exception_that_ends_the_program_drops_the_waiting_events():
    log = []
    acts = Actions(log)
    it = Machine(acts, "UNLOADED")

    def cut(arg):
        it.post("PREVIOUS")
        raise Power()

    acts.select_next = cut
    raises(Power, it.post, "NEXT")
    it.post("SELECT", 2)
    assert log == [("select", 2)]


def test_the_event_that_finds_the_queue_full_is_named_in_the_fault():
    log = []
    acts = Actions(log)
    it = Machine(acts, "UNLOADED")

    def flood(arg):
        for _ in range(QUEUE + 1):
            it.post("PREVIOUS")

    acts.select_next = flood
    it.post("NEXT")
    faults = [arg for name, arg in log if name == "show_fault"]
    assert [(type(fault), str(fault)) for fault in faults] == [(Refused, "cannot queue PREVIOUS")]


def test_a_key_pressed_eight_times_while_a_row_runs_loses_no_press():
    log = []
    acts = Actions(log)
    it = Machine(acts, "UNLOADED")

    def presses(arg):
        for _ in range(8):
            it.post("PREVIOUS")

    acts.select_next = presses
    it.post("NEXT")
    assert [name for name, _ in log] == ["select_previous"] * 8
