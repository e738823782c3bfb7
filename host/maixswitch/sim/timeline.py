"""How long each part of a frame takes, from the calls of the fakes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_CAMERA, _KPU, _DRAW, _SHOW = range(4)
# Firmware call -> the part of a frame that begins with it.
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
_INTERRUPT = "GPIO.value"  # an interrupt reads a key; that can happen while another call runs
_NEVER = -1


class Timeline:
    """Times the parts of frames; serves as `bench.trace`. `bench.reset()` removes it, so set it again after a reset.

    now: returns board time in ms.
    kept: how many of the last frames to keep.
    A frame begins with a snapshot and ends with the first call after lcd.display, since a load or a look at the card in
    the same step is not part of it.
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
        """Note that a firmware call begins. It must be fast: for most names it only looks into a table."""
        part = _PARTS.get(name, _NEVER)
        if part == _CAMERA:
            self._open(self._now())
        elif self._shown:
            # The frame is complete: the next call ends it, except for an interrupt during lcd.display.
            if self._ended < 0 and name != _INTERRUPT:
                self._ended = self._now()
        elif part == _KPU:
            # A part begins with the first of its calls; the app makes several for one frame.
            if self._run < 0:
                self._run = self._now()
        elif part != _NEVER:
            if self._drawn < 0:
                self._drawn = self._now()
            self._shown = part == _SHOW

    def close(self, host_ms: float) -> bool:
        """Close the frame after the step that finished it; return True if it became a row.

        host_ms: time in ms that the step took on this PC.
        """
        # Drop a frame that was neither shown nor run through a network. One that failed is never closed.
        begun, complete = self._begun, self._shown or self._run >= 0
        self._begun = _NEVER
        if begun < 0 or not complete:
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

        camera, kpu, screen: ms of board time to wait for the camera, run the network, and draw and show.
        host: ms of this PC. Numbers never restart, so that a reader knows which rows are new.
        """
        return [list(row) for row in self._rows]

    def forget(self) -> None:
        """Drop all rows and the unfinished frame."""
        self._rows.clear()
        self._open(_NEVER)
