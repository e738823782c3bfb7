"""A board on its line: gets in without restarting it, runs small programs there, leaves it as it was found."""

from __future__ import annotations

import ast
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from maixswitch.board.failures import BoardError, on_board, translate
from maixswitch.board.transport import BANNER, BAUD, BUSY, FAST, BoardTransport, TransportError, TransportExecError

ONBOARD = Path(__file__).with_name("onboard")
ANSWER_LIMIT = 1.5
"""Seconds that one try waits for the raw REPL: the program ends its network and screen first."""
FAST_LIMIT = 0.5
"""The same at the fast rate: who was left there is in the REPL, and a board at 115200 cannot be heard meanwhile."""
GRACE = 4.0
"""Seconds for a board that wakes shortly before the limit: two tries."""
TRIES = 3
"""How often a program is sent that arrives damaged."""
DAMAGED = ("SyntaxError", "IndentationError", "NameError", "UnicodeError", "ValueError: damaged")
"""What the board says of a program that it has not received as it was sent."""
PIECE = 1800
"""Bytes of source at a time: the ring of the line holds 2,048 and drops silently what a busy board leaves in it."""
# Side by side, `sync --all` packs in threads, and before Python 3.12 ast.parse mixes up how deep each of them is.
_PACKING = threading.Lock()
CTRL_C_ON = "import micropython\nmicropython.kbd_intr(3)"
CTRL_C, FRIENDLY, RAW, RESET = b"\r\x03", b"\r\x02", b"\r\x01", b"\x04"
END = b"\x04"
"""Ends a program that is sent, and each of the two parts of what the board says of it."""


