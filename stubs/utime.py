"""Fake of MaixPy's utime module (modutime.c).

The time is bench.clock, which moves when a call takes time or a test says so.
"""

import bench
import flavours
from benchlib.args import is_sequence, to_float, to_int

_PERIOD = 1 << 62  # so large that ticks do not wrap in practice


def ticks_ms() -> int:
    """Return milliseconds since power-on."""
    return bench.clock.read()


def ticks_us() -> int:
    """Return microseconds since power-on, in steps of 1,000."""
    return bench.clock.read() * 1000


def ticks_cpu() -> int:
    """Return the cycles of a CPU of 400 MHz since power-on, in steps of 1 ms."""
    return bench.clock.read() * 400000


ticks = ticks_ms


def ticks_add(_ticks: int, _delta: int) -> int:
    """Return _ticks + _delta, which may wrap."""
    return (_ticks + _delta) & (_PERIOD - 1)


def ticks_diff(_end: int, _start: int) -> int:
    """Return the signed difference from _start to _end, which may have wrapped."""
    return ((_end - _start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


def _wait(ms):
    threads = bench.flavour[flavours.THREADS]
    # Without threads the wait is a loop in C, so callbacks run after it. The loop keeps its start in 32 bits, so from
    # 2**32 ms after power-on (50 days) it ends at once (mp_hal_delay_ms in mphalport.c).
    if ms > 0 and (threads or bench.clock.now < 1 << 32):
        bench.clock.advance(ms, not threads)


def sleep(_seconds: float) -> None:
    """Wait for a number of seconds, a float or an int."""
    bench.enter("utime.sleep")
    _wait(int(to_float(_seconds) * 1000))


def sleep_ms(_ms: int) -> None:
    """Wait for a number of milliseconds."""
    bench.enter("utime.sleep_ms")
    _wait(to_int(_ms))


def sleep_us(_us: int) -> None:
    """Wait for a number of microseconds. Simplified: in steps of 1,000."""
    bench.enter("utime.sleep_us")
    _wait(to_int(_us) // 1000)


def time() -> int:
    """Return the seconds since 2000-01-01 as an int; a clock that was never set starts at 0."""
    return bench.clock.epoch + bench.clock.now // 1000


_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def localtime(_seconds=None) -> tuple:
    """Return (year, month, day, hour, minute, second, weekday, yearday) for seconds since 2000-01-01, or for now."""
    seconds = time() if _seconds is None else int(_seconds)
    days, time_of_day = seconds // 86400, seconds % 86400
    # 2000-01-01 was a Saturday. The clock of the chip counts the days of a week from Sunday, the library from Monday.
    weekday = (days + (6 if _seconds is None else 5)) % 7
    # Years are counted one by one, because the date of a board is not far from 2000.
    year = 2000
    while days >= (366 if _leap(year) else 365):
        days -= 366 if _leap(year) else 365
        year += 1
    month = 1
    while month < 12 and days >= _DAYS[month] + (1 if _leap(year) and month >= 2 else 0):
        month += 1
    # The leap day counts for the months after February only.
    first = _DAYS[month - 1] + (1 if _leap(year) and month > 2 else 0)
    return (
        year,
        month,
        days - first + 1,
        time_of_day // 3600,
        time_of_day // 60 % 60,
        time_of_day % 60,
        weekday,
        days + 1 & (255 if _seconds is None else 511),  # the clock of the chip keeps 8 bits of it
    )


def mktime(_tuple: tuple) -> int:
    """Return the seconds since 2000-01-01 for a tuple as from localtime(). Raises TypeError for a wrong length."""
    if len(_tuple) < 8 or len(_tuple) > 9:
        raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(_tuple))
    year, month, day = _tuple[0], _tuple[1], _tuple[2]
    days = day - 1 + _DAYS[month - 1] + (1 if _leap(year) and month > 2 else 0)
    for y in range(2000, year):
        days += 366 if _leap(y) else 365
    return ((days * 24 + _tuple[3]) * 60 + _tuple[4]) * 60 + _tuple[5]


def set_time(_tuple: tuple) -> bool:
    """Set the clock to (year, month, day, hour, minute, second ...). Returns True."""
    if not is_sequence(_tuple):
        raise TypeError("object '%s' isn't a tuple or list" % type(_tuple).__name__)
    bench.clock.epoch = mktime(tuple(_tuple[:6]) + (0, 0)) - bench.clock.now // 1000
    return True


class clock:
    """A counter of frames: call tick() at the start of a frame and fps() at its end."""

    def __init__(self):
        self.reset()

    def tick(self):
        self._start = bench.clock.now

    def fps(self):
        """Return the frames per second over the last 2 s; each call counts as a frame; inf when no time passed."""
        self._count()
        # No time may pass between two calls here; the chip divides floats, which gives inf.
        fps = float("inf") if self._ticks == 0 else 1000.0 / (self._ticks / self._frames)
        if self._ticks >= 2000:
            self._frames = self._ticks = 0
        return fps

    def avg(self):
        """Return the milliseconds per frame."""
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
