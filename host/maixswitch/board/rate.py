"""The rate of the line: faster after a test in both directions, and back to 115200 whenever anything is in doubt.

Never tried on a board: whether its UART and the USB chip manage 1,500,000 is what the test finds out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from maixswitch.board.failures import BoardError, translate
from maixswitch.board.transport import BAUD, TransportError

if TYPE_CHECKING:
    from maixswitch.board.connection import Board

PATTERN = bytes(range(256))
LEAST, MOST = 9600, 4_500_000


def change(board: Board, baud: int) -> bool:
    """Changes the rate of a board's line to `baud` bits a second; False when the line stays, or is again, at 115200.

    ValueError for a rate out of 9600 to 4500000; BoardError when the board is lost meanwhile.
    """
    from maixswitch.board.connection import enter

    if not LEAST <= baud <= MOST:
        raise ValueError(f"a rate of {baud}; wanted {LEAST} to {MOST}")
    if baud == board.baud:
        return True
    try:
        board.load("rate")
        agreed = _back(board) if baud == BAUD else _forth(board, baud)
        if agreed:
            return True
    except (BoardError, TransportError, ValueError):
        if board.gone:
            raise
    except OSError as error:
        raise translate(error, board.port) from error
    enter(board)
    if board.baud != BAUD:
        _back(board)
    return baud == BAUD


def _forth(board: Board, baud: int) -> bool:
    line, port = board.transport, board.transport.serial
    line.exec_raw_no_follow(f"print(change({baud}))")
    if not line.read_until(1, b"change\n", timeout=2).endswith(b"change\n"):
        return False
    time.sleep(0.15)  # the board changes 50 ms after its word
    port.baudrate = board.baud = baud
    port.write(PATTERN)
    if line.read_until(1, PATTERN, timeout=1, timeout_overall=2)[-256:] != PATTERN:
        time.sleep(0.7)  # with the second above longer than the board waits before it goes back
        return False
    port.write(b"good")
    said, error = line.follow(3)
    return not error and said.strip() == b"True"


def _back(board: Board) -> bool:
    line = board.transport
    line.exec_raw_no_follow("back(100)")
    line.serial.baudrate = board.baud = BAUD  # "OK" came at the old rate; the board waits a moment before it changes
    line.follow(2)
    return True
