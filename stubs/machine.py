"""Fake of MaixPy's machine module (modmachine.c, machine_wdt.c, machine_timer.c, machine_uart.c)."""

import bench
import flavours
from benchlib.buses import I2C, PWM, SPI  # noqa: F401
from benchlib.uart import UART  # noqa: F401

PWRON_RESET = 0
HARD_RESET = 0
WDT_RESET = 2
WDT1_RESET = 3
SOFT_RESET = 1


def reset() -> None:
    """Restart the chip: raises bench.Reset."""
    bench.enter("machine.reset")
    bench.chip_reset("machine.reset")


def reset_cause() -> int:
    """Return why the chip started last. Simplified: from bench.resets."""
    if not bench.resets:
        return PWRON_RESET
    return {"watchdog 0": WDT_RESET, "watchdog 1": WDT1_RESET}.get(bench.resets[-1], SOFT_RESET)


def unique_id() -> bytes:
    """Return 32 bytes, the same for every board."""
    return bytes(range(32))


class SDCard:
    """The card socket."""

    @staticmethod
    def remount() -> None:
        """Let the other core mount the card, which is done about 100 ms later. Do not use the result.

        Without a card nothing changes, so a card that was mounted stays mounted.
        """
        bench.enter("SDCard.remount")
        bench.clock.at(bench.clock.now + 100, bench.card.mount)


class WDT:
    """A watchdog. Its real period is 2**(16 + n) / 13 MHz with n rounded down, at least half of `timeout` (in ms).

    The first expiry calls the callback, the second one restarts the chip unless feed() came before. Without a callback
    nothing clears the first interrupt (machine_wdt.c), so the first expiry restarts the chip, by inference.
    """

    WDT_DEVICE_0 = 0
    WDT_DEVICE_1 = 1

    def __init__(self, id=0, timeout=5000, callback=None, context=None):
        bench.enter("WDT")
        if id < 0 or id > 1:
            raise ValueError("WDT(%d) does not exist" % id)
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._id = id
        self._timeout = timeout
        self._callback = callback
        self._context = context
        self._called = False
        self._event = None
        # The chip has only powers of two for the period, and rounding down makes it shorter than asked for.
        n = 0
        while n < 15 and timeout * 13000 >> 16 >= 2 << n:
            n += 1
        self._period = (1 << 16 + n) // 13000
        # The chip has one counter per id, so a new object takes it from the old one.
        old = bench.wdt.get(id)
        if old is not None:
            old.stop()
        bench.wdt[id] = self
        self._arm()

    def _arm(self):
        bench.clock.cancel(self._event)
        self._event = bench.clock.at(bench.clock.now + self._period, self._expired)

    def _expired(self):
        # The first expiry is an interrupt, the second one resets; without a callback the first one resets.
        if self._callback is None or self._called:
            bench.wdt.pop(self._id, None)
            bench.chip_reset("watchdog %d" % self._id)
        self._called = True
        bench.scheduler.post(self._callback, self)
        self._arm()

    def feed(self) -> None:
        """Start the period again."""
        bench.calls["WDT.feed"] = bench.calls.get("WDT.feed", 0) + 1
        self._called = False
        # The event is moved and not replaced, because feed() in each frame must not allocate.
        if bench.wdt.get(self._id) is self:
            event = self._event
            bench.clock.move(event, bench.clock.now + self._period)

    def stop(self) -> None:
        """Stop the watchdog, which otherwise survives a soft reboot."""
        bench.enter("WDT.stop")
        bench.clock.cancel(self._event)
        self._event = None
        if bench.wdt.get(self._id) is self:
            del bench.wdt[self._id]

    def context(self):
        """Return the argument `context` of the constructor."""
        return self._context

    def __repr__(self):
        return "[MAIXPY]WDT:(%d; id=%d, timeout=%d)" % (0, self._id, self._timeout)


