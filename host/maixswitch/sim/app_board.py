"""A board with the app on it, whatever runs the app: what a person can do with it, and what that person can see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maixswitch import board_code, device_types
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.link.extras import extra_lines
from maixswitch.sim import actions as s
from maixswitch.sim.board_options import BoardOptions, check_board
from maixswitch.sim.camera import ChipCamera, Folder, Source, from_rgb565, open_source
from maixswitch.sim.card import FolderCard, check_card
from maixswitch.sim.heap import Heap
from maixswitch.sim.view import Status
from maixswitch.stub_types import Bench

PRESS_MS = 80
HOLD_MS = 900
SETTLE_MS = 60  # from the release of a key until the app has accepted it


class AppBoard(ABC):
    """A board with card and camera. `power_on` starts the app.

    board: its id. flavour: its firmware, a flavour's name or an image's path.
    image_digest: the SHA-256 of the image, "" for a flavour. power_chip: what the firmware sets up, "" for none.
    keys: (IO pin, role) of its keys.
    chip: what the camera sees.
    crashes: the exceptions that mean that the chip would have crashed.
    steps: how many steps the app has taken.
    looked: has the running model seen a picture?
    powered: is the power on?
    ended: why the app ended by itself, "" while it runs. Only power_cycle and restart start it again.
    fit: how a picture is fitted to the camera's frame, see camera.FITS.
    bench: the fakes, with which the card's settings and models are read.
    chosen_board: the board that the user named in place of the card's settings, "" for none.
    write_back: whether what the app writes reaches the folder.
    runs_script: does a script run in place of the app?
    fingers: for each press the time (t), the IO pin (pin) and the times of its edges (edges), in ms of board time.
    """

    board: str
    flavour: str
    runs_script = False
    power_chip: str
    image_digest = ""
    keys: list[tuple[int, str]]
    chip: ChipCamera
    crashes: tuple[type[BaseException], ...]
    steps: int
    looked: bool
    powered: bool
    ended: str
    fit: str
    bench: Bench
    chosen_board: str
    write_back: bool

    def __init__(self, options: BoardOptions, report: Callable[..., None]) -> None:
        """Raise MaixSwitchError (usage) for an unknown board.

        report: called as report(now, kind, ...) with the app's reports; `now` is board time in ms.
        """
        self._report = report
        if options.board:
            check_board(options.board)
        self.chosen_board, self.write_back, self.fit = options.board, options.write_back, options.fit
        self.steps = 0
        self.looked = False
        self.powered = True
        self.ended = ""
        self.fingers: list[dict[str, Any]] = []

    def check(self, action: s.Action, base: Path) -> None:
        """Raise MaixSwitchError (usage, or input) for an action that this board cannot do, whatever its state.

        base: the folder to which paths are relative.
        """
        if isinstance(action, s.Press):
            self.pin(action.key, action.long)
        elif isinstance(action, s.Finger):
            self.pin(action.key)
        elif isinstance(action, s.Card) and action.path:
            self.can_insert(base / action.path)
        elif isinstance(action, s.Camera):
            self.can_look_at(action.path, base)

    # The power and time.

    @abstractmethod
    def power_on(self) -> None:
        """Switch the power on for the first time."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Switch the power off and on. Card and camera stay as they are: present or not, with the same contents."""

    @abstractmethod
    def restart(self) -> None:
        """Send Ctrl-C, then start the app again as after a soft reset: the chip is not reset."""

    @abstractmethod
    def step(self) -> bool:
        """Let the app take one step; board time moves by at least 1 ms.

        Returns False once the app has ended by itself; `ended` may say why.
        """

    @abstractmethod
    def stop(self) -> str:
        """Stop the app as Ctrl-C does, if it runs; return what it left behind, "" for nothing."""

    @abstractmethod
    def skip(self, ms: int) -> None:
        """Let time pass in which the firmware keeps the app waiting."""

    @abstractmethod
    def watch(self, trace: Any) -> None:
        """Append the name of each firmware call to `trace` when the call begins; None ends that."""

    # The keys.

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
        pin, down = self.pin(key, long), self.now + after
        self.move_key(pin, hold, after, bounce)
        edges = [edge + later for edge in (down, down + hold) for later in (0, *bounce)]
        self.fingers.append({"t": self.now, "pin": pin, "edges": edges})
        return down + hold + max(bounce, default=0) + SETTLE_MS

    @abstractmethod
    def move_key(self, pin: int, hold: int, after: int, bounce: tuple[int, ...]) -> None:
        """Press the key at a pin, as `press` says."""

    @abstractmethod
    def finger(self, key: str, down: bool) -> None:
        """Put a finger on a key, or take it away."""

    @abstractmethod
    def select(self, index: int) -> None:
        """Select a model by its index from 0, which the caller has checked."""

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

    @abstractmethod
    def send(self, text: str) -> None:
        """Send a line to the app's link: to the UART that the card's settings name, or that of the REPL."""

    # The card.

    def folder_card(self, folder: Path) -> FolderCard:
        """Return the card of a folder, with the chosen board in its settings."""
        card = FolderCard(folder, self.bench.MemoryCard, self.write_back)
        if self.chosen_board:
            card.choose_board(self.chosen_board)
        return card

    def read_board_and_keys(self) -> tuple[str, list[tuple[int, str]]]:
        """Return the id of the board that the app assumes for the card in the fakes, and its keys as (IO pin, role)."""
        boards = board_code.boards()
        settings = board_code.settings()
        try:
            board = boards.find(settings.board or board_code.default_board())
        except ValueError:  # an unknown board: the app shows the problem and goes on with its default
            board = boards.find(board_code.default_board())
        return str(board.id), [(int(pin), str(role)) for pin, role in settings.keys or board.keys]

    @property
    @abstractmethod
    def card_inserted(self) -> bool:
        """Is the card in the socket?"""

    @property
    @abstractmethod
    def damaged(self) -> set[str]:
        """The card paths of the damaged files."""

    @property
    @abstractmethod
    def slow(self) -> int:
        """How many times slower than a good card the present one reads."""

    @abstractmethod
    def insert(self, folder: Path | None = None) -> None:
        """Put the card back, or the card of another folder. The firmware lists it only after a remount."""

    @abstractmethod
    def eject(self, at: int = 0) -> None:
        """Take the card out, now or at the `at`-th file operation from now."""

    @abstractmethod
    def cut_power_after(self, size: int) -> None:
        """Switch the power off once this many more bytes were written to the card."""

    @abstractmethod
    def damage(self, path: str) -> None:
        """Make the first sector of a file read as 0xFF bytes. Raises OSError if there is no such file."""

    @abstractmethod
    def slow_down(self, factor: int) -> None:
        """Make the card read `factor` times slower than a good one; 1 restores the normal speed."""

    def can_insert(self, folder: Path) -> None:
        """Raise MaixSwitchError if `insert` would."""
        check_card(folder)

    # Faults and results on order.

    @property
    @abstractmethod
    def camera_connected(self) -> bool:
        """Is the camera plugged in?"""

    @abstractmethod
    def connect_camera(self, connected: bool) -> None:
        """Plug the camera in or pull it off."""

    @abstractmethod
    def fail(self, part: str, code: int) -> None:
        """Make the next "load" or "run" end with a firmware code."""

    @abstractmethod
    def fail_at(self, call: str, nth: int, error: int | BaseException) -> None:
        """Make the `nth` call of a firmware function raise an exception, or end with a firmware code."""

    @abstractmethod
    def ordered(self) -> dict[str, int]:
        """Return the codes of `fail` that wait for the next "load" and "run", 0 for none."""

    @abstractmethod
    def heal(self, path: str = "") -> None:
        """End the damage of a file, or with "" every fault that was ordered."""

    @abstractmethod
    def answer(self, boxes: list[Any] | None = None, scores: list[float] | None = None) -> None:
        """Set what the networks answer from now on, in place of computing it."""

    # The camera's picture.

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
            return open_source(base / path, self.fit)
        except MaixSwitchError as error:
            # With a folder as the source the name was probably meant for one of its photos: list them.
            source = self.chip.source
            if isinstance(source, Folder) and not (base / path).exists():
                names = ", ".join(source.names())
                text = tr(
                    "no photo {path} in {name} ({names}), and no such file", path=path, name=source.name, names=names
                )
                raise MaixSwitchError(text, EXIT_IO) from error
            raise

    # What a person can see.

    @property
    @abstractmethod
    def running(self) -> bool:
        """Does an app run?"""

    @property
    @abstractmethod
    def now(self) -> int:
        """Board time in ms since the beginning of the run, across power cycles."""

    @property
    @abstractmethod
    def state(self) -> str:
        """The state of the app, "OFF" without one."""

    @property
    @abstractmethod
    def frames(self) -> int:
        """The number of pictures that went through a network."""

    @property
    @abstractmethod
    def fps(self) -> int:
        """Pictures in the last second."""

    @property
    @abstractmethod
    def specs(self) -> Sequence[device_types.ModelSpec]:
        """The models of the card, in the button's order; none without an app."""

    @property
    @abstractmethod
    def selected(self) -> int:
        """The index of the selected model."""

    @property
    def ending(self) -> str:
        """A message that says why the app ended by itself, "" while it runs."""
        return tr("the app ended: {ended}", ended=self.ended) if self.ended else ""

    @property
    def title(self) -> str:
        """The title of the selected model, "" without one."""
        specs = self.specs
        return str(specs[self.selected].title) if specs else ""

    @property
    @abstractmethod
    def fault(self) -> tuple[int, str]:
        """The code and text of the fault on the screen, (0, "") if there is none."""

    @abstractmethod
    def detections(self) -> list[tuple[str, float]]:
        """Return label and score (0..1) of what the loaded model sees now, as the screen shows it."""

    def classes(self) -> list[int]:
        """Return the class of each of the detections, which decides its colour on the screen; none if unknown."""
        return []

    @abstractmethod
    def extras(self) -> dict[str, Any]:
        """Return what the loaded model shows beside its detections, such as points: see link/extras.py."""

    @abstractmethod
    def learnt(self) -> list[str] | None:
        """Return the names that the loaded model has learnt, in their order; None if it learns nothing."""

    @property
    @abstractmethod
    def network(self) -> Any:
        """The network that the KPU holds, None without one. Its `model` is the KModel."""

    @abstractmethod
    def heap(self) -> Heap:
        """Return the board's memory."""

    @abstractmethod
    def panel(self) -> tuple[bytes, int, int]:
        """Return RGB565 bytes (high byte first), width and height of the panel; (b"", 0, 0) on a board without one."""

    def status(self, picture: bool) -> Status:
        """Return what the view shows. picture: whether to include the panel, which takes the most time."""
        pixels, width, height = self.panel() if picture else (b"", 0, 0)
        heap = self.heap()
        return Status(
            now=self.now,
            state=self.state,
            title=self.title,
            index=self.selected,
            total=len(self.specs),
            fps=self.fps,
            frames=self.frames,
            used=list(heap.blocks),
            free=heap.free,
            results=self.detections(),
            extras=extra_lines(self.extras()),
            fault=self.fault[1],
            card=self.card_inserted,
            picture=from_rgb565(pixels, width, height) if pixels else None,
        )
