"""Where the time of each frame goes: the names of the fake's calls, as they come, become rows of milliseconds."""

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
    """Stands as `bench.trace`; `now` is board time in ms, the last `kept` frames are kept.

    A frame begins with a snapshot. The app goes on to other things after lcd.display: the next call of any kind ends
    the frame, so that a load or a look at the card in the same step is not part of it. `bench.reset()` takes the trace
    away: put it back after each power-on.
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
        """A call begins. Nearly all names cost one look into a table and nothing else."""
        part = _PARTS.get(name, _NEVER)
        if part == _CAMERA:
            self._open(self._now())
        elif self._shown:
            if self._ended < 0 and name != _AT_ONCE:
                self._ended = self._now()
        elif part == _KPU:
            if self._run < 0:
                self._run = self._now()
        elif part != _NEVER:
            if self._drawn < 0:
                self._drawn = self._now()
            self._shown = part == _SHOW

    def close(self, host_ms: float) -> bool:
        """After a step that brought a frame to its end, which took `host_ms` of this PC; True when there is a new row.

        What is under way without having been shown or run through a network is no frame and is dropped, as is one that
        failed: its step is not followed by close().
        """
        begun, whole = self._begun, self._shown or self._run >= 0
        self._begun = _NEVER
        if begun < 0 or not whole:
            return False
        ended = self._ended if self._ended >= 0 else self._now()
        drawn = self._drawn if self._drawn >= 0 else ended
        run = self._run if self._run >= 0 else drawn
        self._number += 1
        self._rows.append([self._number, run - begun, drawn - run, ended - drawn, round(host_ms, 1)])
        return True

    def rows(self) -> list[list[float]]:
        """[number, camera, kpu, screen, host] of the last frames, oldest first.

        Milliseconds of board time: waiting for the camera, the network, drawing and showing; `host`: of this PC.
        Numbers count on for ever, so that a reader knows which rows are new.
        """
        return [list(row) for row in self._rows]

    def forget(self) -> None:
        """Drops all rows, and the frame that is under way: another model, or the power went."""
        self._rows.clear()
        self._open(_NEVER)
