"""A whole evaluation: reads data and models, lets an engine measure, and returns all records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maixswitch import __version__, console, files
from maixswitch.errors import EXIT_INTERRUPTED, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from . import remarks, sweep
from .data.names import Naming, naming
from .data.reading import read_data
from .data.sample import DataSet
from .engine import local
from .job import BOARD, BOXES, CLASSES, FACES, PAPER, WINDOW, FloatFile, Job
from .journal import Journal
from .measured import Measured
from .models import Chosen, choose
from .records import unpacked

LARGEST_FLOAT = 1 << 30
THRESHOLD, NMS = "threshold", "nms"
QUIET_S = 60
"""How often progress is told where no bar can be drawn."""


@dataclass(frozen=True)
class Options:
    """The options of an evaluation; each is explained at `maixswitch evaluate --help`."""

    models: tuple[Path, ...]
    data: Path
    titles: tuple[str, ...] = ()
    split: str = ""
    same: Mapping[str, str] = field(default_factory=dict)
    limit: int = 0
    views: tuple[str, ...] = (BOARD, PAPER)
    onto: str = WINDOW
    fit: str = "stretch"
    firmware: str = ""
    float_file: Path | None = None
    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    sweep: tuple[str, ...] = ()
    workers: int = 0
    scheduler: str = ""
    send: bool = False
    resume: bool = False


def evaluate(options: Options) -> tuple[Measured, list[Chosen]]:
    """Measure all pictures; return the records, and the models.

    Raises MaixSwitchError for what cannot be read or measured, and after Ctrl-C, when what was measured is kept.
    """
    data = read_data(options.data, options.split)
    models = choose(options.models, options.titles, data.labels, options.firmware)
    names = _naming(data, models[0], options.same)
    data = _limited(data, names, options.limit)
    job = _job(options, models)
    packed = _measure(options, job, data)
    measured = Measured(job, data, names, [item.described for item in models], packed)
    if len(measured.damaged) == len(measured.samples):
        key, why = measured.damaged[0]
        raise MaixSwitchError(
            tr("no picture could be measured; the first is {key}: {why}", key=key, why=remarks.why(why))
        )
    return measured, models


def _naming(data: DataSet, model: Chosen, same: Mapping[str, str]) -> Naming:
    if model.task in (BOXES, CLASSES):
        return naming(data.classes, data.names, model.described.labels, same, bool(data.names))
    # Persons have no labels, and neither have points.
    return Naming({name: at for at, name in enumerate(data.classes)} if model.task == FACES else {})


def _limited(data: DataSet, names: Naming, limit: int) -> DataSet:
    """Return at most `limit` pictures, spread evenly over the names of the files."""
    if not limit or limit >= len(data.samples):
        return data
    chosen = [data.samples[at * len(data.samples) // limit] for at in range(limit)]
    return DataSet(data.folder, data.format, data.labels, tuple(chosen), data.names, data.notes)


def _job(options: Options, models: Sequence[Chosen]) -> Job:
    first = models[0]
    views = tuple(view for view in (BOARD, PAPER) if view in options.views)
    # A classifier behind the detector looks at parts of the camera's picture, which only the board has.
    if any(item.named_by_stage for item in models):
        views = (BOARD,)
        if options.float_file is not None:
            text = tr("--float: {title} gives its boxes the classes of a second network", title=first.described.title)
            raise MaixSwitchError(text, EXIT_USAGE)
    float_file = None
    if options.float_file is not None:
        path = options.float_file
        content = files.read(path, LARGEST_FLOAT, "--float")
        float_file = FloatFile(path.name, content, options.scale, options.mean, options.std)
        # Both networks must see the same pixels.
        views = tuple(view for view in (BOARD, PAPER) if view in views or view == PAPER)
    swept: tuple[float, ...] = ()
    if options.sweep:
        if first.task != BOXES:
            raise MaixSwitchError(tr("--sweep: only a detector has a threshold and nms to choose"), EXIT_USAGE)
        own = {item.described.nms for item in models}
        swept = tuple(sorted(own | ({*sweep.NMS} if NMS in options.sweep else set())))
    networks = tuple(item.network for item in models)
    return Job(first.task, networks, views, float_file, options.onto, options.fit, swept, __version__)


def _measure(options: Options, job: Job, data: DataSet) -> Mapping[str, bytes]:
    keys = sorted({sample.key for sample in data.samples})
    journal = Journal(job, data)
    kept = journal.begin(options.resume)
    collected = Collected(keys)
    collected.add(kept.values())
    packed = collected.packed
    if packed:
        console.say(tr("{count} of {all} pictures were measured before", count=len(packed), all=len(keys)))
    left = [key for key in keys if key not in packed]
    complete = False
    try:
        with console.progress(tr("measuring"), len(left), tr("pictures")) as advance:
            telling = _Telling(len(left))

            def take(records: list[bytes]) -> None:
                before = len(packed)
                journal.add(collected.add(records))
                advance(len(packed) - before)
                telling.tell(len(packed) - (len(keys) - len(left)))

            if left and options.scheduler:
                from .engine import cluster

                cluster.run(job, data.folder, left, options.scheduler, options.send, take)
            elif left:
                local.run(job, data.folder, left, options.workers or local.cores(), take)
        complete = True
    except KeyboardInterrupt:
        text = tr("interrupted after {count} of {all} pictures", count=len(packed), all=len(keys))
        if journal.keeps:
            text += tr("; the same command with --resume goes on from there")
        raise MaixSwitchError(text, EXIT_INTERRUPTED) from None
    finally:
        journal.end(complete)
    return packed


class Collected:
    """The records that have come, whatever their order. packed: key -> record, of the pictures that were asked for."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = frozenset(keys)
        self.packed: dict[str, bytes] = {}

    def add(self, records: Iterable[bytes]) -> dict[str, bytes]:
        """Add records; return those that were asked for, by their keys. One that comes twice replaces itself."""
        new = {key: record for record in records if (key := unpacked(record).key) in self._keys}
        self.packed.update(new)
        return new


class _Telling:
    """Tells the progress in lines from time to time, where no bar can be drawn."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = self._next = time.monotonic()
        self._next += QUIET_S

    def tell(self, done: int) -> None:
        now = time.monotonic()
        if now < self._next or console.bars():
            return
        self._next = now + QUIET_S
        rate = done / (now - self._began)
        minutes = (self._total - done) / rate / 60 if rate else 0.0
        console.say(
            tr("{done} of {all} pictures, {rate:.0f} a second, {minutes:.0f} minutes left",
               done=done, all=self._total, rate=rate, minutes=minutes)
        )  # fmt: skip
