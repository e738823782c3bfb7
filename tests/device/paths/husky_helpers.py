"""A HuskyLens client by hand: the frames of protocol 0.5.1, written as the document has them."""

import struct

import bench
from tests.device.paths.link_helpers import UART

HUSKY = dict(UART, protocol="husky")
OK, INFO, BLOCK, PRO, BUSY = 0x2E, 0x29, 0x2A, 0x3B, 0x3D


def frame(code, data=b""):
    """Return a command."""
    head = bytes([0x55, 0xAA, 0x11, len(data), code]) + data
    return head + bytes([sum(head) & 255])


def word(value):
    return struct.pack("<h", value)


def frames(data):
    """Return what a device has sent as [(code, data), ...]; it must be whole frames and nothing else."""
    found = []
    while data:
        size = data[3] + 6
        assert data[:3] == b"\x55\xaa\x11", data
        assert len(data) >= size, data
        assert sum(data[: size - 1]) & 255 == data[size - 1], data
        found.append((data[4], data[5 : size - 1]))
        data = data[size:]
    return found


class Client:
    """Sends bytes to a board of the paths, and takes the answers."""

    def __init__(self, board, number=0):
        self.board = board
        self.wire = bench.wire(number)

    def say(self, data):
        self.wire.rx.extend(data)
        return self

    def heard(self, ms=300):
        """Let the app run; return the frames that came."""
        self.board.run(ms)
        return frames(self.wire.leave())

    def ask(self, code, data=b"", ms=300):
        return self.say(frame(code, data)).heard(ms)

    def blocks(self, code=0x20, data=b""):
        """Return (count, learned ids, frame number) of INFO, and the blocks, of which a frame of the app sends one."""
        info, *rest = self.ask(code, data, 800)
        assert info[0] == INFO
        numbers = struct.unpack("<5h", info[1])
        assert numbers[0] == len(rest)
        assert numbers[3:] == (0, 0)
        assert {row[0] for row in rest} <= {BLOCK}
        return numbers[:3], [struct.unpack("<5h", row[1]) for row in rest]
