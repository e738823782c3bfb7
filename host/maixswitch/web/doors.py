"""Connections that hold a place and ask for nothing: they are closed, so that the next page gets in."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from maixswitch.web.hub import MOST_CLIENTS

MOST_OPEN = 64  # connections that are not a page's WebSocket
MOST_EVER = 2 * MOST_CLIENTS + MOST_OPEN  # with those of the pages, and of pages too many that do not go
PATIENCE_S = 10.0  # for a whole request, and then for the next


class Door(H11Protocol):
    """One connection of the server, until it is a WebSocket.

    It is closed when no request came within PATIENCE_S, and when it waits longest of MOST_OPEN: without that, a few
    hundred half-open ones take every file that the process may have open, the card's among them.
    """

    _served: Any = None  # the request that was the last one at the last look
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        self._look = self.loop.call_later(PATIENCE_S, self._check)
        others = [one for one in self.connections if isinstance(one, Door) and not one.transport.is_closing()]
        if len(self.connections) > MOST_EVER:
            transport.abort()
        elif len(others) > MOST_OPEN:
            idle = [one for one in others if one.waits()]
            min(idle, key=lambda one: one.since).transport.abort()  # this one at least is idle

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def waits(self) -> bool:
        """Has it no request that is being answered?"""
        return self.cycle is None or self.cycle.response_complete

    def _check(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # it is a WebSocket by now
        if self.waits() and self.cycle is self._served:
            self.transport.abort()
            return
        self._served = self.cycle
        self._look = self.loop.call_later(PATIENCE_S, self._check)
