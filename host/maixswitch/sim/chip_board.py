"""A real firmware image on the virtual K210, with the app on its card: the board of `--firmware FILE`."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from maixswitch import board_code, device_types
from maixswitch.errors import EXIT_USAGE, KModelError, MaixSwitchError
from maixswitch.k210.contents.facts import facts
from maixswitch.k210.contents.flavour import maixpy_image
from maixswitch.k210.image import digest_of
from maixswitch.k210.require import require_unicorn
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.app_board import PRESS_MS, SETTLE_MS, AppBoard
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.camera import ChipCamera, open_source
from maixswitch.sim.chip_card import ChipCard
from maixswitch.sim.chip_readout import ChipReadout
from maixswitch.sim.emulator import Emulator
from maixswitch.sim.heap import Heap

if TYPE_CHECKING:
    from maixswitch.k210.virtual_board import VirtualBoard

STEP_MS = 20
STOP_S = 5.0
"""Board time that the app gets to end after Ctrl-C."""
BETWEEN_PRESSES_MS = 60
CTRL_C, CTRL_D = b"\x03", b"\x04"
FRAME_SIZES = ((320, 240), (640, 480))
"""Frames of a sensor; a smaller picture is a window in the middle of one."""
FATAL = {1: "instruction access", 2: "illegal instruction", 5: "load access", 7: "store access"}
"""Causes of exceptions that no firmware handles. It handles unaligned accesses."""


class ChipFault(Exception):
    """The firmware ran into an exception of the hart, which a real chip does not survive either."""


class ChipBoard(AppBoard):
    """A board with a firmware image, a card and a camera. `power_on` starts the firmware, which starts the app."""

    def __init__(self, options: BoardOptions, report: Callable[..., None]) -> None:
        super().__init__(options, report)
        require_unicorn()
        from maixswitch.k210.board.wiring import WIRINGS
        from maixswitch.k210.virtual_board import SECOND, VirtualBoard

        image = maixpy_image(Path(options.flavour))
        self.flavour, self.image_digest = options.flavour, digest_of(image)
        self.crashes = (ChipFault,)
        # The fakes read the card's settings and models with the app's own code.
        self.bench = board_code.bench()
        self._card = self._chip_card(options.card)
        self.board, self.keys = self.read_board_and_keys()
        # Reading the facts of an image takes a moment, and most boards have no power chip.
        needs = board_code.boards().find(self.board).needs_pmu
        self.power_chip = facts(image.code).power_chip if needs else ""
        self._second = SECOND
        self._sensor = WIRINGS[self.board].sensor
        self._off_ms = 0  # time that passed without power
        self.chip = ChipCamera(open_source(options.camera, options.fit), lambda: self.now)
        self.virtual: VirtualBoard = VirtualBoard(image, self.board)
        for address, content in options.flash.items():
            self.virtual.flash.put(address, content)
        self.virtual.slot.insert(self._card)
        for pin, _ in self.keys:
            self.virtual.release(pin)
        self.connect_camera(True)
        self._edges: list[tuple[int, int, int, bool]] = []  # (cycle, order, pin, level)
        self._order = 0
        self._restarting = False
        self.readout = ChipReadout(lambda kind, *values: self._report(self.now, kind, *values))
        self._emulator = Emulator()

    def _chip_card(self, folder: Path) -> ChipCard:
        card = ChipCard(folder, self.folder_card(folder), self.write_back)
        card.on_cut = self._lose_power
        self.bench.install()
        self.bench.reset()
        self.bench.card.insert(card.source)
        self._specs = list(board_code.catalog().read("/sd", 5))
        return card

    def check(self, action: s.Action, base: Path) -> None:
        super().check(action, base)
        if isinstance(action, s.Fail) and action.part != "camera":
            self.fail(action.part, action.code)
        elif isinstance(action, s.Raise):
            self.fail_at(action.call, action.nth, 0)
        elif isinstance(action, s.Boxes | s.Scores):
            self.answer()
        elif isinstance(action, s.Skip):
            self.skip(action.ms)
        elif isinstance(action, s.Slow):
            self.slow_down(action.factor)
        elif isinstance(action, s.Card) and action.at:
            self.eject(action.at)

    # The power and time.

    def power_on(self) -> None:
        from maixswitch.k210 import boot_cache

        self.ended = ""
        if self._card.added_app:
            self._report(self.now, "note", tr("the card has no main.py: the board gets the app of this package"))
        if self._card.wrong_settings:
            self._report(self.now, "note", tr("the card's maixswitch.json cannot be read: the board starts without it"))
        boot_cache.start(self.virtual)

    def power_cycle(self) -> None:
        self._card.cut_after(None)
        self._card.save()
        self._edges.clear()
        self.virtual.power_cycle()
        self.connect_camera(self.camera_connected)  # the sensor, too, forgets its registers
        for hart in self.virtual.chip.harts:
            hart.fault = None
        self.powered = True
        self._forget_app()

    def restart(self) -> None:
        self.virtual.type(CTRL_C if self.running else CTRL_D)
        self._restarting = self.running
        self._forget_app()

    def _forget_app(self) -> None:
        self.ended = ""
        self.looked = False
        self.readout.forget()

    def _lose_power(self) -> None:
        self.powered = False
        self.virtual.chip.stop()

    def step(self) -> bool:
        self.steps += 1
        self._run(STEP_MS)
        if self._restarting and self.readout.prompt:
            self._restarting = False
            self.virtual.type(CTRL_D)
            self.readout.forget()
        elif self.readout.prompt and not self._restarting:
            self.ended = self.readout.last_line or tr("the firmware waits at its prompt")
        self.looked = self.readout.looked
        return not self.readout.stopped

    def _run(self, ms: int) -> None:
        """Run for a time, with the edges of the keys in it, and read what the firmware said."""
        chip = self.virtual.chip
        end = chip.clock.cycles + self._cycles(ms)
        while self.powered and chip.clock.cycles < end:
            while self._edges and self._edges[0][0] <= chip.clock.cycles:
                _, _, pin, level = heapq.heappop(self._edges)
                chip.set_pin(pin, level)
            until = min(end, self._edges[0][0]) if self._edges else end
            chip.run(until - chip.clock.cycles)
        if not self.powered:
            self._off_ms += max(end - chip.clock.cycles, 0) * 1000 // self._second
            self.readout.forget()
            return
        self.readout.hear(self.virtual.heard())
        for hart in chip.harts:
            if hart.fault is not None and hart.fault[0] in FATAL:
                cause, at, address = hart.fault
                raise ChipFault(f"{FATAL[cause]}, pc {at:#x}, address {address:#x}")

    def stop(self) -> str:
        self.virtual.type(CTRL_C)
        end = self.now + int(STOP_S * 1000)
        while self.now < end and not self.readout.prompt:
            self._run(STEP_MS)
        self._card.save()
        return "" if self.readout.prompt else tr("the app did not end within {seconds:g} s of Ctrl-C", seconds=STOP_S)

    def skip(self, ms: int) -> None:
        raise _refused("skip", tr("use `wait`"))

    def watch(self, trace: Any) -> None:
        """Do nothing: the calls of a real firmware cannot be seen from outside."""

    # The keys.

    def move_key(self, pin: int, hold: int, after: int, bounce: tuple[int, ...]) -> None:
        for edge, level in ((after, False), (after + hold, True)):
            turn, last = level, 0
            self._move_later(edge, pin, turn)
            for last in bounce:
                turn = not turn
                self._move_later(edge + last, pin, turn)
            # After an odd number of toggles one more is needed to reach the level of the edge.
            if turn is not level:
                self._move_later(edge + last + 1, pin, level)

    def _move_later(self, ms: int, pin: int, level: bool) -> None:
        self._order += 1
        heapq.heappush(self._edges, (self.virtual.chip.clock.cycles + self._cycles(ms), self._order, pin, level))

    def _cycles(self, ms: int) -> int:
        return ms * self._second // 1000

    def finger(self, key: str, down: bool) -> None:
        self.virtual.chip.set_pin(self.pin(key), not down)

    def select(self, index: int) -> None:
        # Nobody can tell a firmware which model to select, but a person can press the key often enough.
        apart = PRESS_MS + SETTLE_MS + BETWEEN_PRESSES_MS
        for number in range((index - self.selected) % len(self.specs)):
            self.press(after=number * apart)

    def send(self, text: str) -> None:
        self.virtual.type(text.encode() + b"\n")

    # The card.

    @property
    def card_inserted(self) -> bool:
        return self.virtual.slot.blocks is not None

    @property
    def damaged(self) -> set[str]:
        return self._card.damaged

    @property
    def slow(self) -> int:
        return 1

    def insert(self, folder: Path | None = None) -> None:
        if folder is not None:
            self._card.save()
            self._card = self._chip_card(folder)
        self.virtual.slot.insert(self._card)

    def eject(self, at: int = 0) -> None:
        if at:
            raise _refused("eject at", tr("use `wait` and `eject`"))
        self.virtual.slot.insert(None)
        self._card.save()

    def cut_power_after(self, size: int) -> None:
        self._card.cut_after(size)

    def damage(self, path: str) -> None:
        self._card.damage(path)

    def slow_down(self, factor: int) -> None:
        if factor != 1:
            raise _refused("slow", tr("leave the line out: the card answers at the speed of the bus"))

    # Faults and results on order.

    @property
    def camera_connected(self) -> bool:
        return self.virtual.chip.camera is not None

    def connect_camera(self, connected: bool) -> None:
        self.virtual.connect_camera(self._picture if connected else None, self._sensor)

    def _picture(self, width: int, height: int) -> NDArray[np.uint8]:
        # The sensor sends a window from the middle of its frame (sensor.set_windowing).
        size = next((size for size in FRAME_SIZES if width <= size[0] and height <= size[1]), (width, height))
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        return self.chip.picture(*size)[top : top + height, left : left + width]

    def fail(self, part: str, code: int) -> None:
        raise _refused(f"fail {part}", tr("put a model on the card that is too large, or `damage` its file"))

    def fail_at(self, call: str, nth: int, error: int | BaseException) -> None:
        raise _refused("raise", tr("`damage` a file, `eject` the card, or `fail camera`"))

    def ordered(self) -> dict[str, int]:
        return {"load": 0, "run": 0}

    def heal(self, path: str = "") -> None:
        self._card.repair(path)
        if not path:
            self._card.cut_after(None)
            if not self.camera_connected:
                self.connect_camera(True)

    def answer(self, boxes: list[Any] | None = None, scores: list[float] | None = None) -> None:
        raise _refused("boxes, scores", tr("show the camera a picture: `camera PATH`"))

    # What a person can see.

    @property
    def running(self) -> bool:
        return self.powered and self.readout.alive

    @property
    def now(self) -> int:
        return int(self._off_ms + self.virtual.chip.clock.cycles * 1000 // self._second)

    @property
    def state(self) -> str:
        return self.readout.state

    @property
    def frames(self) -> int:
        return self.readout.frames

    @property
    def fps(self) -> int:
        return self.readout.fps

    @property
    def specs(self) -> Sequence[device_types.ModelSpec]:
        # The app learns of the models when it has read the card, and tells how many there are.
        return self._specs if self.readout.total == len(self._specs) else ()

    @property
    def selected(self) -> int:
        return self.readout.selected

    @property
    def title(self) -> str:
        return super().title or self.readout.title

    @property
    def fault(self) -> tuple[int, str]:
        return self.readout.fault

    def detections(self) -> list[tuple[str, float]]:
        if self.state != "RUNNING":
            return []
        return [(self._label(label), score) for label, score in self.readout.results]

    def extras(self) -> dict[str, Any]:
        return self.readout.extras if self.state == "RUNNING" else {}

    def learnt(self) -> list[str] | None:
        # The firmware tells no names, but a recognised one is among the results.
        spec = self._specs[self.selected] if self.selected < len(self._specs) else None
        return [] if spec is not None and spec.learns and self.state == "RUNNING" else None

    def _label(self, label: str) -> str:
        """Return a label that the serial line may have cut, in full."""
        spec = self._specs[self.selected] if self.selected < len(self._specs) else None
        if spec is None or not self.readout.is_cut(label):
            return label
        fitting = [full for full in map(spec.label, range(len(spec.labels))) if full.startswith(label)]
        return fitting[0] if len(fitting) == 1 else label

    @property
    def network(self) -> Any:
        specs = self.specs
        if self.state != "RUNNING" or not specs or not isinstance(specs[self.selected].kmodel, str):
            return None
        path = str(specs[self.selected].kmodel).removeprefix("/sd/")
        try:
            return self._emulator.load(self._card.source.read(path))
        except (OSError, KModelError):
            return None

    def heap(self) -> Heap:
        free = self.readout.free
        return Heap(capacity=free, python=self.readout.heap, python_used=0, free=free, largest=free)

    def panel(self) -> tuple[bytes, int, int]:
        if board_code.boards().find(self.board).lcd is None:
            return b"", 0, 0
        words = self.virtual.picture()
        height, width = words.shape
        return words.astype(">u2").tobytes(), width, height


def _refused(action: str, instead: str) -> MaixSwitchError:
    return MaixSwitchError(
        tr(
            "`{action}` is possible on the fakes only: nobody can order this from a real firmware; {instead}",
            action=action,
            instead=instead,
        ),
        EXIT_USAGE,
    )
