"""The figures of a run as one document: the same bytes for the same pictures and models, whoever measured them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from maixswitch import __version__

from . import sweep, truth
from .job import BOARD, CLASSES, FACES, FLOAT, LOWEST, MOST_BOXES, PAPER, POINTS, SWEEP
from .measured import Document, Measured
from .metrics import classes, coco, faces, matching, points, voc
from .metrics.pictures import Boxes, rounded

FORMAT = 1
MOST_NAMED = 100
"""Pictures that are named in a list of the document."""
CROWDED = 10
"""The firmware's array has room for as many boxes; MaixPy writes past its end."""


def document(measured: Measured) -> Document:
    """Return the document. Texts in it that depend on the language are only those of "notes"."""
    job = measured.job
    results = [_result(measured, index) for index, column in enumerate(job.columns) if column.view != SWEEP]
    found: Document = {
        "format": FORMAT,
        "version": __version__,
        "task": job.task,
        "models": [
            {
                "name": model.name,
                "title": model.title,
                "kind": model.kind,
                "kmodel": model.kmodel,
                "sha256": job.networks[at].digest(),
                "firmware": job.networks[at].firmware,
                "threshold": model.threshold,
                "nms": model.nms,
            }
            for at, model in enumerate(measured.models)
        ],
        "float": _float(measured),
        "settings": {
            "onto": job.onto,
            "fit": job.fit,
            "paper": {"picture": "stretched to the input", "threshold": LOWEST, "most": MOST_BOXES},
        },
        "data": {
            "format": measured.data.format,
            "digest": measured.digest(),
            "pictures": len(measured.samples),
            "judged": sum(1 for _ in measured.answers(0)),
            "damaged": len(measured.damaged),
            "damaged_pictures": [{"picture": key, "why": why} for key, why in measured.damaged[:MOST_NAMED]],
            "classes": {name: measured.naming.numbers.get(name) for name in measured.data.classes},
            "notes": [*measured.data.notes, *measured.naming.notes],
        },
        "labels": list(measured.labels),
        "results": results,
        "differences": _differences(measured),
        "sweep": sweep.document(measured),
    }
    result: Document = rounded(found)
    return result


def _float(measured: Measured) -> Document | None:
    import hashlib

    item = measured.job.float_file
    if item is None:
        return None
    digest = hashlib.sha256(item.data).hexdigest()
    return {"name": item.name, "sha256": digest, "scale": item.scale, "mean": list(item.mean), "std": list(item.std)}


def _result(measured: Measured, index: int) -> Document:
    column = measured.job.columns[index]
    head: Document = {"model": column.network, "view": column.view}
    task = measured.job.task
    if task == CLASSES:
        return head | _classes(measured, index)
    if task == POINTS:
        return head | points.figures(list(errors(measured, index)))
    if task == FACES:
        rows = list(measured.answers(index))
        persons = [measured.naming.numbers[sample.name] for sample, _, _ in rows]
        accept = measured.models[column.network].accept
        return head | faces.figures(persons, [answer.rows for _, _, answer in rows], accept)
    return head | _boxes(measured, index)


def _classes(measured: Measured, index: int) -> Document:
    rows = list(measured.answers(index))
    numbers = [measured.naming.numbers[sample.name] for sample, _, _ in rows]
    return classes.figures(numbers, [answer.rows["name"] for _, _, answer in rows], len(measured.labels))


def errors(measured: Measured, index: int) -> Iterator[float]:
    """Yield the normalised mean error of each picture."""
    column = measured.job.columns[index]
    for sample, record, answer in measured.answers(index):
        true = truth.pixels(sample, record, np.array(sample.points, np.float64).reshape(-1, 2))
        found = truth.found_points(measured.job, column, record, answer, answer.rows.reshape(-1, 2))
        yield points.error(found, true)


def pictures(measured: Measured, index: int) -> Iterator[tuple[str, Boxes]]:
    """Yield the boxes of each picture with its key."""
    column = measured.job.columns[index]
    for sample, record, answer in measured.answers(index):
        yield sample.key, truth.boxes(measured.job, column, sample, record, answer, measured.naming.numbers)