class Timer:
    """A channel of a timer. The scheduler calls its callback with the Timer."""

    TIMER0 = 0
    TIMER1 = 1
    TIMER2 = 2
    CHANNEL0 = 0
    CHANNEL1 = 1
    CHANNEL2 = 2
    CHANNEL3 = 3
    MODE_ONE_SHOT = 0
    MODE_PERIODIC = 1
    MODE_PWM = 2
    UNIT_S = 3
    UNIT_MS = 2
    UNIT_US = 1
    UNIT_NS = 0

    def __init__(
        self,
        _timer,
        _channel,
        *,
        mode=0,
        period=1000,
        unit=2,
        callback=None,
        arg=None,
        start=True,
        priority=1,
        div=0,
    ):
        bench.enter("Timer")
        if not 0 <= _timer < 3 or not 0 <= _channel < 4:
            raise ValueError("[MAIXPY]Timer:Invalid timer")
        self._key = (_timer, _channel)
        self._event = None
        if not 0 <= mode < 3:
            raise ValueError("[MAIXPY]Timer:Invalid mode")
        # PWM has no interrupt, so callback and priority are not checked.
        if mode != self.MODE_PWM:
            if not callable(callback):
                raise ValueError("[MAIXPY]Timer:Invalid callback")
            if not 1 <= priority <= 7:
                raise ValueError("[MAIXPY]Timer:Invalid priority")
        # The timer counts 32 bits at 13 MHz, so a period is from 77 ns to about 330 s.
        steps = period * 1000 ** max(unit, 0) * 13 // 1000
        if period <= 0 or not 0 <= unit < 4 or not 0 <= div <= 255 or not 0 < steps < 1 << 32:
            raise ValueError("[MAIXPY]Timer:Invalid period or div")
        self._mode = mode
        self._period = period
        self._unit = unit
        self._callback = callback
        self._arg = arg
        if start and mode != self.MODE_PWM:
            self.restart()

    def init(self, _first, _second) -> None:
        """Raise TypeError whatever the arguments are: the firmware asks for two more than it accepts."""
        raise TypeError("extra positional arguments given")

    def _ms(self):
        return max(self._period * 1000**self._unit // 1000000, 1)

    def _fire(self):
        # A full queue loses the call, but the timer goes on.
        bench.scheduler.post(self._callback, self)
        if self._mode == self.MODE_PERIODIC:
            self._event = bench.clock.at(bench.clock.now + self._ms(), self._fire)
        else:
            self._event = None
            bench.timers.pop(self._key, None)

    def callback(self, _function) -> None:
        """Change the callback."""
        self._callback = _function

    def callback_arg(self):
        """Return the argument `arg` of the constructor."""
        return self._arg

    def period(self, *_period: int) -> int:
        """Return the period, or set it, and its unit, first."""
        # The unit is checked first, so that a wrong unit changes nothing.
        if len(_period) == 2:
            if not 0 <= _period[1] < 4:
                raise ValueError("[MAIXPY]Timer:unit error")
            self._unit = _period[1]
        if _period:
            self._period = _period[0]
            # The driver has the same limits, but asserts them and stays in a loop.
            if not 0 < _period[0] * 1000**self._unit * 13 // 1000 < 1 << 32:
                bench.hard_fault("timer_set_interval: configASSERT, period %d" % _period[0])
        return self._period

    def start(self) -> None:
        """Start the timer unless it runs."""
        if self._event is None:
            self.restart()

    def restart(self) -> None:
        """Start a new period."""
        bench.clock.cancel(self._event)
        bench.timers[self._key] = self
        self._event = bench.clock.at(bench.clock.now + self._ms(), self._fire)

    def stop(self) -> None:
        """Stop the timer."""
        bench.clock.cancel(self._event)
        self._event = None
        bench.timers.pop(self._key, None)

    def deinit(self) -> None:
        """Stop the timer and release its interrupt."""
        self.stop()


bench.by_version(globals(), "SDCard", flavours.REMOUNT, SDCard)
bench.by_version(globals(), "WDT", flavours.WATCHDOG, WDT)
