"""The thread in which the app of the board runs for the pages: their wishes come in by a queue, messages go out."""

from __future__ import annotations

import contextlib
import importlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from maixswitch import __version__
from maixswitch.diagram import device_rows
from maixswitch.errors import MaixSwitchError
from maixswitch.language import LANGUAGES, catalogue, choose, chosen, tr, word
from maixswitch.sim import reports
from maixswitch.sim.camera import Scene
from maixswitch.sim.rig import Rig
from maixswitch.sim.view import describe
from maixswitch.web.hub import Hub
from maixswitch.web.messages import Command, write_frame, write_text
from maixswitch.web.photo import read_photo
from maixswitch.web.texts import PAGE

MOST_WISHES = 256
STATUS_S = 0.2
FRAME_S = 0.05
NAP_S = 0.05
BEHIND_S = 0.5  # further behind than this the board is not hurried on: it would skip what the pages should see
LIVELY_S = 0.0005  # given to the server's thread after each step, however busy the board is


class Runner:
    """One board for all pages. `ask` may be called from any thread; the board itself is touched in its own only.

    `make(report)` builds the Rig. Speed in board seconds per second, 0 for as fast as the PC can.
    """

    def __init__(self, make: Callable[[Callable[..., None]], Rig], hub: Hub, speed: float = 1.0) -> None:
        self._hub = hub
        self._rig = make(self._report)
        self._wishes: queue.Queue[Command] = queue.Queue(MOST_WISHES)
        self._stop = threading.Event()
        self._speed = speed
        self._paused = False
        self._steps = 0  # to make although paused
        self._held: dict[int, set[int]] = {}  # pin -> the pages whose finger is on it
        self._source = self._rig.bench.camera.source
        self._models: list[str] | None = None
        self._shown: bytes = b""
        self._crash = ""
        self._anchor = (0.0, 0)
        self._sights = reports.Sights()
        self.thread = threading.Thread(target=self._run, name="board", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Stops the app as Ctrl-C on the board would, and waits for the thread."""
        self._stop.set()
        self.thread.join(seconds)

    def ask(self, wish: Command) -> bool:
        """A wish for the board; False when too many wait already."""
        try:
            self._wishes.put_nowait(wish)
        except queue.Full:
            return False
        return True

    def hello(self) -> str:
        """What a page needs once: the board, its keys with what they do, the table, and every text of the page."""
        rig = self._rig
        boards = importlib.import_module("device.boards")
        meant = {int(pin): (short, long) for pin, short, long in boards.gestures(rig.keys)} if rig.keys else {}
        keys = [
            {"number": number, "role": role, "pin": pin, "short": meant[pin][0], "long": meant[pin][1] or ""}
            for number, (pin, role) in enumerate(rig.keys, 1)
        ]
        rows = [[state, event, list(actions), after] for state, event, actions, after in device_rows()]
        codes = importlib.import_module("device.error_texts").codes()
        describe_code = importlib.import_module("device.errors").describe
        names = [[int(code), str(describe_code(code)[0])] for code in codes if 2000 < int(code) < 2100]
        chinese = catalogue("zh")
        texts = {"en": {text: text for text in PAGE}, "zh": {text: chinese.get(text, text) for text in PAGE}}
        return write_text(
            "hello",
            version=__version__,
            board=rig.board,
            firmware=rig.flavour,
            keys=keys,
            rows=rows,
            codes=names,
            texts=texts,
            languages=list(LANGUAGES),
        )

    # The board's own thread.

    def _run(self) -> None:
        self._guarded(self._rig.power_on)
        self._pace()
        status = frame = 0.0
        while not self._stop.is_set():
            self._listen(0.0 if self._moves() else NAP_S)
            moving = self._moves()  # the wish may just have been to pause
            if moving:
                self._steps = max(0, self._steps - 1)
                self._guarded(self._step)
            now = time.monotonic()
            if now >= frame:
                self._send_frame()
                frame = time.monotonic() + FRAME_S
            if now >= status:
                self._send_status()
                status = time.monotonic() + STATUS_S
            if moving:
                self._rest()
        with contextlib.suppress(Exception):
            if self._rig.app is not None and not self._crash:
                self._rig.app.stop()

    def _moves(self) -> bool:
        return not self._crash and (not self._paused or self._steps > 0)

    def _guarded(self, act: Callable[[], Any]) -> None:
        """Does it; where the chip would have crashed the board stands still until its power is switched."""
        bench = self._rig.bench
        try:
            act()
        except (bench.HardFault, bench.Reset) as error:
            self._crash = tr(
                "the chip would have crashed here: {name}: {error}", name=type(error).__name__, error=error
            )
            self._event("crash", what=self._crash)
        except MaixSwitchError:
            raise
        except Exception as error:  # our own mistake: said on the page rather than a page that stands still
            self._crash = tr("the simulator itself failed: {name}: {error}", name=type(error).__name__, error=error)
            self._event("crash", what=self._crash)

    def _step(self) -> None:
        rig = self._rig
        rig.step()
        if rig.state == "RUNNING" and rig.looked:
            found = rig.detections()
            if self._sights.change(found) is not None:
                self._event("results", title=rig.title, found=found)

    def _listen(self, seconds: float) -> None:
        """Does what was asked meanwhile, waiting up to so many seconds for the first."""
        with contextlib.suppress(queue.Empty):
            wish = self._wishes.get(timeout=seconds) if seconds else self._wishes.get_nowait()
            while True:
                self._obey(wish)
                wish = self._wishes.get_nowait()

    def _obey(self, wish: Command) -> None:
        try:
            self._guarded(lambda: getattr(self, f"_do_{wish.do}")(wish.client, *wish.values))
        except MaixSwitchError as error:
            self._hub.publish("", write_text("error", text=str(error)), wish.client)
        self._send_status()

    def _rest(self) -> None:
        """Waits until the board's time is due, but not so long that a wish would wait."""
        if self._speed <= 0:
            time.sleep(LIVELY_S)
            return
        wall, board = self._anchor
        left = wall + (self._rig.now - board) / 1000 / self._speed - time.monotonic()
        if left < -BEHIND_S:
            self._pace()
        time.sleep(min(max(left, LIVELY_S), NAP_S))
        while left > NAP_S and self._wishes.empty() and not self._stop.is_set():
            left = wall + (self._rig.now - board) / 1000 / self._speed - time.monotonic()
            time.sleep(min(max(left, 0), NAP_S))

    def _pace(self) -> None:
        self._anchor = (time.monotonic(), self._rig.now)

    # What the pages can wish: one method for each row of messages.KNOWN, and those that the server itself sends.

    def _do_key(self, client: int, key: int, down: bool) -> None:
        pin = self._rig.pin(str(key))
        holders = self._held.setdefault(pin, set())
        if down and self._rig.steps:  # a key that is down when the app first looks counts as stuck
            holders.add(client)
        else:
            holders.discard(client)
        self._rig.bench.keys.set(pin, 0 if holders else 1)
        if down:
            self._event("key", number=key)

    def _do_gone(self, client: int) -> None:
        """The page is gone, and its fingers with it."""
        for pin, holders in self._held.items():
            if client in holders:
                holders.discard(client)
                self._rig.bench.keys.set(pin, 0 if holders else 1)

    def _do_select(self, client: int, index: int) -> None:
        app = self._rig.app
        if app is None or index >= len(app.catalog or ()) or self._rig.state not in ("UNLOADED", "RUNNING", "FAULT"):
            raise MaixSwitchError(tr("in {state} no model can be selected", state=self._rig.state))
        app.machine.post("SELECT", index)

    def _do_card(self, client: int, inserted: bool) -> None:
        if inserted != bool(self._rig.bench.card.inserted):
            self._rig.insert() if inserted else self._rig.eject()
            self._event("card", what="in" if inserted else "out")

    def _do_camera(self, client: int, on: bool) -> None:
        self._rig.bench.camera.connected = on
        self._event("camera", what="on" if on else "off")

    def _do_fail(self, client: int, code: int) -> None:
        self._rig.engine.failures.load = code
        self._event("order", text=f"fail load {code}")

    def _do_heal(self, client: int) -> None:
        self._rig.heal()
        self._event("order", text="heal")

    def _do_power(self, client: int) -> None:
        self._crash = ""
        self._held.clear()
        self._sights.forget()
        self._event("power", what="off, on")
        self._rig.power_cycle()
        self._pace()

    def _do_pause(self, client: int, on: bool) -> None:
        self._paused = on
        self._steps = 0
        self._pace()

    def _do_step(self, client: int) -> None:
        self._paused = True
        self._steps += 1

    def _do_speed(self, client: int, speed: float) -> None:
        self._speed = float(speed)
        self._pace()

    def _do_scene(self, client: int) -> None:
        self._source.source = Scene()

    def _do_photo(self, client: int, data: bytes) -> None:
        self._source.source = read_photo(data)

    def _do_language(self, client: int, name: str) -> None:
        choose(name)

    # What the pages get.

    def _report(self, now: int, kind: str, *values: Any) -> None:
        fields = reports.name(kind, values)
        if kind == "state":
            self._sights.forget()
        self._event(kind, now, **fields)

    def _event(self, kind: str, now: int | None = None, **fields: Any) -> None:
        t = self._rig.now if now is None else now
        document = {"t": t, "event": kind, **fields}
        line = describe(document).partition("s  ")[2]
        row = [fields["old"], fields["cause"], fields["new"]] if kind == "state" else None
        self._hub.publish("", write_text("event", t=t, kind=kind, text=line, row=row))

    def _fault(self) -> str:
        rig = self._rig
        what = self._crash or (tr("the app ended: {ended}", ended=rig.ended) if rig.ended else "")
        return tr("{what}; switch the power off and on", what=what) if what else rig.fault[1]

    def _send_frame(self) -> None:
        pixels, width, height = self._rig.panel()
        if pixels == self._shown and pixels:
            return
        self._shown = pixels
        self._hub.publish("frame", write_frame(pixels, width, height, self._rig.now))

    def _send_status(self) -> None:
        rig = self._rig
        app = rig.app
        titles = [str(spec.title) for spec in app.catalog or ()] if app else []
        if titles != self._models:
            self._models = titles
            self._hub.publish("models", write_text("models", titles=titles))
        parts = {"screen": 0, "model": 0}
        for name, size in rig.bench.memory.items():
            parts["screen" if name == "lcd" or name.startswith("camera") else "model"] += int(size)
        source = self._source.source
        memory = {"gc": int(rig.bench.memory.gc_capacity), **parts, "free": int(rig.bench.memory.free())}
        self._hub.publish(
            "status",
            write_text(
                "status",
                now=rig.now,
                state="OFF" if self._crash else rig.state,
                title=rig.title,
                index=int(app.selected) if app else 0,
                fps=int(app.fps) if app else 0,
                frames=rig.frames,
                results=rig.detections() if not self._crash else [],
                fault=self._fault(),
                card=bool(rig.bench.card.inserted),
                camera=bool(rig.bench.camera.connected),
                source=word(source.name),
                drawn=isinstance(source, Scene),
                memory=memory,
                paused=self._paused,
                speed=self._speed,
                down=[number for number, (pin, _) in enumerate(rig.keys, 1) if self._held.get(pin)],
                language=chosen(),
                fail=rig.engine.failures.load or 0,
            ),
        )
