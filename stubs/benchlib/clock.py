"""The clock, which moves only when told, and the queue of callbacks of the interrupts."""

SCHEDULER_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH in mpconfigport.h of MaixPy


class Scheduler:
    """The callbacks of interrupts. They run between two calls; a ninth one is lost (py/scheduler.c)."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.pending = []  # (callback, argument)
        self.dropped = 0
        self.errors = []  # exceptions of callbacks, which the firmware prints
        self.report = None
        self._running = False

    def post(self, callback, argument) -> bool:
        """Queue callback(argument). Returns False when the queue is full and the call is lost."""
        # The firmware drops the newest call without a message; the counter shows it to a test.
        if len(self.pending) >= SCHEDULER_DEPTH:
            self.dropped += 1
            return False
        self.pending.append((callback, argument))
        return True

    def run(self) -> None:
        """Run the waiting callbacks, oldest first."""
        # A callback that sleeps moves the clock and calls run() again. It must not
        # interrupt itself, so the outer loop goes on.
        if self._running:
            return
        self._running = True
        try:
            while self.pending:
                callback, argument = self.pending.pop(0)
                try:
                    callback(argument)
                except Exception as error:  # mp_call_function_1_protected prints it, and the program never sees it
                    self.errors.append(error)
                    if self.report:
                        self.report(error)
        finally:
            self._running = False


class Clock:
    """Milliseconds since power-on, and the events that wait for their time.

    tick: called after each millisecond that passes, for a board that talks to programs of the PC; None for nothing.
    """

    def __init__(self, scheduler):
        self._scheduler = scheduler
        self.reset()

    def reset(self):
        self.tick = None
        self.now = 0
        self.epoch = 0  # seconds since 2000-01-01 at power-on, as utime.time() counts
        self._events = []  # [time, number, function], sorted by time; the function is None when cancelled
        self._number = 0
        self._asked = 0  # number of reads since the time last moved

    def stop(self) -> None:
        """Cancel every event."""
        del self._events[:]

    def advance(self, ms: int, blocking: bool = False) -> None:
        """Let `ms` milliseconds pass; events happen at their time.

        blocking: the interpreter is inside a C function, so the callbacks of interrupts wait until the end.
        """
        self._asked = 0
        # The end is computed first: a callback that advances the clock must not make this wait longer.
        end = self.now + ms
        tick = self.tick
        if tick:
            while self.now + 1 < end:
                self._pass(self.now + 1, blocking)
                tick()
        self._pass(end, blocking)
        if tick and ms > 0:
            tick()
        if self._scheduler.pending:
            self._scheduler.run()

    def _pass(self, end, blocking):
        events = self._events
        if events:
            scheduler = self._scheduler
            # An event may be in the past when a callback moved the clock; the time does not go back.
            while events and events[0][0] <= end:
                event = events.pop(0)
                if event[0] > self.now:
                    self.now = event[0]
                if event[2] is not None:
                    event[2]()
                # Without blocking a callback runs at the time of its interrupt, as in flavours with threads.
                if scheduler.pending and not blocking:
                    scheduler.run()
        if end > self.now:
            self.now = end

    def at(self, ms: int, function):
        """Call function() when the clock reaches `ms`. Returns the event, for move() and cancel()."""
        self._number += 1
        event = [ms, self._number, function]
        events = self._events
        # A new event goes behind those of the same time, so that these happen in the order of their entry.
        i = len(events)
        while i > 0 and events[i - 1][0] > ms:
            i -= 1
        events.insert(i, event)
        return event

    def move(self, event, ms: int) -> None:
        """Change the time of an event."""
        events = self._events
        # A watchdog moves its event in each frame; a new list each time would fill a small heap.
        if event in events:
            events.remove(event)
        event[0] = ms
        i = len(events)
        while i > 0 and events[i - 1][0] > ms:
            i -= 1
        events.insert(i, event)

    def cancel(self, handle) -> None:
        """Cancel an event; None and an event that has happened are accepted."""
        if handle is not None:
            # advance() may have removed the event from the list already, so its function is cleared too.
            handle[2] = None
            if handle in self._events:
                self._events.remove(handle)

    def read(self) -> int:
        """Return the time for a program. After 1,000 reads each one costs 1 ms, so that a loop of reads ends."""
        self._asked += 1
        # advance() clears the count, but each further read must cost time too.
        if self._asked > 1000:
            asked = self._asked
            self.advance(1)
            self._asked = asked
        return self.now

    def until_next(self, period: int) -> int:
        """Return the milliseconds to the next multiple of `period`, at least 1."""
        return period - self.now % period
