"""Who watches: what each page still has to get, so that a slow one skips frames and never holds up the others."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

MOST_CLIENTS = 64
MOST_EVENTS = 200

Message = str | bytes


class Client:
    """One page: the newest message of each kind that it has not got, and the events since, the oldest dropped."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._newest: dict[str, Message] = {}
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._wake = asyncio.Event()

    def put(self, kind: str, message: Message) -> None:
        """A message; `kind` "" is an event, of any other kind only the newest waits."""
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)
        self._wake.set()

    async def take(self) -> list[Message]:
        """Everything that waits, events first; waits until there is something."""
        await self._wake.wait()
        self._wake.clear()
        found = [*self._events, *self._newest.values()]
        self._events.clear()
        self._newest.clear()
        return found


class Hub:
    """The pages of one simulator. `publish` may be called from any thread, all else from the event loop alone."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self._newest: dict[str, Message] = {}
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """The loop that `publish` hands its messages to; None when it ends, then they are dropped."""
        self._loop = loop

    def join(self) -> Client | None:
        """A new page, which gets what the others know; None when there are MOST_CLIENTS of them."""
        if len(self.clients) >= MOST_CLIENTS:
            return None
        client = Client(next(self._numbers))
        self.clients[client.number] = client
        for event in self._events:
            client.put("", event)
        for kind, message in self._newest.items():
            client.put(kind, message)
        return client

    def leave(self, client: Client) -> None:
        self.clients.pop(client.number, None)

    def publish(self, kind: str, message: Message, client: int = 0) -> None:
        """A message to all pages, or to the one of that number; `kind` as in Client.put."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._deliver, kind, message, client)
        except RuntimeError:  # the loop was closed just now
            self._loop = None

    def _keep(self, kind: str, message: Message, client: int) -> None:
        if client:  # nobody else's business, and nothing for who comes later
            return
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)

    def _deliver(self, kind: str, message: Message, client: int) -> None:
        self._keep(kind, message, client)
        wanted = self.clients.values() if not client else filter(None, [self.clients.get(client)])
        for one in wanted:
            one.put(kind, message)
