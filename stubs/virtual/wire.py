"""The line between this interpreter and the program on the PC that has the serial port: requests and answers.

Ctrl-C is a flag. poll() reads it whenever a fake waits or returns the time. A signal interrupts a program that calls no
such fake, so KeyboardInterrupt may come anywhere in this module, also in the middle of an answer; what is left of that
is then skipped up to a mark.
"""

from struct import pack, unpack

MARK = b"\x00\xffmaixswitch-mark"
READ, REPL, ANY, WRITE, INTERRUPT, BAUD, MODE, SYNC, TAKEN = b"RQAWKBMZT"
SIDE_TAKE, SIDE_SEND, SIDE_PLUG = b"DGV"  # of UART 1 to 3
PANEL, CAMERA, LOAD, RUN, FLASH, OPTIONS, SOURCE, END, TURN = b"PCLXFOSEU"  # of a script that runs alone, see script.py
PIECE = 2048  # bytes that a pipe takes at once or not at all

_files = []  # answers, requests, flag


class Gone(BaseException):
    """The program at the other end has closed the line."""


def connect(answers, requests, flag) -> None:
    """Use three binary files: of answers, of requests, and one whose first byte is 1 after Ctrl-C."""
    _files[:] = [answers, requests, flag]


def poll() -> None:
    """Raise KeyboardInterrupt if Ctrl-C has come."""
    # The flag is a file, because reading it is fast and needs no answer.
    flag = _files[2]
    flag.seek(0)
    if flag.read(1) == b"\x01":
        ask(TAKEN)
        raise KeyboardInterrupt


def ask(kind: int, number: int = 0, data: bytes = b""):
    """Send a request and return its answer as (number, bytes).

    kind: READ, REPL and so on. Raises KeyboardInterrupt, and Gone when the line is closed.
    """
    try:
        _files[1].write(pack("<BxHi", kind, len(data), number) + data)
        return _answer()
    # The answer may be half read. The next request must not take its other half for an answer.
    except KeyboardInterrupt:
        _resync()
        raise


def ask_large(kind: int, data: bytes = b""):
    """Send a request whose data may be longer than 65,535 bytes, and return its answer as (number, bytes).

    kind: PANEL, CAMERA and so on. Raises Gone when the line is closed.
    """
    _files[1].write(pack("<BxHi", kind, 0, len(data)))
    _files[1].write(data)
    return _answer()


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


def ask_until_done(kind: int, number: int = 0, data: bytes = b"") -> None:
    """Send a request, again after each KeyboardInterrupt, and swallow an interrupt that is under way."""
    while True:
        try:
            ask(kind, number, data)
            for _ in range(20):  # gives the interpreter time to raise it
                pass
            return
        except KeyboardInterrupt:
            pass


def write(data) -> None:
    """Send bytes to the serial line unchanged, after everything that was printed."""
    view = memoryview(data)
    for start in range(0, len(view), PIECE):
        ask(WRITE, 0, bytes(view[start : start + PIECE]))
