"""The open pages and the messages that wait for each. A slow page skips frames and never delays the others."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping

from maixswitch.web.access import OWNER

MOST_CLIENTS = 64
MOST_GUESTS = 60  # of them at a shared address, so that the owner always finds room
MOST_EVENTS = 200

Message = str | bytes
Messages = Message | Mapping[str, Message]
"""One message for every page, or language -> the message in it."""


class Client:
    """One page: the newest waiting message of each kind, and the last MOST_EVENTS waiting events.

    language: that of the page; it may change.
    role: as in Address.
    """

    def __init__(self, number: int, language: str = "en", role: str = OWNER) -> None:
        self.number = number
        self.language = language
        self.role = role
        self._first: Message | None = None
        self._newest: dict[str, Messages] = {}
        self._events: deque[Messages] = deque(maxlen=MOST_EVENTS)
        self._wake = asyncio.Event()

    def put(self, kind: str, message: Messages) -> None:
        """Queue a message. kind: "" for an event; of any other kind only the newest message waits."""
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)
        self._wake.set()

    def restart(self, first: Message) -> None:
        """Drop what waits and begin with another message, as for a new page."""
        self._first = first
        self._newest.clear()
        self._events.clear()
        self._wake.set()

    async def take(self) -> list[Message]:
        """Return all waiting messages, in the page's language, events first; wait until there is one."""
        await self._wake.wait()
        self._wake.clear()
        # Events come first, since they led to the state.
        waiting = [*self._events, *self._newest.values()]
        messages = [one if isinstance(one, str | bytes) else one[self.language] for one in waiting]
        if self._first is not None:
            messages.insert(0, self._first)
        self._first = None
        self._events.clear()
        self._newest.clear()
        return messages


class Broadcast:
    """The pages of one simulator. `publish` may be called from any thread, all else only from the event loop."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self._newest: dict[str, Messages] = {}
        self._events: deque[Messages] = deque(maxlen=MOST_EVENTS)
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Set the loop that `publish` passes its messages to; None at the end drops them."""
        self._loop = loop

    def join(self, language: str = "en", role: str = OWNER) -> Client | None:
        """Add a page; return None if there are MOST_CLIENTS already, or MOST_GUESTS at the shared address."""
        guests = sum(client.role != OWNER for client in self.clients.values())
        if len(self.clients) >= MOST_CLIENTS or (role != OWNER and guests >= MOST_GUESTS):
            return None
        client = Client(next(self._numbers), language, role)
        self.clients[client.number] = client
        return client

    def tell_all(self, client: Client, first: Message) -> None:
        """Send a page this message, and then all that the others have got so far."""
        client.restart(first)
        for event in self._events:
            client.put("", event)
        for kind, message in self._newest.items():
            client.put(kind, message)

    def leave(self, client: Client) -> None:
        self.clients.pop(client.number, None)

    def publish(self, kind: str, message: Messages, client: int = 0) -> None:
        """Send a message to all pages, or to one. kind: as in Client.put. client: number of the page, 0 for all."""
        # Read it once: the loop's thread may unbind it meanwhile.
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._deliver, kind, message, client)
        except RuntimeError:  # the loop was closed just now
            self._loop = None

    def _keep(self, kind: str, message: Messages, client: int) -> None:
        if client:  # a message for one page does not concern later pages
            return
        if kind:
            self._newest[kind] = message
        else:
            self._events.append(message)

    def _deliver(self, kind: str, message: Messages, client: int) -> None:
        self._keep(kind, message, client)
        receivers = self.clients.values() if not client else filter(None, [self.clients.get(client)])
        for one in receivers:
            one.put(kind, message)
