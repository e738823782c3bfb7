"""One key: debounce and gestures, from (level, milliseconds) to events. Pure: no pins, no clock, no allocation.

Times are plain ints that only grow, and are subtracted as such: `utime.ticks_ms` wraps at 2**62 on these boards, so
ticks_diff is not needed. They are never floats, which hold only seven digits here.

The firmware runs interrupt handlers late: while C code blocks (a frame, a load), edges wait; when it ends, all of them
are handled with the time and the level of that moment. So `edge` takes the level that a handler saw, `sample` takes
the level of the pin now, and both consider how long nobody had looked at the key.
"""

DEBOUNCE_MS = 30  # a level counts when it has held this long between two looks
BLIND_MS = 40  # a gap this long may hide a press: people do not press for a shorter time
CLEAR_MS = 100  # edges in a gap this long are rather a press than the rest of a bounce, which is over after 10
LONG_MS = 700
QUIET_MS = 250  # a load waits until the keys have been quiet for this long
DOUBLE_MS = 300  # the second press of a double press begins at most this long after the first was released


class Button:
    """Turns one key into events: short on the release of a short press, long_ after 700 ms of holding, then no short.

    double: the event of two short presses one soon after the other, None for none. Only with it a short press waits for
    a second one before it gives its event.
    active: the level of a pressed key, 0 with the usual pull-up. long_ None: every press is a short one. A key that is
    held at the first look gives no event until it has been released once.
    """

    def __init__(self, short, long_=None, active=0):
        self.short = short
        self._long = long_
        self.double = self._first = None  # _first: when the first of two presses was released
        self._level = active
        self._down = None  # what the last look saw, and since when it is believed
        self._since = 0
        self._held = False  # the debounced truth, when this press began and the one before was let go
        self._began = 0
        self._freed = -DEBOUNCE_MS
        self._done = False  # this press has had its event, or must not have one
        self._looked = 0
        self._active = None  # time of the last change, edge or event

    def sample(self, level, now):
        """Take the level polled at now (ms); return an event or None."""
        down = level == self._level
        # A key that is held while the app starts may be the board's BOOT key: it counts as pressed and done.
        if self._down is None:
            self._down = self._held = self._done = down
            if down:
                self._active = self._began = now
        event = None
        changed = down != self._down
        gap = now - self._looked
        until = now
        # A level seen only once may be contact bounce: a release, or a press within 30 ms of the last one. It counts
        # for as long as it was seen. Any other press counts in full.
        if changed and (down or self._began - self._freed < DEBOUNCE_MS):
            until = self._looked
        if self._down != self._held and until - self._since >= DEBOUNCE_MS:
            self._held = self._down
            if not self._held:
                if not self._done:
                    event = self._pressed(now)
                    self._active = now
                self._done = False
        if changed:
            if not down and self._held:
                self._freed = now
            if down and not self._held:
                self._began = now
            self._down = down
            self._since = self._active = now
            if gap >= BLIND_MS:
                self._since -= DEBOUNCE_MS  # it may be as old as the gap: it counts at once
        elif down and self._held and self._long and not self._done and now - self._began >= LONG_MS:
            # The long event comes while the key is held, so that the user sees when to let go.
            event = self._long
            self._done = True
            self._active = now
            self._first = None  # the first press of the two is part of this gesture
        if self._first is not None and not (down or self._held) and now - self._first > DOUBLE_MS:
            event = self.short
            self._first = None
        self._looked = now
        return event

    def _pressed(self, now):
        """Return the event of a short press that has just ended; None when it may be the first of two."""
        if not self.double:
            self._first = None
            return self.short
        if self._first is None:
            self._first = now
            return None
        self._first = None
        return self.double

    def edge(self, level, at):
        """Take what the interrupt handler saw at `at` (ms), in the order of its runs; return an event or None.

        If a handler sees the old level after a gap, the level has changed twice meanwhile: somebody pressed and
        released the key, unless it was still bouncing when the gap began. Two presses in one gap look like one: the
        firmware calls the handlers only at its end, and the number of edges tells nothing, because of the bounce.
        """
        looked = self._looked
        unseen = at - looked >= BLIND_MS and (level == self._level) == self._down
        # Slow frames put the two presses of a double one into gaps one after the other, without a look at rest.
        likely = self.double and at - looked >= CLEAR_MS
        rested = likely or looked - self._freed >= DEBOUNCE_MS
        if unseen:
            self._began = at  # released and pressed again, or bounce: two halves are not a long press
        if unseen and rested and self._first is not None:  # the second press of two, hidden by a slow frame
            self._first = at
        # Before missed(), which changes the state that sample() reads.
        event = self.sample(level, at)
        if unseen and likely and self._down and self._held and not self._done and self._first is None:
            self._first = at  # the first press ended in the gap, in which the second one began
        if unseen and rested:
            self.missed(at)
        # Even an edge that was only bounce shows that somebody uses the key: a load must wait.
        self._active = at
        return event

    def missed(self, now):
        """Take a press that nobody saw: a released key gives its short event when it has stayed released.

        If the key is down again at the next look, that is the same press.
        """
        if not self._down and not self._held and self._down is not None:
            self._held = True
            self._since = self._began = self._freed = self._active = now

    def quiet(self, now):
        """Return the milliseconds since the key last moved or gave an event; 0 while a press is undecided."""
        if self._active is None:
            return QUIET_MS
        if (
            self._first is not None
            or self._down != self._held
            or (self._held and not self._done and now - self._began < LONG_MS)
        ):
            return 0
        return now - self._active
