"""A board on its cable: enters its REPL without a restart, runs small programs, and leaves it as it was."""

from __future__ import annotations

import ast
import threading
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
"""The same at the fast rate. A board left at that rate is in the REPL; its answers are unreadable at 115200."""
GRACE = 4.0
"""Extra seconds for a board that wakes up shortly before the limit: enough for two tries."""
TRIES = 3
"""How often a program is sent if it arrives damaged."""
DAMAGED = ("SyntaxError", "IndentationError", "NameError", "UnicodeError", "ValueError: damaged")
"""What the board says about a program that arrived damaged."""
PIECE = 1800
"""Bytes of source sent at a time. The ring of the board's UART holds 2,048 and drops what does not fit."""
# `sync --all` packs in several threads, and before Python 3.12 ast.parse mixes up their recursion depths.
_PACKING = threading.Lock()
CTRL_C_ON = "import micropython\nmicropython.kbd_intr(3)"
CTRL_C, FRIENDLY, RAW, SOFT_RESET = b"\r\x03", b"\r\x02", b"\r\x01", b"\x04"
CHIP_RESET = "import machine\nmachine.reset()"
END = b"\x04"
"""Ends a program sent to the raw REPL, and each of the two parts of its output."""


class Board:
    """A board in the raw REPL of its firmware. `connect` makes it. Never tried on a real board."""

    def __init__(self, port: str, transport: BoardTransport) -> None:
        self.port = port
        self.transport = transport
        self.baud = BAUD
        self.patience = BUSY
        """Seconds that entering the REPL again may take."""
        self.lost = False
        """Is it unknown what the board is doing? Then the next call first stops the running program."""
        self.gone = False
        """Is the board restarting or unplugged? Then nothing more is sent to it."""
        self._loaded: set[str] = set()

    def exec(self, code: str, timeout: float = BUSY) -> str:
        """Run code on the board and return what it printed.

        timeout: seconds without a byte from the board.
        Raises BoardError if the code raises an exception, if no answer comes in time (the next call then first stops
        the program), or if the line is broken.
        """
        return self._exec(in_pieces(code), timeout)

    def run(self, program: str, timeout: float = BUSY) -> str:
        """Run a program like `exec`, but only if it arrived undamaged; send it again otherwise.

        The program must be one that may run twice. Raises BoardError B609 if the line damages it every time.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._exec(checked(program), timeout)
            except BoardError as error:
                if error.code == "B611" and left:  # The end of the program may be lost, and the board waits for it.
                    continue
                # Damage causes one of these errors. Any other exception is the program's own and would occur again.
                if error.code != "B612" or not error.finding.found.startswith(DAMAGED):
                    raise
                if not left:
                    raise BoardError("B609", port=self.port, found=error.finding.found) from error
        raise AssertionError

    def _exec(self, pieces: Iterator[str], timeout: float) -> str:
        # A program may still be running; it would read what is sent now as its input.
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
        """Return the value of an expression on the board.

        It may hold numbers, texts, bytes, None, and lists, tuples and dicts of them. Raises BoardError B609 otherwise.
        """
        output = self.exec(f"print(repr({expression}))", timeout).strip()
        try:
            value: object = ast.literal_eval(output)
        except (ValueError, SyntaxError) as error:
            raise BoardError("B609", port=self.port, found=output[:80]) from error
        return value

    def load(self, name: str) -> None:
        """Run the program onboard/NAME.py on the board, once per session. The names that it defines stay.

        Raises BoardError B606 if the firmware lacks a module that the program imports; otherwise as `run`.
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
        """Bring the line back to 115200 bits a second. Raises BoardError if the board is lost meanwhile."""
        try:
            self.load("rate")
            self._back()
            return
        # pyserial raises ValueError for a rate that the PC's driver refuses. The board still answers at some rate, and
        # the code below finds out which.
        except (BoardError, TransportError, ValueError):
            if self.gone:
                raise
        except OSError as error:
            raise translate(error, self.port) from error
        # The board may have gone back to 115200 by itself, so try both rates.
        enter(self)
        if self.baud != BAUD:
            self._back()

    def _back(self) -> None:
        self.transport.exec_raw_no_follow("back(100)")
        # The "OK" came at the old rate. The board waits 100 ms before it changes the rate.
        self.transport.serial.baudrate = self.baud = BAUD
        self.transport.follow(2)

    def interrupt(self) -> None:
        """Send one Ctrl-C. A second one, sent before the board has seen the first, would cancel it."""
        try:
            self.transport.serial.write(CTRL_C)
            self.transport.drain()
        except OSError as error:
            raise self.failure(error) from error

    def restart(self, listen: float = 0.0, *, soft: bool = False) -> str:
        """Restart the board: boot.py and main.py run again, and the line is back at 115200.

        The whole chip restarts. A soft reset is not enough: v0.6.2-16 for the M5StickV keeps pointers into the old heap
        and crashes in the app that starts after it.

        listen: seconds to listen for what the firmware prints before its programs.
        soft: only restart the interpreter, as Ctrl-D does.
        Returns what it printed. Does not wait for the programs.
        """
        heard = b""
        try:
            if not soft:
                self.transport.exec_raw_no_follow(CHIP_RESET)
                heard = self.transport.read_until(1, END, timeout=0.5, timeout_overall=1)
            # Only a firmware that cannot restart the chip ends that program.
            if soft or heard.endswith(END):
                self._soft_reset()
                heard = b""
            if listen and b"init end" not in heard:
                heard += self.transport.read_until(1, b"init end", timeout_overall=listen)
        except (TransportError, OSError) as error:
            raise self.failure(error) from error
        finally:
            # Even after a failure the board may have restarted, and anything sent now would interrupt its boot.py.
            self.gone = True
        with suppress(OSError, ValueError):
            self.transport.serial.baudrate = self.baud = BAUD
        return heard.decode(errors="replace")

    def _soft_reset(self) -> None:
        self.transport.drain(0.05, 0.5)
        # Leave the raw REPL first: a reset from within it runs boot.py, but not main.py.
        self.transport.serial.write(FRIENDLY)
        self.transport.read_until(1, b">>> ", timeout=2)
        self.transport.serial.write(SOFT_RESET)
        self.transport.read_until(1, b"soft reboot\r\n", timeout=2)

    def failure(self, error: BaseException) -> BoardError:
        """Return the BoardError for an exception of the line, and note in which state that leaves the board."""
        failure = translate(error, self.port)
        self.gone = self.gone or failure.code == "B608"
        self.lost = True
        return failure


