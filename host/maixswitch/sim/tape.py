"""Writes a run of the simulator while it happens: camera pictures, fingers, keys, events, options and the card."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import replace
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
from maixswitch.sim.rig import HOLD_MS, PRESS_MS, Rig
from maixswitch.sim.session import Options, Session

KEPT_CARD_BYTES = 32_000_000
_ROOM_AT_THE_END = 100_000


class TapedRig(Rig):
    """A rig that keeps what fingers do: `fingers` holds rows of pin and times of its edges, in ms of board time."""

    def __init__(self, *values: Any, **named: Any) -> None:
        self.fingers: list[dict[str, Any]] = []
        super().__init__(*values, **named)

    def press(
        self, key: str = "", long: bool = False, hold: int = 0, after: int = 0, bounce: tuple[int, ...] = ()
    ) -> int:  # fmt: skip
        over = super().press(key, long, hold, after, bounce)
        down = self.now + after
        up = down + (hold or (HOLD_MS if long else PRESS_MS))
        edges = [edge + later for edge in (down, up) for later in (0, *bounce)]
        self.fingers.append({"t": self.now, "pin": self.pin(key, long), "edges": edges})
        return over


class Tape:
    """A recording that is being made: `session`, run it, then `complete`; left without that it leaves no file.

    It is `full`, and ends the run, after so many bytes of pictures and cards, pictures or rows.
    MaixSwitchError (output) where the file cannot be written.
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
        # By source, which need not live on for it: a photo of the page holds up to 72 MB.
        self._hashes: WeakKeyDictionary[Source, dict[tuple[Hashable, int, int], str]] = WeakKeyDictionary()
        self._failure: OSError | None = None
        if path.is_dir():
            raise MaixSwitchError(tr("--record {path}: a folder, wanted the name of a file", path=path), EXIT_IO)
        check_card(options.card)
        try:
            self._zip = zipfile.ZipFile(self._part, "x", zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise self._refused(error) from error
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
        paths = [line.action.path for line in script.lines if isinstance(line.action, actions.Card)] if script else []
        folders = {"": self._options.card} | {Path(path).as_posix(): base / path for path in paths if path}
        for folder in folders.values():
            check_card(folder)
        total = sum(len(file) for folder in folders.values() for file in scan(folder)[0].values())
        self.kept = with_card and total <= KEPT_CARD_BYTES
        for name, folder in folders.items():
            part = take_stock(folder, self._keep if self.kept else None, name)
            self._row("card", _card(part))

    def _keep(self, name: str, data: bytes) -> None:
        self._store(f"card/{name}", data)

    def _store(self, name: str, data: bytes) -> None:
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
        self._size += len(text) + 1  # ASCII: a letter is a byte

    def _attached(self, options: Options) -> Session:
        session = Session(replace(options, rig=TapedRig))
        session.rig.chip.tap = self._see
        session.finger = self._hear
        session.actions.append(lambda text: self._row("do", [session.rig.steps, session.rig.now, text]))
        session.recorder.listeners.insert(0, lambda document: self._row("event", document))
        return session

    def _see(self, source: Source, key: Hashable, make: Maker, width: int, height: int) -> tuple[Hashable, Maker]:
        """Stores what the camera looks at; the HASH names the picture from here on."""
        hashes = self._hashes.setdefault(source, {})
        place = (key, width, height)
        name = hashes.get(place)
        try:
            if name is None:
                data = make().tobytes()
                name = hashes[place] = digest(data)
                self.frames += f"frames/{name}" not in self._names
                self._store(f"frames/{name}", data)
        except MaixSwitchError as error:  # raised in here it would look like the camera's failure
            self._failure = error.__cause__ if isinstance(error.__cause__, OSError) else OSError(str(error))
            self.session.interrupt()
            return key, make
        self._row("view", [self.session.rig.now, width, height, name])
        return name, make

    def _hear(self, key: str) -> str:
        rig = self.session.rig
        if key:
            self._row("key", [rig.steps, rig.now, key])
        rows = MAX_ROWS_BYTES - _ROOM_AT_THE_END * 10
        if self.frames >= MAX_FRAMES or self.bytes >= self._most or self._size >= rows:
            self.full = True
            self.session.interrupt()
        return key

    def complete(self, code: int) -> None:
        """Writes the rows and gives the file its name; `code` is the exit code of the run."""
        if self._failure is not None:
            raise self._refused(self._failure)
        rig = self.session.rig
        for finger in rig.fingers if isinstance(rig, TapedRig) else []:
            self._row("finger", finger)
        self._row("end", {"steps": rig.steps, "exit": code, "interrupted": self.session.interrupted})
        head = {"schema": SCHEMA, "version": __version__, "options": self._head()}
        rows = "\n".join((json.dumps(head), *self._rows)) + "\n"
        try:
            self._zip.writestr(ROWS, rows.encode())
            self._zip.close()
            self._part.replace(self.path)
        except OSError as error:
            raise self._refused(error) from error

    def _head(self) -> dict[str, Any]:
        options, rig = self._options, self.session.rig
        return {
            "card": str(options.card),
            "board": options.board,
            "flavour": rig.flavour,
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
        with suppress(OSError):  # a full disk: what is left goes all the same
            self._zip.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Tape:
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
