"""Idle connections: they are closed, so that the next page gets in."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from maixswitch.web.broadcast import MOST_CLIENTS

MOST_OPEN = 64  # connections that are not a page's WebSocket
MOST_EVER = 2 * MOST_CLIENTS + MOST_OPEN  # with those of the pages, and of surplus pages that do not close
PATIENCE_S = 10.0  # seconds for a whole request, and for the next one


class Connection(H11Protocol):
    """One connection of the server, until it becomes a WebSocket.

    It is closed if no request comes within PATIENCE_S, and if it is the oldest of more than MOST_OPEN. Otherwise a few
    hundred half-open connections would use up the files that the process may open, among them the card's.
    """

    _served: Any = None  # the latest request at the last check
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        self._look = self.loop.call_later(PATIENCE_S, self._check)
        others = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        # This list has the pages' WebSockets as well. Beyond this size the process may run out of files, so the new
        # connection goes.
        if len(self.connections) > MOST_EVER:
            transport.abort()
        elif len(others) > MOST_OPEN:
            # A request that is being answered must not be cut off, however old its connection is.
            idle = [one for one in others if one.waits()]
            min(idle, key=lambda one: one.since).transport.abort()  # At least the new connection is idle.

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def waits(self) -> bool:
        """Is no request of it being answered?"""
        return self.cycle is None or self.cycle.response_complete

    def _check(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # It has become a WebSocket.
        # The same request as at the last check: nothing has come for the whole time.
        if self.waits() and self.cycle is self._served:
            self.transport.abort()
            return
        self._served = self.cycle
        self._look = self.loop.call_later(PATIENCE_S, self._check)
