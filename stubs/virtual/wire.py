"""The line between this interpreter and the program that holds the serial port: requests and their answers.

Ctrl-C is a flag that poll() looks at, where the fakes wait and where they tell the time. A program that calls neither
is interrupted by a signal, so KeyboardInterrupt can come between any two steps in here: then the rest of an answer may
be under way, and is skipped up to a mark.
"""

from struct import pack, unpack

MARK = b"\x00\xffmaixswitch-mark"
READ, REPL, ANY, WRITE, INTERRUPT, BAUD, MODE, SYNC, TAKEN = b"RQAWKBMZT"
PIECE = 2048  # what goes into a pipe at once, or not at all

_files = []  # from the front, to the front, the flag


class Gone(BaseException):
    """Nobody is at the other end any more."""


def connect(answers, requests, flag) -> None:
    """Take three binary files: the front's answers, where requests go, and one whose first byte is 1 after Ctrl-C."""
    _files[:] = [answers, requests, flag]


def poll() -> None:
    """Raise KeyboardInterrupt when Ctrl-C came."""
    # The flag is a file, since a look at it is cheap and needs no answer of the front.
    flag = _files[2]
    flag.seek(0)
    if flag.read(1) == b"\x01":
        ask(TAKEN)
        raise KeyboardInterrupt


def ask(what: int, number: int = 0, data: bytes = b""):
    """Send a request and wait: (number, bytes) of the answer. KeyboardInterrupt, and Gone when nobody is there."""
    try:
        _files[1].write(pack("<BxHi", what, len(data), number) + data)
        return _answer()
    # The answer may be half read. Without the mark the next request would take its rest for an answer.
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
