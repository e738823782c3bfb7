"""When two networks give the same answer: boxes of a YOLOv2 head, and best classes."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.convert.report.agreement import Agreement, boxes, overlap

ANCHORS = (1.0, 1.0, 3.0, 2.0)


def head(*objects: tuple[int, int, int, int], classes: int = 3) -> np.ndarray:
    """Return a head (2 * (5 + classes), 6, 8) with objects (anchor, line, column, class) in the middle of cells."""
    output = np.zeros((2, 5 + classes, 6, 8))
    output[:, 4] = -9
    for anchor, y, x, kind in objects:
        output[anchor, 4, y, x] = 9
        output[anchor, 5 + kind, y, x] = 9
    return output.reshape(-1, 6, 8)


def test_a_box_is_where_the_firmware_draws_it() -> None:
    (box,) = boxes(head((1, 2, 5, 1)), ANCHORS)
    assert box[0] > 0.99
    assert box[1] == 1
    assert box[2:] == pytest.approx((4 / 8, 1.5 / 6, 7 / 8, 3.5 / 6))


def test_the_best_of_overlapping_boxes_of_one_class_stays() -> None:
    assert len(boxes(head((1, 2, 5, 1), (1, 2, 4, 1)), ANCHORS)) == 1
    assert len(boxes(head((1, 2, 5, 1), (1, 2, 4, 2)), ANCHORS)) == 2
    assert boxes(head(), ANCHORS) == []


def test_agreement_of_boxes() -> None:
    agreement = Agreement("yolo2")
    agreement.add_boxes(head(), head(), ANCHORS)
    assert agreement.share is None
    both = head((1, 2, 5, 1), (0, 0, 0, 2))
    agreement.add_boxes(both, both, ANCHORS)
    assert (agreement.agree, agreement.of) == (2, 2)
    agreement.add_boxes(head((1, 2, 5, 1)), head((1, 2, 5, 0)), ANCHORS)  # another class: neither counts
    assert (agreement.agree, agreement.of) == (2, 4)
    agreement.add_boxes(head((0, 1, 1, 1)), head(), ANCHORS)
    agreement.add_boxes(head(), head((0, 1, 1, 1)), ANCHORS)
    assert (agreement.agree, agreement.of, agreement.share) == (2, 6, 2 / 6)


def test_agreement_of_classes() -> None:
    agreement = Agreement("classifier")
    agreement.add_classes(np.array([0.1, 0.7, 0.2]), np.array([0.0, 0.9, 0.1]))
    agreement.add_classes(np.array([0.1, 0.7, 0.2]), np.array([0.6, 0.3, 0.1]))
    assert (agreement.agree, agreement.of, agreement.share) == (1, 2, 0.5)


def test_overlap() -> None:
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (1, 1, 2, 2)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0
