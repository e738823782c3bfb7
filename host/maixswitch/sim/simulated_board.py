"""A simulated board with the app on it: what a person can do with it, and what that person can see."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch import board_code
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.kmodel.run.roundings import rounding_named
from maixswitch.language import tr
from maixswitch.sim.app_readout import AppReadout
from maixswitch.sim.camera import ChipCamera, Folder, Source, from_rgb565, open_source
from maixswitch.sim.card import FolderCard, check_card
from maixswitch.sim.emulator import Emulator
from maixswitch.sim.engine import Engine
from maixswitch.sim.view import Status

PRESS_MS = 80
HOLD_MS = 900
SETTLE_MS = 60  # from the release of a key until the app has accepted it
NAP_MS = 10  # board time of a step while no app runs


def check_board(name: str) -> None:
    """Raise MaixSwitchError (usage), which lists the known boards, for one that is not in device/once/boards.py."""
    boards = board_code.boards()
    try:
        boards.find(name)
    except ValueError as error:
        known = " ".join(boards.names())
        message = tr("--board: no board {name}; known: {known}", name=name, known=known)
        raise MaixSwitchError(message, EXIT_USAGE) from error


class SimulatedBoard:
    """A new board with card and camera. `power_on` starts the app.

    card: the folder that stands for the card.
    report: called as report(now, kind, ...) with the app's reports; `now` is board time in ms.
    board: id of the board; "" for the one in the card's settings.
    flavour: name of the firmware; "" for the default.
    camera: a picture, or a folder of pictures; None for the drawn scene.
    fit: how a picture is fitted to the camera's frame, see camera.FITS.
    rounding: how the KPU rounds.
    write_back: whether what the app writes reaches the folder.
    scripted: whether bench.kpu.boxes and .scores are the answers, in place of emulated networks.
    `app` is None while no app runs: before power_on, after Ctrl-C, without power (`powered`), and after an exception
    ended it (`ended`). Then only power_cycle and restart start it again.
    """

    def __init__(
        self,
        card: Path,
        report: Callable[..., None],
        *,
        board: str = "",
        flavour: str = "",
        camera: Path | None = None,
        fit: str = "stretch",
        rounding: str = "v0.2",
        write_back: bool = False,
        scripted: bool = False,
    ) -> None:
        # The firmware comes first: its interface decides which fakes are imported.
        firmware = firmwares.find(flavour or board_code.flavours().DEFAULT)
        self.flavour = firmware.name
        self.bench = board_code.bench(canmv=firmware.api == "canmv")
        if board:
            check_board(board)
        self._chosen_board = board
        self._write_back = write_back
        self._card = self._folder_card(card)
        # The source reads the board's clock at each look, because the clock starts again with the power.
        self._fit = fit
        self.chip = ChipCamera(open_source(camera, fit), lambda: int(self.bench.clock.now))
        networks = board_code.scripted_engine() if scripted else Emulator(rounding_named(rounding), firmware.runtime)
        self.engine = Engine(networks, self.bench.EngineError)
        self.powered = True
        self.ended = ""  # the exception that ended the app
        self._before = 0  # board time in ms before the power was last switched on
        self._slow = 1
        self._trace: Any = None
        # Reading the settings takes board time: reset again, so that the app starts on a new board.
        self._reset()
        self.board, self.keys = self._board_and_keys()
        self._reset()
        self.steps = 0
        self.looked = False  # has the running model seen a picture?
        self._readout = AppReadout()
        self._report = report
        self._cause = ""  # event of the last transition
        self.app: board_code.Application | None = None

    def _folder_card(self, folder: Path) -> FolderCard:
        card = FolderCard(folder, self.bench.MemoryCard, self._write_back)
        if self._chosen_board:
            card.choose_board(self._chosen_board)
        return card

    def _reset(self) -> None:
        bench = self.bench
        bench.install()
        bench.reset(self.flavour)
        bench.card.insert(self._card)
        bench.camera.source = self.chip
        bench.kpu.engine = self.engine
        bench.trace = self._trace
        # The reset restored the card's normal speed. Keep it: `slow_down` counts from it.
        self._speed = int(bench.card.bytes_per_ms)
        self.slow_down(self._slow)

    def watch(self, trace: Any) -> None:
        """Append the name of each firmware call to `trace` when the call begins; None ends that."""
        self._trace = self.bench.trace = trace

    def slow_down(self, factor: int) -> None:
        """Make the card read `factor` times slower than a good one; 1 restores the normal speed."""
        self._slow = factor
        self.bench.card.bytes_per_ms = max(1, self._speed // factor)

    def _board_and_keys(self) -> tuple[str, list[tuple[int, str]]]:
        """Return the id of the board that the app assumes, and its keys as (IO pin, role)."""
        boards = board_code.boards()
        settings = board_code.settings()
        try:
            board = boards.find(settings.board or board_code.default_board())
        except ValueError:  # an unknown board: the app shows the problem and goes on with its default
            board = boards.find(board_code.default_board())
        return str(board.id), [(int(pin), str(role)) for pin, role in settings.keys or board.keys]

    def power_on(self) -> None:
        """Start the app, which reads the card and shows the first model's name; Ctrl-C during the start ends it."""
        self.ended = ""
        try:
            self.app = board_code.start_app(self._on_report)
        except (KeyboardInterrupt, SystemExit):
            self.app = None
        except self.bench.PowerCut:
            self._lose_power()
        except Exception as error:
            self.app = None
            self.ended = f"{type(error).__name__}: {error}"

    def power_cycle(self) -> None:
        """Switch the power off and on. Card and camera stay as they are: present or not, with the same contents."""
        bench = self.bench
        # The reset puts new parts in place. What lies outside the board does not change with the power, so restore it.
        card_in, camera_in = bench.card.inserted, bench.camera.connected
        boxes, scores = bench.kpu.boxes, bench.kpu.scores
        self.app = None
        self.powered = True
        self._before += bench.clock.now
        self._reset()
        bench.card.inserted = card_in
        bench.card.mount()
        bench.camera.connected = camera_in
        bench.kpu.boxes, bench.kpu.scores = boxes, scores
        self.power_on()

    def restart(self) -> None:
        """Send Ctrl-C, which main() handles, then restart the app as after a soft reset: the chip is not reset."""
        if self.app is not None:
            self._close(KeyboardInterrupt())
        # A soft reset frees Python's heap, and finalisers release what the old app held.
        gc.collect()
        if self.powered:
            self.power_on()

    def _lose_power(self) -> None:
        self.app = None
        self.powered = False
        self.bench.power_off()

    def _close(self, error: BaseException) -> None:
        """Close the app as main() does when it ends; an exception of `close` would end main(), which only prints it."""
        app, self.app = self.app, None
        if app is None:
            return
        try:
            app.close(error)
        except (Exception, KeyboardInterrupt, SystemExit) as another:
            self.bench.uart.print(f"{type(another).__name__}: {another}")

    def _on_report(self, kind: str, *values: Any) -> None:
        if kind == "state":
            self._cause = str(values[1])
        self._report(self.now, kind, *values)

    # What a person can do.

    def step(self) -> bool:
        """Let the app take one step; board time moves by at least 1 ms.

        Returns False once the app has ended by itself. Ctrl-C, ordered power cuts and exceptions also end the app, but
        then it returns True and `app` is None: power_cycle or restart can start it again.
        """
        self.steps += 1
        # Time must pass without an app, too, or a script that waits would never end.
        if self.app is None:
            self.bench.clock.advance(NAP_MS)
            return True
        before, frames = self.now, self.frames
        alive = True
        # main() catches Ctrl-C and exceptions and closes the app; a power cut leaves it no time for that.
        try:
            alive = bool(self.app.step())
        except (KeyboardInterrupt, SystemExit) as error:
            self._close(error)
        except self.bench.PowerCut:
            self._lose_power()
        except Exception as error:
            self._close(error)
            self.ended = f"{type(error).__name__}: {error}"
        # A new model has not looked yet: only a frame since it started to run counts.
        self.looked = self.state == "RUNNING" and (self.looked or self.frames > frames)
        if self.now == before:
            self.bench.clock.advance(1)
        return alive

    def pin(self, key: str, long: bool = False) -> int:
        """Return the IO pin of a key.

        key: a number from 1, or a role; "" for the key whose short press means "next" (with `long`: whose long press
            means "previous").
        Raises MaixSwitchError (usage), which lists the keys, for an unknown one.
        """
        if not self.keys:
            raise MaixSwitchError(tr("this board has no key"), EXIT_USAGE)
        # With two keys no long press means "previous": then take the first key.
        if not key:
            gestures = board_code.boards().gestures(self.keys)
            gesture = (2, "PREVIOUS") if long else (1, "NEXT")
            return int(next((row[0] for row in gestures if row[gesture[0]] == gesture[1]), self.keys[0][0]))
        for number, (pin, role) in enumerate(self.keys, 1):
            if key in (str(number), role):
                return pin
        known = ", ".join(f"{number} ({role}, IO{pin})" for number, (pin, role) in enumerate(self.keys, 1))
        raise MaixSwitchError(tr("no key {key!r}; this board has {known}", key=key, known=known), EXIT_USAGE)

    def press(
        self, key: str = "", long: bool = False, hold: int = 0, after: int = 0, bounce: tuple[int, ...] = ()
    ) -> int:  # fmt: skip
        """Press a key; return the board time in ms at which the press is over and accepted.

        key, long: as in `pin`.
        hold: ms that the key is down; 0 for the usual duration.
        after: ms from now until it goes down.
        bounce: times in ms after each edge at which the contact toggles again.
        """
        hold = hold or (HOLD_MS if long else PRESS_MS)
        self.bench.keys.press(self.pin(key, long), hold, after, bounce)
        return self.now + after + hold + max(bounce, default=0) + SETTLE_MS

    @property
    def card(self) -> FolderCard:
        """The card in the socket, or the last one that was in it."""
        return self._card

    @property
    def slow(self) -> int:
        """How many times slower than a good card the present one reads."""
        return self._slow

    def insert(self, folder: Path | None = None) -> None:
        """Put the card back, or the card of another folder. The firmware lists it only after a remount."""
        # `mount=False`: on a board only the firmware mounts, when the app asks it to.
        if folder is not None:
            self.bench.card.eject()
            self._card = self._folder_card(folder)
            self.bench.card.insert(self._card, mount=False)
        else:
            self.bench.card.insert(mount=False)

    def can_insert(self, folder: Path) -> None:
        """Raise MaixSwitchError if `insert` would."""
        check_card(folder)

    def look_at(self, path: str, base: Path) -> None:
        """Point the camera at a photo of the present folder (by file name), or at a path relative to `base`."""
        source = self.chip.source
        if isinstance(source, Folder) and source.choose(path):
            return
        self.chip.source = self.open(path, base)

    def can_look_at(self, path: str, base: Path) -> None:
        """Raise MaixSwitchError if `look_at` would."""
        source = self.chip.source
        if not (isinstance(source, Folder) and any(path in (name, Path(name).stem) for name in source.names())):
            self.open(path, base)

    def open(self, path: str, base: Path) -> Source:
        """Open a source for the camera; the path is relative to `base`. Raises MaixSwitchError like open_source."""
        try:
            return open_source(base / path, self._fit)
        except MaixSwitchError as error:
            # With a folder as the source the name was probably meant for one of its photos: list them.
            source = self.chip.source
            if isinstance(source, Folder) and not (base / path).exists():
                names = ", ".join(source.names())
                raise MaixSwitchError(
                    tr(
                        "no photo {path} in {name} ({names}), and no such file",
                        path=path,
                        name=source.name,
                        names=names,
                    ),
                    EXIT_IO,
                ) from error
            raise

    # What a person can see.

    @property
    def now(self) -> int:
        """Board time in ms since the beginning of the run, across power cycles."""
        return int(self._before + self.bench.clock.now)

    @property
    def state(self) -> str:
        """The state of the app, "OFF" without one."""
        return self._readout.state(self.app)

    @property
    def frames(self) -> int:
        """The number of pictures that went through a network."""
        return int(self.app.frames) if self.app else 0

    @property
    def title(self) -> str:
        """The title of the selected model, "" without one."""
        return self._readout.title(self.app)

    @property
    def fault(self) -> tuple[int, str]:
        """The code and text of the fault on the screen, (0, "") if there is none."""
        return self._readout.fault(self.app, self._cause)

    def detections(self) -> list[tuple[str, float]]:
        """Return label and score (0..1) of what the loaded model sees now, as the screen shows it."""
        return self._readout.detections(self.app)

    def panel(self) -> tuple[bytes, int, int]:
        """Return RGB565 bytes (high byte first), width and height of the panel; (b"", 0, 0) on a board without one."""
        screen = self.bench.screen
        if not screen.width or not screen.fitted:
            return b"", 0, 0
        return bytes(screen.canvas()), int(screen.width), int(screen.height)

    def status(self, picture: bool) -> Status:
        """Return what the view shows. picture: whether to include the panel, which takes the most time."""
        pixels, width, height = self.panel() if picture else (b"", 0, 0)
        return Status(
            now=self.now,
            state=self.state,
            title=self.title,
            index=int(self.app.selected) if self.app else 0,
            total=len(self.app.catalog or ()) if self.app else 0,
            fps=int(self.app.fps) if self.app else 0,
            frames=self.frames,
            used=[(str(name), int(size)) for name, size in self.bench.memory.items()],
            free=int(self.bench.memory.free()),
            results=self.detections(),
            fault=self.fault[1],
            card=bool(self.bench.card.inserted),
            picture=from_rgb565(pixels, width, height) if pixels else None,
        )
