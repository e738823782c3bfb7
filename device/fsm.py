"""The state machine of the app: one table of rows (state, event, actions, next state) and a machine that runs it.

The shape of the table enforces deinit before load: every row that leaves RUNNING unloads first, and only UNLOADED
loads. The README's diagram, the simulator and the tests read the same rows; tests/device/fsm_rules.py holds the rules
that they must keep. Imports nothing.

NO_CARD: the key asks for a remount. App.look() posts CARD_IN; `read_card` posts NO_MODELS if it finds no model.
EMPTY: the card has no model folder, or cannot be read; the key reads it again.
UNLOADED: a model is selected, but not in memory; LOAD comes when the key has been quiet.
RUNNING: a model is in memory; it is unloaded before anything else happens, except that it may learn.
FAULT: cause and remedy stay on the screen until somebody acts.
STOPPED: the end.
"""

QUEUE = 8

TRANSITIONS = """
NO_CARD NEXT: remount -> NO_CARD
NO_CARD PREVIOUS: remount -> NO_CARD
NO_CARD RELOAD: remount -> NO_CARD
NO_CARD CARD_IN: read_card -> UNLOADED
NO_CARD FAIL: show_fault -> EMPTY
NO_CARD STOP: close -> STOPPED
EMPTY NEXT: read_card -> UNLOADED
EMPTY PREVIOUS: read_card -> UNLOADED
EMPTY RELOAD: read_card -> UNLOADED
EMPTY FAIL: show_fault -> EMPTY
EMPTY CARD_OUT: show_no_card -> NO_CARD
EMPTY STOP: close -> STOPPED
UNLOADED NEXT: select_next -> UNLOADED
UNLOADED PREVIOUS: select_previous -> UNLOADED
UNLOADED SELECT: select -> UNLOADED
UNLOADED RELOAD: read_card -> UNLOADED
UNLOADED LOAD: load -> RUNNING
UNLOADED FAIL: show_fault -> FAULT
UNLOADED NO_MODELS: show_empty -> EMPTY
UNLOADED CARD_OUT: show_no_card -> NO_CARD
UNLOADED STOP: close -> STOPPED
RUNNING NEXT: unload, select_next -> UNLOADED
RUNNING PREVIOUS: unload, select_previous -> UNLOADED
RUNNING SELECT: unload, select -> UNLOADED
RUNNING RELOAD: unload, read_card -> UNLOADED
RUNNING LEARN: learn -> RUNNING
RUNNING FAIL: unload, show_fault -> FAULT
RUNNING CARD_OUT: unload, show_no_card -> NO_CARD
RUNNING STOP: unload, close -> STOPPED
FAULT NEXT: select_next -> UNLOADED
FAULT PREVIOUS: select_previous -> UNLOADED
FAULT SELECT: select -> UNLOADED
FAULT RELOAD: read_card -> UNLOADED
FAULT FAIL: show_fault -> FAULT
FAULT CARD_OUT: show_no_card -> NO_CARD
FAULT STOP: close -> STOPPED
"""


class Refused(Exception):
    """An event has no row in the present state: "cannot LOAD in RUNNING"; or the queue is full."""


def rows(text=TRANSITIONS):
    """Return a table's rows, [state, event, [action, ...], next state]; as a text they take a third of the heap."""
    parsed = []
    for line in text.strip().split("\n"):
        head, tail = line.split(": ")
        actions, end = tail.split(" -> ")
        parsed.append(head.split(" ") + [actions.split(", "), end])
    return parsed


class Machine:
    """Runs the rows: events queue up, each row ends before the next begins.

    actions: an object with a method(arg) for every name in the table, else ValueError. changed(old, event, new) is
    called after each row. An action that raises ends its row in the state where it began and FAIL follows with the
    exception as its argument. The rows of FAIL and of STOP always reach their next state; `error` keeps what their
    own actions raised, else None. KeyboardInterrupt, SystemExit and the like pass through and empty the queue.
    """

    def __init__(self, actions, start="NO_CARD", changed=None):
        # At the start, not when a key asks for the row: a misspelt action must not wait for its event.
        for row in rows():
            for name in row[2]:
                if not hasattr(actions, name):
                    raise ValueError("no action " + name)
        self.state = start
        self.error = None
        self._actions = actions
        self._changed = changed
        self._queue = []
        self._busy = False

    def post(self, event, arg=None):
        """Run the event's row now, or after the present one; raise Refused when an event has no row.

        A refused event never keeps the others from running: the first refusal is raised when the queue is empty.
        """
        # A bound: an action that posts in a loop would otherwise fill the heap before anybody notices.
        if len(self._queue) >= QUEUE:
            raise Refused("cannot queue " + event)
        self._queue.append((event, arg))
        # An action posted this. Its row must end first: between two actions the state is not yet correct.
        if self._busy:
            return
        self._busy = True
        refused = None
        try:
            while self._queue:
                event, arg = self._queue.pop(0)
                # FAIL runs before what waits in the queue: no other event may come between a fault and its unload.
                while event:
                    head = "\n%s %s: " % (self.state, event)
                    at = TRANSITIONS.find(head) + 1
                    if at:
                        row = rows(TRANSITIONS[at : TRANSITIONS.find("\n", at)])[0]
                        event, arg = self._run(row, arg)
                    else:
                        refused = refused or Refused("cannot %s in %s" % (event, self.state))
                        event = None
        finally:
            self._busy = False
            del self._queue[:]
        if refused:
            raise refused

    def _run(self, row, arg):
        """Run one row; return ("FAIL", exception) when it failed, else (None, None)."""
        old, event, actions, new = row
        self.error = None
        for name in actions:
            try:
                getattr(self._actions, name)(arg)
            except Exception as error:
                if event != "FAIL" and event != "STOP":
                    return "FAIL", error
                self.error = error
        self.state = new
        if self._changed:
            self._changed(old, event, new)
        return None, None
