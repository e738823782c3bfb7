"""UART, I2C, SPI and PWM of the machine module (machine_uart.c, machine_i2c.c); the far ends are bench.wire and
bench.i2c."""

import bench

_EIO = 5


class UART:
    """A serial port. read() waits at most timeout_char for the first byte and returns None when there is none."""

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
        # Number 3 is a hole: the enumeration has UART1 to UART3 as 0 to 2 and UARTHS as 4 (machine_uart.c).
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
        """Configure; ValueError "[MAIXPY]UART:invalid baudrate" and so on."""
        # The order of the checks is that of machine_uart.c, which reports the first argument that is wrong.
        if baudrate < 0 or baudrate > 0x500000:
            raise ValueError("[MAIXPY]UART:invalid baudrate")
        if not 5 <= bits <= 8:
            raise ValueError("[MAIXPY]UART:invalid data bits")
        if parity is not None and parity not in (0, 1, 2):
            raise ValueError("[MAIXPY]UART:invalid parity")
        if stop not in (None, 0, 1, 1.5, 2):
            raise ValueError("[MAIXPY]UART:invalid stop bits")
        # UARTHS has a fixed frame format in the chip, so only the rate can be chosen.
        if self._id == 4 and (bits != 8 or parity):
            raise ValueError("[MAIXPY]UART:invalid param")
        self._baudrate = baudrate
        self._timeout_char = timeout_char
        self._limit = read_buf_len
        self._wire = bench.wire(self._id)
        self._open = True

    def _received(self):
        rx = self._wire.rx
        if len(rx) > self._limit:  # what does not fit was dropped when it came
            self._wire.rx = rx = rx[: self._limit]
        return rx

    def any(self) -> int:
        """Return how many bytes wait."""
        return len(self._received())

    def _take(self, count):
        if not self._open:
            return b""
        # The ring buffer of the firmware is cut first: bytes beyond read_buf_len were never there for the program.
        rx = self._received()
        # An empty buffer costs timeout_char once. Programs that poll pay this in each round of their loop.
        if not rx:
            bench.clock.advance(self._timeout_char, True)
            rx = self._received()
            if not rx:
                return None
        data = bytes(rx[:count])
        self._wire.rx = rx[count:]
        return data

    def read(self, _n: int = -1):
        """Return up to n bytes, or None."""
        bench.enter("UART.read")
        return self._take(len(self._received()) or 1 if _n < 0 else _n)

    def readline(self, _n: int = -1):
        """Return bytes up to a line end, or None."""
        bench.enter("UART.readline")
        # A line without an end comes back as it is: programs must join the parts themselves.
        end = self._received().find(b"\n")
        return self._take(end + 1 if end >= 0 else len(self._received()) or 1)

    def readinto(self, _buffer, _n: int = -1):
        """Fill a buffer: the number of bytes, or None."""
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
        """Send str or bytes: the number of bytes."""
        bench.enter("UART.write")
        if not self._open:
            return 0
        # The far end sees the bytes at once. The time on the line is left out: the writes of programs are short.
        data = _data.encode() if isinstance(_data, str) else bytes(_data)
        self._wire.tx.extend(data)
        return len(data)

    def deinit(self) -> None:
        """Close; do not use the object afterwards."""
        self._open = False

    @staticmethod
    def repl_uart() -> "UART":
        """Return the port of the REPL."""
        return UART(UART.UARTHS)

    @staticmethod
    def set_repl_uart(_uart) -> None:
        """Move the REPL; not in the fake."""


class I2C:
    """A bus master; devices are dicts in bench.i2c[(bus, address)]: register -> value."""

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
        # An address without a device is not acknowledged, and machine_i2c.c turns that into EIO.
        device = bench.i2c.get((self._id, address))
        if device is None:
            raise OSError(_EIO)
        return device

    def scan(self) -> list:
        """Return the addresses that answer."""
        bench.enter("I2C.scan")
        return sorted([key[1] for key in bench.i2c if key[0] == self._id])

    def writeto_mem(self, addr: int, memaddr: int, arg, *, mem_size: int = 8) -> None:
        """Write an int or bytes from a register on; OSError(5) when nobody answers."""
        bench.enter("I2C.writeto_mem")
        device = self._device(addr)
        data = bytes((arg,)) if isinstance(arg, int) else bytes(arg)
        for i in range(len(data)):
            device[memaddr + i] = data[i]

    def readfrom_mem(self, addr: int, memaddr: int, arg: int, *, mem_size: int = 8) -> bytes:
        """Read `arg` bytes from a register on; OSError(5) when nobody answers."""
        bench.enter("I2C.readfrom_mem")
        device = self._device(addr)
        return bytes([device.get(memaddr + i, 0) for i in range(arg)])

    def writeto(self, addr: int, buf, stop: bool = True) -> int:
        """Write bytes: the first is taken for a register."""
        bench.enter("I2C.writeto")
        device = self._device(addr)
        data = bytes((buf,)) if isinstance(buf, int) else bytes(buf)
        for i in range(1, len(data)):
            device[data[0] + i - 1] = data[i]
        # The key None keeps the register pointer, as most I2C devices do between a write and the read that follows.
        device[None] = data[0] if data else 0
        return len(data)

    def readfrom(self, addr: int, count: int, stop: bool = True) -> bytes:
        """Read bytes from the register of the last writeto."""
        bench.enter("I2C.readfrom")
        device = self._device(addr)
        start = device.get(None, 0)
        return bytes([device.get(start + i, 0) for i in range(count)])

    def deinit(self) -> None:
        """Give the bus back."""


class PWM:
    """A PWM output; the fake keeps its values."""

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
    """A bus master without anything on it; simplified."""

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
        """Give the bus back."""