@contextmanager
def connect(port: str, *, restart: bool = False) -> Iterator[Board]:
    """Enter the raw REPL of the board at a port; at the end restore Ctrl-C, 115200 and the friendly REPL.

    restart: also start the board's program again at the end.
    It never soft-resets a board to enter: that runs boot.py, and a boot.py with an endless loop would lock us out.
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

    Every third try is at the fast rate, for a board that was left at that rate.
    Raises BoardError B605 if the board stayed silent, B607 if something other than the raw REPL answered, B608 if the
    line broke.
    """
    line = board.transport
    # `end` may be put off, `last_start` may not: otherwise a board that prints without end would keep us here.
    last_start = end = line.now() + limit
    heard = b""
    silent = readable = False
    tries = 0
    try:
        while (start := line.now()) < end:
            tries += 1
            # Readable text at 115200 proves the rate; from then on, tries at the fast rate would only cost time.
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
                end = max(end, line.now() + GRACE)
            silent = not reply
            readable = board.baud == BAUD and b"\r\n" in reply and reply.isascii()
            heard = (heard + reply)[-400:]
    except (OSError, ValueError) as error:
        raise board.failure(error) from error
    # The last line comes from the program that occupies the board, so the user can recognise that program.
    tail = heard.decode(errors="replace").strip().splitlines()
    raise BoardError("B607" if tail else "B605", port=board.port, found=tail[-1] if tail else "")


def _try_to_enter(line: BoardTransport, number: int, wait: float) -> tuple[bool, bytes]:
    """Try once to enter the raw REPL: Ctrl-C, silence, Ctrl-B, Ctrl-A, and a program that prints a unique word.

    A busy board answers several tries at once, so the banner may belong to an earlier try. The board reads the program
    last, so after its word no answer to an earlier try can follow.
    number: the number of the try, from 1.
    wait: seconds for each of the two answers.
    Returns whether the word came, and everything that was received.
    """
    line.serial.write(CTRL_C)
    heard = line.drain(0.2, 1.0)
    if number > 1:
        # A busy board has not seen the Ctrl-C of the last try, and this one cancels it. A third one counts again. Text
        # does not mean that it was seen: the firmware prints while it looks for a camera.
        line.serial.write(CTRL_C)
        heard += line.drain(0.2, 1.0)
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
    """Restore Ctrl-C, 115200 and the friendly REPL; soft-reset if `restart`. Do nothing to a board that is gone."""
    if board.gone:
        return
    # One of our programs that was interrupted may have left Ctrl-C disabled. Then nobody could stop the app.
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
    """Yield programs that together run a source of any length. Each fits into the ring of the board's UART."""
    if len(source.encode()) <= PIECE:
        yield source
    else:
        yield from checked(source)


def checked(source: str) -> Iterator[str]:
    """Yield programs that run a source only if its CRC32 is right; otherwise the last one raises ValueError.

    They collect the bytes of the source in a variable on the board and run them from there.
    """
    data = source.encode()
    run = (
        f"from binascii import crc32\nif crc32(_p) & 0xFFFFFFFF != {zlib.crc32(data)}:\n raise ValueError('damaged')\n"
    )
    run += "try:\n exec(bytes(_p))\nfinally:\n del _p"  # exec of v1.11 does not take a bytearray
    program = f"_p = {data!r}\n{run}"
    if len(program) <= PIECE:
        yield program
        return
    yield "_p = bytearray()"
    while data:
        size = PIECE - 20
        # repr writes some bytes as four characters, and the ring must hold the text that is sent.
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
        # The body of a lambda or of a conditional expression is not a list.
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return ast.unparse(tree)
