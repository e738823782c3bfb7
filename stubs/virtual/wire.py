"""The line between this interpreter and the program that holds the serial port: requests and their answers.

That program interrupts by a signal, so KeyboardInterrupt can come between any two steps in here: then the rest of an
answer may be under way, and is skipped up to a mark.
"""

from struct import pack, unpack

MARK = b"\x00\xffmaixswitch-mark"
READ, REPL, ANY, WRITE, INTERRUPT, BAUD, MODE, SYNC = b"RQAWKBMZ"
PIECE = 2048  # what goes into a pipe at once, or not at all

_files = []  # from the front, to the front


class Gone(BaseException):
    """Nobody is at the other end any more."""


def connect(answers, requests) -> None:
    """Take two binary files: the front's answers, and where requests go."""
    _files[:] = [answers, requests]


def ask(what: int, number: int = 0, data: bytes = b""):
    """Send a request and wait: (number, bytes) of the answer. KeyboardInterrupt, and Gone when nobody is there."""
    try:
        _files[1].write(pack("<BxHi", what, len(data), number) + data)
        return _answer()
    except KeyboardInterrupt:
        _resync()
        raise


def _answer():
    head = _files[0].read(8)
    if len(head) < 8:
        raise Gone
    size, number = unpack("<I", head)[0], unpack("<i", head[4:])[0]
    body = _files[0].read(size) if size else b""
    return (number, body)


def _resync():
    _files[1].write(pack("<BxHi", SYNC, 0, 0))
    seen = b""
    while seen != MARK:
        byte = _files[0].read(1)
        if not byte:
            raise Gone
        seen = seen[-(len(MARK) - 1) :] + byte


def surely(what: int, number: int = 0, data: bytes = b"") -> None:
    """Ask again until it is done, whatever interrupts; swallow an interrupt that is on its way."""
    while True:
        try:
            ask(what, number, data)
            for _ in range(20):  # where the interpreter looks for it
                pass
            return
        except KeyboardInterrupt:
            pass


def write(data) -> None:
    """Send bytes down the serial line as they are, after what was printed."""
    view = memoryview(data)
    for start in range(0, len(view), PIECE):
        ask(WRITE, 0, bytes(view[start : start + PIECE]))
