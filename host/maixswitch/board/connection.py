"""A board on its cable: enters its REPL without a restart, runs small programs, and leaves it as it was."""

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
"""Seconds that one try waits for the raw REPL. The board's program closes its network and screen first."""
FAST_LIMIT = 0.5
"""The same at the fast rate. A board left at that rate is in the REPL, and cannot be heard at 115200 meanwhile."""
GRACE = 4.0
"""Seconds for a board that wakes up shortly before the limit: enough for two tries."""
TRIES = 3
"""How often a program is sent if it arrives damaged."""
DAMAGED = ("SyntaxError", "IndentationError", "NameError", "UnicodeError", "ValueError: damaged")
"""What the board says about a program that arrived damaged."""
PIECE = 1800
"""Bytes of source sent at a time. The line's ring holds 2,048 and drops what a busy board leaves in it."""
# `sync --all` packs in several threads, and before Python 3.12 ast.parse mixes up their recursion depths.
_PACKING = threading.Lock()
CTRL_C_ON = "import micropython\nmicropython.kbd_intr(3)"
CTRL_C, FRIENDLY, RAW, RESET = b"\r\x03", b"\r\x02", b"\r\x01", b"\x04"
END = b"\x04"
"""Ends a program that is sent, and each of the two parts of its output."""


class Board:
    """A board in the raw REPL of its firmware. `connect` makes it. Never tried on a real board."""

    def __init__(self, port: str, transport: BoardTransport) -> None:
        self.port = port
        self.transport = transport
        self.baud = BAUD
        self.patience = BUSY
        """Seconds that entering the REPL again may take."""
        self.lost = False
        """Is it unknown what the board is doing? Then its program is stopped first."""
        self.gone = False
        """Is the board restarting or unplugged? Then it is asked nothing more."""
        self._loaded: set[str] = set()

    def exec(self, code: str, timeout: float = BUSY) -> str:
        """Run code on the board and return what it printed.

        timeout: seconds without a byte from the board.
        Raises BoardError for what the code raised, for no answer in time (the next call then stops it first), and for a
        broken line.
        """
        return self._exec(in_pieces(code), timeout)

    def run(self, program: str, timeout: float = BUSY) -> str:
        """Run a program like `exec`, but only if it arrived undamaged; send it again otherwise.

        For programs that may run twice. Raises BoardError B609 if the line damages it every time.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._exec(checked(program), timeout)
            except BoardError as error:
                if error.code == "B611" and left:  # The end of the program may have been lost; the board waits for it.
                    continue
                # Damage shows as one of these errors. Any other exception is the program's own and would come again.
                if error.code != "B612" or not error.finding.found.startswith(DAMAGED):
                    raise
                if not left:
                    raise BoardError("B609", port=self.port, found=error.finding.found) from error
        raise AssertionError

    def _exec(self, pieces: Iterator[str], timeout: float) -> str:
        # A program may still have the line: what is sent now would be its input and not a program.
        if self.lost:
            enter(self, self.patience)
        try:
            for piece in pieces:
                output, error = self.transport.exec_raw(piece, timeout)
                if error:
                    break
        except (TransportError, OSError) as reason:
            raise self.failure(reason) from reason
        if error:
            text = error.decode(errors="replace")
            raise on_board(text, self.port) from TransportExecError(1, text)
        result: str = output.decode(errors="replace").replace("\r\n", "\n")
        return result

    def evaluate(self, expression: str, timeout: float = BUSY) -> object:
        """Return the value of an expression on the board: numbers, texts, bytes, None, and lists, tuples and dicts of
        them.
        """
        output = self.exec(f"print(repr({expression}))", timeout).strip()
        try:
            value: object = ast.literal_eval(output)
        except (ValueError, SyntaxError) as error:
            raise BoardError("B609", port=self.port, found=output[:80]) from error
        return value

    def load(self, name: str) -> None:
        """Run the program onboard/NAME.py on the board, once per session. The names that it defines stay.

        Raises BoardError B606 if a module that it imports is missing, and what `exec` raises.
        """
        if name in self._loaded:
            return
        source = packed((ONBOARD / f"{name}.py").read_text(encoding="utf-8"))
        try:
            self.run(source)
        except BoardError as error:
            # onboard/receiver.py calls UART.repl_uart when it is loaded, and only MaixPy has it. Another MicroPython
            # fails here, before anything is written.
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
        # pyserial raises ValueError for a rate that the PC's driver refuses. The board is still there, so the code
        # below looks for it.
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
        """Send one Ctrl-C. A second one before the board saw the first would cancel it."""
        try:
            self.transport.serial.write(CTRL_C)
            self.transport.drain()
        except OSError as error:
            raise self.failure(error) from error

    def restart(self, listen: float = 0.0) -> str:
        """Soft-reset the board: boot.py and main.py run again, and the line is back at 115200.

        listen: seconds to listen for what the firmware prints before its programs.
        Returns what it printed. Does not wait for the programs.
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
            # After a failure as well: the board may have restarted, and a question would interrupt its boot.py.
            self.gone = True
        with suppress(OSError, ValueError):
            self.transport.serial.baudrate = self.baud = BAUD
        return heard.decode(errors="replace")

    def failure(self, error: BaseException) -> BoardError:
        """Return the failure that an exception of the line stands for. A board that is gone is asked nothing more."""
        failure = translate(error, self.port)
        self.gone = self.gone or failure.code == "B608"
        self.lost = True
        return failure


