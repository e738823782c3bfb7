"""The keys of the board under the fingers of all pages: which are held, and edges that come too soon wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from maixswitch.sim.app_board import PRESS_MS, SETTLE_MS

MOST_WAITING = 8  # edges of a key


class _Key:
    def __init__(self) -> None:
        self.holders: set[int] = set()  # the pages that hold it
        self.down = False  # as the board sees it
        self.waiting: deque[bool] = deque()
        self.moved = 0  # board time in ms of the last edge

    def due(self, now: int) -> bool:
        """May the next edge reach the board?"""
        return bool(self.waiting) and (not self.moved or now - self.moved >= (PRESS_MS if self.down else SETTLE_MS))


class Fingers:
    """Passes presses on so that the app sees each, however short it was.

    The app looks at its keys between the frames, or every 20 ms, and debounces them: a tap on a trackpad may be over
    within a millisecond. So a key stays down for at least PRESS_MS of board time, and up for SETTLE_MS.

    move: called with (key, down) for each edge; it may raise.
    """

    def __init__(self, move: Callable[[int, bool], None]) -> None:
        self._move = move
        self._keys: dict[int, _Key] = {}

    def touch(self, client: int, number: int, down: bool, now: int) -> None:
        """Put the finger of a page on a key, or take it away. now: board time in ms. Raises what `move` raises."""
        key = self._keys.setdefault(number, _Key())
        before = bool(key.holders)
        if down:
            key.holders.add(client)
        else:
            key.holders.discard(client)
        # Several pages may hold a key: it is down from the first one to the last.
        if bool(key.holders) == before:
            return
        # Edges alternate: without the last one that waits, the one that comes now changes nothing.
        if len(key.waiting) >= MOST_WAITING:
            key.waiting.pop()
        else:
            key.waiting.append(down)
        self.pass_on(now)

    def pass_on(self, now: int) -> None:
        """Move the keys whose next edge is due. now: board time in ms."""
        for number, key in self._keys.items():
            if key.due(now):
                edge, key.moved = key.waiting.popleft(), now
                self._move(number, edge)
                key.down = edge  # not if the board refused it

    def held_by(self, client: int) -> list[int]:
        """Return the keys that a page holds."""
        return [number for number, key in self._keys.items() if client in key.holders]

    def down(self) -> list[int]:
        """Return the keys that are down."""
        return [number for number, key in self._keys.items() if key.down or key.holders]

    def forget(self) -> None:
        """Take all fingers away without moving a key: the board has started anew."""
        self._keys.clear()
