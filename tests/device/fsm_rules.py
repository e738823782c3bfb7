"""The rules that the rows of device.fsm.TRANSITIONS must keep."""

STATES = ("NO_CARD", "EMPTY", "UNLOADED", "RUNNING", "FAULT", "STOPPED")


def check(table, start="NO_CARD"):
    """Raise ValueError, which names the row or state, when a row breaks a rule that the app relies on.

    Every state is known and can be reached, no row is there twice, and only STOPPED has no way out. Every other state
    has rows for the key events, FAIL and STOP. Only UNLOADED has `load`, which is the only way into RUNNING, and every
    row that leaves RUNNING begins with `unload`. The row that stays in RUNNING only learns.
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
        elif state == end == "RUNNING":
            wrong = "" if acts == ["learn"] else "RUNNING kept by something else than learn"
        elif end == "RUNNING" and acts[-1] != "load":
            wrong = "RUNNING without load"
        elif state == "RUNNING" and acts[0] != "unload":
            wrong = "RUNNING left without unload"
        if wrong:
            raise ValueError(wrong + ": " + str(row))
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
                    raise ValueError("no row for " + event + " in " + here)
