"""Fake of MaixPy's utime (modutime.c): time is bench.clock, it moves only when told and while calls take time."""

import bench
import flavours

_PERIOD = 1 << 62  # ticks do not wrap in practice


def ticks_ms() -> int:
    """Return milliseconds since power-on."""
    return bench.clock.read()


def ticks_us() -> int:
    """Return microseconds since power-on, in steps of 1,000."""
    return bench.clock.read() * 1000


def ticks_cpu() -> int:
    """Return cycles of a 400 MHz CPU, in steps of 1 ms."""
    return bench.clock.read() * 400000


ticks = ticks_ms


def ticks_add(_ticks: int, _delta: int) -> int:
    """Return _ticks + _delta in the ticks' own arithmetic."""
    return (_ticks + _delta) & (_PERIOD - 1)


def ticks_diff(_end: int, _start: int) -> int:
    """Return the signed distance from _start to _end."""
    return ((_end - _start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


def _wait(ms):
    threads = bench.flavour[flavours.THREADS]
    # Without threads the wait is a busy loop in C: callbacks run after it. Its start is kept in 32 bits, so from
    # 2**32 ms after power-on (50 days) it is over at once (mphalport.c, mp_hal_delay_ms).
    if ms > 0 and (threads or bench.clock.now < 1 << 32):
        bench.clock.advance(ms, not threads)


def sleep(_seconds: float) -> None:
    """Wait for seconds, a float or an int."""
    bench.enter("utime.sleep")
    _wait(int(_seconds * 1000))


def sleep_ms(_ms: int) -> None:
    """Wait for milliseconds."""
    bench.enter("utime.sleep_ms")
    _wait(_ms)


def sleep_us(_us: int) -> None:
    """Wait for microseconds; less than 1,000 take no time here."""
    bench.enter("utime.sleep_us")
    _wait(_us // 1000)


def time() -> int:
    """Return whole seconds since 2000-01-01; a board without a set clock starts at 0."""
    return bench.clock.epoch + bench.clock.now // 1000


_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def localtime(_seconds=None) -> tuple:
    """Return (year, month, day, hour, minute, second, weekday, yearday) of seconds since 2000, or of now."""
    seconds = time() if _seconds is None else int(_seconds)
    days, rest = seconds // 86400, seconds % 86400
    weekday = (days + 5) % 7  # 2000-01-01 was a Saturday
    # Years are counted one by one: the dates of a board are few years from 2000, and this needs no table of years.
    year = 2000
    while days >= (366 if _leap(year) else 365):
        days -= 366 if _leap(year) else 365
        year += 1
    month = 1
    while month < 12 and days >= _DAYS[month] + (1 if _leap(year) and month >= 2 else 0):
        month += 1
    # The day of a leap year counts for the months after February only.
    first = _DAYS[month - 1] + (1 if _leap(year) and month > 2 else 0)
    return (year, month, days - first + 1, rest // 3600, rest // 60 % 60, rest % 60, weekday, days + 1)


def mktime(_tuple: tuple) -> int:
    """Return seconds since 2000 of a localtime tuple of 8 or 9; TypeError for another length."""
    if len(_tuple) < 8 or len(_tuple) > 9:
        raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(_tuple))
    year, month, day = _tuple[0], _tuple[1], _tuple[2]
    days = day - 1 + _DAYS[month - 1] + (1 if _leap(year) and month > 2 else 0)
    for y in range(2000, year):
        days += 366 if _leap(y) else 365
    return ((days * 24 + _tuple[3]) * 60 + _tuple[4]) * 60 + _tuple[5]


def set_time(_tuple: tuple) -> bool:
    """Set the clock to (year, month, day, hour, minute, second ...); True."""
    bench.clock.epoch = mktime(tuple(_tuple[:6]) + (0, 0)) - bench.clock.now // 1000
    return True


class clock:
    """OpenMV's frame counter: tick() at the start of a frame, fps() at its end."""

    def __init__(self):
        self.reset()

    def tick(self):
        self._start = bench.clock.now

    def fps(self):
        """Return frames per second over the last 2 s: every call counts as a frame; inf while no time has passed."""
        self._count()
        # Time may stand still between two calls here; the chip divides floats and answers inf.
        fps = float("inf") if self._ticks == 0 else 1000.0 / (self._ticks / self._frames)
        if self._ticks >= 2000:
            self._frames = self._ticks = 0
        return fps

    def avg(self):
        """Return milliseconds per frame."""
        self._count()
        return self._ticks / self._frames

    def reset(self):
        self._start = self._ticks = self._frames = 0

    def _count(self):
        self._frames += 1
        self._ticks += bench.clock.now - self._start

    def __repr__(self):
        return "t_start:%d t_ticks:%d t_frame:%d\n" % (self._start, self._ticks, self._frames)

    __str__ = __repr__
