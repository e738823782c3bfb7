"""All records of a run, in the order of the pictures: what the figures are calculated from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .data.names import Naming
from .data.sample import DataSet, Sample
from .job import BOXES, Column, Job
from .records import Answer, Record, unpacked
from .worker import dtype_of


@dataclass(frozen=True)
class Described:
    """What the coordinator knows of a model. spec: the app's ModelSpec, of faces that of the stage."""

    name: str
    title: str
    kind: str
    labels: tuple[str, ...]
    threshold: float
    nms: float
    accept: float
    kmodel: str


@dataclass
class Measured:
    """A complete run.

    packed: records by key. naming: the model's label of each class of the data.
    """

    job: Job
    data: DataSet
    naming: Naming
    models: Sequence[Described]
    packed: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples in the order of their keys."""
        return sorted(self.data.samples, key=lambda sample: sample.key)

    def record(self, key: str, column: int = 0) -> Record:
        """Return the record of a picture. column: whose type of rows is used."""
        return unpacked(self.packed[key], dtype_of(self.job.task, self.job.columns[column].view))

    def answers(self, column: int) -> Iterator[tuple[Sample, Record, Answer]]:
        """Yield the undamaged pictures of a known class, with the answers of a column."""
        for sample in self.samples:
            record = self.record(sample.key, column)
            if not record.error and self.judged(sample):
                yield sample, record, record.answers[column]

    def judged(self, sample: Sample) -> bool:
        """Does the picture count? Not if its class is none of the model's."""
        return not sample.name or sample.name in self.naming.numbers

    @cached_property
    def damaged(self) -> list[tuple[str, str]]:
        """(key, why) of the pictures that were skipped."""
        rows = [(sample.key, self.record(sample.key).error) for sample in self.samples]
        return [(key, error) for key, error in rows if error]

    def column(self, view: str, network: int = 0, nms: float = 0.0) -> int | None:
        """Return the index of a column, None if it was not measured."""
        wanted = Column(network, view, nms)
        return self.job.columns.index(wanted) if wanted in self.job.columns else None

    def digest(self) -> str:
        """Return a SHA-256 of the data set: of the files of its pictures and of their labels."""
        total = hashlib.sha256()
        for sample in self.samples:
            total.update(sample.line().encode("utf-8", "surrogateescape"))
            total.update(self.record(sample.key).digest)
        return total.hexdigest()

    @property
    def detects(self) -> bool:
        """Is the answer a list of boxes?"""
        return self.job.task == BOXES

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the first model."""
        return self.models[0].labels

    def label(self, index: int) -> str:
        """Return the name of a class of the model."""
        labels = self.labels
        return labels[index] if 0 <= index < len(labels) else f"#{index}" if index >= 0 else "-"


Document = dict[str, Any]
