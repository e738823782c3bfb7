"""The catalogue with generated model.json and labels.txt: it never raises, and never accepts a wrong value."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

import bench
from device.kinds import KINDS
from device.once.model_json import read_folder
from device.spec import say
from tests.device.sample_models import DIGITS, FACE
from tests.device.test_kmodel_head import v3

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from(sorted({*FACE, "threshold", "nms", "top", "softmax", "outputs", "x"}))


def read(model: str | bytes, labels: bytes | None = None):
    bench.reset()
    files: dict[str, object] = {"models/m/model.json": model}
    files["models/m/digits.kmodel"] = v3()
    files["models/m/face.kmodel"] = v3(((9000, 36000),))
    if labels is not None:
        files["models/m/labels.txt"] = labels
    bench.card.insert(bench.MemoryCard(files))
    first = read_folder("/sd/models", "m", 5)
    for problem in first.problems:
        assert len(problem) == 4
        assert all(isinstance(part, str) for part in problem)
        assert problem[2]
        assert problem[3]
        assert say(problem)
    return first


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@settings(max_examples=160, deadline=None)
@given(st.sampled_from([DIGITS, FACE]), st.dictionaries(FIELD, JSON, min_size=1, max_size=3))
def test_any_values_in_any_fields(base, fields):
    spec = read(json.dumps(base | fields))
    if spec.problems:
        assert spec.title == "m"
        return
    assert isinstance(spec.title, str)
    assert 0 <= spec.threshold <= 1
    if spec.kind == "yolo2":
        assert 0 <= spec.nms <= 1
    else:
        assert isinstance(spec.top, int)
        assert 1 <= spec.top <= 10
        assert isinstance(spec.softmax, bool)
    assert all(type(side) is int and side > 0 for side in (spec.width, spec.height, spec.channels))
    assert spec.channels in (1, 3)
    assert spec.kind in KINDS
    assert len(spec.labels) > 0
    assert "x" not in fields
    if spec.kind == "yolo2":
        assert len(spec.anchors) == 10
        assert min(spec.anchors) > 0


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all(data):
    read(data)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_good_file_with_some_bytes_changed(data):
    text = bytearray(json.dumps(data.draw(st.sampled_from([DIGITS, FACE]))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(text))


LINES = st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20), min_size=1)


@settings(max_examples=80, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", "\n", "\n\n", "\r\n \r\n"]))
def test_labels_are_found_wherever_they_stand(lines, end, mark, tail):
    text = ("\ufeff" if mark else "") + end.join(lines) + tail
    model = DIGITS | {"labels": "labels.txt", "kmodel": {"flash": 4096, "bytes": 10}}
    spec = read(json.dumps(model), text.encode())
    assert spec.problems == ()
    assert [spec.label(at) for at in range(len(lines))] == lines
    assert [spec.label(at) for at in reversed(range(len(lines)))] == lines[::-1]
    assert spec.label(len(lines)) == f"#{len(lines)}"


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_as_labels(data):
    spec = read(json.dumps(DIGITS | {"labels": "labels.txt"}), data)
    if not spec.problems:
        assert len(spec.labels) == 10
