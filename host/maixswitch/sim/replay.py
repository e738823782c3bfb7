"""Repeats a recorded run in the same simulator and reports the first difference."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from maixswitch import language
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.k210.choice import image_path
from maixswitch.k210.image import digest_of, read_image
from maixswitch.language import tr
from maixswitch.sim import actions, script
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.camera import Maker, Picture, Source, fit_picture
from maixswitch.sim.card import FolderCard
from maixswitch.sim.chip_board import ChipBoard
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.recording import Recording, differing, take_stock
from maixswitch.sim.session import Options, Session
from maixswitch.sim.simulated_board import SimulatedBoard

_SHOWN = 300
_PAGE_ACTIONS = (
    actions.Finger, actions.Select, actions.Card, actions.Power, actions.Fail, actions.Damage, actions.Slow,
    actions.Heal,
)  # fmt: skip
_SCRIPT_EVENTS = ("script", "say", "screenshot", "failed")  # these may follow the last step, before Ctrl-C counts
# Values that may differ in an equal run: paths on this PC, and the version of maixswitch.
# The firmware is equal in any case; an image may have another path (_firmware compares its contents).
_IGNORED = {"start": ("version", "card", "camera", "firmware"), "screenshot": ("path",)}


@dataclass(frozen=True)
class Until:
    """Where a replay stops. ms: board time. frames: pictures that went through a network. None means no limit."""

    ms: int | None = None
    frames: int | None = None


@dataclass(frozen=True)
class Difference:
    """The first difference.

    number: of the event in the log, from 1.
    t: board time in ms.
    recorded, actual: the events; None for a missing one.
    """

    number: int
    t: int
    recorded: dict[str, Any] | None
    actual: dict[str, Any] | None

    def text(self) -> str:
        """Return a message for the user."""
        return tr(
            "event {number} at {now:.2f} s differs\n  recorded: {recorded}\n  now:      {actual}",
            number=self.number,
            now=self.t / 1000,
            recorded=_shown(self.recorded),
            actual=_shown(self.actual),
        )


@dataclass
class Outcome:
    """The result of a replay.

    events: how many events were equal.
    frames, ms: pictures that went through a network, and board time, at the end of the replay.
    stopped: whether it ended where `Until` asked.
    changed: paths of the card that are not as recorded.
    """

    difference: Difference | None = None
    events: int = 0
    frames: int = 0
    ms: int = 0
    stopped: bool = False
    interrupted: bool = False
    changed: list[str] = field(default_factory=list)


class _RecordedCard(FolderCard):
    """A card whose files come from the recording; none of it is ever written to the PC's disk."""

    def __init__(self, files: dict[str, Any], folders: list[str], memory_card: Any) -> None:
        self._folder = Path()
        self._write_back = False
        self._memory = memory_card(files)
        self._memory.folders.update(dict.fromkeys(folders, True))
        self.damaged = set()


class _Replayed(AppBoard):
    """What differs on a replayed board: it has the recorded cards, and the recording says what the camera sees.

    other_card: the folder of another card for the start, None for the recorded one.
    """

    def __init__(
        self, recording: Recording, other_card: Path | None, options: BoardOptions, report: Callable[..., None]
    ) -> None:
        self._recording = recording
        self._other_card = other_card
        self._first = True
        super().__init__(options, report)

    def folder_card(self, folder: Path) -> FolderCard:
        # The first card is the one at the start. The others have the paths that the script puts in.
        first, self._first = self._first, False
        part = self._recording.cards.get("" if first else folder.as_posix())
        if first and self._other_card is not None:
            return super().folder_card(self._other_card)
        # If the contents were left out of the recording, take the folder on this PC, relative to the recorded script.
        if part is None or not part.complete:
            return super().folder_card(folder if first else Path(self._recording.options["base"]) / folder)
        card = _RecordedCard(dict(self._recording.contents(part)), part.folders, self.bench.MemoryCard)
        if self.chosen_board:
            card.choose_board(self.chosen_board)
        return card

    def can_insert(self, folder: Path) -> None:
        part = self._recording.cards.get(folder.as_posix())
        if part is None or not part.complete:
            super().can_insert(Path(self._recording.options["base"]) / folder)

    def look_at(self, path: str, base: Path) -> None:
        pass

    def can_look_at(self, path: str, base: Path) -> None:
        pass