def _boxes(measured: Measured, index: int) -> Document:
    column = measured.job.columns[index]
    model = measured.models[column.network]
    count = max(len(model.labels), 1)
    all_boxes = [boxes for _, boxes in pictures(measured, index)]
    shown = all_boxes if column.view == BOARD else [boxes.above(model.threshold) for boxes in all_boxes]
    total, by_class = matching.total(shown, count)
    means, curves = voc.voc(all_boxes, count)
    own = coco.coco(all_boxes, count)
    of_class = own.pop("by_class")
    crowded = [
        sample.key for sample, _, answer in measured.answers(index) if column.view == BOARD and answer.found > CROWDED
    ]
    return {
        "pictures": len(all_boxes),
        "objects": sum(int((~(boxes.difficult | boxes.crowd)).sum()) for boxes in all_boxes),
        "left_out": sum(int((boxes.difficult | boxes.crowd).sum()) for boxes in all_boxes),
        "threshold": model.threshold,
        "right": total.right,
        "wrong": total.wrong,
        "missed": total.missed,
        "precision": total.precision,
        "recall": total.recall,
        "f1": total.f1,
        **means,
        **own,
        "crowded": len(crowded),
        "crowded_pictures": crowded[:MOST_NAMED],
        "by_class": [
            {
                "precision": by_class[name].precision,
                "recall": by_class[name].recall,
                "f1": by_class[name].f1,
                "objects": curves[name].objects,
                "VOC07": curves[name].voc07,
                "VOC12": curves[name].voc12,
                "AP": of_class.get(name, float("nan")),
            }
            for name in range(count)
        ],
    }


def _differences(measured: Measured) -> Document | None:
    """Return where the float network and its kmodel disagree; None without a float network."""
    exact, own = measured.column(FLOAT), measured.column(PAPER)
    if exact is None or own is None:
        return None
    different = [key for key, differs in disagreements(measured, exact, own) if differs]
    return {"pictures": len(different), "named": different[:MOST_NAMED]}


def disagreements(measured: Measured, exact: int, own: int) -> Iterator[tuple[str, bool]]:
    """Yield for each picture whether the answers of two columns differ.

    Classes: the best one. Boxes above the card's threshold: they do not pair up, by class and an overlap of 0.5.
    Points: by more than 0.05 of the length that errors are divided by. Faces: a cosine below 0.9.
    """
    task = measured.job.task
    if task == CLASSES:
        for (sample, _, a), (_, _, b) in zip(measured.answers(exact), measured.answers(own), strict=True):
            yield sample.key, bool(a.rows["name"][:1].tolist() != b.rows["name"][:1].tolist())
    elif task == POINTS:
        for (sample, record, a), (_, _, b) in zip(measured.answers(exact), measured.answers(own), strict=True):
            size = (record.width, record.height)
            first, second = (item.rows.astype(np.float64).reshape(-1, 2) * size for item in (a, b))
            yield sample.key, not points.error(second, first) <= 0.05
    elif task == FACES:
        for (sample, _, a), (_, _, b) in zip(measured.answers(exact), measured.answers(own), strict=True):
            units = faces.scores(np.stack((a.rows, b.rows)))
            yield sample.key, bool(units[0] @ units[1] < 0.9)
    else:
        threshold = measured.models[0].threshold
        for (key, one), (_, other) in zip(pictures(measured, exact), pictures(measured, own), strict=True):
            yield key, not _paired(one.above(threshold), other.above(threshold))


def _paired(exact: Boxes, own: Boxes) -> bool:
    nothing = np.zeros(len(exact.found), bool)
    against = Boxes(own.found, own.scores, own.found_names, exact.found, exact.found_names, nothing, nothing)
    verdict, _ = matching.verdicts(against)
    return len(own.found) == len(exact.found) and bool((verdict == matching.RIGHT).all())


def numbers(result: Document) -> list[tuple[str, Any]]:
    """Return the main figures of a result, by which models are compared."""
    names = {
        CLASSES: ("top1", "top5", "macro_f1"),
        POINTS: ("nme", "median", "failed"),
        FACES: ("accepted_same", "accepted_other"),
    }
    for task, own in names.items():
        if own[0] in result:
            return [(name, result[name]) for name in own] + (
                [(f"at {row['rate']:g}", row["accepted"]) for row in result["at_rates"]] if task == FACES else []
            )
    own = ("precision", "recall", "f1", "VOC07", "VOC12", "AP", "AP50", "AP75")
    return [(name, result[name]) for name in own]
