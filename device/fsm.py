"""The state machine of the app: one table of rows (state, event, actions, next state) and a machine that runs it.

Deinit before load is the shape of the table: every row that leaves RUNNING unloads first, only UNLOADED loads.
The README's diagram, the simulator and the tests read the same rows. Imports nothing.

NO_CARD: the key asks for a remount; whoever watches the card posts CARD_IN, and `read_card` posts NO_MODELS when it
finds none. EMPTY: a card without a model folder, or one that cannot be read; the key reads it again. UNLOADED: a model
is selected and none is in memory; LOAD comes when the key has been quiet. RUNNING: one model is in memory, and goes
first whatever happens. FAULT: cause and remedy stand on the screen until somebody acts. STOPPED: the end.
"""

STATES = ("NO_CARD", "EMPTY", "UNLOADED", "RUNNING", "FAULT", "STOPPED")
QUEUE = 8

TRANSITIONS = """
NO_CARD NEXT: remount -> NO_CARD
NO_CARD PREVIOUS: remount -> NO_CARD
NO_CARD RELOAD: remount -> NO_CARD
NO_CARD CARD_IN: read_card -> UNLOADED
NO_CARD FAIL: show_fault -> EMPTY
NO_CARD STOP: stop -> STOPPED
EMPTY NEXT: read_card -> UNLOADED
EMPTY PREVIOUS: read_card -> UNLOADED
EMPTY RELOAD: read_card -> UNLOADED
EMPTY FAIL: show_fault -> EMPTY
EMPTY CARD_OUT: show_no_card -> NO_CARD
EMPTY STOP: stop -> STOPPED
UNLOADED NEXT: select_next -> UNLOADED
UNLOADED PREVIOUS: select_previous -> UNLOADED
UNLOADED SELECT: select -> UNLOADED
UNLOADED RELOAD: read_card -> UNLOADED
UNLOADED LOAD: load -> RUNNING
UNLOADED FAIL: show_fault -> FAULT
UNLOADED NO_MODELS: show_empty -> EMPTY
UNLOADED CARD_OUT: show_no_card -> NO_CARD
UNLOADED STOP: stop -> STOPPED
RUNNING NEXT: unload, select_next -> UNLOADED
RUNNING PREVIOUS: unload, select_previous -> UNLOADED
RUNNING SELECT: unload, select -> UNLOADED
RUNNING RELOAD: unload, read_card -> UNLOADED
RUNNING FAIL: unload, show_fault -> FAULT
RUNNING CARD_OUT: unload, show_no_card -> NO_CARD
RUNNING STOP: unload, stop -> STOPPED
FAULT NEXT: select_next -> UNLOADED
FAULT PREVIOUS: select_previous -> UNLOADED
FAULT SELECT: select -> UNLOADED
FAULT RELOAD: read_card -> UNLOADED
FAULT FAIL: show_fault -> FAULT
FAULT CARD_OUT: show_no_card -> NO_CARD
FAULT STOP: stop -> STOPPED
"""


class Refused(Exception):
    """An event without a row in the present state: "cannot LOAD in RUNNING"; or one too many in the queue."""


def rows(text=TRANSITIONS):
    """Return a table's rows, [state, event, [action, ...], next state]; as text they take a third of the heap."""
    found = []
    for line in text.strip().split("\n"):
        head, tail = line.split(": ")
        actions, end = tail.split(" -> ")
        found.append(head.split(" ") + [actions.split(", "), end])
    return found


def check(table, start="NO_CARD"):
    """Raise ValueError, naming the row or state, unless the rows keep the rules that the app relies on.

    No unknown state, no duplicate row, no unreachable state, none but STOPPED without a way out; key events, FAIL
    and STOP in every state but STOPPED; `load` in UNLOADED only, the only way into RUNNING; `unload` first on every
    way out of it.
    """
    seen = []
    for row in table:
        state, event, acts, end = row
        wrong = ""
        if state not in STATES or end not in STATES:
            wrong = "unknown state"
        elif (state, event) in seen:
            wrong = "duplicate row"
        elif "load" in acts and state != "UNLOADED":
            wrong = "load outside UNLOADED"
        elif end == "RUNNING" and acts[-1] != "load":
            wrong = "RUNNING without load"
        elif state == "RUNNING" and acts[0] != "unload":
            wrong = "RUNNING left without unload"
        if wrong:
            raise ValueError("%s: %s" % (wrong, row))
        seen.append((state, event))
    reached = [start]
    for here in reached:
        for state, _, _, end in table:
            if state == here and end not in reached:
                reached.append(end)
    for here in STATES:
        if here not in reached:
            raise ValueError("unreachable state: " + here)
        if here != "STOPPED":
            if not [1 for row in table if row[0] == here != row[3]]:
                raise ValueError("no way out of " + here)
            for event in ("NEXT", "PREVIOUS", "RELOAD", "FAIL", "STOP"):
                if (here, event) not in seen:
                    raise ValueError("no row for %s in %s" % (event, here))


class Machine:
    """Runs the rows: events queue up, each row ends before the next begins.

    actions: name -> callable(arg), one for every name in the table, else ValueError. changed(old, event, new) is
    called after each row. An action that raises ends its row in the state where it began and FAIL follows with the
    exception as its argument. The rows of FAIL and of STOP always reach their next state; `error` keeps what their
    own actions raised, else None. KeyboardInterrupt, SystemExit and the like pass through and empty the queue.
    """

    def __init__(self, actions, start="NO_CARD", changed=None):
        for row in rows():
            for name in row[2]:
                if name not in actions:
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
        if len(self._queue) >= QUEUE:
            raise Refused("cannot queue " + event)
        self._queue.append((event, arg))
        if self._busy:
            return
        self._busy = True
        refused = None
        try:
            while self._queue:
                event, arg = self._queue.pop(0)
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
                self._actions[name](arg)
            except Exception as error:
                if event != "FAIL" and event != "STOP":
                    return "FAIL", error
                self.error = error
        self.state = new
        if self._changed:
            self._changed(old, event, new)
        return None, None


check(rows())
