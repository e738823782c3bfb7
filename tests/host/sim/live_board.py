"""A simulated board that runs in real time in a thread of its own, with its link on a serial port of this PC."""

from __future__ import annotations

import gc
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from maixswitch.link.pseudo_terminal import Port
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.simulated_board import SimulatedBoard


class LiveBoard:
    """A board; only its thread may touch it: use `do`. `port` is the path of the serial port, below /dev."""

    def __init__(self, card: Path, link: Path) -> None:
        self._serial = Port(link)
        self.port = os.path.realpath(self._serial.path)
        self.sim = SimulatedBoard(BoardOptions(card, scripted=True, serial=self._serial), lambda *row: None)
        self._orders: queue.Queue[tuple[Callable[[], Any], Future[Any]]] = queue.Queue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.sim.bench.screen.draw = self.sim.bench.screen.capture = False
        # The app collects at every switch: on the board that takes 1 ms, here it would scan all of pytest.
        gc.collect()
        gc.freeze()
        self.sim.power_on()
        while not self._over.is_set():
            while not self._orders.empty():
                act, future = self._orders.get()
                try:
                    future.set_result(act())
                except BaseException as error:
                    future.set_exception(error)
            self.sim.step()
        self.sim.stop()
        gc.unfreeze()

    def do(self, act: Callable[[], Any]) -> Any:
        """Call a function in the board's thread, between two steps; return its result."""
        future: Future[Any] = Future()
        self._orders.put((act, future))
        return future.result(20)

    def until(self, title: str, seconds: float = 20.0) -> None:
        """Wait until a model runs and has looked."""
        end = time.monotonic() + seconds
        while not self.do(lambda: self.sim.state == "RUNNING" and self.sim.title == title and self.sim.looked):
            assert time.monotonic() < end, (self.sim.state, self.sim.title)
            time.sleep(0.02)

    def boxes(self, *boxes: tuple[Any, ...]) -> None:
        """Set what a detector finds, and wait until it has been seen."""
        self.do(lambda: setattr(self.sim.bench.kpu, "boxes", list(boxes)))
        self._frames(2)

    def scores(self, *scores: float) -> None:
        """Set the outputs of the other networks, and wait until they have been seen."""
        self.do(lambda: setattr(self.sim.bench.kpu, "scores", list(scores)))
        self._frames(2)

    def _frames(self, count: int) -> None:
        goal = self.do(lambda: self.sim.frames) + count
        while self.do(lambda: self.sim.frames) < goal:
            time.sleep(0.01)

    def label(self, at: int) -> str:
        return str(self.do(lambda: self.sim.app.slot.loaded.label(at)))

    def __enter__(self) -> LiveBoard:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(20)
        self._serial.close()
        self.sim.bench.reset()
