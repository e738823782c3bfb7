"""The pictures in which a model is most wrong, drawn with the truth and its answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

import numpy as np
from PIL import Image, UnidentifiedImageError

from maixswitch.evaluate import truth
from maixswitch.evaluate.figures import disagreements, errors, pictures
from maixswitch.evaluate.job import BOARD, BOXES, CLASSES, FLOAT, PAPER, POINTS
from maixswitch.evaluate.measured import Measured
from maixswitch.evaluate.metrics import matching
from maixswitch.evaluate.metrics.pictures import Boxes
from maixswitch.language import tr
from maixswitch.sim.camera import upright

MOST = 12
"""Pictures on the page."""
LARGEST, QUALITY = 240, 82
"""Pixels of the longer side of a picture on the page, and its JPEG quality."""


@dataclass
class Bad:
    """A picture. rank: the worse, the larger. lines: (what, text). marks: SVG in shares of the picture."""

    key: str
    rank: tuple[float, ...]
    lines: list[tuple[str, str]]
    marks: list[str] = field(default_factory=list)
    differs: bool = False


def worst(measured: Measured) -> list[Bad]:
    """Return the worst pictures of the first model's first view, of equal ones the first by name."""
    task = measured.job.task
    bad: list[Bad] = []
    if task == CLASSES:
        bad = list(_classes(measured))
    elif task == BOXES:
        bad = list(_boxes(measured))
    elif task == POINTS:
        bad = list(_points(measured))
    different = _different(measured)
    for item in bad:
        item.differs = item.key in different
    bad.sort(key=lambda item: (*(-value for value in item.rank), item.key))
    return bad[:MOST]


def _different(measured: Measured) -> frozenset[str]:
    exact, own = measured.column(FLOAT), measured.column(PAPER)
    if exact is None or own is None:
        return frozenset()
    return frozenset(key for key, differs in disagreements(measured, exact, own) if differs)


def _classes(measured: Measured) -> Iterator[Bad]:
    for sample, _, answer in measured.answers(0):
        true = measured.naming.numbers[sample.name]
        best = answer.rows[0] if len(answer.rows) else None
        if best is not None and best["name"] == true:
            continue
        said = f"{measured.label(int(best['name']))} {best['score']:.2f}" if best is not None else tr("no answer")
        # A mistake is the worse, the surer the model is.
        rank = (float(best["score"]),) if best is not None else (0.0,)
        yield Bad(sample.key, rank, [(tr("truth"), measured.label(true)), (tr("answer"), said)])


def _boxes(measured: Measured) -> Iterator[Bad]:
    threshold = measured.models[0].threshold
    for key, boxes in pictures(measured, 0):
        shown = boxes if measured.job.columns[0].view == BOARD else boxes.above(threshold)
        counts = sum(matching.counts(shown).values(), matching.Counts())
        if not counts.wrong + counts.missed:
            continue
        lines = [
            (tr("found"), str(counts.right)),
            (tr("missed"), str(counts.missed)),
            (tr("wrong"), str(counts.wrong)),
        ]
        record = measured.record(key)
        yield Bad(key, (counts.wrong + counts.missed,), lines, _rectangles(shown, record.width, record.height))


def _rectangles(boxes: Boxes, width: int, height: int) -> list[str]:
    verdict, _ = matching.verdicts(boxes)
    marks = []
    for sides, name in [(row, "float") for row in boxes.true] + [
        (row, "kmodel" if good == matching.RIGHT else "wrong") for row, good in zip(boxes.found, verdict, strict=True)
    ]:
        left, top, right, low = np.clip(sides / (width, height, width, height), 0, 1)
        marks.append(
            f'<rect class="{name}" x="{left:.3f}" y="{top:.3f}" width="{right - left:.3f}" height="{low - top:.3f}"/>'
        )
    return marks


def _points(measured: Measured) -> Iterator[Bad]:
    column = measured.job.columns[0]
    for error, (sample, record, answer) in zip(errors(measured, 0), measured.answers(0), strict=True):
        if error != error:
            continue
        size = (record.width, record.height)
        true = truth.pixels(sample, record, np.array(sample.points).reshape(-1, 2)) / size
        points = truth.found_points(measured.job, column, record, answer, answer.rows.reshape(-1, 2)) / size
        marks = [
            f'<circle class="{name}" cx="{x:.3f}" cy="{y:.3f}" r=".012"/>'
            for rows, name in ((true, "float"), (points, "kmodel"))
            for x, y in np.clip(rows, 0, 1)
        ]
        yield Bad(sample.key, (error,), [("NME", f"{error:.3f}")], marks)


def figure(measured: Measured, item: Bad) -> str:
    """Return a picture as HTML, "" if it can no longer be read."""
    try:
        with Image.open(measured.data.folder / item.key) as opened:
            image = upright(opened)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return ""
    image.thumbnail((LARGEST, LARGEST))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=QUALITY)
    data = base64.b64encode(written.getvalue()).decode()
    name = escape(item.key.rpartition("/")[2])
    rows = "".join(f"<dt>{escape(head)}</dt><dd>{escape(text)}</dd>" for head, text in item.lines)
    drawn = f'<svg viewBox="0 0 1 1" preserveAspectRatio="none">{"".join(item.marks)}</svg>' if item.marks else ""
    return (
        f'<figure class="example{" differs" if item.differs else ""}"><div class="picture">'
        f'<img src="data:image/jpeg;base64,{data}" alt="{name}" width="{image.width}" height="{image.height}"/>{drawn}'
        f'</div><figcaption><b title="{escape(item.key)}">{name}</b><dl>{rows}</dl></figcaption></figure>'
    )
