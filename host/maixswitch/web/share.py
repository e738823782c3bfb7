"""An address for a class: others open it by its link or its QR code, and only watch unless they may control."""

from __future__ import annotations

import secrets
import socket
import sys
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from maixswitch import console
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import meant, tr
from maixswitch.web.access import ANYWHERE, GUEST, WATCHER, Address

ROLES = {"watch": WATCHER, "control": GUEST}
QUIET = 4  # modules of white that a QR code needs around it
TOKEN_BYTES = 12  # 96 bits: nobody guesses it, and the code stays coarse enough for a projector


def check_share(share: str, host: str) -> None:
    """Raise MaixSwitchError (usage) unless --share has one of its values and --host is an address that others can open.

    share, host: "" without the option.
    """
    if share and share not in ROLES:
        text = tr("--share {share}: expected {known}", share=share, known=", ".join(ROLES))
        raise MaixSwitchError(text + meant(share, tuple(ROLES)), EXIT_USAGE)
    if share and host in ANYWHERE:
        text = tr("--host {host} with --share: name one address of this PC, for the link and the QR code", host=host)
        raise MaixSwitchError(text, EXIT_USAGE)


def lan_address() -> str:
    """Return this PC's address in its network. Raises MaixSwitchError (input) without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # This sends nothing: the system only chooses the address that it would send from.
            probe.connect(("192.0.2.1", 9))
        except OSError as error:
            text = tr("--share: this PC is in no network; connect it, or name its address with --host")
            raise MaixSwitchError(text, EXIT_IO) from error
        return str(probe.getsockname()[0])


def shared_address(listening: socket.socket, share: str) -> Address:
    """Return the address of a listening socket for others, with a new token. share: a key of ROLES."""
    host, port = listening.getsockname()[:2]
    return Address(str(host), int(port), secrets.token_urlsafe(TOKEN_BYTES), ROLES[share])


class Doors:
    """Passes a request to the app of the address that it came in by: the socket decides, not what the request says.

    own: the app of `address`, which also starts and stops the board. others: the app of every other address.
    """

    def __init__(self, own: ASGIApp, address: Address, others: ASGIApp) -> None:
        self._own = own
        self._address = (address.host, address.port)
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_own = scope["type"] == "lifespan" or tuple(scope["server"] or ()) == self._address
        await (self._own if is_own else self._others)(scope, receive, send)


def qr_rows(url: str) -> list[str]:
    """Return the modules of the URL's QR code, row by row: "1" is dark; with the white border."""
    import segno

    code = segno.make_qr(url, error="m")
    return ["".join(str(int(module)) for module in row) for row in code.matrix_iter(border=QUIET)]


def document(address: Address) -> dict[str, Any]:
    """Return what the owner's page shows of the shared address."""
    return {"url": address.url, "control": address.role == GUEST, "rows": qr_rows(address.url)}


def say(address: Address) -> None:
    """Print the shared address, and on a terminal its QR code."""
    if address.role == WATCHER:
        console.say(tr("the class watches at {url}", url=address.url))
    else:
        console.say(tr("the class watches and controls at {url}", url=address.url))
    if sys.stderr.isatty() and (sys.stderr.encoding or "").lower().startswith("utf"):
        print(qr_text(qr_rows(address.url), console.colours()), file=sys.stderr, flush=True)


def qr_text(rows: list[str], colours: bool) -> str:
    """Return a QR code for a terminal, two rows of modules in a line.

    colours: whether to set black and white; without, the letters are the white, as on a dark terminal.
    """
    blocks = {"00": "\u2588", "01": "\u2580", "10": "\u2584", "11": " "}
    # An odd number of rows ends with half a line, which stays dark.
    pairs = zip(rows[::2], [*rows[1::2], "1" * len(rows[0])][: len(rows[::2])], strict=True)
    lines = ["".join(blocks[above + below] for above, below in zip(*pair, strict=True)) for pair in pairs]
    if colours:
        lines = [f"\x1b[97;40m{line}\x1b[0m" for line in lines]
    return "\n".join(lines)
