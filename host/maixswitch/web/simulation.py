"""The board behind the page: one run after another, and the recording of a run."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, retold, tr
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.camera import Source
from maixswitch.sim.recording_writer import RecordingWriter
from maixswitch.sim.session import Options, Session
from maixswitch.sim.timeline import Timeline
from maixswitch.web.camera_view import CameraView
from maixswitch.web.subject import suiting

MOST_RECORDED = 1_500_000_000  # bytes of unpacked pictures: over three minutes of a moving scene
_NAME = "maixswitch.rec"

Listener = Callable[[dict[str, Any]], None]


class Simulation:
    """A board with card and camera, for use in one thread.

    listen: hears every event of the log.
    record: the file for a recording of the first run, None for none.
    oust: as in CameraView.
    A run begins when the power is switched on. It ends when the chip crashes, when the app ends, or when its recording
    is stopped or full. `stopped` says why the board does nothing until `power`; it is "" while the board runs.
    """

    def __init__(
        self,
        options: Options,
        listen: Listener,
        record: Path | None = None,
        oust: Callable[[int], None] = lambda page: None,
    ) -> None:
        self.stopped = ""
        self.recorded: Path | None = None
        self.lost: MaixSwitchError | None = None  # why the file `record` could not be written
        self._notes: list[str] = []  # why the last recording ended, and what is not in it
        self.runs = 0
        self.options = options
        self._listen = listen
        self._record = record
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._writer: RecordingWriter | None = None
        self._session = self._open(record)
        self._suited = ("", "")  # folder of the model, and the subject for it
        self.camera_view = CameraView(self._session.sim.chip.source, self._aim, oust)
        self.timeline = Timeline(lambda: self._session.sim.now)

    @property
    def sim(self) -> AppBoard:
        """The board of the present run."""
        return self._session.sim

    @property
    def note(self) -> str:
        """Why the last recording ended, and what is not in it, in the language of the moment."""
        return "; ".join(retold(note) for note in self._notes)

    def _aim(self, source: Source) -> None:
        self.sim.chip.source = source

    def begin(self) -> None:
        """Switch the power on at the beginning of a run; only the camera's source is kept from the last run."""
        session = self._session
        session.recorder.listeners.append(self._listen)
        session.sim.chip.source = self.camera_view.source
        session.sim.watch(self.timeline)
        self.timeline.forget()
        self.stopped = ""
        self.runs += 1
        gc.unfreeze()  # an earlier run may have been dropped before its end
        with session.guarded():
            session.begin()
        self._see()

    def turn(self) -> None:
        """Let the app take a step, unless the board is stopped."""
        if self.stopped:
            return
        session = self._session
        self._suit()
        frames, began = session.sim.frames, time.perf_counter()
        with session.guarded():
            alive = session.turn()
            # After each step a recording checks here whether it is full, as in the loop of Session.
            session.finger("")
            # Otherwise a state machine that has ended would look like a running board.
            if not alive and not session.sim.ended:
                session.sim.ended = tr("it has stopped")
        # Make rows of frames only: a load that takes seconds would flatten all others in the chart.
        if session.sim.frames > frames:
            self.timeline.close((time.perf_counter() - began) * 1000)
        self._see()

    def _suit(self) -> None:
        """Lay on the drawn desk what suits the selected model."""
        sim = self.sim
        folder = str(sim.specs[sim.selected].folder) if sim.selected < len(sim.specs) else ""
        if folder and folder != self._suited[0]:
            self._suited = folder, suiting(self.options.card, folder)
        self.camera_view.suit(self._suited[1], sim.now)

    def act(self, line: str) -> None:
        """Carry out a line of a script that takes no board time. Raises MaixSwitchError if that is impossible now."""
        # A key that is down when the app first looks counts as stuck: let it look first.
        while not self.sim.steps and not self.stopped:
            self.turn()
        if self.stopped:
            raise MaixSwitchError(tr("the board stands still; switch its power off and on"))
        with self._session.guarded():
            self._session.act(line)
        self._see()

    def power(self) -> None:
        """Switch the power off and on."""
        if self.stopped:
            self._start_new_run(None)
        else:
            self.act("power")
        self.timeline.forget()

    @property
    def card(self) -> Path:
        """The folder of the card."""
        return self.options.card

    def change(self, board: str, firmware: str) -> None:
        """Start a new run on another board, or with another firmware.

        board: its id. firmware: a flavour, "" for the one that the board most likely has.
        Raises MaixSwitchError, and leaves the board as it is, during a recording or for an unknown name.
        """
        if self._writer is not None:
            raise MaixSwitchError(tr("a recording keeps its board and firmware; stop it first"))
        self._exchange(replace(self.options, board=board, flavour=firmware))

    def bring(self, card: Path) -> None:
        """Switch the power off, put another card in, and start a new run with it.

        Raises MaixSwitchError, with the old card still in, for a folder that is no card, or during a recording.
        """
        # A recording contains the card as it was at its start.
        if self._writer is not None:
            raise MaixSwitchError(tr("a run is being recorded; stop the recording, then drop the file again"))
        self._exchange(replace(self.options, card=card))

    def _exchange(self, options: Options) -> None:
        """Start a new run with other options; the old ones stay if it cannot start."""
        before, self.options = self.options, options
        try:
            self._session = self._open(None)
        except BaseException:
            self.options = before
            raise
        self._suited = ("", "")
        self.begin()

    def _see(self) -> None:
        """After a step or an action, end the run or its recording if necessary."""
        session = self._session
        if session.crash or session.sim.ended:
            self.stopped = session.crash or session.sim.ending
            # With a recording, `finish` logs the crash.
            if self._writer is not None:
                self._complete(tr("the run ended: {why}", why=self.stopped))
            elif session.crash:
                session.recorder.event(session.sim.now, "crash", what=session.crash)
        # On the page only a full recording interrupts a run.
        elif session.interrupted and self._writer is not None:
            self._end_recording(tr("the recording is full"))

    # Recordings.

    def start_recording(self) -> None:
        """Start a new run with a recording. Raises MaixSwitchError if it cannot be written, or a replay not be made."""
        # A replay brings the card, which does not hold a script, and runs the app.
        if self.sim.runs_script:
            raise MaixSwitchError(tr("only a run of the app can be recorded, and this is a script"))
        # During a recording do nothing, so that one page does not end the recording of another.
        if self._writer is not None:
            return
        self.recorded = None
        self._notes = []
        self._start_new_run(self._scratch() / _NAME)

    def _scratch(self) -> Path:
        """Return the folder for recordings without a name; make it again if somebody deleted it."""
        if self._folder is None or not Path(self._folder.name).is_dir():
            # Clean up the deleted folder, too: Python warns about one that is only forgotten.
            try:
                if self._folder is not None:
                    self._folder.cleanup()
                self._folder = tempfile.TemporaryDirectory(prefix="maixswitch-", ignore_cleanup_errors=True)
            except OSError as error:
                text = tr("there is no temporary folder to record into ({reason})", reason=reason(error))
                raise MaixSwitchError(text, EXIT_IO) from error
        return Path(self._folder.name)

    def stop_recording(self) -> None:
        """End the run, complete its recording, and start a new run; do nothing without a recording."""
        if self._writer is not None:
            self._session.interrupt()
            self._end_recording("")

    def _end_recording(self, note: str) -> None:
        try:
            self._complete(note)
        finally:  # even with a full disk the board goes on with a new run
            self._start_new_run(None)

    def _start_new_run(self, record: Path | None) -> None:
        try:
            self._session = self._open(record)
        except MaixSwitchError:
            # The pages need a board in any case: go on without a recording, then tell the reason.
            self._session = self._open(None)
            self.begin()
            raise
        self.begin()

    def _open(self, record: Path | None) -> Session:
        if record is None:
            self._writer = None
            return Session(self.options)
        self._writer = RecordingWriter(record, self.options, most_bytes=MOST_RECORDED)
        return self._writer.session

    def _complete(self, note: str) -> None:
        """End the run's log and give the recording its file."""
        # Forget the writer first: if this fails, it must not be completed again later.
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            with writer:
                with self._session.guarded():
                    self._session.finish()
                writer.complete(self._session.verdict())
        except MaixSwitchError as error:
            self._notes = [error.message]
            # The command line asked for this file, so its loss decides the exit code.
            if writer.path == self._record:
                self.lost = error
            raise
        self.recorded = writer.path
        self._notes = [note] if note else []
        if not writer.kept:
            self._notes.append(tr("the card is too large to be kept in it; a replay needs --card"))

    def _drop(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with writer:
                pass

    def recording(self) -> dict[str, Any]:
        """Return the page's "recording": sizes of the present one, and whether a finished one can be downloaded."""
        writer = self._writer
        return {
            "on": writer is not None,
            "ms": self.sim.now if writer is not None else 0,
            "frames": writer.frames if writer is not None else 0,
            "bytes": writer.bytes if writer is not None else 0,
            "full": bool(writer is not None and writer.full),
            "ready": self.recorded is not None,
            "note": self.note,
        }

    def close(self) -> None:
        """End the run as Ctrl-C on the board does, and complete the recording that the command line asked for.

        Without a run there is no recording.
        """
        session = self._session
        try:
            # Drop a recording that a page started: nobody can download it any more.
            if self._writer is not None and self._writer.path == self._record and self.runs:
                session.interrupt()
                self._complete("")
            else:
                self._drop()
                if not self.stopped and session.sim.running:
                    with session.guarded():
                        session.finish()
        finally:
            if self._folder is not None:
                self._folder.cleanup()
