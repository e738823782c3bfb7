"""A far end whose bytes take their time, ten bits at the board's rate. bench.timed_wire() puts it in place."""

from benchlib.wire import Wire

FIFO = 16  # bytes that UART1 to UART3 take before a write waits (uart.c of the SDK: LSR bit 5 means "full" there)


class TimedWire(Wire):
    """As Wire; say() and leave() are the ways to use it."""

    timed = True

    def __init__(self, clock):
        Wire.__init__(self, clock)
        self._each = 86  # microseconds a byte
        self._arrived = 0  # when the last byte that went into the ring had arrived, in microseconds
        self._free = 0  # when the board's last byte has left, in microseconds
        self._ring = bytearray()

    def plug(self, baud, limit):
        Wire.plug(self, baud, limit)
        self._each = 10000000 // (baud or 115200)

    def say(self, data):
        """Send bytes to the board, which arrive one after the other from now on."""
        if not self.rx:
            self._arrived = max(self._arrived, self._clock.now * 1000)
        self.rx.extend(data)

    def leave(self):
        left = self._free - self._clock.now * 1000
        count = max(len(self.tx) - max(-(-left // self._each), 0), 0)
        data = bytes(self.tx[:count])
        self.tx = self.tx[count:]
        return data

    def ring(self):
        rx = self.rx
        count = min((self._clock.now * 1000 - self._arrived) // self._each, len(rx))
        if count > 0:
            self._arrived += count * self._each
            room = self._limit - len(self._ring)
            self._ring.extend(rx[: min(count, room)])
            self.dropped += max(count - room, 0)
            self.rx = rx[count:]
        return self._ring

    def keep(self, start):
        self._ring = self._ring[start:]

    def send(self, data):
        """Take what the board writes, and let the time pass for which the firmware waits."""
        self.tx.extend(data)
        now = self._clock.now * 1000
        self._free = max(self._free, now) + len(data) * self._each
        wait = (self._free - FIFO * self._each - now) // 1000
        if wait > 0:
            self._clock.advance(wait, True)
