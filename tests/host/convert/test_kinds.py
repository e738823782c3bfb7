"""Which kinds `convert --kind` takes for a network, and how many labels and anchors."""

from __future__ import annotations

import pytest

from maixswitch.convert.fitting import check_lists, kind_of
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel import load
from tests.host.card.finding_files import picture_network
from tests.host.kmodel.judge.test_nature import network

LIST = load(picture_network(64, 64, 10, 3, "mean"))
HEADS = load(picture_network(128, 128, 54, 4))  # nine anchors, one class
PLATES = load(picture_network(128, 128, 25, 4))  # five anchors, no class
TWO = load(network((3, 64, 64), (18, 8, 8), (18, 4, 4)))


@pytest.mark.parametrize("kind", ["landmark", "learner", "raw", "classifier"])
def test_a_list_of_values_may_be_several_kinds(kind: str) -> None:
    assert kind_of(LIST, kind) == kind
    assert kind_of(LIST, "") == "classifier"


@pytest.mark.parametrize("kind", ["yolo3", "raw", "landmark"])
def test_several_outputs_need_a_kind_that_takes_them(kind: str) -> None:
    assert kind_of(TWO, kind) == kind
    assert kind_of(TWO, "") == ""
    for other in ("classifier", "yolo2"):
        with pytest.raises(MaixSwitchError, match="--kind yolo3 for YOLOv3"):
            kind_of(TWO, other)


def test_detectors_of_other_anchors_and_without_classes() -> None:
    assert kind_of(HEADS, "yolo2", 9) == kind_of(PLATES, "yolo2") == "yolo2"
    with pytest.raises(MaixSwitchError, match=r"\(classes \+ 5\) x 5 channels"):
        kind_of(HEADS, "yolo2")
    check_lists(HEADS, "yolo2", ["one"], [1.0] * 18)
    check_lists(PLATES, "yolo2", [], [1.0] * 10)
    with pytest.raises(MaixSwitchError, match="2 names, but the network has 1 classes"):
        check_lists(HEADS, "yolo2", ["one", "two"], [1.0] * 18)
