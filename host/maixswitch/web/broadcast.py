"""The pages that watch, and what each still has to get. A slow page skips frames and never delays the others."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

MOST_CLIENTS = 64
MOST_EVENTS = 200

Message = str | bytes


class Client:
    """One page: the newest message of each kind that it lacks, and the events since; the oldest events are dropped."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._newest: dict[str, Message] = {}
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._wake = asyncio.Event()

    def put(self, kind: str, message: Message) -> None:
        """Queue a message. A `kind` of "" is an event; of any other kind only the newest message waits."""
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)
        self._wake.set()

    async def take(self) -> list[Message]:
        """Return all waiting messages, events first; wait until there is one."""
        await self._wake.wait()
        self._wake.clear()
        # Events first: they come before the state that they led to.
        messages = [*self._events, *self._newest.values()]
        self._events.clear()
        self._newest.clear()
        return messages


class Broadcast:
    """The pages of one simulator. `publish` may be called from any thread, everything else from the event loop only."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self._newest: dict[str, Message] = {}
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the loop that `publish` passes its messages to. None at its end: messages are dropped."""
        self._loop = loop

    def join(self) -> Client | None:
        """Add a page, which gets what the others know. Returns None if there are MOST_CLIENTS already."""
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
        """Send a message to all pages, or to the one with this number; `kind` as in Client.put."""
        # Read once: the loop's thread may unbind it in between.
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._deliver, kind, message, client)
        except RuntimeError:  # the loop was closed just now
            self._loop = None

    def _keep(self, kind: str, message: Message, client: int) -> None:
        if client:  # A message for one page concerns no page that comes later.
            return
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)

    def _deliver(self, kind: str, message: Message, client: int) -> None:
        self._keep(kind, message, client)
        receivers = self.clients.values() if not client else filter(None, [self.clients.get(client)])
        for one in receivers:
            one.put(kind, message)
