"""The far end of a UART, with the ring of the board's port and the time that bytes take on the line."""

FIFO = 16  # bytes that UART1 to UART3 take before a write waits (uart.c of the SDK: LSR bit 5 means "full" there)


class Wire:
    """The far end: what it says goes into `rx`, what the board wrote lies in `tx`.

    timed: whether a byte takes its time on the line, ten bits at the board's rate; then use say() and leave(). By
    default bytes arrive at once, and a write takes no time. dropped: bytes that found the board's ring full.
    """

    def __init__(self, clock):
        self.rx = bytearray()
        self.tx = bytearray()
        self.timed = False
        self.dropped = 0
        self._clock = clock
        self._limit = 2048
        self._each = 86  # microseconds a byte
        self._arrived = 0  # when the last byte that went into the ring had arrived, in microseconds
        self._free = 0  # when the board's last byte has left, in microseconds
        self._ring = bytearray()  # of a timed line; otherwise rx is the ring

    def plug(self, baud, limit):
        """Take the rate and the size of the ring of the port that was set up."""
        self._each = 10000000 // (baud or 115200)
        self._limit = limit

    def say(self, data):
        """Send bytes to the board; on a timed line they arrive one after the other from now on."""
        if not self.rx:
            self._arrived = max(self._arrived, self._clock.now * 1000)
        self.rx.extend(data)

    def leave(self):
        """Return the bytes that have left the board since the last call."""
        count = len(self.tx)
        if self.timed:
            left = self._free - self._clock.now * 1000
            count -= max(-(-left // self._each), 0)
        data = bytes(self.tx[: max(count, 0)])
        self.tx = self.tx[len(data) :]
        return data

    def ring(self):
        """Return the bytes that wait in the ring; the interrupt handler drops those that do not fit."""
        rx = self.rx
        if not self.timed:
            if len(rx) > self._limit:
                self.dropped += len(rx) - self._limit
                self.rx = rx = rx[: self._limit]
            return rx
        if rx:
            count = min((self._clock.now * 1000 - self._arrived) // self._each, len(rx))
            if count > 0:
                self._arrived += count * self._each
                room = self._limit - len(self._ring)
                self._ring.extend(rx[: min(count, room)])
                self.dropped += max(count - room, 0)
                self.rx = rx[count:]
        return self._ring

    def take(self, count):
        """Take up to `count` bytes out of the ring."""
        ring = self.ring()
        data = bytes(ring[:count])
        self._keep(ring, len(data))
        return data

    def move(self, buffer, start, end):
        """Move bytes out of the ring into buffer[start:end]; return how many."""
        ring = self.ring()
        count = min(end - start, len(ring))
        for at in range(count):
            buffer[start + at] = ring[at]
        if count:
            self._keep(ring, count)
        return count

    def _keep(self, ring, start):
        if self.timed:
            self._ring = ring[start:]
        else:
            self.rx = ring[start:]

    def send(self, data):
        """Take what the board writes; on a timed line let the time pass for which the firmware waits."""
        self.tx.extend(data)
        if self.timed:
            now = self._clock.now * 1000
            self._free = max(self._free, now) + len(data) * self._each
            wait = (self._free - FIFO * self._each - now) // 1000
            if wait > 0:
                self._clock.advance(wait, True)
