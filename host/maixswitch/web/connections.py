"""Closes idle connections, so that they cannot keep a page out."""

from __future__ import annotations

import asyncio
import copy
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from maixswitch.web.broadcast import MOST_CLIENTS
from maixswitch.web.messages import MOST_TEXT

MOST_OPEN = 64  # connections that are not a page's WebSocket
MOST_EVER = 2 * MOST_CLIENTS + MOST_OPEN  # with the WebSockets of pages, and of refused pages that do not close
PATIENCE_S = 10.0  # seconds until a request is complete, and until the next one


class Connection(H11Protocol):
    """One connection of the server, until it becomes a WebSocket.

    It is closed if no request comes within PATIENCE_S, or if it is the oldest idle one of more than MOST_OPEN. Without
    that a few hundred half-open connections would use up the files that the process may open, and the card needs some.
    watched: IP address and port at which pages only watch, None for none.
    """

    watched: ClassVar[tuple[str, int] | None] = None

    _served: Any = None  # the latest request at the last check
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Who only watches sends short texts: a larger message ends the connection before it is in memory.
        if self.watched is not None and transport.get_extra_info("sockname")[:2] == self.watched:
            self.config = copy.copy(self.config)
            self.config.ws_max_size = MOST_TEXT
        self.since = self.loop.time()
        self._look = self.loop.call_later(PATIENCE_S, self._check)
        others = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        # `connections` also contains the pages' WebSockets. Beyond this number the process may run out of files, so
        # close the new connection.
        if len(self.connections) > MOST_EVER:
            transport.abort()
        elif len(others) > MOST_OPEN:
            # Never cut off a request that is being answered, however old its connection is.
            idle = [one for one in others if one.waits()]
            min(idle, key=lambda one: one.since).transport.abort()  # never empty: the new connection is idle

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def waits(self) -> bool:
        """Is the connection idle, with no request being answered?"""
        return self.cycle is None or self.cycle.response_complete

    def _check(self) -> None:
        if self.transport.get_protocol() is not self:
            return  # it has become a WebSocket
        # The latest request is the one of the last check, so nothing has come since.
        if self.waits() and self.cycle is self._served:
            self.transport.abort()
            return
        self._served = self.cycle
        self._look = self.loop.call_later(PATIENCE_S, self._check)
