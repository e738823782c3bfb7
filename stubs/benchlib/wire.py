"""The far end of a UART, with the ring of the board's port."""


class Wire:
    """The far end: what it says goes into `rx`, what the board wrote lies in `tx`. Bytes take no time.

    dropped: bytes that found the board's ring full. A line that takes its time: timed_wire.py.
    """

    timed = False

    def __init__(self, clock):
        self.rx = bytearray()
        self.tx = bytearray()
        self.dropped = 0
        self._clock = clock
        self._limit = 2048

    def plug(self, baud, limit):
        """Take the rate and the size of the ring of the port that was set up."""
        self._limit = limit

    def say(self, data):
        """Send bytes to the board."""
        self.rx.extend(data)

    def leave(self):
        """Return the bytes that have left the board since the last call."""
        data = bytes(self.tx)
        self.tx = bytearray()
        return data

    def ring(self):
        """Return the bytes that wait in the ring; the interrupt handler drops those that do not fit."""
        if len(self.rx) > self._limit:
            self.dropped += len(self.rx) - self._limit
            self.rx = self.rx[: self._limit]
        return self.rx

    def keep(self, start):
        """Take the bytes before `start` out of the ring."""
        self.rx = self.rx[start:]

    def take(self, count):
        """Return up to `count` bytes out of the ring."""
        data = bytes(self.ring()[:count])
        self.keep(len(data))
        return data

    def send(self, data):
        """Take what the board writes."""
        self.tx.extend(data)
