"""The clock of the bench in real time: a wait takes its time, and due events happen at each read of the time."""

from benchlib.clock import Clock

from virtual import wire

SLICE = 20  # ms


class RealClock(Clock):
    """Milliseconds since power-on, by the clock of the interpreter.

    system: the time module of the interpreter.
    """

    def __init__(self, scheduler, system):
        self._system = system
        self._start = system.ticks_ms()
        super().__init__(scheduler)

    def reset(self):
        self.epoch = 0
        self._events = []
        self._number = 0
        self._asked = 0
        self._start = self._system.ticks_ms()

    @property
    def now(self):  # type: ignore[override]
        return self._system.ticks_diff(self._system.ticks_ms(), self._start)

    def read(self) -> int:
        """Let the due events happen and return the time."""
        wire.poll()
        self._happen()
        return self.now

    def advance(self, ms: int, blocking: bool = False) -> None:
        """Wait `ms` milliseconds. Events happen at their time, or with `blocking` at the end."""
        end = self.now + ms
        # Inside a C function callbacks wait, so the wait is one piece; otherwise each event ends a piece.
        while not blocking and self._events and self._events[0][0] <= end:
            self._wait(self._events[0][0])
            self._happen()
        self._wait(end)
        self._happen()

    def _wait(self, until):
        wire.poll()
        left = until - self.now
        # The slices are short, because Ctrl-C is a flag that poll() reads.
        while left > 0:
            self._system.sleep_ms(min(left, SLICE))
            wire.poll()
            left = until - self.now

    def _happen(self):
        while self._events and self._events[0][0] <= self.now:
            event = self._events.pop(0)
            if event[2] is not None:
                event[2]()
        if self._scheduler.pending:
            self._scheduler.run()