class Board:
    """A board in the raw REPL of its firmware; made by `connect`. Never tried on a board."""

    def __init__(self, port: str, transport: BoardTransport) -> None:
        self.port = port
        self.transport = transport
        self.baud = BAUD
        self.patience = BUSY
        """Seconds that getting into the REPL may take, once more."""
        self.lost = False
        """Is it not known what it does? Then it has to be stopped first."""
        self.gone = False
        """Is it restarting, or unplugged? Then nothing more is asked of it."""
        self._loaded: set[str] = set()

    def exec(self, code: str, timeout: float = BUSY) -> str:
        """Runs code there and returns what it printed; `timeout` in seconds without a byte from it.

        BoardError: what the code raised there, no answer in time (the next call then stops it first), a broken line.
        """
        return self._exec(in_pieces(code), timeout)

    def run(self, program: str, timeout: float = BUSY) -> str:
        """As `exec`, but runs the program only if it has arrived whole, and sends it again if not.

        For programs that may be run twice. BoardError B609 when the line damages it every time.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._exec(checked(program), timeout)
            except BoardError as error:
                if error.code == "B611" and left:  # perhaps it still waits for the program's end, which was lost
                    continue
                if error.code != "B612" or not error.finding.found.startswith(DAMAGED):
                    raise
                if not left:
                    raise BoardError("B609", port=self.port, found=error.finding.found) from error
        raise AssertionError

    def _exec(self, pieces: Iterator[str], timeout: float) -> str:
        if self.lost:
            enter(self, self.patience)
        try:
            for piece in pieces:
                said, error = self.transport.exec_raw(piece, timeout)
                if error:
                    break
        except (TransportError, OSError) as reason:
            raise self.failure(reason) from reason
        if error:
            text = error.decode(errors="replace")
            raise on_board(text, self.port) from TransportExecError(1, text)
        result: str = said.decode(errors="replace").replace("\r\n", "\n")
        return result

    def evaluate(self, expression: str, timeout: float = BUSY) -> object:
        """The value of an expression there: numbers, texts, bytes, None, and lists, tuples and dicts of them."""
        said = self.exec(f"print(repr({expression}))", timeout).strip()
        try:
            value: object = ast.literal_eval(said)
        except (ValueError, SyntaxError) as error:
            raise BoardError("B609", port=self.port, found=said[:80]) from error
        return value

    def load(self, name: str) -> None:
        """Runs the program onboard/NAME.py there, once a session; the names it defines stay.

        BoardError: B606 where what it imports is not there, besides those of `exec`.
        """
        if name in self._loaded:
            return
        source = packed((ONBOARD / f"{name}.py").read_text(encoding="utf-8"))
        try:
            self.run(source)
        except BoardError as error:
            if error.code == "B612" and error.finding.found.startswith(("ImportError", "AttributeError")):
                raise BoardError("B606", port=self.port, found=error.finding.found) from error
            raise
        self._loaded.add(name)

    def slow_down(self) -> None:
        """Bring the line back to 115200 bits a second; BoardError when the board is lost meanwhile."""
        try:
            self.load("rate")
            self._back()
            return
        except (BoardError, TransportError, ValueError):
            if self.gone:
                raise
        except OSError as error:
            raise translate(error, self.port) from error
        # the board may have gone back by itself: ask at which rate it answers
        enter(self)
        if self.baud != BAUD:
            self._back()

    def _back(self) -> None:
        self.transport.exec_raw_no_follow("back(100)")
        # "OK" came at the old rate; the board waits a moment before it changes
        self.transport.serial.baudrate = self.baud = BAUD
        self.transport.follow(2)

    def interrupt(self) -> None:
        """One Ctrl-C: a second one before the board saw the first would cancel it."""
        try:
            self.transport.serial.write(CTRL_C)
            self.transport.drain()
        except OSError as error:
            raise self.failure(error) from error

    def restart(self, listen: float = 0.0) -> str:
        """Soft reset: boot.py and main.py run again, the line is back at 115200; does not wait for them.

        Returns what the firmware says before them, for which it listens so many seconds at most.
        """
        heard = b""
        try:
            self.transport.drain(0.05, 0.5)
            # Out of the raw REPL first: a reset from within it runs boot.py, but not main.py.
            self.transport.serial.write(FRIENDLY)
            self.transport.read_until(1, b">>> ", timeout=2)
            self.transport.serial.write(RESET)
            self.transport.read_until(1, b"soft reboot\r\n", timeout=2)
            if listen:
                heard = self.transport.read_until(1, b"init end", timeout_overall=listen)
        except OSError as error:
            raise self.failure(error) from error
        finally:
            self.gone = True
        with suppress(OSError, ValueError):
            self.transport.serial.baudrate = self.baud = BAUD
        return heard.decode(errors="replace")

    def failure(self, error: BaseException) -> BoardError:
        """What an exception of the line means; after it nothing more is asked of a board that is not there."""
        found = translate(error, self.port)
        self.gone = self.gone or found.code == "B608"
        self.lost = True
        return found


@contextmanager
def connect(port: str, *, restart: bool = False) -> Iterator[Board]:
    """The board at a port, in the raw REPL; on the way out Ctrl-C works, at 115200 and with the friendly REPL.

    `restart`: also starts its program again on the way out. It never soft-resets a board to get in, since that runs
    boot.py, and one with a loop would keep us out. BoardError: no such port, busy, not allowed, nothing there.
    """
    transport = BoardTransport(port)
    board = Board(port, transport)
    try:
        enter(board)
        try:
            yield board
        except BaseException:
            with suppress(BoardError, TransportError, OSError, ValueError):  # what failed before is what counts
                leave(board, restart)
            raise
        leave(board, restart)
    finally:
        transport.close()


def enter(board: Board, limit: float = BUSY) -> None:
    """Into the raw REPL, whatever the board still has to say; again until it answers or `limit` seconds pass.

    Every third try is at the fast rate, for a board that was left there and cannot be read at 115200. BoardError:
    B605 nothing came at all, B607 something came, but not the raw REPL, B608 the line broke.
    """
    line = board.transport
    last_start = end = time.monotonic() + limit
    heard = b""
    silent = readable = False
    tries = 0
    try:
        while (start := time.monotonic()) < end:
            tries += 1
            board.baud = FAST if tries % 3 == 0 and not readable else BAUD
            if line.serial.baudrate != board.baud:
                line.serial.baudrate = board.baud
            entered, said = _try_to_enter(line, tries, ANSWER_LIMIT if board.baud == BAUD else FAST_LIMIT)
            if entered:
                line.in_raw_repl = True
                board.lost = False
                return
            # A busy board answers all that it was sent as soon as it wakes; near the limit it gets time for that.
            if said and silent and start < last_start:
                end = max(end, time.monotonic() + GRACE)
            silent = not said
            readable = board.baud == BAUD and b"\r\n" in said and said.isascii()
            heard = (heard + said)[-400:]
    except (OSError, ValueError) as error:
        raise board.failure(error) from error
    tail = heard.decode(errors="replace").strip().splitlines()
    raise BoardError("B607" if tail else "B605", port=board.port, found=tail[-1] if tail else "")


def _try_to_enter(line: BoardTransport, number: int, wait: float) -> tuple[bool, bytes]:
    """One Ctrl-C, wait until quiet, Ctrl-B, Ctrl-A, and a program that prints a word of this try's own.

    A busy board answers several tries at once, so the banner may be that of an earlier one, and more may follow. The
    board reads the program last: after its word nothing that was sent before can be answered any more.
    ``number``: of the try, from 1; ``wait``: seconds for each of the two answers. Returns whether the word came, and
    all that was said.
    """
    line.serial.write(CTRL_C)
    said = line.drain(0.2, 1.0)
    if number > 1 and not said:
        # A busy board has not seen the Ctrl-C of the try before, and this one took it back: one more keeps it odd.
        line.serial.write(CTRL_C)
        said = line.drain(0.2, 1.0)
    line.serial.write(FRIENDLY)
    said += line.read_until(1, b">>> ", timeout=0.1, timeout_overall=0.5)
    line.serial.write(RAW)
    said += line.read_until(1, BANNER, timeout=wait, timeout_overall=wait)
    if not said.endswith(BANNER):
        return False, said
    word = uuid4().hex.encode()
    line.serial.write(b"print('%s',end='')" % word + END)
    answer = b"OK" + word + END * 2
    said += line.read_until(1, answer, timeout=wait, timeout_overall=wait)
    return said.endswith(answer), said


def leave(board: Board, restart: bool) -> None:
    """Ctrl-C on, 115200, the friendly REPL, and a soft reset where wanted; nothing for a board that is gone."""
    if board.gone:
        return
    board.exec(CTRL_C_ON)
    if board.baud != BAUD:
        board.slow_down()
    if restart:
        board.restart()
        return
    try:
        board.transport.exit_raw_repl()
        board.transport.drain(0.05, 0.5)
    except OSError as error:
        raise board.failure(error) from error


def in_pieces(source: str) -> Iterator[str]:
    """Programs that together run a source of any length, each short enough for the ring of the line."""
    if len(source.encode()) <= PIECE:
        yield source
    else:
        yield from checked(source)


def checked(source: str) -> Iterator[str]:
    """The same with a CRC32: the board runs the source if it has arrived as it was sent, else raises "damaged".

    Its bytes are collected in a name of the board's and run from there; the answer to one piece asks for the next.
    """
    data = source.encode()
    run = (
        f"from binascii import crc32\nif crc32(_p) & 0xFFFFFFFF != {zlib.crc32(data)}:\n raise ValueError('damaged')\n"
    )
    run += "try:\n exec(bytes(_p))\nfinally:\n del _p"  # v1.11 takes no bytearray there
    whole = f"_p = {data!r}\n{run}"
    if len(whole) <= PIECE:
        yield whole
        return
    yield "_p = bytearray()"
    while data:
        size = PIECE - 20
        while len(repr(data[:size])) > PIECE - 20:
            size -= size // 8
        yield f"_p += {data[:size]!r}"
        data = data[size:]
    yield run


def packed(source: str) -> str:
    """A program without its comments and docstrings: they would cost time on the line and heap there."""
    with _PACKING:
        return _packed(source)


@cache
def _packed(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return ast.unparse(tree)
