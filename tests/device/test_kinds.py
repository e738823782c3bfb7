"""Kinds: from the raw output of a network to the results."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import kind
from device.kinds import KINDS
from device.once.curves import exp, sigmoid
from device.results import BARS, BOXES, CAP, EXTRA, POINTS, Results, fixed

FLOATS = st.floats(-100, 100, width=32)


class FixedOutput:
    """An adapter that answers every picture with the same vector."""

    def __init__(self, values):
        self.values = values

    def classifier(self, task, spec):
        return lambda img: self.values


def classify(values, top=3, softmax=False, threshold=0.0):
    results = Results()
    results.reset(BARS, 320, 240, 224, 224)
    spec = SimpleNamespace(top=top, softmax=softmax, threshold=threshold)
    count = kind("classifier").prepare(FixedOutput(values), None, spec, results)(None)
    assert count == results.count
    return [(item.class_id, item.score) for item in results.items[:count]]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_keeps_the_interface(name):
    module = kind(name)
    assert callable(module.prepare)
    assert not hasattr(module, "fit") or callable(module.fit)
    assert module.SHAPE in (BARS, EXTRA, POINTS, BOXES)
    assert module.LABELS in ("needed", "optional", "none")
    for field, rule, _ in module.FIELDS:
        assert field.isidentifier()
        assert callable(rule) or rule.startswith(("a ", "one of ", "true or false"))


def test_best_first():
    assert classify((0.1, 0.7, 0.05, 0.15)) == [(1, 700), (3, 150), (0, 100)]


def test_equal_scores_keep_the_order_of_the_classes():
    assert [row[0] for row in classify((0.2, 0.3, 0.3, 0.2), top=4)] == [1, 2, 0, 3]


def test_fewer_classes_than_top():
    assert classify((0.25, 0.75), top=5) == [(1, 750), (0, 250)]


def test_no_more_classes_than_the_results_hold():
    assert len(classify(tuple([0.1] * 50), top=50)) == CAP


def test_classes_below_the_threshold_are_not_shown():
    assert classify((0.1, 0.7, 0.05, 0.15), threshold=0.12) == [(1, 700), (3, 150)]
    assert classify((0.1, 0.2), threshold=0.9) == []


def test_bytes_of_a_raw_convolution_stand_for_0_to_1():
    assert classify((0, 255, 51)) == [(1, 1000), (2, 200), (0, 0)]


def test_an_empty_output_has_no_classes():
    assert classify(()) == []
    assert classify((), softmax=True) == []


def test_nan_is_never_the_best():
    assert classify((math.nan, 0.25, math.nan), top=3) == [(1, 250)]
    assert classify((math.nan,) * 4) == []


def test_the_second_frame_does_not_depend_on_the_first():
    adapter = FixedOutput((0.9, 0.05, 0.05))
    results = Results()
    spec = SimpleNamespace(top=2, softmax=False, threshold=0.0)
    run = kind("classifier").prepare(adapter, None, spec, results)
    run(None)
    adapter.values = (0.0, 0.1, 0.4)
    assert run(None) == 2
    assert [(item.class_id, item.score) for item in results.items[:2]] == [(2, 400), (1, 100)]


@given(st.lists(FLOATS, min_size=1, max_size=40))
def test_softmax_is_within_a_thousandth(values):
    shown = classify(tuple(values), top=CAP, softmax=True)
    exact = np.exp(np.array(values, np.float64) - max(values))
    exact = exact / exact.sum()
    assert len(shown) == min(len(values), CAP)
    for class_id, score in shown:
        assert abs(score - exact[class_id] * 1000) <= 1.1


def test_softmax_of_a_thousand_equal_classes():
    assert classify(tuple([3.5] * 1000), top=3, softmax=True) == [(0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("values", [(1e30, 0.0), (-1e30, 5.0), (3e38, -3e38), (1e-40, -1e-40), (math.inf, 1.0)])
def test_softmax_survives_any_float(values):
    assert sum(score for _, score in classify(values, softmax=True)) in (999, 1000, 1001)


@given(FLOATS)
def test_fixed_is_exact_to_its_last_bit(value):
    assert abs(fixed(value) - value * 65536) <= 1


@given(st.integers(0, 12 * 65536))
def test_exp_is_good_to_four_digits(number):
    assert exp(number) / 2**30 == pytest.approx(math.exp(-number / 65536), rel=2e-4, abs=2e-8)


def test_exp_of_large_numbers_is_0():
    assert exp(1 << 50) == 0


@given(st.integers(-(2**23), 2**23))
def test_the_sigmoid_in_whole_numbers(number):
    assert sigmoid(number) / 65536 == pytest.approx(1 / (1 + math.exp(-number / 65536)), abs=4 / 65536)
