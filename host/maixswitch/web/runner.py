"""The thread of the board behind the pages: commands arrive in a queue, messages leave through the broadcast."""

from __future__ import annotations

import queue
import shlex
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Scene
from maixswitch.sim.session import Options
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.fingers import Fingers
from maixswitch.web.messages import Command
from maixswitch.web.pace import NAP_S, Pace
from maixswitch.web.pictures import DroppedPhoto
from maixswitch.web.publisher import Publisher, damaged, firmware_of, hello, kmodel_path
from maixswitch.web.second import SecondModel
from maixswitch.web.simulation import Simulation
from maixswitch.web.threshold import Threshold

MOST_COMMANDS = 512  # that wait for the board
MOST_WAITING = 32 * 1024 * 1024  # bytes of waiting pictures
COMMANDS_A_TURN = 8
STATUS_S = 0.2
FRAME_S = 1 / 40
ALONE_S = 3.0  # seconds without a page until the board rests: at the start that is enough to load a model
ALONE_NAP_S = 0.1
STEP_TURNS = 60  # the most turns that a step of the page takes without a frame


class Runner:
    """One board for all pages. `ask` may be called from any thread; only the runner's thread touches the board.

    speed: board seconds per second, 0 for as fast as the PC can.
    record: a file for a recording of the first run, None for none.
    """

    def __init__(self, options: Options, broadcast: Broadcast, speed: float = 1.0, record: Path | None = None) -> None:
        self._publisher = Publisher(broadcast)
        self._simulation = Simulation(options, self._publisher.publish_event, record, self._publisher.publish_ousted)
        self._threshold = Threshold(options.card)
        self._second = SecondModel(options)
        # Make this message once: it imports parts of the app, which later only the board's thread may touch.
        try:
            self._hello = hello(self._simulation.sim)
        except BaseException:  # Ctrl-C may come this early
            self._simulation.close()
            raise
        self._commands: queue.Queue[Command] = queue.Queue(MOST_COMMANDS)
        self._waiting = 0  # bytes of photos in the queue
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pace = Pace(speed, lambda: self._simulation.sim.now)
        self._paused = False
        self._steps = 0  # frames still to make while paused
        self._turns = 0  # taken so far for the first of them
        self._fingers = Fingers(lambda key, down: self._simulation.act(f"{'down' if down else 'up'} {key}"))
        self._broadcast = broadcast
        self._alone = time.monotonic()  # since when no page watches; while one does, the present moment
        self._broken = ""  # an unexpected exception, after which the board takes no further step
        self._frame_due = self._status_due = 0.0  # on the clock of time.monotonic
        self.thread = threading.Thread(target=self._run, name="board", daemon=True)

    @property
    def simulation(self) -> Simulation:
        """The simulation; use it only before `start` and after `stop`."""
        return self._simulation

    @property
    def card(self) -> Path:
        """The folder of the card."""
        return self._simulation.card

    @property
    def runs_script(self) -> bool:
        """Does a script run in place of the app?"""
        return self._simulation.sim.runs_script

    @property
    def recorded(self) -> Path | None:
        """The file of the last completed recording."""
        return self._simulation.recorded

    def start(self) -> None:
        self.thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End the run as Ctrl-C on the board does, and wait for the thread; may be called again."""
        self._stop.set()
        if self.thread.ident is None:
            self._simulation.close()
        else:
            self.thread.join(seconds)

    def ask(self, command: Command) -> bool:
        """Queue a command for the board; return False if too many wait already."""
        # With False the server would wait for a queue that nobody empties any more.
        if self._stop.is_set():
            return True
        size = _weigh(command)
        with self._lock:
            # A single photo is always accepted, however large: otherwise it would be refused forever.
            if self._waiting and self._waiting + size > MOST_WAITING:
                return False
            try:
                self._commands.put_nowait(command)
            except queue.Full:
                return False
            self._waiting += size
        return True

    def hello(self) -> dict[str, Any]:
        """Return the fields of the first message for a page; only its texts depend on the page's language."""
        return self._hello

    # The board's own thread.

    def _run(self) -> None:
        self._guard(self._simulation.begin)
        self._guard(self._judge)
        self._pace.begin()
        while not self._stop.is_set():
            self._guard(self._go_on)
        self._second.close()
        self._guard(self._simulation.close)

    def _go_on(self) -> None:
        """Carry out waiting commands, let the board take a step if it runs, and publish what is due."""
        # While the board does not run, wait here for a command.
        self._listen(0.0 if self._moves() else ALONE_NAP_S if self._rests() else NAP_S)
        if self._rests():
            self._pace.begin()
            return
        moving = self._moves()  # a command may just have paused it
        if moving:
            self._turn()
            self._guard(lambda: self._fingers.pass_on(self._simulation.sim.now))
        now = time.monotonic()
        if now >= self._frame_due:
            self._publisher.publish_frame(self._simulation)
            self._frame_due = now + FRAME_S
        if now >= self._status_due:
            self._tell()
            # Count from the end of the work: if a status takes long, the board still gets its time.
            self._status_due = time.monotonic() + STATUS_S
        if moving:
            self._pace.rest(lambda: not self._commands.empty() or self._stop.is_set())

    def _judge(self) -> None:
        """Look at the card's files, which may have changed."""
        options = self._simulation.options
        self._second.renew(options)
        self._publisher.judge(options.card, options.board, firmware_of(self._simulation.sim.flavour))

    def _moves(self) -> bool:
        if self._broken or self._simulation.stopped or self._rests():
            return False
        return not self._paused or self._steps > 0

    def _rests(self) -> bool:
        """Does the board stand still because no page watches? A recording goes on, because somebody wants it."""
        if self._broadcast.clients or self._simulation.recording()["on"]:
            self._alone = time.monotonic()
        return time.monotonic() - self._alone > ALONE_S

    def _turn(self) -> None:
        simulation = self._simulation
        frames, runs = simulation.sim.frames, simulation.runs
        self._guard(simulation.turn)
        # A recording that became full has started a new run in this turn.
        if simulation.runs != runs:
            self._forget_last_run()
        if self._steps:
            self._turns += 1
            # Without a model no frame comes: end the step after some turns, or it would never pause again.
            if simulation.sim.frames > frames or self._turns >= STEP_TURNS:
                self._steps -= 1
                self._turns = 0

    def _guard(self, act: Callable[[], Any], client: int = 0) -> None:
        """Call `act`. A failure is told to the page that caused it, an unexpected exception to all pages."""
        try:
            act()
        except MaixSwitchError as error:
            self._publisher.publish_error(error.message, client)
        except Exception as error:
            if self._broken:  # already told; it may come again at each turn
                return
            name = type(error).__name__
            self._broken = tr("the simulator itself failed: {name}: {error}; start it again", name=name, error=error)
            self._publisher.publish_error(self._broken, 0)

    def _listen(self, seconds: float) -> None:
        """Carry out waiting commands, or wait for one; not too many at once, so that the board goes on.

        seconds: how long to wait for the first command.
        """
        changed = False
        for _ in range(COMMANDS_A_TURN):
            try:
                command = self._commands.get(timeout=seconds) if seconds else self._commands.get_nowait()
            except queue.Empty:
                break
            seconds = 0.0
            self._obey(command)
            # Frames and photos come in quick succession: for them the next regular status is soon enough.
            changed = changed or command.do not in ("webcam", "add")
        if changed:
            self._tell()

    def _obey(self, command: Command) -> None:
        # Free its room before carrying it out, so that a command that fails frees it, too.
        with self._lock:
            self._waiting -= _weigh(command)
        runs = self._simulation.runs
        self._guard(lambda: getattr(self, f"_do_{command.do}")(command.client, *command.values), command.client)
        if self._simulation.runs != runs:
            self._forget_last_run()

    def _forget_last_run(self) -> None:
        self._fingers.forget()
        self._steps = self._turns = 0
        self._pace.begin()

    def _tell(self) -> None:
        trouble, client = self._simulation.camera_view.take_trouble()
        if trouble:
            self._publisher.publish_error(trouble, client)
        sim = self._simulation.sim
        self._second.look(sim)
        self._publisher.publish(
            self._simulation,
            paused=self._paused,
            speed=self._pace.speed,
            down=self._fingers.down(),
            threshold=None if self._simulation.stopped else self._threshold.document(sim),
            second=self._second.document(),
        )

    # The commands of the pages: a method for each row of messages.KNOWN but the language, which is the server's matter,
    # and each kind of binary message; and those of the server itself: "gone", "bring", "lend".

    def _do_key(self, client: int, key: int, down: bool) -> None:
        # Raise for a key that this board lacks before noting that a page holds it.
        self._simulation.sim.pin(str(key))
        self._fingers.touch(client, key, down, self._simulation.sim.now)

    def _do_gone(self, client: int) -> None:
        """Release the keys that a page which has gone still holds, and end its webcam."""
        self._simulation.camera_view.leave(client)
        for key in self._fingers.held_by(client):  # guard each: a stopped board raises
            self._guard(partial(self._do_key, client, key, False), client)

    def _do_bring(self, client: int, answer: Future[None], card: Path) -> None:
        """Put another card in, with the power off."""
        self._answer(answer, lambda: self._simulation.bring(card))
        self._judge()

    def _do_lend(self, client: int, answer: Future[list[DroppedPhoto]]) -> None:
        self._answer(answer, self._simulation.camera_view.photos)

    @staticmethod
    def _answer(answer: Future[Any], act: Callable[[], Any]) -> None:
        """Do something for a thread that waits for its result or its failure."""
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(act())
        except Exception as error:  # raised there
            answer.set_exception(error)

    def _do_select(self, client: int, index: int) -> None:
        self._simulation.act(f"select {index + 1}")

    def _do_card(self, client: int, inserted: bool) -> None:
        # Two pages may click at the same time: the second click must not take effect twice.
        if inserted == self._simulation.sim.card_inserted:
            return
        if not inserted:
            self._simulation.act("eject")
        elif self._simulation.recording()["on"]:  # the recording contains the card as it was at the start
            self._simulation.act("insert")
        else:  # read the folder again: its files may have changed
            self._simulation.act(f"insert {shlex.quote(str(self._simulation.card.resolve()))}")
            self._judge()

    def _do_camera(self, client: int, on: bool) -> None:
        self._simulation.act("heal camera" if on else "fail camera")

    def _do_fail(self, client: int, part: str, code: int) -> None:
        self._simulation.act(f"fail {part} {code}")

    def _do_damage(self, client: int, index: int, on: bool) -> None:
        specs = self._simulation.sim.specs
        path = kmodel_path(specs[index]) if index < len(specs) else ""
        if not path:
            raise MaixSwitchError(tr("this model has no file on the card that could be damaged"))
        # Keep an order that changes nothing out of the log and the recording.
        if on != (index in damaged(self._simulation.sim)):
            self._simulation.act(f"{'damage' if on else 'heal'} {shlex.quote(path)}")

    def _do_slow(self, client: int, factor: int) -> None:
        self._simulation.act(f"slow {factor}")

    def _do_heal(self, client: int) -> None:
        self._simulation.act("heal")

    def _do_threshold(self, client: int, value: float) -> None:
        self._fixed_card()
        self._threshold.set(self._simulation.sim, float(value))

    def _do_keep(self, client: int) -> None:
        self._fixed_card()
        self._threshold.keep(self._simulation.sim)
        self._judge()

    def _fixed_card(self) -> None:
        """Raise MaixSwitchError during a recording: a replay would not know of the change."""
        if self._simulation.recording()["on"]:
            raise MaixSwitchError(tr("not while a run is recorded: its replay would have another threshold"))

    def _do_compare(self, client: int, index: int) -> None:
        specs = self._simulation.sim.specs
        self._second.choose(str(specs[index].folder) if 0 <= index < len(specs) else "")

    def _do_power(self, client: int) -> None:
        self._fingers.forget()
        self._simulation.power()
        self._pace.begin()

    def _do_board(self, client: int, board: str, firmware: str) -> None:
        self._simulation.change(board, firmware)
        self._hello = hello(self._simulation.sim)
        self._publisher.publish_board(self._hello)
        self._judge()

    def _do_record(self, client: int, on: bool) -> None:
        if on:
            self._simulation.start_recording()
        else:
            self._simulation.stop_recording()

    def _do_pause(self, client: int, on: bool) -> None:
        self._paused = on
        self._steps = 0
        self._pace.begin()

    def _do_step(self, client: int) -> None:
        self._paused = True
        self._steps += 1

    def _do_speed(self, client: int, speed: float) -> None:
        self._pace.speed = float(speed)
        self._pace.begin()

    def _do_scene(self, client: int) -> None:
        self._simulation.camera_view.show_scene()

    def _do_desk(self, client: int, what: str) -> None:
        view = self._simulation.camera_view
        view.desk = what
        if not isinstance(view.source, Scene):
            view.show_scene()

    def _do_turn(self, client: int, index: int) -> None:
        self._simulation.camera_view.turn(index)

    def _do_photo(self, client: int, photo: DroppedPhoto) -> None:
        self._simulation.camera_view.show_photo(photo)

    def _do_album(self, client: int, name: str, data: bytes) -> None:
        self._simulation.camera_view.open_album()

    def _do_add(self, client: int, photo: DroppedPhoto) -> None:
        self._simulation.camera_view.add_photo(photo)

    def _do_webcam(self, client: int, name: str, data: bytes) -> None:
        self._simulation.camera_view.take_frame(data, client)

    def _do_film(self, client: int) -> None:
        self._simulation.camera_view.film(client)


def _weigh(command: Command) -> int:
    """Return the bytes that the picture of a command takes while it waits."""
    pictures = [value for value in command.values if isinstance(value, bytes | DroppedPhoto)]
    return sum(len(one) if isinstance(one, bytes) else one.size[0] * one.size[1] * 3 for one in pictures)