@contextmanager
def connect(port: str, *, restart: bool = False) -> Iterator[Board]:
    """Enter the raw REPL of the board at a port; on the way out restore Ctrl-C, 115200 and the friendly REPL.

    restart: also start the board's program again on the way out.
    It never soft-resets a board to get in: that runs boot.py, and a boot.py with a loop would lock us out.
    Raises BoardError if the port is missing, busy or not allowed, or if nothing answers.
    """
    transport = BoardTransport(port)
    board = Board(port, transport)
    try:
        enter(board)
        try:
            yield board
        except BaseException:
            with suppress(BoardError, TransportError, OSError, ValueError):  # The first failure is the one to report.
                leave(board, restart)
            raise
        leave(board, restart)
    finally:
        transport.close()


def enter(board: Board, limit: float = BUSY) -> None:
    """Enter the raw REPL; try again until the board answers or `limit` seconds pass.

    Every third try is at the fast rate, for a board that was left there and cannot be read at 115200.
    Raises BoardError B605 if nothing came at all, B607 if something else than the raw REPL came, B608 if the line
    broke.
    """
    line = board.transport
    # `last_start` keeps the first limit, so that a board that talks without end cannot move `end` forever.
    last_start = end = time.monotonic() + limit
    heard = b""
    silent = readable = False
    tries = 0
    try:
        while (start := time.monotonic()) < end:
            tries += 1
            # Readable text at 115200 proves the rate: from then on a try at the fast one would only cost time.
            board.baud = FAST if tries % 3 == 0 and not readable else BAUD
            if line.serial.baudrate != board.baud:
                line.serial.baudrate = board.baud
            entered, reply = _try_to_enter(line, tries, ANSWER_LIMIT if board.baud == BAUD else FAST_LIMIT)
            if entered:
                line.in_raw_repl = True
                board.lost = False
                return
            # A busy board answers everything at once when it wakes up. Near the limit, give it time for that.
            if reply and silent and start < last_start:
                end = max(end, time.monotonic() + GRACE)
            silent = not reply
            readable = board.baud == BAUD and b"\r\n" in reply and reply.isascii()
            heard = (heard + reply)[-400:]
    except (OSError, ValueError) as error:
        raise board.failure(error) from error
    # The last line comes from the program that keeps the line, and helps the user to recognise it.
    tail = heard.decode(errors="replace").strip().splitlines()
    raise BoardError("B607" if tail else "B605", port=board.port, found=tail[-1] if tail else "")


def _try_to_enter(line: BoardTransport, number: int, wait: float) -> tuple[bool, bytes]:
    """Try once to enter the raw REPL: Ctrl-C, silence, Ctrl-B, Ctrl-A, and a program that prints a unique word.

    A busy board answers several tries at once, so the banner may belong to an earlier try. The board reads the program
    last: after its word, nothing that was sent before can be answered any more.
    number: of the try, from 1.
    wait: seconds for each of the two answers.
    Returns whether the word came, and everything that was heard.
    """
    line.serial.write(CTRL_C)
    heard = line.drain(0.2, 1.0)
    if number > 1 and not heard:
        # A busy board has not seen the Ctrl-C of the last try, and a second one cancels it. A third makes it odd again.
        line.serial.write(CTRL_C)
        heard = line.drain(0.2, 1.0)
    line.serial.write(FRIENDLY)
    heard += line.read_until(1, b">>> ", timeout=0.1, timeout_overall=0.5)
    line.serial.write(RAW)
    heard += line.read_until(1, BANNER, timeout=wait, timeout_overall=wait)
    if not heard.endswith(BANNER):
        return False, heard
    # Only a fresh word proves that this answer belongs to this try.
    word = uuid4().hex.encode()
    line.serial.write(b"print('%s',end='')" % word + END)
    answer = b"OK" + word + END * 2
    heard += line.read_until(1, answer, timeout=wait, timeout_overall=wait)
    return heard.endswith(answer), heard


def leave(board: Board, restart: bool) -> None:
    """Restore Ctrl-C, 115200 and the friendly REPL, and soft-reset if asked. Does nothing to a board that is gone."""
    if board.gone:
        return
    # A program of ours that broke off may have left Ctrl-C disabled, and then nobody could stop the app.
    board.exec(CTRL_C_ON)
    if board.baud != BAUD:
        board.slow_down()
    # The restart ends the raw REPL by itself, so there is nothing more to leave.
    if restart:
        board.restart()
        return
    try:
        board.transport.exit_raw_repl()
        board.transport.drain(0.05, 0.5)
    except OSError as error:
        raise board.failure(error) from error


def in_pieces(source: str) -> Iterator[str]:
    """Yield programs that together run a source of any length. Each is short enough for the line's ring."""
    if len(source.encode()) <= PIECE:
        yield source
    else:
        yield from checked(source)


def checked(source: str) -> Iterator[str]:
    """Yield programs that run a source only if its CRC32 is right, and raise "damaged" otherwise.

    They collect its bytes in a variable on the board and run them from there.
    """
    data = source.encode()
    run = (
        f"from binascii import crc32\nif crc32(_p) & 0xFFFFFFFF != {zlib.crc32(data)}:\n raise ValueError('damaged')\n"
    )
    run += "try:\n exec(bytes(_p))\nfinally:\n del _p"  # exec of v1.11 does not take a bytearray
    whole = f"_p = {data!r}\n{run}"
    if len(whole) <= PIECE:
        yield whole
        return
    yield "_p = bytearray()"
    while data:
        size = PIECE - 20
        # repr makes four characters of some bytes, and what counts for the ring is the text on the line.
        while len(repr(data[:size])) > PIECE - 20:
            size -= size // 8
        yield f"_p += {data[:size]!r}"
        data = data[size:]
    yield run


def packed(source: str) -> str:
    """Return a program without comments and docstrings, which would take time on the line and heap on the board."""
    with _PACKING:
        return _packed(source)


@cache
def _packed(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        # A lambda and a conditional expression have a body, too, which is not a list.
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return ast.unparse(tree)
