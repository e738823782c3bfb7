"""Sends files over the line in frames, and asks the board what it has. Has mpremote's slow way as well.

Never tried on a real board. The figures of docs/sync.md come from the virtual board.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from maixswitch.board.connection import Board
from maixswitch.board.failures import BoardError, on_board
from maixswitch.board.protocol import PAYLOAD, Sender, TooManyRetries, frame
from maixswitch.board.transport import TransportError, TransportExecError

SILENCE = 8.0
"""Seconds without a byte after which the board is given up. It asks every second, and gives us up after five."""
SHORT = 3.0
"""Seconds to enter the REPL of a board that was given up."""
END = b"\x04"

Progress = Callable[[int], None]
Checksum = tuple[int, int] | None
"""(size in bytes, CRC32) of a file on the board; None if it does not exist."""


def send(
    board: Board, data: bytes | Path, path_on_board: str, *, offset: int = 0, progress: Progress | None = None
) -> None:
    """Write data, or a file of this PC, into a file on the board, and compare the size and CRC32 of the result.

    offset: how many bytes are on the board already and stay; the caller has compared them.
    progress: called with the bytes that were written since its last call.
    Raises BoardError for the card's own error, B624 if the result differs, B609 if the line is too bad, and B611 or
    B608 if the board is silent or gone. The board is usable afterwards except after the last two.
    """
    content = data if isinstance(data, bytes) else data.read_bytes()
    if not 0 <= offset <= len(content):
        raise ValueError(f"an offset of {offset} in {len(content)} bytes")
    checksum = _stream(board, content, path_on_board, offset, progress)
    _compare(board, content, path_on_board, checksum)


def send_plain(board: Board, data: bytes | Path, path_on_board: str, *, progress: Progress | None = None) -> None:
    """Do the same with mpremote's own `fs` verbs and without a receiver: slow, but works wherever mpremote works."""
    content = data if isinstance(data, bytes) else data.read_bytes()
    last = 0

    def tell(written: int, _total: int) -> None:
        nonlocal last
        if progress:
            # mpremote reports the total so far, but a bar wants what was added.
            progress(written - last)
        last = written

    try:
        # mpremote does not compare what arrived, so the checksum below is needed here as well.
        board.transport.fs_writefile(path_on_board, content, progress_callback=tell)
    except (TransportError, OSError) as error:
        raise board.failure(error) from error
    _compare(board, content, path_on_board, board_crc(board, path_on_board))


def board_crc(board: Board, path: str) -> Checksum:
    """Return (size, CRC32) of a file, read on the board; None if it is missing or unreadable."""
    return board_crcs(board, [path])[path]


def board_crcs(board: Board, paths: Sequence[str]) -> dict[str, Checksum]:
    """Return the same for many files, with few calls."""
    board.load("receiver")
    sums: dict[str, Checksum] = {}
    for at in range(0, len(paths), 50):
        batch = list(paths[at : at + 50])
        code = f"for p in {batch!r}:\n c = checksum(p)\n print('' if c is None else '%d %d' % c)"
        lines = board.exec(code, timeout=20).split("\n")
        # The board prints a line for a missing file, too. With another number of lines, no line can be assigned to its
        # path.
        if len(lines) != len(batch) + 1:
            raise BoardError("B609", port=board.port, found=lines[-1][:80])
        sums.update((path, _pair(board, line)) for path, line in zip(batch, lines, strict=False))
    return sums


