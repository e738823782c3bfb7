"""I2C, SPI and PWM of the machine module (machine_i2c.c, machine_spi.c, machine_pwm.c).

The devices on the I2C buses are in bench.i2c.
"""

import bench
from benchlib.args import buffer_bytes, to_float, to_int

_EIO = 5


def _check_stop(stop):
    if not stop:
        raise NotImplementedError("[MAIXPY]I2C: not support stop option yet")


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
        *,
        mode=0,
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
        # The order of the checks is that of machine_i2c.c. Numbers from 3 on are buses by software, up to any number
        # that the fake accepts; behind the table of pins the chip crashes.
        if _id < 0:
            raise ValueError("[MAIXPY]I2C: I2C(%d) doesn't exist" % _id)
        if mode not in (0, 1):
            raise ValueError("[MAIXPY]I2C: mode error!")
        for pin in (scl, sda):
            if pin is not None and not 0 <= to_int(pin) < 48:
                raise ValueError("[MAIXPY]I2C: pin(scl/sda) error!")
        if addr_size not in (7, 10):
            raise ValueError("[MAIXPY]I2C: addr size error!")
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
        data = bytes((arg,)) if isinstance(arg, int) else buffer_bytes(arg)
        device = self._device(addr)
        for i in range(len(data)):
            device[memaddr + i] = data[i]

    def readfrom_mem(self, addr: int, memaddr: int, arg: int, *, mem_size: int = 8) -> bytes:
        """Read `arg` bytes, starting at a register. Raises OSError(5) without a device."""
        bench.enter("I2C.readfrom_mem")
        device = self._device(addr)
        return bytes([device.get(memaddr + i, 0) for i in range(arg)])

    def writeto(self, _addr: int, _buf, _stop: bool = True) -> int:
        """Write bytes, of which the first is the register. Returns the number of bytes.

        Raises OSError(5) without a device, NotImplementedError without a stop at the end.
        """
        bench.enter("I2C.writeto")
        data = buffer_bytes(_buf)
        _check_stop(_stop)
        device = self._device(_addr)
        for i in range(1, len(data)):
            device[data[0] + i - 1] = data[i]
        # Most devices keep the register for the read that follows; here the key None has it.
        device[None] = data[0] if data else 0
        return len(data)

    def readfrom(self, _addr: int, _count: int, _stop: bool = True) -> bytes:
        """Read bytes from the register of the last writeto.

        Raises OSError(5) without a device, ValueError for no bytes, NotImplementedError without a stop at the end.
        """
        bench.enter("I2C.readfrom")
        _check_stop(_stop)
        if _count == 0:
            raise ValueError("[MAIXPY]I2C: not support receive 0 byte data yet")
        device = self._device(_addr)
        start = device.get(None, 0)
        return bytes([device.get(start + i, 0) for i in range(_count)])

    def deinit(self) -> None:
        """Do nothing: the fake has nothing to release."""


class PWM:
    """A PWM output. The fake checks and keeps its values.

    The firmware prints the duty that it keeps as a float, and answers with a whole number.
    """

    def __init__(self, tim, freq, duty, pin=-1, enable=True):
        bench.enter("PWM")
        self._enabled = enable
        self.init(freq, duty, pin, enable)

    def init(self, freq, duty, pin=-1, enable=True) -> None:
        """Set all values. freq: in Hz. duty: in percent. pin: -1 leaves the pins as they are.

        Raises ValueError("[MAIXPY]PWM:Invalid freq"), of the duty or the pin number.
        """
        bench.enter("PWM.init")
        self.freq(freq)
        self.duty(duty)
        if not -1 <= pin < 48:
            raise ValueError("[MAIXPY]PWM:Invalid pin number")
        self._on = bool(enable)

    def freq(self, *_freq: float) -> float:
        """Return the frequency in whole Hz, or set it and return it as a float."""
        if not _freq:
            return int(self._freq)
        freq = to_float(_freq[0])
        if freq <= 0:
            raise ValueError("[MAIXPY]PWM:Invalid freq")
        # The driver asserts that the timer of 13 MHz counts at least one step for a period (pwm.c).
        if freq > 13000000:
            bench.hard_fault("pwm_set_frequency: configASSERT, %s Hz" % freq)
        self._freq = freq
        return freq

    def duty(self, *_duty: float) -> float:
        """Return the duty in whole percent, or set it and return it as a float."""
        if not _duty:
            return int(self._duty)
        duty = to_float(_duty[0])
        if not 0 <= duty <= 100:
            raise ValueError("[MAIXPY]PWM:Invalid duty")
        self._duty = duty
        return duty

    def enable(self, _on: bool = True) -> None:
        """Start the output."""
        self._on = True

    def disable(self) -> None:
        """Stop the output."""
        self._on = False

    def deinit(self) -> None:
        """Stop the output."""
        self._on = False


class SPI:
    """A bus master without devices: reads return ones, as from an open input. Half of the firmware's names are absent.

    Raises ValueError for a number, a mode or a frame that the firmware refuses; pins are not checked, as there.
    """

    SPI0 = 0
    SPI1 = 1
    SPI2 = 2
    SPI_SOFT = 4
    MODE_MASTER = 0
    LSB = 1
    MSB = 0

    def __init__(self, _id, mode=0, baudrate=500000, polarity=0, phase=0, bits=8, firstbit=0, **_pins):
        bench.enter("SPI")
        if to_int(_id) < 0 or _id == 3:
            raise ValueError("[MAIXPY]SPI: spi id error( > 0 & !=3 )")
        # There is no check above, and the software bus without pins crashes as well.
        if _id > 4 or (_id == 4 and not _pins):
            bench.hard_fault("machine.SPI(%d)" % _id)
        if not 0 <= mode <= 4:
            raise ValueError("[MAIXPY]SPI: spi mode error")
        if _id == 2:
            raise NotImplementedError("[MAIXPY]SPI: SPI2 only for slave mode")
        if baudrate <= 0:
            raise ValueError("[MAIXPY]SPI: baudrate(freq) value error")
        if polarity not in (0, 1):
            raise ValueError("[MAIXPY]SPI: polarity should be 0 or 1")
        if phase not in (0, 1):
            raise ValueError("[MAIXPY]SPI: ARG_phase should be 0 or 1")
        if not 4 <= bits <= 32:
            raise ValueError("[MAIXPY]SPI: bits should be 4~32")
        if firstbit not in (0, 1):
            raise ValueError("[MAIXPY]SPI: firstbit should be SPI.LSB or SPI.MSB")
        self._open = True

    def _check_open(self):
        if not self._open:
            raise OSError("[MAIXPY]SPI: transfer on deinitialized SPI")

    def write(self, _buf, cs: int = 0) -> None:
        bench.enter("SPI.write")
        self._check_open()

    def read(self, _n: int, write: int = 0, cs: int = 0) -> bytes:
        bench.enter("SPI.read")
        self._check_open()
        return b"\xff" * _n

    def deinit(self) -> None:
        """Close the bus: a later transfer raises OSError."""
        self._open = False
