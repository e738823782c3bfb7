"""The GPIO object of the modules Maix and maix: one object per id, interrupts of the GPIOHS only (Maix_gpio.c)."""

import bench
from benchlib.pins import FUNC_GPIO0, FUNC_GPIOHS0

_NO_PIN = "gpiohs_set_drive_mode: configASSERT(io_number >= 0), no pin carries %r: the chip stays in a loop"


class _Irq:
    """The result of GPIO.irq()."""

    def __init__(self, gpio):
        self._gpio = gpio

    def trigger(self, *_trigger: int) -> None:
        """Change the edge. Raises ValueError without an argument: the firmware cannot read it."""
        if not _trigger:
            raise ValueError("Reading this property is not supported")
        armed = bench.keys.irqs.get(self._gpio._id)
        if armed is not None:
            armed[1] = _trigger[0]

    def __repr__(self):
        return "<IRQ>"

    __str__ = __repr__

    def __call__(self):
        armed = bench.keys.irqs.get(self._gpio._id)
        if armed is not None:
            bench.scheduler.post(armed[0], self._gpio)


class GPIO:
    """A GPIO of the chip: GPIO(id, mode, pull, value=). Assign it to a pin first, with fm.register."""

    IN = 0
    PULL_DOWN = 1
    PULL_UP = 2
    OUT = 3
    PULL_NONE = -1
    IRQ_NONE = 0
    IRQ_FALLING = 1
    IRQ_RISING = 2
    IRQ_BOTH = 3
    WAKEUP_NOT_SUPPORT = 0
    GPIOHS0 = 0
    GPIOHS1 = 1
    GPIOHS2 = 2
    GPIOHS3 = 3
    GPIOHS4 = 4
    GPIOHS5 = 5
    GPIOHS6 = 6
    GPIOHS7 = 7
    GPIOHS8 = 8
    GPIOHS9 = 9
    GPIOHS10 = 10
    GPIOHS11 = 11
    GPIOHS12 = 12
    GPIOHS13 = 13
    GPIOHS14 = 14
    GPIOHS15 = 15
    GPIOHS16 = 16
    GPIOHS17 = 17
    GPIOHS18 = 18
    GPIOHS19 = 19
    GPIOHS20 = 20
    GPIOHS21 = 21
    GPIOHS22 = 22
    GPIOHS23 = 23
    GPIOHS24 = 24
    GPIOHS25 = 25
    GPIOHS26 = 26
    GPIOHS27 = 27
    GPIOHS28 = 28
    GPIOHS29 = 29
    GPIOHS30 = 30
    GPIOHS31 = 31
    GPIO0 = 32
    GPIO1 = 33
    GPIO2 = 34
    GPIO3 = 35
    GPIO4 = 36
    GPIO5 = 37
    GPIO6 = 38
    GPIO7 = 39

    def __new__(cls, _id, mode=None, pull=None, *, value=None):
        # The type is checked before the range, as in Maix_gpio.c; a bool counts as an int.
        if isinstance(_id, float) or not isinstance(_id, int):
            raise TypeError("can't convert %s to int" % _id.__class__.__name__)
        if not 0 <= _id < 40:
            raise ValueError("invalid pin")
        # The objects are in a static table, so a second GPIO(id) is the same object and keeps its mode and interrupt.
        gpio = bench.keys.gpios.get(_id)
        if gpio is None:
            gpio = object.__new__(cls)
            gpio._id = _id
            gpio._mode = 0
            bench.keys.gpios[_id] = gpio
        return gpio

    def __init__(self, _id, mode=None, pull=None, *, value=None):
        if mode is not None or pull is not None or value is not None:
            self.init(mode, pull, value=value)

    def init(self, mode=None, pull=None, *, value=None) -> None:
        """Set the mode; a pull replaces the mode IN. Raises ValueError for a pull with OUT."""
        bench.enter("GPIO.init")
        # The firmware reads pull and value only together with a mode.
        if mode is None:
            return
        if mode == self.OUT and pull is not None and pull != self.PULL_NONE:
            raise ValueError("When this pin is in output mode, it is not allowed to pull up and down.")
        # For the driver PULL_UP and PULL_DOWN are modes of an input.
        if pull is not None and pull != self.PULL_NONE:
            if pull != self.PULL_UP and pull != self.PULL_DOWN:
                raise ValueError("this mode not support.")
            mode = pull
        # The firmware checks the modes in mode() only; here the driver asserts and stays in a loop.
        if mode not in (0, 1, 2, 3):
            bench.hard_fault("gpiohs_set_drive_mode: configASSERT, mode %d" % mode)
        self._set_mode(mode)
        if value is not None:
            self._drive(1 if value else 0)

    def _set_mode(self, mode):
        # Without a pin the board would stop here without a message, in the loop of the assertion.
        if bench.keys.pin_of(self._function()) is None:
            bench.hard_fault(_NO_PIN % self)
        self._mode = mode
        bench.keys.modes[self._id] = mode

    def _function(self):
        number = self._id
        return FUNC_GPIOHS0 + number if number < 32 else FUNC_GPIO0 + number - 32

    def _drive(self, level):
        keys = bench.keys
        keys.outputs[self._id] = level
        # The level is stored in every mode, but only an output drives the pin.
        if self._mode == self.OUT:
            pin = keys.pin_of(self._function())
            if pin is not None:
                keys.levels[pin] = level

    def value(self, *_value):
        """Return the level, 0 or 1, or set it."""
        if _value:
            bench.enter("GPIO.value")
            self._drive(1 if _value[0] else 0)
            return None
        bench.enter("GPIO.value")
        return bench.keys.gpio_level(self._id)

    def __call__(self, *_value):
        return self.value(*_value)

    def mode(self, mode=-1):
        """Return the mode, or set it. Raises ValueError("arg error")."""
        if mode == -1:
            return self._mode
        if mode not in (0, 1, 2, 3):
            raise ValueError("arg error")
        self._set_mode(mode)
        return None

    def irq(self, handler=None, trigger=3, wake=None, priority=7):
        """Let the scheduler call handler(gpio) at edges. On GPIO0 to GPIO7 it is a HardFault."""
        bench.enter("GPIO.irq")
        # The result is from a table of the GPIOHS (Maix_gpio.c), and the other GPIOs are behind its end.
        if self._id >= 32:
            bench.hard_fault("GPIO.irq on GPIO0..7 returns an object past its table")
        if wake is not None and wake:
            raise ValueError("This platform does not support interrupt wakeup")
        # As in the firmware an unknown trigger arms no interrupt and raises no exception.
        if trigger in (0, 1, 2, 3):
            if handler is None:
                bench.keys.irqs.pop(self._id, None)
            else:
                bench.keys.irqs[self._id] = [handler, trigger, self]
        return _Irq(self)

    def disirq(self):
        """Disarm the interrupt."""
        bench.enter("GPIO.disirq")
        bench.keys.irqs.pop(self._id, None)

    def __repr__(self):
        return "Pin(%d)" % (self._id if self._id < 32 else self._id - 32)

    __str__ = __repr__
