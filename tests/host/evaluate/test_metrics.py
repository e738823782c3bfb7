"""The metrics against the reference programs, and against results that were calculated by hand."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import numpy as np
import pytest

from maixswitch.evaluate.metrics import classes, coco, faces, matching, points, voc
from maixswitch.evaluate.metrics.pictures import Boxes
from tests.host.evaluate.random_boxes import random_pictures

NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small", "AR_medium",
         "AR_large")  # fmt: skip


def by_pycocotools(pictures: Sequence[Boxes], count: int) -> list[float]:
    """Return COCOeval's twelve numbers."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    images, annotations, found = [], [], []
    for number, picture in enumerate(pictures, 1):
        images.append({"id": number, "width": 160, "height": 120})
        for (left, top, right, low), name, crowd in zip(
            picture.true.tolist(), picture.true_names.tolist(), picture.crowd.tolist(), strict=True
        ):
            box = [left, top, right - left, low - top]
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": name + 1, "bbox": box,
                                "area": box[2] * box[3], "iscrowd": int(crowd)})  # fmt: skip
        for (left, top, right, low), name, score in zip(
            picture.found.tolist(), picture.found_names.tolist(), picture.scores.tolist(), strict=True
        ):
            box = [left, top, right - left, low - top]
            found.append({"image_id": number, "category_id": name + 1, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        categories = [{"id": name + 1, "name": str(name)} for name in range(count)]
        truth.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return list(evaluation.stats)


@pytest.mark.parametrize(("seed", "levels"), [(seed, levels) for seed in range(3) for levels in (0, 5, 255)])
def test_the_numbers_of_coco_are_those_of_pycocotools(seed: int, levels: int) -> None:
    pytest.importorskip("pycocotools")
    pictures = random_pictures(seed, 60, 4, levels)
    ours = coco.coco(pictures, 4)
    reference = by_pycocotools(pictures, 4)
    for name, value in zip(NAMES, reference, strict=True):
        # pycocotools says -1 where there is nothing to count.
        mine = -1 if np.isnan(ours[name]) else ours[name]
        assert mine == pytest.approx(value, abs=1e-12), name


def plain_voc(pictures: Sequence[Boxes], name: int) -> tuple[float, float]:
    """Return both average precisions of a class, as the challenges' programs compute them, written out plainly."""
    rows, objects = [], 0
    for number, picture in enumerate(pictures):
        objects += sum(
            1
            for n, d, c in zip(picture.true_names, picture.difficult, picture.crowd, strict=True)
            if n == name and not d and not c
        )
        rows += [
            (-s, number, at)
            for at, (s, n) in enumerate(zip(picture.scores, picture.found_names, strict=True))
            if n == name
        ]
    right, wrong, taken = [], [], set()
    for _, number, at in sorted(rows):
        picture, best, which = pictures[number], 0.0, -1
        left, top, end, low = picture.found[at]
        for index, (l2, t2, e2, b2) in enumerate(picture.true):
            if picture.true_names[index] != name:
                continue
            w, h = min(end, e2) - max(left, l2), min(low, b2) - max(top, t2)
            both = max(w, 0) * max(h, 0)
            share = both / ((end - left) * (low - top) + (e2 - l2) * (b2 - t2) - both) if both else 0.0
            if share > best:
                best, which = share, index
        if best > 0.5 and (picture.difficult[which] or picture.crowd[which]):
            continue
        good = best > 0.5 and (number, which) not in taken
        taken.add((number, which)) if good else None
        right.append(int(good))
        wrong.append(int(not good))
    tp, fp = np.cumsum(right), np.cumsum(wrong)
    recall, precision = tp / objects, tp / (tp + fp)
    eleven = sum(max(precision[recall >= t], default=0) for t in np.arange(0, 1.1, 0.1)) / 11
    mrec, mpre = np.r_[0, recall, 1], np.r_[0, precision, 0]
    for i in range(len(mpre) - 1, 0, -1):
        mpre[i - 1] = max(mpre[i - 1], mpre[i])
    area = sum((mrec[i + 1] - mrec[i]) * mpre[i + 1] for i in range(len(mrec) - 1))
    return eleven, area


@pytest.mark.parametrize("levels", [0, 7])
def test_the_numbers_of_voc_are_those_of_the_challenges(levels: int) -> None:
    pictures = random_pictures(5, 50, 3, levels)
    for name in range(3):
        curve = voc.curve(pictures, name)
        eleven, area = plain_voc(pictures, name)
        assert curve.voc07 == pytest.approx(eleven, abs=1e-12)
        assert curve.voc12 == pytest.approx(area, abs=1e-12)


def picture(found: list[tuple], true: list[tuple], difficult: Sequence[bool] = ()) -> Boxes:
    """found: (left, top, right, bottom, class, score). true: (left, top, right, bottom, class)."""
    a, b = np.array(found, float).reshape(-1, 6), np.array(true, float).reshape(-1, 5)
    hard = np.array(difficult or [False] * len(b), bool)
    return Boxes(a[:, :4], a[:, 5], a[:, 4].astype(int), b[:, :4], b[:, 4].astype(int), hard, np.zeros(len(b), bool))


def test_voc_and_coco_judge_a_crowded_picture_differently() -> None:
    # The second detection overlaps the first object best, which is taken, but the second object enough.
    crowded = picture([(0, 0, 10, 10, 0, 0.9), (1, 0, 11, 10, 0, 0.8)], [(0, 0, 10, 10, 0), (4, 0, 14, 10, 0)])
    assert voc.curve([crowded], 0).recall.tolist() == [0.5, 0.5]
    assert coco.coco([crowded], 1)["AP50"] == pytest.approx(1.0)
    assert matching.total([crowded], 1)[0] == matching.Counts(2, 0, 0)


def test_precision_recall_and_f1_by_hand() -> None:
    boxes = picture(
        [(0, 0, 10, 10, 0, 0.9), (0, 0, 10, 10, 1, 0.8), (50, 50, 60, 60, 0, 0.7), (80, 80, 90, 90, 1, 0.6)],
        [(0, 0, 10, 11, 0), (80, 80, 90, 90, 1), (20, 20, 30, 30, 0)],
        [False, True, False],
    )
    counts, by_class = matching.total([boxes], 2)
    # The last detection found a difficult object: neither right nor wrong.
    assert counts == matching.Counts(right=1, wrong=2, missed=1)
    assert by_class == {0: matching.Counts(1, 1, 1), 1: matching.Counts(0, 1, 0)}
    assert (counts.precision, counts.recall, counts.f1) == (1 / 3, 1 / 2, 2 / 5)


def test_a_classifier_by_hand() -> None:
    ranked = [np.array(row, int) for row in ([0, 1], [1, 0], [0, 1, 2], [], [2])]
    figures = classes.figures([0, 0, 2, 1, 2], ranked, 3)
    assert figures["confusion"] == [[0, 0, 1], [0, 1, 1], [1, 3, 1], [2, 0, 1], [2, 2, 1]]
    assert (figures["top1"], figures["top5"], figures["no_answer"]) == (2 / 5, 4 / 5, 1)
    rows = [(row["precision"], row["recall"], row["f1"]) for row in figures["by_class"]]
    assert rows == [(1 / 2, 1 / 2, 1 / 2), (0, 0, 0), (1, 1 / 2, 2 / 3)]
    assert figures["macro_f1"] == pytest.approx((1 / 2 + 0 + 2 / 3) / 3)


def test_landmarks_by_hand() -> None:
    true = np.array([(0, 0), (10, 0), (5, 5), (2, 8), (8, 8)], float)
    assert points.error(true + np.array((0, 1)), true) == pytest.approx(0.1)
    # Without known eyes the length is the diagonal of the box around the points.
    assert points.error(true[:4] + np.array((3, 4)), true[:4]) == pytest.approx(5 / np.hypot(10, 8))
    assert np.isnan(points.error(true[:4], true))
    assert points.figures([0.05, 0.2, float("nan")]) == {
        "pictures": 2, "nme": 0.125, "median": 0.125, "failed": 0.5, "unjudged": 1,
    }  # fmt: skip


def test_faces_against_every_pair() -> None:
    draw = np.random.default_rng(1)
    persons = [at // 4 for at in range(80)]
    centres = draw.normal(0, 60, (20, 32))
    rows = [np.clip(centres[person] + draw.normal(0, 70, 32), -128, 127).astype(np.int8) for person in persons]
    rows[3] = np.zeros(0, np.int8)  # no face was found
    figures = faces.figures(persons, rows, 70)
    same, other = [], []
    for i in range(80):
        for j in range(i):
            a, b = rows[i].astype(float), rows[j].astype(float)
            score = 50 * (1 + a @ b / np.sqrt((a @ a) * (b @ b))) if len(a) and len(b) else -1
            (same if persons[i] == persons[j] else other).append(score)
    assert (figures["same_pairs"], figures["other_pairs"], figures["found"]) == (len(same), len(other), 79)
    assert figures["accepted_same"] == np.mean(np.array(same) >= 70)
    assert figures["accepted_other"] == np.mean(np.array(other) >= 70)
    for row in figures["at_rates"]:
        assert np.mean(np.array(other) >= row["limit"]) <= row["rate"]
        assert row["accepted"] == pytest.approx(np.mean(np.array(same) >= row["limit"]), abs=1e-9)
        # The limit is the lowest one, to the step of the histogram.
        assert np.mean(np.array(other) >= row["limit"] - 2 * 100 / faces.STEPS) > row["rate"]
