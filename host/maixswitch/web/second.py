"""A second model beside the running one: the same pictures, on another board in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from typing import Any

from maixswitch.k210.choice import image_path
from maixswitch.language import choose, chosen, tr
from maixswitch.link.extras import extra_lines
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.camera import Picture
from maixswitch.sim.session import Options, Session

PAUSE_S = 0.4  # between two pictures: enough to compare, and most of the PC's time stays with the first board
SIZE = (320, 240)  # of the camera's frame
MOST_TURNS = 600  # of the other board until it has looked at a picture; a load takes a few


def _beside(options: BoardOptions) -> Options:
    """Return the options of the other board."""
    values = {field.name: getattr(options, field.name) for field in fields(BoardOptions)}
    # It must not write to the card. A firmware image on the virtual chip would be too slow beside another one.
    flavour = "" if image_path(options.flavour) else options.flavour
    return Options(**values | {"write_back": False, "serial": None, "flavour": flavour})


class SecondModel:
    """The other model of the page, none at first. For one thread; without a model there is no process.

    options: of the board whose pictures it gets.
    """

    def __init__(self, options: BoardOptions) -> None:
        self._options = _beside(options)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection | None = None
        self._waiting = False  # for the answer to a picture
        self._due = 0.0
        self._sent: tuple[object, Hashable] = (None, None)
        self._answer: dict[str, Any] = {}
        self._folder = ""

    def choose(self, folder: str) -> None:
        """Compare with the model of this folder of the card from now on; "" for none."""
        self.close()
        self._folder = folder
        if not folder:
            return
        # There is one fake board in a process. Not by fork: this process has threads, whose locks a fork would copy.
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        job = (other, self._options, folder, chosen())
        self._process = context.Process(target=_work, args=job, name="second model", daemon=True)
        self._process.start()
        other.close()

    def renew(self, options: BoardOptions) -> None:
        """Read the card again, whose files may have changed, as may the card and the board. options: as at first."""
        self._options = _beside(options)
        self.choose(self._folder)

    def look(self, sim: AppBoard) -> None:
        """Take an answer that has come, and send the picture that the camera sees now if it is time."""
        if self._line is None:
            return
        try:
            if self._waiting and self._line.poll():
                self._answer = self._line.recv()
                self._waiting = False
                self._due = time.monotonic() + PAUSE_S
            if not self._waiting and time.monotonic() >= self._due and not self._answer.get("end"):
                source = sim.chip.source
                key, make = source.view(sim.now, *SIZE)
                # Of a photo, or of a board that is paused, one answer is enough.
                if (source, key) != self._sent:
                    self._sent, self._waiting = (source, key), True
                    self._line.send(make())
        except (EOFError, OSError):  # the process has ended
            self._answer = {**NOTHING, "fault": tr("the second model stopped; choose it again"), "end": True}

    def document(self) -> dict[str, Any] | None:
        """Return the page's "second": results, extra lines and the fault of the other model, None without one."""
        answer = self._answer or {**NOTHING, "fault": tr("the second model is being loaded")}
        return {**answer, "folder": self._folder} if self._folder else None

    def close(self) -> None:
        """End the process."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join(5)
        self._process = self._line = None
        self._sent = (None, None)
        self._folder, self._answer, self._waiting, self._due = "", {}, False, 0.0


NOTHING: dict[str, Any] = {"results": [], "classes": [], "lines": [], "fault": ""}


class _Still:
    """The camera's source of the other board: always the last picture that was sent."""

    name = "still"

    def __init__(self) -> None:
        self.number = 0
        self.picture: Picture | None = None

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        picture = self.picture
        assert picture is not None
        return self.number, lambda: picture


def _work(line: Connection, options: Options, folder: str, name: str) -> None:
    """Answer each picture with what the model of a folder says to it, until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the line
    choose(name)
    source = _Still()
    session = Session(replace(options, quiet=True))
    while True:
        try:
            source.picture = line.recv()
        except (EOFError, OSError):
            return
        source.number += 1
        session.sim.chip.source = source
        try:
            with session.guarded():
                line.send(_answer(session, folder, source.number == 1))
                continue
            line.send({**NOTHING, "fault": session.crash, "end": True})
        except OSError:
            return


def _answer(session: Session, folder: str, first: bool) -> dict[str, Any]:
    sim = session.sim
    if first:
        session.begin()
    until = None
    for _ in range(MOST_TURNS):
        session.turn()
        index = next((at for at, spec in enumerate(sim.specs) if spec.folder == folder), None)
        if index is not None and sim.selected != index:
            sim.select(index)
        elif sim.state == "FAULT":
            return {**NOTHING, "fault": sim.fault[1]}
        elif index is not None and sim.state == "RUNNING":
            # The frame that was under way may be of the last picture: the one after it is not.
            until = until or sim.frames + 2
            if sim.frames >= until:
                lines = extra_lines(sim.extras())
                return {"results": sim.detections(), "classes": sim.classes(), "lines": lines, "fault": ""}
    return {**NOTHING, "fault": tr("the card holds no such model")}
