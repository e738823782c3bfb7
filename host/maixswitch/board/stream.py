"""Sends files to a board in frames, and compares checksums with it. Can also send with mpremote's slow file commands.

Never tried on a real board. The figures of docs/sync.md come from the virtual board.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from maixswitch.board.connection import Board
from maixswitch.board.failures import BoardError, on_board
from maixswitch.board.protocol import PAYLOAD, Sender, TooManyRetries, frame
from maixswitch.board.transport import TransportError, TransportExecError

SILENCE = 8.0
"""Seconds of silence after which sending fails. The board asks every second, and stops waiting for us after five."""
SHORT = 3.0
"""Seconds to enter the REPL of a board that fell silent while it received."""
END = b"\x04"

Progress = Callable[[int], None]
Checksum = tuple[int, int] | None
"""(size in bytes, CRC32) of a file on the board; None if it does not exist."""


def send(
    board: Board, data: bytes | Path, path_on_board: str, *, offset: int = 0, progress: Progress | None = None
) -> None:
    """Write data, or a file of this PC, into a file on the board, and compare the size and CRC32 of the result.

    offset: how many bytes are on the board already and are kept; the caller has compared them.
    progress: gets the number of bytes written since its last call.
    Raises BoardError for an error of the card, B624 if the result differs, B609 if the line damages too much, B611 if
    the board is silent, B608 if it is gone. The board is usable afterwards, except after B611 and B608.
    """
    content = data if isinstance(data, bytes) else data.read_bytes()
    if not 0 <= offset <= len(content):
        raise ValueError(f"an offset of {offset} in {len(content)} bytes")
    checksum = _stream(board, content, path_on_board, offset, progress)
    _compare(board, content, path_on_board, checksum)


def send_plain(board: Board, data: bytes | Path, path_on_board: str, *, progress: Progress | None = None) -> None:
    """Do the same as `send` with mpremote's `fs` commands: slow, but needs nothing on the board except its REPL."""
    content = data if isinstance(data, bytes) else data.read_bytes()
    last = 0

    def tell(written: int, _total: int) -> None:
        nonlocal last
        if progress:
            # mpremote reports the total so far, but `progress` takes what was added.
            progress(written - last)
        last = written

    try:
        # mpremote does not verify what arrived, so `_compare` below is needed here as well.
        board.transport.fs_writefile(path_on_board, content, progress_callback=tell)
    except (TransportError, OSError) as error:
        raise board.failure(error) from error
    _compare(board, content, path_on_board, board_crc(board, path_on_board))


def board_crc(board: Board, path: str) -> Checksum:
    """Return (size, CRC32) of a file, read on the board; None if it is missing or unreadable."""
    return board_crcs(board, [path])[path]


def board_crcs(board: Board, paths: Sequence[str]) -> dict[str, Checksum]:
    """Return the same as `board_crc` for many files, by path, with one call for 50 files."""
    board.load("receiver")
    sums: dict[str, Checksum] = {}
    for at in range(0, len(paths), 50):
        batch = list(paths[at : at + 50])
        code = f"for p in {batch!r}:\n c = checksum(p)\n print('' if c is None else '%d %d' % c)"
        lines = board.exec(code, timeout=20).split("\n")
        # The board prints one line per file, even for a missing one. With any other number of lines, nobody can tell
        # which line belongs to which path.
        if len(lines) != len(batch) + 1:
            raise BoardError("B609", port=board.port, found=lines[-1][:80])
        sums.update((path, _pair(board, line)) for path, line in zip(batch, lines, strict=False))
    return sums


def _stream(board: Board, content: bytes, path: str, offset: int, progress: Progress | None) -> Checksum:
    """Run the receiver on the board and send it the frames; return the checksum of the file on the board."""
    board.load("receiver")
    count = -(-(len(content) - offset) // PAYLOAD)
    sender = Sender(lambda at: content[offset + at * PAYLOAD : offset + (at + 1) * PAYLOAD], count)
    # Transfer and checksum are one program: a second one would cost a round trip for each file.
    call = f"receive({path!r}, {offset}, {len(content) - offset})"
    code = f"r = {call}\nprint(r)\nc = checksum({path!r})\nprint('' if c is None else '%d %d' % c)"
    # The frame that stops a receiver may only go to one that still waits: the raw REPL would take it for a program.
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
    # Without the end of the traceback, it is unknown whether the program still runs.
    if not error.endswith(END):
        board.lost = True
        raise BoardError("B611", port=board.port)
    if error[:-1]:
        text = error[:-1].decode(errors="replace")
        raise on_board(text, board.port) from TransportExecError(1, text)
    lines = printed.replace(b"\r\n", b"\n").split(b"\n")
    # Not ==, because an answer that noise turned into ASCII counts as printed and may precede the word.
    if b"done" not in lines[0] or len(lines) < 2:
        raise BoardError("B609", port=board.port, found=lines[0].decode(errors="replace")[-80:])
    if progress and not sender.done:  # the last answer was lost, but the file is complete
        progress(len(content) - offset - min(sender.acknowledged * PAYLOAD, len(content) - offset))
    return _pair(board, lines[1].decode(errors="replace"))


def _feed(board: Board, sender: Sender, progress: Progress | None, total: int) -> bytes:
    """Send the requested frames until the board's program ends; return what it printed, without its answers."""
    printed = bytearray()
    reported = 0
    heard = board.transport.now()
    while True:
        data = board.transport.read_some()
        now = board.transport.now()
        if not data:
            if now - heard > SILENCE:
                board.lost = True
                board.patience = SHORT  # by now the receiver has stopped waiting for us
                raise BoardError("B611", port=board.port)
            continue
        heard = now
        head, end, after_end = data.partition(END)
        for byte in head:
            # Answers to frames are never ASCII (protocol.ACKS), so they can share the line with printed text.
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
            # The traceback follows. The caller reads it.
            board.transport.unread(after_end)
            return bytes(printed)


def _stop(board: Board) -> None:
    """Tell a receiver that no more frames come, so that it ends at once instead of after five seconds."""
    if board.gone:
        return
    with suppress(OSError, TransportError):
        # onboard/receiver.py checks the length before the number, so any number will do.
        board.transport.serial.write(frame(0, b""))
        # This board has already left its receiver, so waiting for the end would only delay the error.
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
    # While onboard/receiver.py reads a long file, it prints dots; they precede the result on the same line.
    words = line.strip().lstrip(".").split()
    if not words:
        return None
    try:
        size, check = words
        return int(size), int(check)
    except ValueError as error:
        raise BoardError("B609", port=board.port, found=line[:80]) from error