def _stream(board: Board, content: bytes, path: str, offset: int, progress: Progress | None) -> Checksum:
    """Run the receiver and feed it; return what the board read back."""
    board.load("receiver")
    count = -(-(len(content) - offset) // PAYLOAD)
    sender = Sender(lambda at: content[offset + at * PAYLOAD : offset + (at + 1) * PAYLOAD], count)
    # Transfer and checksum are one program: a second one would cost a round trip for each file.
    call = f"receive({path!r}, {offset}, {len(content) - offset})"
    code = f"r = {call}\nprint(r)\nc = checksum({path!r})\nprint('' if c is None else '%d %d' % c)"
    # Only a receiver that still waits may get the frame that stops it: the raw REPL would take that for a program.
    ended = False
    try:
        board.transport.exec_raw_no_follow(code)
        printed = _feed(board, sender, progress, len(content) - offset)
        ended = True
        error = board.transport.read_until(1, END, timeout=5)
    except TooManyRetries as reason:
        raise BoardError("B609", port=board.port) from reason
    except (TransportError, OSError) as reason:
        raise board.failure(reason) from reason
    finally:
        if not ended:
            _stop(board)
    # The end of the traceback is missing, so nobody knows whether the program still runs.
    if not error.endswith(END):
        board.lost = True
        raise BoardError("B611", port=board.port)
    if error[:-1]:
        text = error[:-1].decode(errors="replace")
        raise on_board(text, board.port) from TransportExecError(1, text)
    lines = printed.replace(b"\r\n", b"\n").split(b"\n")
    # Not ==: an answer that was damaged into ASCII counts as printed and may stand before the word.
    if b"done" not in lines[0] or len(lines) < 2:
        raise BoardError("B609", port=board.port, found=lines[0].decode(errors="replace")[-80:])
    if progress and not sender.done:  # the last answer was lost, the result was not
        progress(len(content) - offset - min(sender.acknowledged * PAYLOAD, len(content) - offset))
    return _pair(board, lines[1].decode(errors="replace"))


def _feed(board: Board, sender: Sender, progress: Progress | None, total: int) -> bytes:
    """Answer the board until its program ends; return what it printed, without its answers to frames."""
    printed = bytearray()
    reported = 0
    heard = time.monotonic()
    while True:
        came = board.transport.read_some()
        now = time.monotonic()
        if not came:
            if now - heard > SILENCE:
                board.lost = True
                board.patience = SHORT  # it has given us up by now
                raise BoardError("B611", port=board.port)
            continue
        heard = now
        head, end, rest = came.partition(END)
        for byte in head:
            # No answer to a frame is ASCII (protocol.ACKS), so answers and printed text can share the line.
            if byte < 0x80:
                printed.append(byte)
                continue
            out = sender.take(byte)
            if out:
                board.transport.serial.write(out)
        done = min(sender.acknowledged * PAYLOAD, total)
        if progress and done > reported:
            progress(done - reported)
            reported = done
        if end:
            # What follows is the traceback part. The caller reads it.
            board.transport.unread(rest)
            return bytes(printed)


def _stop(board: Board) -> None:
    """Tell a receiver that nothing more comes, so that it ends at once and not after its five seconds."""
    if board.gone:
        return
    with suppress(OSError, TransportError):
        # onboard/receiver.py looks at the length before the number, so any number will do.
        board.transport.serial.write(frame(0, b""))
        # It has left its receiver already: waiting for its end would only delay the error.
        if board.patience == SHORT:
            return
        board.transport.read_until(1, END, timeout=SILENCE, timeout_overall=SILENCE)
        board.transport.read_until(1, END, timeout=2, timeout_overall=2)


def _compare(board: Board, content: bytes, path: str, actual: Checksum) -> None:
    expected = (len(content), crc32(content))
    if actual != expected:
        name = path.rpartition("/")[2]
        actual_text = "-" if actual is None else f"{name}, {actual[0]}, {actual[1]:08x}"
        raise BoardError("B624", port=board.port, found=actual_text, wanted=f"{expected[0]}, {expected[1]:08x}")


def _pair(board: Board, line: str) -> Checksum:
    # onboard/receiver.py prints dots while it reads a long file, before the result on the same line.
    words = line.strip().lstrip(".").split()
    if not words:
        return None
    try:
        size, check = words
        return int(size), int(check)
    except ValueError as error:
        raise BoardError("B609", port=board.port, found=line[:80]) from error
