"""A board of fakes with the app on it, in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maixswitch import board_code, device_types
from maixswitch.k210.board_firmware import usual
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.kmodel.run.roundings import rounding_named
from maixswitch.language import tr
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.app_readout import AppReadout
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.camera import ChipCamera, open_source, to_jpeg
from maixswitch.sim.card import FolderCard, board_of_card
from maixswitch.sim.emulator import Emulator
from maixswitch.sim.engine import Engine
from maixswitch.sim.heap import Heap

BEHIND_S = 0.3  # a board with a serial port does not catch up: its clients count real time
NAP_MS = 10  # board time of a step while no app runs


class RealTime:
    """Keeps a clock of the board to the time of the PC. now: the board's time in ms at the beginning."""

    def __init__(self, now: int) -> None:
        self._anchor = time.monotonic() - now / 1000

    def wait(self, now: int) -> None:
        """Wait until it is `now`; a board that is far behind, or was paused, counts from here."""
        left = self._anchor + now / 1000 - time.monotonic()
        if left < -BEHIND_S:
            self._anchor = time.monotonic() - now / 1000
        elif left > 0:
            time.sleep(left)


class SimulatedBoard(AppBoard):
    """A new board with card and camera. `power_on` starts the app.

    `app` is None while no app runs: before power_on, after Ctrl-C, without power (`powered`), and after an exception
    ended it (`ended`). Then only power_cycle and restart start it again.
    """

    def __init__(self, options: BoardOptions, report: Callable[..., None]) -> None:
        super().__init__(options, report)
        # The firmware comes first: its interface decides which fakes are imported.
        firmware = firmwares.find(options.flavour or usual(options.board or board_of_card(options.card)))
        self.flavour, self.power_chip = firmware.name, firmware.power_chip
        self.bench = board_code.bench(firmware.interface)
        self.crashes = (self.bench.HardFault, self.bench.Reset)
        self._card = self.folder_card(options.card)
        # The source reads the board's clock at each look, because the clock starts again with the power.
        self.chip = ChipCamera(open_source(options.camera, options.fit), lambda: int(self.bench.clock.now))
        networks = (
            board_code.scripted_engine()
            if options.scripted
            else Emulator(rounding_named(options.rounding), firmware.runtime)
        )
        self._flash = options.flash
        self.engine = Engine(networks, self.bench.EngineError)
        self._before = 0  # board time in ms before the power was last switched on
        self._slow = 1
        self._trace: Any = None
        self._serial = options.serial
        self._uart = 4  # the one of the link: that of the REPL, unless the card's settings name another
        # Reading the settings takes board time: reset again, so that the app starts on a new board.
        self._reset()
        self.board, self.keys = self.read_board_and_keys()
        link = board_code.settings().link
        if isinstance(link, dict) and "uart" in link:
            self._uart = link["uart"] - 1
        self._reset()
        self._readout = AppReadout()
        self._cause = ""  # event of the last transition
        self.app: device_types.Application | None = None

    def _reset(self) -> None:
        bench = self.bench
        bench.install()
        bench.reset(self.flavour)
        bench.card.insert(self._card)
        bench.camera.source = self.chip
        bench.jpeg = to_jpeg
        bench.kpu.engine = self.engine
        bench.kpu.flash.update(self._flash)
        bench.trace = self._trace
        bench.clock.tick = None
        if self._serial is not None:
            if self._uart != 4:
                bench.timed_wire(self._uart)  # the line of a UART is slow enough to matter
            self._beat = RealTime(bench.clock.now)
            bench.clock.tick = self._talk
        # The reset restored the card's normal speed. Keep it: `slow_down` counts from it.
        self._speed = int(bench.card.bytes_per_ms)
        self.slow_down(self._slow)

    def _talk(self) -> None:
        """Carry bytes between the board's link and its port, and keep the board from running ahead of the PC's time."""
        assert self._serial is not None
        self._serial.pump(self.bench.wire(self._uart))
        self._beat.wait(self.bench.clock.now)

    def watch(self, trace: Any) -> None:
        self._trace = self.bench.trace = trace

    def slow_down(self, factor: int) -> None:
        self._slow = factor
        self.bench.card.bytes_per_ms = max(1, self._speed // factor)

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

    def stop(self) -> str:
        if self.app is None:
            return ""
        self.app.stop()
        # On the chip a model that is still loaded would keep its memory until a reset.
        live = list(self.bench.kpu.live)
        if not live:
            return ""
        return tr(
            "{live} model still loaded after the app stopped"
            if len(live) == 1
            else "{live} models still loaded after the app stopped",
            live=len(live),
        )

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
        # Ctrl-C, ordered power cuts and exceptions also end the app, but then this returns True, `app` is None, and
        # power_cycle or restart can start it again.
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

    def move_key(self, pin: int, hold: int, after: int, bounce: tuple[int, ...]) -> None:
        self.bench.keys.press(pin, hold, after, bounce)

    def finger(self, key: str, down: bool) -> None:
        self.bench.keys.set(self.pin(key), 0 if down else 1)

    def select(self, index: int) -> None:
        assert self.app is not None
        self.app.machine.post("SELECT", index)

    def send(self, text: str) -> None:
        self.bench.wire(self._uart).say(text.encode() + b"\n")

    def skip(self, ms: int) -> None:
        self.bench.clock.advance(ms, True)  # as if the firmware kept the interpreter waiting

    def eject(self, at: int = 0) -> None:
        if at:
            self.bench.card.pull_at(at)
        else:
            self.bench.card.eject()

    def cut_power_after(self, size: int) -> None:
        self.bench.card.power_cut_after(size)

    def damage(self, path: str) -> None:
        self._card.damage(path)

    def connect_camera(self, connected: bool) -> None:
        self.bench.camera.connected = connected

    def fail(self, part: str, code: int) -> None:
        setattr(self.engine.failures, part, code)

    def fail_at(self, call: str, nth: int, error: int | BaseException) -> None:
        self.bench.fail_at(call, nth, error)

    def ordered(self) -> dict[str, int]:
        failures = self.engine.failures
        return {"load": failures.load or 0, "run": failures.run or 0}

    def heal(self, path: str = "") -> None:
        self._card.repair(path)
        if path:
            return
        # End every fault that an action can order, including those that another page ordered.
        self.bench.heal()
        self.bench.card.power_cut_after(None)
        self.bench.card.pull_at(None)
        self.engine.failures.heal()
        self.bench.camera.connected = True
        self.slow_down(1)

    def answer(self, boxes: list[Any] | None = None, scores: list[float] | None = None) -> None:
        if boxes is not None:
            self.bench.kpu.boxes = boxes
        if scores is not None:
            self.bench.kpu.scores = scores

    @property
    def card(self) -> FolderCard:
        """The card in the socket, or the last one that was in it."""
        return self._card

    @property
    def slow(self) -> int:
        return self._slow

    def insert(self, folder: Path | None = None) -> None:
        # `mount=False`: on a board only the firmware mounts, when the app asks it to.
        if folder is not None:
            self.bench.card.eject()
            self._card = self.folder_card(folder)
            self.bench.card.insert(self._card, mount=False)
        else:
            self.bench.card.insert(mount=False)

    # What a person can see.

    @property
    def card_inserted(self) -> bool:
        return bool(self.bench.card.inserted)

    @property
    def damaged(self) -> set[str]:
        return self._card.damaged

    @property
    def camera_connected(self) -> bool:
        return bool(self.bench.camera.connected)

    @property
    def running(self) -> bool:
        return self.app is not None

    @property
    def specs(self) -> Sequence[device_types.ModelSpec]:
        return (self.app.catalog or ()) if self.app else ()

    @property
    def selected(self) -> int:
        return int(self.app.selected) if self.app else 0

    @property
    def fps(self) -> int:
        return int(self.app.fps) if self.app else 0

    @property
    def now(self) -> int:
        return int(self._before + self.bench.clock.now)

    @property
    def state(self) -> str:
        return self._readout.state(self.app)

    @property
    def frames(self) -> int:
        return int(self.app.frames) if self.app else 0

    @property
    def fault(self) -> tuple[int, str]:
        return self._readout.fault(self.app, self._cause)

    def detections(self) -> list[tuple[str, float]]:
        return self._readout.detections(self.app)

    def classes(self) -> list[int]:
        return self._readout.classes(self.app)

    def extras(self) -> dict[str, Any]:
        return self._readout.extras(self.app)

    def learnt(self) -> list[str] | None:
        return self._readout.learnt(self.app)

    def panel(self) -> tuple[bytes, int, int]:
        screen = self.bench.screen
        if not screen.width or not screen.fitted:
            return b"", 0, 0
        return bytes(screen.canvas()), int(screen.width), int(screen.height)

    @property
    def network(self) -> Any:
        kpu = self.bench.kpu
        # MaixPy's functions fill slots, CanMV's objects are tasks: one of the two lists is empty.
        networks = [model.network for model in kpu.slots if model is not None] + [task._network for task in kpu.canmv]
        return next((network for network in networks if network is not None), None)

    def heap(self) -> Heap:
        memory = self.bench.memory
        return Heap(
            capacity=int(memory.capacity),
            python=int(memory.gc_capacity),
            python_used=int(memory.gc_used),
            free=int(memory.free()),
            largest=int(memory.largest()),
            blocks=[(str(name), int(size)) for name, size in memory.items()],
        )
