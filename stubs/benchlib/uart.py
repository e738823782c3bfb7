"""machine.UART (machine_uart.c, and stream.c of MicroPython v1.11). The far end is bench.wire(number)."""

import bench
from benchlib.args import part_of, to_int


class UART:
    """A serial port. read() waits up to timeout_char ms for the first byte and returns None without one."""

    UART1 = 0
    UART2 = 1
    UART3 = 2
    UARTHS = 4
    PARITY_ODD = 1
    PARITY_EVEN = 2

    def __init__(
        self,
        _id,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=None,
        *,
        timeout=1000,
        timeout_char=10,
        read_buf_len=2048,
        ide=False,
        from_ide=True,
    ):
        bench.enter("UART")
        # UART1 to UART3 have the numbers 0 to 2, and UARTHS has 4; there is no 3 (machine_uart.c).
        # Its message prints the check itself instead of the number.
        if to_int(_id) < 0 or _id == 3 or _id > 4:
            raise ValueError("[MAIXPY]UARTtrue:does not exist")
        self._id = _id
        self.init(
            baudrate,
            bits,
            parity,
            stop,
            timeout=timeout,
            timeout_char=timeout_char,
            read_buf_len=read_buf_len,
            ide=ide,
            from_ide=from_ide,
        )

    def init(
        self,
        baudrate: int = 115200,
        bits: int = 8,
        parity=None,
        stop=None,
        *,
        timeout: int = 1000,
        timeout_char: int = 10,
        read_buf_len: int = 2048,
        ide: bool = False,
        from_ide: bool = True,
    ) -> None:
        """Configure the port. timeout_char: in ms. Raises ValueError("[MAIXPY]UART:invalid baudrate") and the like."""
        # The order of the checks is that of machine_uart.c, which reports the first wrong argument.
        if to_int(baudrate) < 0 or baudrate > 0x500000:
            raise ValueError("[MAIXPY]UART:invalid baudrate")
        if not 5 <= bits <= 8:
            raise ValueError("[MAIXPY]UART:invalid data bits")
        if parity is not None and parity not in (0, 1, 2):
            raise ValueError("[MAIXPY]UART:invalid parity")
        if stop not in (None, 0, 1, 1.5, 2):
            raise ValueError("[MAIXPY]UART:invalid stop bits")
        # The chip fixes the frame format of UARTHS, so only its rate can change.
        if self._id == 4 and (bits != 8 or parity):
            raise ValueError("[MAIXPY]UART:invalid param")
        # Five data bits go with 1.5 stop bits, other ones with 2; the driver asserts it and stays in a loop (uart.c).
        if self._id != 4 and stop in ((2,) if bits == 5 else (1.5,)):
            bench.hard_fault("uart_configure: configASSERT, %d data bits with %s stop bits" % (bits, stop))
        self._frame = (bits, (None, "odd", "even")[parity or 0], stop or 1)
        self._baudrate = baudrate
        self._timeout_char = timeout_char
        self._limit = read_buf_len
        self._wire = bench.wire(self._id)
        self._wire.plug(baudrate, read_buf_len)
        self._open = True

    def _received(self):
        return self._wire.ring()

    def _check_open(self, name):
        # deinit() frees the object, and its memory is another object's; this is what the firmware said at once.
        if not self._open:
            raise AttributeError("'' object has no attribute '%s'" % name)

    def any(self) -> int:
        """Return the number of bytes that wait."""
        self._check_open("any")
        return len(self._received())

    def _take(self, count):
        """Return up to `count` bytes, None for none: stream.c reads on until timeout_char passes without a byte."""
        self._check_open("read")
        # The firmware does not wait for no bytes.
        if count == 0:
            return b""
        # A list of parts would be an object for each read, and the usual read finds all that it wants.
        data = self._wire.take(count)
        while len(data) < count and self._more():
            data += self._wire.take(count - len(data))
        return data or None

    def _more(self):
        """Wait up to timeout_char for a byte; return whether there is one. A program that polls pays for this."""
        for _ in range(self._timeout_char):
            if self._received():
                break
            bench.clock.advance(1, True)
        return bool(self._received())

    def read(self, _n: int = -1):
        """Return up to _n bytes, or None."""
        bench.enter("UART.read")
        return self._take(1 << 30 if _n < 0 else _n)

    def readline(self, _n: int = -1):
        """Return the bytes up to a line end, or None."""
        bench.enter("UART.readline")
        self._check_open("readline")
        # A line that has no end yet is returned as it is; programs must join its parts.
        line = b""
        while (_n < 0 or len(line) < _n) and line[-1:] != b"\n" and (self._received() or self._more()):
            line += self._wire.take(1)
        return line or None

    def readinto(self, _buffer, _n: int = -1):
        """Fill a buffer. Returns the number of bytes, or None. A buffer that stays short costs timeout_char more."""
        bench.enter("UART.readinto")
        self._check_open("readinto")
        count = len(_buffer)
        if 0 <= _n < count:
            count = _n
        done = 0
        while done < count and ((done == 0 and self._received()) or self._more()):
            data = self._wire.take(count - done)
            _buffer[done : done + len(data)] = data
            done += len(data)
        return done if done or not count else None

    def readchar(self) -> int:
        """Return one byte, or -1 at once without one."""
        bench.enter("UART.readchar")
        return self._wire.take(1)[0] if self.any() else -1

    def write(self, _data, *_part: int) -> int:
        """Send str or bytes: all, the first n with write(data, n), or n from an offset on with write(data, offset, n).

        Returns the number of bytes, after the time that the line takes, see benchlib/timed_wire.py.
        """
        bench.enter("UART.write")
        self._check_open("write")
        data = part_of(_data, _part)
        self._wire.send(data)
        return len(data)

    def deinit(self) -> None:
        """Close the port and free the object: every later call fails."""
        self._open = False

    @staticmethod
    def repl_uart() -> "UART":
        """Return the UART of the REPL."""
        return UART(UART.UARTHS)

    @staticmethod
    def set_repl_uart(_uart) -> None:
        """Do nothing. In the firmware this moves the REPL."""

    def __repr__(self):
        number = 5 if self._id == 4 else self._id + 1
        return "[MAIXPY]UART%d:( baudrate=%d, bits=%d, parity=%s, stop=%s)" % ((number, self._baudrate) + self._frame)
