"""Time that moves only when told, and the queue of callbacks that interrupts leave for the interpreter."""

SCHEDULER_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of the MaixPy port


class Scheduler:
    """Callbacks posted by interrupts; run between two calls, never inside one, dropped when 8 wait (py/scheduler.c)."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.pending = []  # (callback, argument)
        self.dropped = 0
        self.errors = []  # exceptions that callbacks raised: the firmware prints them and goes on
        self.report = None
        self._running = False

    def post(self, callback, argument) -> bool:
        """Queue callback(argument); False when the queue is full and the call is lost."""
        # The firmware drops the newest call and tells nobody. The counter lets a test see what a board would hide.
        if len(self.pending) >= SCHEDULER_DEPTH:
            self.dropped += 1
            return False
        self.pending.append((callback, argument))
        return True

    def run(self) -> None:
        """Run what waits, oldest first; a callback never interrupts another one."""
        # A callback that sleeps moves the clock and comes back here: the calls that wait stay for the outer loop.
        if self._running:
            return
        self._running = True
        try:
            while self.pending:
                callback, argument = self.pending.pop(0)
                try:
                    callback(argument)
                except Exception as error:  # printed by mp_call_function_1_protected, never seen by the program
                    self.errors.append(error)
                    if self.report:
                        self.report(error)
        finally:
            self._running = False


class Clock:
    """Milliseconds since power-on, and what happens at which of them."""

    def __init__(self, scheduler):
        self._scheduler = scheduler
        self.reset()

    def reset(self):
        self.now = 0
        self.epoch = 0  # seconds since 2000-01-01 at power-on, as utime.time() counts
        self._events = []  # [time, number, function], sorted; function None: cancelled
        self._number = 0
        self._asked = 0  # how often the time was read since it last moved

    def stop(self) -> None:
        """Take back every event."""
        del self._events[:]

    def advance(self, ms: int, blocking: bool = False) -> None:
        """Let `ms` milliseconds pass; events happen at their time.

        With `blocking` the interpreter is inside C code all the while: interrupts fill the queue, callbacks run at
        the end.
        """
        self._asked = 0
        # The end is fixed before events run: a callback that advances the clock itself must not make this wait longer.
        end = self.now + ms
        events = self._events
        if events:
            scheduler = self._scheduler
            # An event may lie in the past when an earlier callback moved the clock; the time never goes back for it.
            while events and events[0][0] <= end:
                event = events.pop(0)
                if event[0] > self.now:
                    self.now = event[0]
                if event[2] is not None:
                    event[2]()
                # Without blocking, callbacks run at the time of their interrupt, as in flavours with threads.
                if scheduler.pending and not blocking:
                    scheduler.run()
        if end > self.now:
            self.now = end
        if self._scheduler.pending:
            self._scheduler.run()

    def at(self, ms: int, function):
        """Call function() when the clock reaches `ms`; returns a handle for cancel()."""
        self._number += 1
        event = [ms, self._number, function]
        events = self._events
        # From the end, and behind events of the same time: equal times happen in the order of their entry.
        i = len(events)
        while i > 0 and events[i - 1][0] > ms:
            i -= 1
        events.insert(i, event)
        return event

    def move(self, event, ms: int) -> None:
        """Put an event to another time without making a new one."""
        events = self._events
        # A fed watchdog moves its event at each frame, and a new list each time would fill a small heap.
        if event in events:
            events.remove(event)
        event[0] = ms
        i = len(events)
        while i > 0 and events[i - 1][0] > ms:
            i -= 1
        events.insert(i, event)

    def cancel(self, handle) -> None:
        """Take an event back; None and events that have happened are accepted."""
        if handle is not None:
            # The function is cleared first: advance() may have taken the event off the list already.
            handle[2] = None
            if handle in self._events:
                self._events.remove(handle)

    def read(self) -> int:
        """Return the time to a program; a loop that only reads it would never end, so after 1,000 reads each one
        costs 1 ms."""
        self._asked += 1
        # The count survives the step, so that a program that goes on polling pays for each further read.
        if self._asked > 1000:
            asked = self._asked
            self.advance(1)
            self._asked = asked
        return self.now

    def until_next(self, period: int) -> int:
        """Return the milliseconds to the next multiple of `period`, at least 1."""
        return period - self.now % period
