"""What the tests of the links share: a board whose far end talks, and the messages of the protocol json."""

import json

import bench
from maixswitch.link.serial_lines import SerialLines
from maixswitch.link.serial_schema import BY_NAME, fits

UART = {"uart": 1, "tx": 8, "rx": 9}


def heard(number=4):
    """Return the complete messages that a UART has sent since the last call; the firmware prints between them."""
    wire = bench.wire(number)
    lines = SerialLines()
    end = bytes(wire.tx).rfind(b"\n") + 1  # of the last complete line
    messages = lines.feed(bytes(wire.tx[:end]))
    wire.tx = wire.tx[end:]
    assert lines.broken == 0
    assert not lines.foreign or number == 4
    for message in messages:
        assert fits(message), message
        assert message["event"] in BY_NAME
    return messages


class Talk:
    """Commands to a board over the UART of its link, and what comes back."""

    def __init__(self, board, number=0):
        self.board = board
        self.number = number
        self.last = 0
        self.others = []  # messages that answered nothing

    def say(self, line):
        """Send a line, or bytes as they are."""
        bench.wire(self.number).rx.extend(line if isinstance(line, bytes) else line.encode() + b"\n")
        return self

    def ask(self, do, ms=3000, **fields):
        """Send a command; return its answer."""
        self.last += 1
        self.say(json.dumps({"id": self.last, "do": do, **fields}))
        return self.answer(ms)

    def answer(self, ms=3000):
        """Return the next answer."""
        return self.until("answer", ms)

    def until(self, kind, ms=3000):
        """Return the next message of a kind; those before it go to `others`."""
        end = bench.clock.now + ms
        while True:
            for message in self.pop():
                if message["event"] == kind:
                    return message
                self.others.append(message)
            assert bench.clock.now < end, self.others[-5:]
            self.board.app.step()

    def pop(self):
        """Yield the messages so far, one at a time."""
        self._messages = getattr(self, "_messages", []) + heard(self.number)
        while self._messages:
            yield self._messages.pop(0)
