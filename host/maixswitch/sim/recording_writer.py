"""Records a run of the simulator while it happens: pictures of the camera, keys, actions, events, options and cards."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from maixswitch import __version__, files, language
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions
from maixswitch.sim.camera import Maker, Source
from maixswitch.sim.card import check_card, scan
from maixswitch.sim.recording import (
    MAX_FRAME_BYTES,
    MAX_FRAMES,
    MAX_ROWS_BYTES,
    ROWS,
    SCHEMA,
    CardPart,
    digest,
    take_stock,
)
from maixswitch.sim.session import Options, Session

KEPT_CARD_BYTES = 32_000_000
_ROOM_AT_THE_END = 100_000


class RecordingWriter:
    """A recording in progress: run `session`, then call `complete`; without that it leaves no file.

    path: the file.
    options: those of the run.
    with_card: whether to include the contents of the cards, if they are small enough (`kept` tells).
    most_bytes: of pictures and cards, before they are packed.
    full: whether a limit was reached (bytes, pictures or rows), which ends the run.
    Raises MaixSwitchError (output) if the file cannot be written.
    """

    def __init__(
        self, path: Path, options: Options, *, with_card: bool = True, most_bytes: int = MAX_FRAME_BYTES
    ) -> None:
        self.full = False
        self.frames = 0  # different pictures so far
        self.bytes = 0  # of pictures and cards, before they are packed
        self._most = most_bytes
        self.path = path
        self._part = files.part_name(path)
        self._options = options
        self._rows: list[str] = []
        self._size = 0
        self._names: set[str] = set()
        # By source, without keeping the source alive: a photo of the page takes up to 72 MB.
        self._hashes: WeakKeyDictionary[Source, dict[tuple[Hashable, int, int], str]] = WeakKeyDictionary()
        self._failure: OSError | None = None
        if path.is_dir():
            raise MaixSwitchError(
                tr("--record {path}: this is a folder; expected the name of a file", path=path), EXIT_IO
            )
        check_card(options.card)
        # Mode x: an existing part belongs to another recording of this process.
        try:
            self._zip = zipfile.ZipFile(self._part, "x", zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise self._refused(error) from error
        # Clean up after Ctrl-C, too, which may come while a large card is copied: no part may remain.
        try:
            self._keep_cards(with_card)
            self.session = self._attached(options)
        except BaseException:
            self._drop()
            raise

    def _refused(self, error: OSError) -> MaixSwitchError:
        return MaixSwitchError(f"--record: {files.unwritable(self.path, error)}", EXIT_IO)

    def _keep_cards(self, with_card: bool) -> None:
        script, base = self._options.script, self._options.script_base
        # The script may put in other cards, and a replay on another PC needs all of them.
        paths = [line.action.path for line in script.lines if isinstance(line.action, actions.Card)] if script else []
        folders = {"": self._options.card} | {Path(path).as_posix(): base / path for path in paths if path}
        for folder in folders.values():
            check_card(folder)
        total = sum(len(file) for folder in folders.values() for file in scan(folder).files.values())
        # Keep all cards or none: with some of them a replay would need the folders anyway.
        self.kept = with_card and total <= KEPT_CARD_BYTES
        for name, folder in folders.items():
            part = take_stock(folder, self._keep if self.kept else None, name)
            self._row("card", _card(part))

    def _keep(self, name: str, data: bytes) -> None:
        self._store(f"card/{name}", data)

    def _store(self, name: str, data: bytes) -> None:
        # Store a picture that comes again, such as of a still scene, only once.
        if name not in self._names:
            self._names.add(name)
            self.bytes += len(data)
            try:
                self._zip.writestr(name, data)
            except OSError as error:
                raise self._refused(error) from error

    def _row(self, kind: str, value: Any) -> None:
        text = json.dumps({kind: value})
        self._rows.append(text)
        self._size += len(text) + 1  # the text is ASCII: a character is a byte

    def _attached(self, options: Options) -> Session:
        session = Session(options)
        session.sim.chip.tap = self._see
        session.finger = self._hear
        session.actions.append(lambda text: self._row("do", [session.sim.steps, session.sim.now, text]))
        # Insert it first: an event must be recorded even if another listener fails.
        session.recorder.listeners.insert(0, lambda document: self._row("event", document))
        return session

    def _see(self, source: Source, key: Hashable, make: Maker, width: int, height: int) -> tuple[Hashable, Maker]:
        """Store what the camera looks at; return the HASH as the picture's new key."""
        # A still photo keeps its key: without this table each look would make and hash it again.
        hashes = self._hashes.setdefault(source, {})
        cache_key = (key, width, height)
        name = hashes.get(cache_key)
        try:
            if name is None:
                data = make().tobytes()
                name = hashes[cache_key] = digest(data)
                self.frames += f"frames/{name}" not in self._names
                self._store(f"frames/{name}", data)
        except MaixSwitchError as error:  # raised from here it would look like a failure of the camera
            self._failure = error.__cause__ if isinstance(error.__cause__, OSError) else OSError(str(error))
            self.session.interrupt()
            return key, make
        # Write a row for every look, also at a known picture: the replay finds it by its time.
        self._row("view", [self.session.sim.now, width, height, name])
        return name, make

    def _hear(self, key: str) -> str:
        sim = self.session.sim
        if key:
            self._row("key", [sim.steps, sim.now, key])
        # Leave room for the fingers and the end, which `complete` adds.
        rows = MAX_ROWS_BYTES - _ROOM_AT_THE_END * 10
        if self.frames >= MAX_FRAMES or self.bytes >= self._most or self._size >= rows:
            self.full = True
            self.session.interrupt()
        return key

    def complete(self, code: int) -> None:
        """Write the rows and give the file its name; `code` is the exit code of the run."""
        # The failure came up inside the camera, where it could not be told from a fault of the app: raise it now.
        if self._failure is not None:
            raise self._refused(self._failure)
        sim = self.session.sim
        for finger in sim.fingers:
            self._row("finger", finger)
        self._row("end", {"steps": sim.steps, "exit": code, "interrupted": self.session.interrupted})
        head = {"schema": SCHEMA, "version": __version__, "options": self._head()}
        rows = "\n".join((json.dumps(head), *self._rows)) + "\n"
        # The rows are complete only now, so they come last. The file gets its name after it is closed: so it is
        # complete or missing.
        try:
            self._zip.writestr(ROWS, rows.encode())
            self._zip.close()
            self._part.replace(self.path)
        except OSError as error:
            raise self._refused(error) from error

    def _head(self) -> dict[str, Any]:
        options, sim = self._options, self.session.sim
        return {
            "card": str(options.card),
            "board": options.board,
            "flavour": sim.flavour,
            "image": sim.image_digest,
            "camera": str(options.camera or ""),
            "fit": options.fit,
            "rounding": options.rounding,
            "language": language.chosen(),
            "base": str(options.script_base),
            "script": options.script.source if options.script else None,
            "script_name": options.script.name if options.script else "",
            "frames": options.frames,
            "seconds": options.seconds,
        }

    def _drop(self) -> None:
        with suppress(OSError):  # a full disk; the part is deleted anyway
            self._zip.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()


def _card(part: CardPart) -> dict[str, Any]:
    return {
        "name": part.name,
        "files": [[path, *values] for path, values in part.files.items()],
        "folders": part.folders,
    }
