"""How fast the board's time passes on the PC's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

NAP_S = 0.05
BEHIND_S = 0.5  # a board that is further behind does not catch up: the pages would miss frames
YIELD_S = 0.0005  # seconds that the server's thread gets after each step


class Pace:
    """Makes the board's thread wait until its time is due.

    speed: board seconds per second, 0 for as fast as the PC can.
    now: returns the board's time in ms.
    """

    def __init__(self, speed: float, now: Callable[[], int]) -> None:
        self.speed = speed
        self._now = now
        self._anchor = (0.0, 0)  # seconds of time.monotonic and ms of the board from which the pace counts

    def begin(self) -> None:
        """Count from the present moment: what passed before, such as a pause, is not made up for."""
        self._anchor = (time.monotonic(), self._now())

    def rest(self, wanted: Callable[[], bool]) -> None:
        """Wait until the board's time is due, or until `wanted` returns true."""
        # Sleep even at full speed: the server's thread needs the interpreter to send anything.
        if self.speed <= 0:
            time.sleep(YIELD_S)
            return
        left = self._left()
        # A slow PC cannot catch up.
        if left < -BEHIND_S:
            self.begin()
        time.sleep(min(max(left, YIELD_S), NAP_S))
        # A long wait ends at the first command: keys must work at once, also at a slow speed.
        while left > NAP_S and not wanted():
            left = self._left()
            time.sleep(min(max(left, 0), NAP_S))

    def _left(self) -> float:
        wall, board = self._anchor
        return wall + (self._now() - board) / 1000 / self.speed - time.monotonic()