class _ReplayBoard(_Replayed, SimulatedBoard):
    """A board of fakes that is replayed."""


class _ReplayChip(_Replayed, ChipBoard):
    """A firmware image that is replayed."""


class _NoFiles(Recorder):
    """Passes events on and does not save the script's screenshots again."""

    def screenshot(self, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path:
        return Path(f"{name}.png")


class Replay:
    """One replay of a recording.

    card: the folder of another card, None for the recorded one.
    until: where to stop.
    image: where the firmware image is now that the recording was made with, None for its old path.
    Raises MaixSwitchError (input) for a recording that cannot run, (usage) if its card or its image is missing.
    """

    def __init__(
        self, recording: Recording, card: Path | None = None, until: Until | None = None, image: Path | None = None
    ) -> None:
        self.outcome = Outcome()
        self._recording = recording
        self._until = until or Until()
        self._expected = [_comparable(event) for event in recording.events]
        self._times = [view[0] for view in recording.views]
        self._view = 0
        self._ours = False  # was it this replay that ended the run early?
        options = recording.options
        first = recording.cards[""]
        # If the contents were left out, the card's folder may still be on this PC.
        if card is None and not first.complete:
            card = Path(options["card"])
            if not card.is_dir():
                text = tr(
                    "{path}: the recording does not contain its card; name the card with --card FOLDER",
                    path=recording.path,
                )
                raise MaixSwitchError(text, EXIT_USAGE)
        # Changed files are only reported: the events show whether they matter.
        if card is not None:
            self.outcome.changed = differing(first, take_stock(card, None))
        flavour = _firmware(recording, image)
        # All values come from the file, so the file is to blame for whatever they raise.
        try:
            recorded_script = (
                None if options["script"] is None else script.parse(options["script"], options["script_name"])
            )
            for texts in recording.actions.values():
                _check_actions(texts)
            sim = partial(_ReplayChip if options["image"] else _ReplayBoard, recording, card)
            self._session = Session(
                Options(
                    card=Path(options["card"]),
                    board=options["board"],
                    flavour=flavour,
                    fit=options["fit"],
                    script=recorded_script,
                    frames=options["frames"],
                    seconds=options["seconds"],
                    rounding=options["rounding"],
                    sim=sim,
                    recorder=_NoFiles,
                    quiet=True,
                )
            )
        except (MaixSwitchError, ValueError, OverflowError) as error:
            raise MaixSwitchError(f"{recording.path}: {error}", EXIT_IO) from error

    def run(self) -> Outcome:
        """Run the replay to its end, to `until`, or to the first difference; return the result."""
        session, before = self._session, language.chosen()
        session.sim.chip.tap = self._see
        session.finger = self._hear
        session.recorder.listeners.append(self._listen)
        # A run that was interrupted before its first step must be interrupted now: `_hear` comes after a step.
        if self._recording.interrupted and not self._recording.steps:
            session.interrupt()
        language.choose(self._recording.options["language"])  # the log contains texts in it
        try:
            session.run()
        finally:
            language.choose(before)
        outcome = self.outcome
        outcome.frames, outcome.ms = session.sim.frames, session.sim.now
        outcome.interrupted = session.interrupted and not self._ours and not self._as_recorded()
        # Recorded events that are missing now are a difference, unless the replay was ended early.
        if outcome.difference is None and not self._ours and not outcome.interrupted:
            missing = self._recording.events[outcome.events :]
            if missing:
                self._differs(missing[0], None, int(missing[0]["t"]))
        return outcome

    def _as_recorded(self) -> bool:
        return self._recording.interrupted and self._session.sim.steps >= self._recording.steps

    def _hear(self, key: str) -> str:
        """After each step, repeat the recorded actions and key, and end the run where the recorded one ended."""
        sim, until = self._session.sim, self._until
        for text in self._recording.actions.get(sim.steps, ()) if not self._ours else ():
            with suppress(MaixSwitchError):  # the recording also contains actions that the board refused
                self._session.act(text)
        if (until.ms is not None and sim.now >= until.ms) or (until.frames is not None and sim.frames >= until.frames):
            self.outcome.stopped = True
            self._stop()
        elif sim.steps > self._recording.steps:  # a run that differs may never end by itself
            self._stop()
            missing = self._recording.events[self.outcome.events :]
            self._differs(missing[0] if missing else None, None, sim.now)
        # The script may log more events after the last step: end only after those.
        elif self._as_recorded() and self._next() not in _SCRIPT_EVENTS:
            self._session.interrupt()
        return self._recording.keys.get(sim.steps, "")

    def _next(self) -> str:
        """Return the kind of the event that comes next in the recording, "" after the last."""
        index = self.outcome.events
        return str(self._expected[index]["event"]) if index < len(self._expected) else ""

    def _stop(self) -> None:
        self._ours = True
        self._session.interrupt()

    def _listen(self, document: dict[str, Any]) -> None:
        # Events after the first difference, or after this replay ended the run, mean nothing.
        if self._ours or self.outcome.difference is not None:
            return
        if self._session.interrupted and not self._as_recorded():
            return  # Ctrl-C during the replay
        index = self.outcome.events
        recorded = self._recording.events[index] if index < len(self._expected) else None
        if recorded is None or self._expected[index] != _comparable(document):
            self._differs(recorded, document, int(document["t"]))
            self._stop()
            return
        self.outcome.events += 1
        if self._as_recorded() and self._next() not in _SCRIPT_EVENTS:
            self._session.interrupt()

    def _differs(self, recorded: dict[str, Any] | None, actual: dict[str, Any] | None, t: int) -> None:
        if self.outcome.difference is None:
            self.outcome.difference = Difference(self.outcome.events + 1, t, recorded, actual)

    def _see(self, source: Source, key: Hashable, make: Maker, width: int, height: int) -> tuple[Hashable, Maker]:
        """Return key and picture that were recorded for this look of the camera."""
        views, now = self._recording.views, self._session.sim.now
        if not views:
            return key, make
        # While the runs are equal, the looks come in the recorded order. After a difference find the look by its time.
        index = self._view
        if index >= len(views) or views[index][0] != now:
            index = max(bisect_right(self._times, now) - 1, 0)
        self._view = index + 1
        _, recorded_width, recorded_height, name = views[index]

        def picture() -> Picture:
            frame = self._recording.frame(name, recorded_width, recorded_height)
            # With another card the app may ask the camera for another size.
            if (recorded_width, recorded_height) == (width, height):
                return frame
            from PIL import Image

            return fit_picture(Image.fromarray(frame), width, height, "stretch")

        return name, picture


def _firmware(recording: Recording, image: Path | None) -> str:
    """Return the value of `--firmware` for a replay: the recorded flavour, or the path of the recorded image."""
    flavour, digest = str(recording.options["flavour"]), str(recording.options["image"])
    if not digest:
        if image is not None or image_path(flavour) is not None:
            text = tr("{path}: this run was recorded on the fakes; leave --firmware out", path=recording.path)
            raise MaixSwitchError(text, EXIT_USAGE)
        return flavour
    path = image or Path(flavour)
    # The file comes from anybody: only an image with the recorded contents is run, whatever path it names.
    if not path.is_file() or digest_of(read_image(path)) != digest:
        text = tr(
            "{path}: recorded with the firmware image {image}, which is not at {place}; name it with --firmware FILE",
            path=recording.path,
            image=f"{Path(flavour).name} (SHA-256 {digest[:12]})",
            place=path,
        )
        raise MaixSwitchError(text, EXIT_USAGE)
    return str(path)


def _check_actions(texts: list[str]) -> None:
    """Raise MaixSwitchError unless a page can order each of the actions: none may name a file of this PC."""
    for text in texts:
        lines = script.parse(text, "recording").lines
        action = lines[0].action if len(lines) == 1 else None
        if not isinstance(action, _PAGE_ACTIONS) or (isinstance(action, actions.Card) and action.path):
            raise MaixSwitchError(tr("{text!r} is not an action that a page can order", text=text[:80]), EXIT_IO)


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Return the event as it is after writing and reading JSON, without the values that may differ."""
    ignored = _IGNORED.get(str(document.get("event")), ())
    values: dict[str, Any] = json.loads(json.dumps({k: v for k, v in document.items() if k not in ignored}))
    return values


def _shown(document: dict[str, Any] | None) -> str:
    if document is None:
        return tr("nothing")
    text = json.dumps({name: value for name, value in document.items() if name != "t"}, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
