"""Decides who may use the server: checks Host and Origin of every request, and a token if other PCs can reach it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maixswitch.language import tr

OWNER, GUEST, WATCHER = "owner", "guest", "watcher"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ANYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Address:
    """Where the server listens.

    token: "" if only this PC can reach it.
    role: what its pages may do: OWNER and GUEST everything, WATCHER nothing but watch.
    """

    host: str
    port: int
    token: str = ""
    role: str = OWNER

    @property
    def name(self) -> str:
        """The host as it is written in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """The URL to open, with the token."""
        return f"http://{self.name}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def accepts(self, host: str) -> bool:
        """Is this Host header ours? It refuses a foreign name that resolves to this PC (DNS rebinding)."""
        # A server on every address has many names: then the token decides.
        if self.host in ANYWHERE:
            return bool(self.token and host)
        names = LOOPBACK if self.name in LOOPBACK else (self.name,)
        # Browsers leave the usual port out of the Host header.
        bare = names if self.port == 80 else ()
        return host in (*bare, *(f"{name}:{self.port}" for name in names))


class AccessCheck:
    """Passes allowed requests to `app`, refuses others with 403 or 421, and adds security headers to every answer."""

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._app = app
        self._address = address
        self._cookie = f"maixswitch-{address.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Start and end of the app are no requests and have no headers.
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        # The dictionary keeps the last of two equal headers, but a later reader may take the first: refuse both.
        twice = any(sum(name == header for name, _ in scope["headers"]) > 1 for header in (b"host", b"origin"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_security_headers(host)]}
            await send(message)

        # Check the Host first, because the Origin is compared with it, and the token last.
        if twice or not self._address.accepts(host):
            await self._refuse(scope, receive, send_with_headers, 421, tr("this is not the address of the simulator"))
        elif not _same(headers.get("origin"), host, _changes(scope)):
            await self._refuse(
                scope, receive, send_with_headers, 403, tr("another site's page may not use the simulator")
            )
        elif self._address.token and not self._known(headers):
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            # A browser does not follow a redirect of a WebSocket: a page has got the cookie with its first file.
            if scope["type"] == "websocket" or not self._right(token):
                text = tr("open the whole address that the simulator printed, with its token")
                await self._refuse(scope, receive, send_with_headers, 403, text)
                return
            answer = RedirectResponse("/", 303)  # removes the token from the address bar and the history
            # "strict" would keep it from the redirect if the address was opened from another site, such as a class's
            # chat. It opens no more than the page: requests from other sites' pages are refused by their Origin.
            answer.set_cookie(self._cookie, self._address.token, httponly=True, samesite="lax")
            await answer(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _right(self, token: str) -> bool:
        # Compare in constant time, and bytes: compare_digest refuses text that is not ASCII.
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._address.token.encode())

    def _known(self, headers: dict[str, str]) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and self._right(cookie.value)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
        if scope["type"] == "websocket":
            # ASGI: a server may refuse a WebSocket only after it has received the request to connect.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await PlainTextResponse(text + "\n", status)(scope, receive, send)


def _changes(scope: Scope) -> bool:
    """May this request change something? Browsers always name the origin of such a request."""
    return scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")


def _same(origin: str | None, host: str, needed: bool) -> bool:
    """Is this the same origin? needed: whether it must not be missing. Browsers allow WebSockets to other sites."""
    return not needed if origin is None else origin == f"http://{host}"


def _security_headers(host: str) -> list[tuple[bytes, bytes]]:
    # Copy only a Host without special characters into a header. Others are refused anyway.
    socket = f" ws://{host}" if host.replace(".", "").replace(":", "").replace("-", "").strip("[]").isalnum() else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    rows = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(self), microphone=(), geolocation=()",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    return [(name.encode(), value.encode("latin-1")) for name, value in rows.items()]
