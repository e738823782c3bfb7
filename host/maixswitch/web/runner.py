"""The thread in which the board runs for the pages: their wishes come in by a queue, news go out by the hub."""

from __future__ import annotations

import queue
import shlex
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from maixswitch.errors import MaixSwitchError
from maixswitch.language import choose, tr
from maixswitch.sim.session import Options
from maixswitch.web.desk import Desk
from maixswitch.web.hub import Hub
from maixswitch.web.messages import Command
from maixswitch.web.news import News, damaged, firmware_of, hello, kmodel_path

MOST_WISHES = 512
MOST_WAITING = 32 * 1024 * 1024
WISHES_A_TURN = 8
STATUS_S = 0.2
FRAME_S = 1 / 40
NAP_S = 0.05
BEHIND_S = 0.5  # further behind than this the board is not hurried on: it would skip what the pages should see
LIVELY_S = 0.0005  # given to the server's thread after each step, however busy the board is
STEP_TURNS = 60  # after so many turns without a frame a step is over all the same


class Runner:
    """One board for all pages. `ask` may be called from any thread; the board itself is touched in its own only.

    Speed in board seconds per second, 0 for as fast as the PC can; `record`: a file for the tape of the first run.
    """

    def __init__(self, options: Options, hub: Hub, speed: float = 1.0, record: Path | None = None) -> None:
        self._options = options
        self._news = News(hub)
        self._desk = Desk(options, self._news.tell_event, record, self._news.tell_ousted)
        try:  # once: it imports parts of the app that only the board's thread may touch
            self._hello = hello(self._desk.rig)
        except BaseException:  # Ctrl-C already
            self._desk.close()
            raise
        self._wishes: queue.Queue[Command] = queue.Queue(MOST_WISHES)
        self._waiting = 0  # bytes of photos in them
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._speed = speed
        self._paused = False
        self._steps = 0  # frames to make although paused
        self._turns = 0  # made for the first of them
        self._held: dict[int, set[int]] = {}  # key -> the pages whose finger is on it
        self._broken = ""  # our own mistake: then nothing moves any more
        self._anchor = (0.0, 0)
        self._frame_due = self._status_due = 0.0  # on the clock of time.monotonic
        self.thread = threading.Thread(target=self._run, name="board", daemon=True)

    @property
    def desk(self) -> Desk:
        """The board; only to be touched before `start` and after `stop`."""
        return self._desk

    @property
    def recorded(self) -> Path | None:
        """The file of the last recording that was completed."""
        return self._desk.recorded

    def start(self) -> None:
        self.thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends the run as Ctrl-C on the board would, and waits for the thread; may be called again."""
        self._stop.set()
        if self.thread.ident is None:
            self._desk.close()
        else:
            self.thread.join(seconds)

    def ask(self, wish: Command) -> bool:
        """A wish for the board; False when too many wait already. Nobody waits for a board that has stopped."""
        if self._stop.is_set():
            return True
        size = _weigh(wish)
        with self._lock:
            if self._waiting and self._waiting + size > MOST_WAITING:
                return False
            try:
                self._wishes.put_nowait(wish)
            except queue.Full:
                return False
            self._waiting += size
        return True

    def hello(self) -> str:
        """What a page needs once."""
        return self._hello

    # The board's own thread.

    def _run(self) -> None:
        self._guard(self._desk.begin)
        self._guard(self._judge)
        self._pace()
        while not self._stop.is_set():
            self._guard(self._go_on)
        self._guard(self._desk.close)

    def _go_on(self) -> None:
        """Wishes that wait, one step of the board where it moves, and news of it when they are due."""
        self._listen(0.0 if self._moves() else NAP_S)
        moving = self._moves()  # the wish may just have been to pause
        if moving:
            self._turn()
        now = time.monotonic()
        if now >= self._frame_due:
            self._news.tell_frame(self._desk)
            self._frame_due = now + FRAME_S
        if now >= self._status_due:
            self._tell()
            self._status_due = time.monotonic() + STATUS_S
        if moving:
            self._rest()

    def _judge(self) -> None:
        self._news.judge(self._options.card, self._options.board, firmware_of(self._options.flavour))

    def _moves(self) -> bool:
        return not self._broken and not self._desk.stopped and (not self._paused or self._steps > 0)

    def _turn(self) -> None:
        desk = self._desk
        frames, runs = desk.rig.frames, desk.runs
        self._guard(desk.turn)
        if desk.runs != runs:
            self._begin_anew()
        if self._steps:
            self._turns += 1
            if desk.rig.frames > frames or self._turns >= STEP_TURNS:
                self._steps -= 1
                self._turns = 0

    def _guard(self, act: Callable[[], Any], client: int = 0) -> None:
        """Does it; what cannot be is told to who wished it, our own mistake to all: no page shall just stand still."""
        try:
            act()
        except MaixSwitchError as error:
            self._news.tell_error(str(error), client)
        except Exception as error:
            if self._broken:  # that was told, and may come again at each turn
                return
            name = type(error).__name__
            self._broken = tr("the simulator itself failed: {name}: {error}; start it again", name=name, error=error)
            self._news.tell_error(self._broken, 0)

    def _listen(self, seconds: float) -> None:
        """Obeys wishes that wait, or the first to come within the time; not so many that the board stood still."""
        told = False
        for _ in range(WISHES_A_TURN):
            try:
                wish = self._wishes.get(timeout=seconds) if seconds else self._wishes.get_nowait()
            except queue.Empty:
                break
            seconds = 0.0
            self._obey(wish)
            told = told or wish.do not in ("webcam", "add")
        if told:
            self._tell()

    def _obey(self, wish: Command) -> None:
        with self._lock:
            self._waiting -= _weigh(wish)
        runs = self._desk.runs
        self._guard(lambda: getattr(self, f"_do_{wish.do}")(wish.client, *wish.values), wish.client)
        if self._desk.runs != runs:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._held.clear()
        self._steps = self._turns = 0
        self._pace()

    def _tell(self) -> None:
        trouble, client = self._desk.lens.take_trouble()
        if trouble:
            self._news.tell_error(trouble, client)
        down = [key for key, holders in self._held.items() if holders]
        self._news.tell(self._desk, paused=self._paused, speed=self._speed, down=down)

    def _rest(self) -> None:
        """Waits until the board's time is due, but not so long that a wish would wait."""
        if self._speed <= 0:
            time.sleep(LIVELY_S)
            return
        left = self._left()
        if left < -BEHIND_S:
            self._pace()
        time.sleep(min(max(left, LIVELY_S), NAP_S))
        while left > NAP_S and self._wishes.empty() and not self._stop.is_set():
            left = self._left()
            time.sleep(min(max(left, 0), NAP_S))

    def _left(self) -> float:
        wall, board = self._anchor
        now: int = self._desk.rig.now
        return wall + (now - board) / 1000 / self._speed - time.monotonic()

    def _pace(self) -> None:
        self._anchor = (time.monotonic(), self._desk.rig.now)

    # What the pages can wish: one method for each row of messages.KNOWN, of what comes as bytes, and "gone".

    def _do_key(self, client: int, key: int, down: bool) -> None:
        self._desk.rig.pin(str(key))
        holders = self._held.setdefault(key, set())
        before = bool(holders)
        if down:
            holders.add(client)
        else:
            holders.discard(client)
        if bool(holders) != before:
            self._desk.act(f"{'down' if down else 'up'} {key}")

    def _do_gone(self, client: int) -> None:
        """The page is gone, and its fingers and its webcam with it."""
        self._desk.lens.leave(client)
        for key, holders in self._held.items():
            if client in holders:  # guarded each: a board that stands still takes no finger
                self._guard(partial(self._do_key, client, key, False), client)

    def _do_select(self, client: int, index: int) -> None:
        self._desk.act(f"select {index + 1}")

    def _do_card(self, client: int, inserted: bool) -> None:
        if inserted == bool(self._desk.rig.bench.card.inserted):
            return
        if not inserted:
            self._desk.act("eject")
        elif self._desk.recording()["on"]:  # the card in the recording is the one at the beginning
            self._desk.act("insert")
        else:  # read anew: somebody may have changed its files
            self._desk.act(f"insert {shlex.quote(str(self._options.card.resolve()))}")
            self._judge()

    def _do_camera(self, client: int, on: bool) -> None:
        self._desk.act("heal camera" if on else "fail camera")

    def _do_fail(self, client: int, what: str, code: int) -> None:
        self._desk.act(f"fail {what} {code}")

    def _do_damage(self, client: int, index: int, on: bool) -> None:
        app = self._desk.rig.app
        specs = app.catalog or () if app else ()
        path = kmodel_path(specs[index]) if index < len(specs) else ""
        if not path:
            raise MaixSwitchError(tr("this model has no file on the card that could be damaged"))
        if on != (index in damaged(self._desk.rig)):
            self._desk.act(f"{'damage' if on else 'heal'} {shlex.quote(path)}")

    def _do_slow(self, client: int, factor: int) -> None:
        self._desk.act(f"slow {factor}")

    def _do_heal(self, client: int) -> None:
        self._desk.act("heal")

    def _do_power(self, client: int) -> None:
        self._held.clear()
        self._desk.power()
        self._pace()

    def _do_record(self, client: int, on: bool) -> None:
        if on:
            self._desk.start_recording()
        else:
            self._desk.stop_recording()

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

    def _do_language(self, client: int, name: str) -> None:
        choose(name)

    def _do_scene(self, client: int) -> None:
        self._desk.lens.show_scene()

    def _do_turn(self, client: int, index: int) -> None:
        self._desk.lens.turn(index)

    def _do_photo(self, client: int, name: str, data: bytes) -> None:
        self._desk.lens.show_photo(data)

    def _do_album(self, client: int, name: str, data: bytes) -> None:
        self._desk.lens.open_album()

    def _do_add(self, client: int, name: str, data: bytes) -> None:
        self._desk.lens.add_photo(name, data)

    def _do_webcam(self, client: int, name: str, data: bytes) -> None:
        self._desk.lens.take_frame(data, client)

    def _do_film(self, client: int) -> None:
        self._desk.lens.film(client)


def _weigh(wish: Command) -> int:
    """Bytes of the photo that comes with it."""
    return sum(len(value) for value in wish.values if isinstance(value, bytes))
