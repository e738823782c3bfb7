"""The serial line of a virtual board: its port, its pace, and ordered faults."""

from __future__ import annotations

import termios
from typing import Any

BAUD = 115200
SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()}


class Pace:
    """Decides how many bytes have come through by now.

    rate: in bit/s, ten per byte; None for no limit.
    """

    def __init__(self, rate: int | None) -> None:
        self.rate = rate
        self._until = 0.0  # the end of the last byte that came through

    def through(self, waiting: int, now: float) -> int:
        """Return how many of `waiting` bytes have come through since the last call."""
        if self.rate is None:
            return waiting
        count = min(int((now - self._until) * self.rate / 10), waiting)
        # Only the time of complete bytes is used up, so that the remaining time counts for the next byte.
        if count:
            self._until += count * 10 / self.rate
        return max(count, 0)

    def start(self, now: float) -> None:
        """Begin at `now`, after the line was idle."""
        self._until = max(self._until, now)

    def next(self, waiting: int, now: float) -> float | None:
        """Return the seconds until more bytes have come through; None if none wait or there is no limit."""
        if self.rate is None or not waiting:
            return None
        return max(self._until + min(waiting, 64) * 10 / self.rate - now, 0.0)


class Way:
    """One direction of the line: counts bytes and applies faults. Their positions count from the order on.

    An order is a dict with the fields of `handle.Way`.
    """

    def __init__(self) -> None:
        self.count = 0  # bytes since the start of the virtual board
        self._base = 0
        self._order: dict[str, Any] = {}

    def order(self, order: dict[str, Any]) -> None:
        """Replace the order. The next byte has position 0."""
        self._base = self.count
        self._order = {name: value for name, value in order.items() if value not in (None, [], ())}

    def carry(self, data: bytes) -> tuple[bytes, list[tuple[str, float]]]:
        """Return the bytes that arrive, and the events right after them: (unplug | power_cut | stall, seconds)."""
        order = self._order
        # Without an order, no byte needs a check. That is the usual case.
        if not order:
            self.count += len(data)
            return data, []
        start = self.count - self._base
        events: list[tuple[str, float]] = []
        # The line ends exactly at this position, so later bytes are neither carried nor counted.
        ends = [(order[name], name) for name in ("unplug", "power_cut") if name in order]
        if ends:
            position, _ = min(ends)
            if start + len(data) >= position:
                data = data[: max(position - start, 0)]
                events += [(name, 0.0) for at, name in ends if at == position]
                for name, _ in events:
                    del order[name]
        self.count += len(data)
        end = start + len(data)
        # After the cut above, because a stall behind the end of the line cannot happen.
        if "stall" in order and order["stall"][0] < end:
            events.append(("stall", float(order.pop("stall")[1])))
        # Positions count the bytes that were sent, so bytes are changed before others are dropped.
        corrupt = [at - start for at in order.get("corrupt", ()) if start <= at < end]
        drop = {at - start for at in order.get("drop", ()) if start <= at < end}
        if corrupt or drop:
            changed = bytearray(data)
            for at in corrupt:
                changed[at] ^= 0x10
            data = bytes(byte for at, byte in enumerate(changed) if at not in drop)
        return data, events


def garbled(data: bytes, slave: int, baud: int) -> bytes:
    """Return the bytes as they arrive if the two ends have different rates.

    Only a rate above 115200 garbles, so that a program that sets no rate, such as cat, works.
    slave: the open pseudo terminal; it knows the rate of the program on the PC.
    baud: the board's rate.
    """
    host = SPEEDS.get(termios.tcgetattr(slave)[5], 0)
    if host == baud or max(host, baud) <= BAUD:
        return data
    return bytes((byte * 7 + 0x81) & 0xFF for byte in data)
