"""machine.UART of the virtual board: number 4 is the line to the PC, the others may have ports of their own there."""

import bench
from benchlib import uart
from benchlib.args import part_of
from benchlib.wire import Wire

from virtual import wire


class SideWire(Wire):
    """The far end of UART 1 to 3: its port on the PC, where the ring is; what was taken from that lies in rx."""

    def __init__(self, clock, number):
        Wire.__init__(self, clock)
        self._number = number

    def plug(self, baud, limit):
        Wire.plug(self, baud, limit)
        wire.ask(wire.SIDE_PLUG, self._number, b"%d %d" % (baud, limit))

    def ring(self):
        data = wire.ask(wire.SIDE_TAKE, self._number)[1]
        if data:
            self.rx.extend(data)
        return Wire.ring(self)

    def send(self, data):
        wire.ask(wire.SIDE_SEND, self._number, data)


class UART(uart.UART):
    """A serial port. UARTHS is the line of the REPL."""

    def init(self, baudrate: int = 115200, bits: int = 8, parity=None, stop=None, **options) -> None:
        """Configure the port. On the line of the REPL the rate changes at once, and bytes that wait are lost."""
        if self._id != self.UARTHS and not isinstance(bench.wires.get(self._id), SideWire):
            bench.wires[self._id] = SideWire(bench.clock, self._id)
        super().init(baudrate, bits, parity, stop, **options)
        # The program on the PC measures the time on the line, so it must know the rate.
        if self._id == self.UARTHS:
            wire.ask(wire.BAUD, baudrate, str(self._limit).encode())

    def any(self) -> int:
        if self._id != self.UARTHS:
            return super().any()
        return wire.ask(wire.ANY)[0]

    def _received(self):  # the base class needs its length only
        if self._id != self.UARTHS:
            return super()._received()
        return bytes(self.any())

    def _take(self, count):
        if self._id != self.UARTHS:
            return super()._take(count)
        return self._read(count)

    def _read(self, count):
        self._check_open("read")
        return wire.ask(wire.READ, min(count, 65535) << 12 | min(self._timeout_char, 4095))[1] or None

    def readinto(self, _buffer, _n: int = -1):
        """Fill a buffer. Returns the number of bytes, or None after timeout_char ms without one."""
        if self._id != self.UARTHS:
            return super().readinto(_buffer, _n)
        data = self._read(len(_buffer) if _n < 0 else min(_n, len(_buffer)))
        if data is None:
            return None
        _buffer[: len(data)] = data
        return len(data)

    def readline(self, _n: int = -1):
        """Return the bytes up to a line end or a pause, or None."""
        if self._id != self.UARTHS:
            return super().readline(_n)
        line = b""
        # Byte by byte, because the bytes behind the line end are for the next read.
        while _n < 0 or len(line) < _n:
            byte = self._read(1)
            if not byte:
                break
            line += byte
            if byte == b"\n":
                break
        return line or None

    def write(self, _data, *_part: int) -> int:
        """Send str or bytes, or a part of them. Returns the number of bytes."""
        if self._id != self.UARTHS:
            return super().write(_data, *_part)
        self._check_open("write")
        data = part_of(_data, _part)
        wire.write(data)
        return len(data)

    @staticmethod
    def repl_uart() -> "UART":
        """Return the UART of the REPL; its rate stays as it is."""
        return _repl[0]


class _Repl(UART):
    def __init__(self):
        self._id = self.UARTHS
        self._baudrate = 115200
        self._frame = (8, None, 1)
        self._timeout_char = 10
        self._limit = 2048
        self._open = True


_repl = [_Repl()]
