"""The board on the desk of the page: one run after another, and the recording of a run."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, tr
from maixswitch.sim.camera import Source
from maixswitch.sim.rig import Rig
from maixswitch.sim.session import Options, Session
from maixswitch.sim.tape import Tape
from maixswitch.sim.timeline import Timeline
from maixswitch.web.lens import Lens

MOST_RECORDED = 1_500_000_000  # bytes of pictures before they are packed: over three minutes of a scene that moves
_NAME = "maixswitch.rec"

Listener = Callable[[dict[str, Any]], None]


class Desk:
    """A board with card and camera. `listen` hears every event of its log; `record`: a file for the first run's tape.

    `oust`: as Lens wants it.

    Not for several threads. A run begins with power on; it is over when the chip has crashed, the app has ended, or its
    recording is stopped or full. `stopped` says why the board stands still until `power`, "" while it does not.
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
        self.lost: MaixSwitchError | None = None  # why there is no file for `record`
        self.note = ""  # of the last recording: why it ended, and what is missing in it
        self.runs = 0
        self._options = options
        self._listen = listen
        self._given = record
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tape: Tape | None = None
        self._session = self._open(record)
        self.lens = Lens(self._session.rig.chip.source, self._aim, oust)
        self.timeline = Timeline(lambda: int(self._session.rig.bench.clock.now))

    @property
    def rig(self) -> Rig:
        """The Rig of the run that goes on."""
        return self._session.rig

    def _aim(self, source: Source) -> None:
        self.rig.chip.source = source

    def begin(self) -> None:
        """Power on, at the beginning of a run; leaves nothing of the last one but the camera's view."""
        session = self._session
        session.recorder.listeners.append(self._listen)
        session.rig.chip.source = self.lens.source
        session.rig.watch(self.timeline)
        self.timeline.forget()
        self.stopped = ""
        self.runs += 1
        gc.unfreeze()  # a run before this one that was dropped rather than finished
        with session.guarded():
            session.begin()
        self._see()

    def turn(self) -> None:
        """One step of the app; none when the board stands still."""
        if self.stopped:
            return
        session = self._session
        frames, began = session.rig.frames, time.perf_counter()
        with session.guarded():
            alive = session.turn()
            session.finger("")
            if not alive and not session.rig.ended:
                session.rig.ended = tr("it has stopped")
        if session.rig.frames > frames:
            self.timeline.close((time.perf_counter() - began) * 1000)
        self._see()

    def act(self, line: str) -> None:
        """Lets hands do a line of a script that takes no board time; MaixSwitchError where that cannot be now."""
        while not self.rig.steps and not self.stopped:  # a key that is down when the app first looks counts as stuck
            self.turn()
        if self.stopped:
            raise MaixSwitchError(tr("the board stands still; switch its power off and on"))
        with self._session.guarded():
            self._session.act(line)
        self._see()

    def power(self) -> None:
        """Power off and on."""
        if self.stopped:
            self._start_anew(None)
        else:
            self.act("power")
        self.timeline.forget()

    def _see(self) -> None:
        """Notes how it stands with the run, and ends what has to end."""
        session = self._session
        if session.crash or session.rig.ended:
            self.stopped = session.crash or tr("the app ended: {ended}", ended=session.rig.ended)
            if self._tape is not None:
                self._complete(tr("the run ended: {why}", why=self.stopped))
            elif session.crash:
                session.recorder.event(session.rig.now, "crash", what=session.crash)
        elif session.interrupted and self._tape is not None:
            self._end_recording(tr("the recording is full"))

    # Recordings.

    def start_recording(self) -> None:
        """A new run with a tape; nothing while one is recorded, so that two pages do not drop each other's.

        MaixSwitchError (output) where it cannot be written.
        """
        if self._tape is not None:
            return
        self.recorded = None
        self.note = ""
        self._start_anew(self._place() / _NAME)

    def _place(self) -> Path:
        """The folder for recordings that have no name; made anew when somebody tidied it away."""
        if self._folder is None or not Path(self._folder.name).is_dir():
            try:
                if self._folder is not None:
                    self._folder.cleanup()
                self._folder = tempfile.TemporaryDirectory(prefix="maixswitch-", ignore_cleanup_errors=True)
            except OSError as error:
                text = tr("there is no temporary folder to record into ({reason})", reason=reason(error))
                raise MaixSwitchError(text, EXIT_IO) from error
        return Path(self._folder.name)

    def stop_recording(self) -> None:
        """Ends the run and completes its file, then a new run; nothing where none is recorded."""
        if self._tape is not None:
            self._session.interrupt()
            self._end_recording("")

    def _end_recording(self, note: str) -> None:
        try:
            self._complete(note)
        finally:  # a full disk must not end the board: the run is over, so there is a new one
            self._start_anew(None)

    def _start_anew(self, record: Path | None) -> None:
        try:
            self._session = self._open(record)
        except MaixSwitchError:
            self._session = self._open(None)
            self.begin()
            raise
        self.begin()

    def _open(self, record: Path | None) -> Session:
        if record is None:
            self._tape = None
            return Session(self._options)
        self._tape = Tape(record, self._options, most_bytes=MOST_RECORDED)
        return self._tape.session

    def _complete(self, note: str) -> None:
        """Ends the run's log, and gives the recording its file."""
        tape, self._tape = self._tape, None
        if tape is None:
            return
        try:
            with tape:
                with self._session.guarded():
                    self._session.finish()
                tape.complete(self._session.verdict())
        except MaixSwitchError as error:
            self.note = str(error)
            if tape.path == self._given:
                self.lost = error
            raise
        self.recorded = tape.path
        notes = [note] if note else []
        if not tape.kept:
            notes.append(tr("the card is too large to be kept in it; a replay needs --card"))
        self.note = "; ".join(notes)

    def _drop(self) -> None:
        tape, self._tape = self._tape, None
        if tape is not None:
            with tape:
                pass

    def recording(self) -> dict[str, Any]:
        """The page's "recording": sizes of the tape that runs, and whether a finished one can be fetched."""
        tape = self._tape
        return {
            "on": tape is not None,
            "ms": self.rig.now if tape is not None else 0,
            "frames": tape.frames if tape is not None else 0,
            "bytes": tape.bytes if tape is not None else 0,
            "full": bool(tape is not None and tape.full),
            "ready": self.recorded is not None,
            "note": self.note,
        }

    def close(self) -> None:
        """Ends the run, as Ctrl-C on the board would; completes the recording that was asked for by name.

        A run that never began leaves none.
        """
        session = self._session
        try:
            if self._tape is not None and self._tape.path == self._given and self.runs:
                session.interrupt()
                self._complete("")
            else:
                self._drop()
                if not self.stopped and session.rig.app is not None:
                    with session.guarded():
                        session.finish()
        finally:
            if self._folder is not None:
                self._folder.cleanup()
