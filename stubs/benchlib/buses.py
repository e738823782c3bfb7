"""UART, I2C, SPI and PWM of the machine module (machine_uart.c, machine_i2c.c).

The far end of a UART is bench.wire(number); the devices on the I2C buses are in bench.i2c.
"""

import bench

_EIO = 5


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
        if _id < 0 or _id == 3 or _id > 4:
            raise ValueError("[MAIXPY]UART%d:does not exist" % _id)
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
        if baudrate < 0 or baudrate > 0x500000:
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
        self._baudrate = baudrate
        self._timeout_char = timeout_char
        self._limit = read_buf_len
        self._wire = bench.wire(self._id)
        self._open = True

    def _received(self):
        rx = self._wire.rx
        if len(rx) > self._limit:  # bytes that did not fit were dropped when they arrived
            self._wire.rx = rx = rx[: self._limit]
        return rx

    def any(self) -> int:
        """Return the number of bytes that wait."""
        return len(self._received())

    def _take(self, count):
        if not self._open:
            return b""
        # The ring buffer never contained the bytes beyond read_buf_len.
        rx = self._received()
        # For an empty buffer each call waits timeout_char, which slows down programs that poll.
        if not rx:
            bench.clock.advance(self._timeout_char, True)
            rx = self._received()
            if not rx:
                return None
        data = bytes(rx[:count])
        self._wire.rx = rx[count:]
        return data

    def read(self, _n: int = -1):
        """Return up to _n bytes, or None."""
        bench.enter("UART.read")
        return self._take(len(self._received()) or 1 if _n < 0 else _n)

    def readline(self, _n: int = -1):
        """Return the bytes up to a line end, or None."""
        bench.enter("UART.readline")
        # A line that has no end yet is returned as it is; programs must join its parts.
        end = self._received().find(b"\n")
        return self._take(end + 1 if end >= 0 else len(self._received()) or 1)

    def readinto(self, _buffer, _n: int = -1):
        """Fill a buffer. Returns the number of bytes, or None."""
        bench.enter("UART.readinto")
        data = self._take(len(_buffer) if _n < 0 else min(_n, len(_buffer)))
        if data is None:
            return None
        _buffer[: len(data)] = data
        return len(data)

    def readchar(self) -> int:
        """Return one byte, or -1."""
        bench.enter("UART.readchar")
        data = self._take(1)
        return data[0] if data else -1

    def write(self, _data) -> int:
        """Send str or bytes. Returns the number of bytes."""
        bench.enter("UART.write")
        if not self._open:
            return 0
        # The far end gets the bytes at once; the time on the line is left out, because programs write little.
        data = _data.encode() if isinstance(_data, str) else bytes(_data)
        self._wire.tx.extend(data)
        return len(data)

    def deinit(self) -> None:
        """Close the port; do not use the object afterwards."""
        self._open = False

    @staticmethod
    def repl_uart() -> "UART":
        """Return the UART of the REPL."""
        return UART(UART.UARTHS)

    @staticmethod
    def set_repl_uart(_uart) -> None:
        """Do nothing. In the firmware this moves the REPL."""


class I2C:
    """A bus master. A device is a dict of register -> value in bench.i2c[(bus, address)]."""

    I2C0 = 0
    I2C1 = 1
    I2C2 = 2
    I2C3 = 3
    I2C4 = 4
    I2C5 = 5
    MODE_MASTER = 0
    MODE_SLAVE = 1

    def __init__(
        self,
        _id,
        mode=0,
        *,
        scl=None,
        sda=None,
        gscl=None,
        gsda=None,
        freq=400000,
        timeout=1000,
        addr=0,
        addr_size=7,
        on_receive=None,
        on_transmit=None,
        on_event=None,
        us_delay=0,
    ):
        bench.enter("I2C")
        if not 0 <= _id <= 5:
            raise ValueError("[MAIXPY]I2C: I2C(%d) doesn't exist" % _id)
        self._id = _id

    def _device(self, address):
        # An address without a device is not acknowledged, which machine_i2c.c reports as EIO.
        device = bench.i2c.get((self._id, address))
        if device is None:
            raise OSError(_EIO)
        return device

    def scan(self) -> list:
        """Return the addresses of the devices on the bus."""
        bench.enter("I2C.scan")
        return sorted([key[1] for key in bench.i2c if key[0] == self._id])

    def writeto_mem(self, addr: int, memaddr: int, arg, *, mem_size: int = 8) -> None:
        """Write an int or bytes, starting at a register. Raises OSError(5) without a device."""
        bench.enter("I2C.writeto_mem")
        device = self._device(addr)
        data = bytes((arg,)) if isinstance(arg, int) else bytes(arg)
        for i in range(len(data)):
            device[memaddr + i] = data[i]

    def readfrom_mem(self, addr: int, memaddr: int, arg: int, *, mem_size: int = 8) -> bytes:
        """Read `arg` bytes, starting at a register. Raises OSError(5) without a device."""
        bench.enter("I2C.readfrom_mem")
        device = self._device(addr)
        return bytes([device.get(memaddr + i, 0) for i in range(arg)])

    def writeto(self, addr: int, buf, stop: bool = True) -> int:
        """Write bytes, of which the first is the register. Returns the number of bytes."""
        bench.enter("I2C.writeto")
        device = self._device(addr)
        data = bytes((buf,)) if isinstance(buf, int) else bytes(buf)
        for i in range(1, len(data)):
            device[data[0] + i - 1] = data[i]
        # Most devices keep the register for the read that follows; here the key None has it.
        device[None] = data[0] if data else 0
        return len(data)

    def readfrom(self, addr: int, count: int, stop: bool = True) -> bytes:
        """Read bytes from the register of the last writeto."""
        bench.enter("I2C.readfrom")
        device = self._device(addr)
        start = device.get(None, 0)
        return bytes([device.get(start + i, 0) for i in range(count)])

    def deinit(self) -> None:
        """Do nothing: the fake has nothing to release."""


class PWM:
    """A PWM output. The fake only keeps its values."""

    def __init__(self, tim, *, freq, duty, pin, enable=True):
        bench.enter("PWM")
        self._freq = freq
        self._duty = duty
        self._pin = pin
        self._on = enable

    def freq(self, *_freq: int) -> int:
        if _freq:
            self._freq = _freq[0]
        return self._freq

    def duty(self, *_duty: float) -> float:
        if _duty:
            self._duty = _duty[0]
        return self._duty

    def enable(self) -> None:
        self._on = True

    def disable(self) -> None:
        self._on = False

    def deinit(self) -> None:
        self._on = False


class SPI:
    """A bus master without devices. Simplified: reads return zeros."""

    SPI0 = 0
    SPI1 = 1
    SPI2 = 2
    SPI_SOFT = 4
    MODE_MASTER = 0

    def __init__(self, _id, mode=0, **_options):
        bench.enter("SPI")
        self._id = _id

    def write(self, _buf, cs: int = 0) -> None:
        bench.enter("SPI.write")

    def read(self, _n: int, write: int = 0, cs: int = 0) -> bytes:
        bench.enter("SPI.read")
        return bytes(_n)

    def deinit(self) -> None:
        """Do nothing: the fake has nothing to release."""
