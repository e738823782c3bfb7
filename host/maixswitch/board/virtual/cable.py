"""The end of the line at a virtual board: the port, its pace, its faults, and the commands of the handle.

Commands are JSON lines on stdin, each answered by one on stdout, which is the state of the line. The end of stdin is
the end of the board.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from maixswitch.board.virtual.line import BAUD, Pace, Way, garbled
from maixswitch.errors import MaixSwitchError
from maixswitch.link.pseudo_terminal import open_port

PC_BUFFER = 1 << 16  # bytes that the PC's driver keeps while nobody reads them


class Cable:
    """The line and the port. What is at the board's end is in the classes made of this one."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        rate = options.get("rate")
        self._paced = rate is not None
        self._to, self._from = Way(), Way()
        self._to_pace, self._from_pace = Pace(rate), Pace(rate)
        self._swallow = 0
        self._master = self._slave = -1
        self._wire_in, self._wire_out, self._pc = bytearray(), bytearray(), bytearray()
        self._pc_moved = 0.0
        self._deaf = False  # no program reads the port: what arrives is lost, and the board need not wait
        self._stalled = 0.0
        self._lost = 0  # bytes that did not fit into the ring of the UART
        self._baud = BAUD
        self._commands = b""
        self.order(options.get("faults") or {})
        self.plug()

    # What the board's end must have

    def powered(self) -> bool:
        """Does a program run?"""
        raise NotImplementedError

    def power_cut(self) -> None:
        """End the board's program at once."""
        raise NotImplementedError

    def boot(self) -> None:
        """Switch the power on."""
        raise NotImplementedError

    def run(self) -> None:
        """Run until the end of stdin."""
        raise NotImplementedError

    def change(self, options: dict[str, Any]) -> None:
        """Change options while the power is off: `card` is the folder of the card, "" for none."""
        self._options.update(options)

    # The port

    def plug(self) -> None:
        """Make the port, unless it exists."""
        if self._master >= 0:
            return
        self._master, self._slave = open_port(self._options["link"])

    def unplug(self) -> None:
        """Remove the port. A program that has it open gets an error."""
        if self._master < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._options["link"])
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        self._wire_in.clear()
        self._pc.clear()

    # The line

    def order(self, faults: dict[str, Any]) -> None:
        self._to.order(faults.get("to", {}))
        self._from.order(faults.get("from", {}))
        self._swallow = int(faults.get("swallow_ctrl_c", 0))

    def _send(self, data: bytes) -> None:
        if not self._wire_out:
            self._from_pace.start(time.monotonic())
        self._wire_out += data

    def _happen(self, events: list[tuple[str, float]], now: float) -> None:
        for name, seconds in events:
            if name == "stall":
                self._stalled = now + seconds
            elif name == "unplug":
                self.unplug()
            else:
                self.power_cut()

    def _take(self) -> None:
        """Take what the PC sent."""
        with contextlib.suppress(OSError):
            if not self._wire_in:
                self._to_pace.start(time.monotonic())
            self._wire_in += os.read(self._master, 4096)

    def _leave(self, now: float) -> None:
        """Move bytes from the line to the PC's driver, and from there to the program that has the port open."""
        count = self._from_pace.through(len(self._wire_out), now)
        if count > 0:
            raw = bytes(self._wire_out[:count])
            del self._wire_out[:count]
            data, events = self._from.carry(raw)
            if self._master >= 0:
                if not self._pc:
                    self._pc_moved = now
                self._pc += garbled(data, self._slave, self._baud)
                if self._paced and len(self._pc) > PC_BUFFER:
                    del self._pc[PC_BUFFER:]
            self._happen(events, now)
        if self._pc and self._master >= 0:
            try:
                sent = os.write(self._master, self._pc[:4096])
                del self._pc[:sent]
                self._pc_moved = now
                self._deaf = False
            except BlockingIOError:
                if self._deaf or (now - self._pc_moved > 0.5 and len(self._pc) > PC_BUFFER // 2):
                    # No program reads the port, so the bytes are lost, as they are in a real driver.
                    self._pc.clear()
                    self._deaf = True

    def _full(self) -> bool:
        """Must the board wait before it sends more?"""
        return len(self._wire_out) > (64 if self._paced else PC_BUFFER) or len(self._pc) > PC_BUFFER

    # The commands

    def _command(self) -> bool:
        more = os.read(0, 65536)
        if not more:
            return False
        self._commands += more
        while b"\n" in self._commands:
            line, _, self._commands = self._commands.partition(b"\n")
            command = json.loads(line)
            name = command.pop("do")
            if name == "order":
                self.order(command)
            elif name == "power_cycle":
                self.power_cut()
                self.change(command)
                self.boot()
            else:
                getattr(self, name)()
            self._report()
        return True

    def end(self) -> None:
        """Switch the board off, and remove the port."""
        self.power_cut()
        self.unplug()

    def wire(self) -> None:
        """Do nothing: the answer to every command is the state of the line."""

    def _report(self) -> None:
        state = {
            "to_board": self._to.count,
            "from_board": self._from.count,
            "lost": self._lost,
            "baud": self._baud,
            "powered": self.powered(),
            "plugged": self._master >= 0,
        }
        sys.stdout.write(json.dumps(state) + "\n")
        sys.stdout.flush()


def main(make: Callable[[dict[str, Any]], Cable]) -> None:
    """Run the board that the options on the command line describe.

    make: makes the end of the line from the options.
    """
    options: dict[str, Any] = json.loads(sys.argv[1])
    try:
        cable = make(options)
    except MaixSwitchError as error:
        sys.exit(str(error))
    try:
        if options.get("boot", True):
            cable.boot()
        cable._report()
        cable.run()
    finally:
        cable.end()
