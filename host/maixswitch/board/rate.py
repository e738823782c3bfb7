"""Changes the rate of the line after a test in both directions; if the test fails, the line goes back to 115200.

Never tried on a board: the test shows whether the board's UART and the USB chip manage 1,500,000 bits a second.
"""

from __future__ import annotations

import time

from maixswitch.board.connection import Board, enter
from maixswitch.board.failures import BoardError, translate
from maixswitch.board.transport import BAUD, TransportError

PATTERN = bytes(range(256))
LEAST, MOST = 9600, 4_500_000


def change(board: Board, baud: int) -> bool:
    """Change the rate of a board's line to `baud` bits a second, after a test in both directions.

    baud: 9600 to 4500000.
    Returns False if the test failed and the line is at 115200 again. Raises ValueError for a rate out of range, and
    BoardError if the board is lost meanwhile.
    """
    if not LEAST <= baud <= MOST:
        raise ValueError(f"a rate of {baud}; expected {LEAST} to {MOST}")
    # A test of the present rate would prove nothing, but it might lose the line.
    if baud == board.baud:
        return True
    if baud == BAUD:
        board.slow_down()
        return True
    try:
        board.load("rate")
        if _tested(board, baud):
            return True
    except (BoardError, TransportError, ValueError):
        # The board does not answer any more; another attempt would only hide this failure.
        if board.gone:
            raise
    except OSError as error:
        raise translate(error, board.port) from error
    # After a failed test the board itself goes back to 115200, but perhaps it has not done so yet: try both rates.
    enter(board)
    if board.baud != BAUD:
        board.slow_down()
    return False


def _tested(board: Board, baud: int) -> bool:
    line, port = board.transport, board.transport.serial
    line.exec_raw_no_follow(f"print(change({baud}))")
    if not line.read_until(1, b"change\n", timeout=2).endswith(b"change\n"):
        return False
    time.sleep(0.15)  # the board changes its rate 50 ms after it printed "change"
    port.baudrate = board.baud = baud
    port.write(PATTERN)
    # The change of rate can put noise before the pattern, so only the last 256 bytes are compared.
    if line.read_until(1, PATTERN, timeout=1, timeout_overall=2)[-256:] != PATTERN:
        time.sleep(0.7)  # together with the second above, longer than the 1.5 s that the board waits for us
        return False
    # This proves to the board that we received its pattern; without it the board goes back (onboard/rate.py).
    port.write(b"good")
    output, error = line.follow(3)
    return not error and output.strip() == b"True"
