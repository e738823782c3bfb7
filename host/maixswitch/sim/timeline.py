"""Where the time of each frame goes: the fake's calls become rows of milliseconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_CAMERA, _KPU, _DRAW, _SHOW = range(4)
# Call -> the part of a frame that begins with it.
_PARTS = {
    "sensor.snapshot": _CAMERA,
    "KPU.run_yolo2": _KPU,
    "KPU.forward": _KPU,
    "maix.run_with_output": _KPU,
    "Image.draw_rectangle": _DRAW,
    "Image.draw_string": _DRAW,
    "Image.draw_line": _DRAW,
    "Image.draw_circle": _DRAW,
    "Image.draw_cross": _DRAW,
    "Image.draw_image": _DRAW,
    "lcd.display": _SHOW,
}
_AT_ONCE = "GPIO.value"  # an interrupt's look at a key, which may come while a call has only just begun
_NEVER = -1


class Timeline:
    """Is used as `bench.trace`. `now` returns board time in ms; the last `kept` frames are kept.

    A frame begins with a snapshot. After lcd.display the app does other work: the next call of any kind ends the frame,
    so that a load or a look at the card in the same step is not part of it. `bench.reset()` removes the trace: set it
    again after each power-on.
    """

    __slots__ = ("_begun", "_drawn", "_ended", "_now", "_number", "_rows", "_run", "_shown")

    def __init__(self, now: Callable[[], int], kept: int = 60) -> None:
        self._now = now
        self._rows: deque[list[float]] = deque(maxlen=kept)
        self._number = 0
        self._open(_NEVER)

    def _open(self, begun: int) -> None:
        self._begun = begun
        self._run = self._drawn = self._ended = _NEVER
        self._shown = False

    def append(self, name: str) -> None:
        """Note that a call begins. For nearly all names this is one look into a table."""
        part = _PARTS.get(name, _NEVER)
        if part == _CAMERA:
            self._open(self._now())
        elif self._shown:
            # The frame is complete, and the next call ends it, but not an interrupt during lcd.display itself.
            if self._ended < 0 and name != _AT_ONCE:
                self._ended = self._now()
        elif part == _KPU:
            # A part begins with the first of its calls: the app makes several for one frame.
            if self._run < 0:
                self._run = self._now()
        elif part != _NEVER:
            if self._drawn < 0:
                self._drawn = self._now()
            self._shown = part == _SHOW

    def close(self, host_ms: float) -> bool:
        """Close the frame after a step that finished one and took `host_ms` of this PC; return True for a new row.

        A frame that was neither shown nor run through a network is dropped, and so is one that failed: its step is not
        followed by close().
        """
        begun, whole = self._begun, self._shown or self._run >= 0
        self._begun = _NEVER
        if begun < 0 or not whole:
            return False
        # A part that did not occur takes no time: it begins where the next one does.
        ended = self._ended if self._ended >= 0 else self._now()
        drawn = self._drawn if self._drawn >= 0 else ended
        run = self._run if self._run >= 0 else drawn
        self._number += 1
        self._rows.append([self._number, run - begun, drawn - run, ended - drawn, round(host_ms, 1)])
        return True

    def rows(self) -> list[list[float]]:
        """Return [number, camera, kpu, screen, host] of the last frames, the oldest first.

        The values are milliseconds of board time for the wait for the camera, the network, and drawing and showing;
        `host` is time of this PC. Numbers never restart, so that a reader knows which rows are new.
        """
        return [list(row) for row in self._rows]

    def forget(self) -> None:
        """Drop all rows and the unfinished frame, after a change of the model or a power cycle."""
        self._rows.clear()
        self._open(_NEVER)
