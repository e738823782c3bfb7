"""The field "pixels" of model.json: every build changes a picture in the same way, and nobody sees it on the panel."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bench
import image
import sensor
from benchlib.models import kmodel_v3
from device import catalog, forget, hal, kpu_maixpy
from device.once.boards import find
from device.once.hal_window import fit
from device.once.pixels import changed, flip, invert, mirror
from device.once.stages import cutter, maker
from device.results import BOXES, Results
from device.spec import ModelSpec, say

DIGITS = {
    "schema": 1,
    "title": "Digits",
    "kind": "classifier",
    "kmodel": "m.kmodel",
    "input": [28, 28, 1],
    "labels": ["a", "b"],
}


@pytest.fixture(autouse=True)
def board():
    bench.reset()
    bench.screen.draw = True
    yield
    forget()  # the maker takes names out of the modules of kinds
    assert not bench.hardfaults


def read(**changes):
    data = {**DIGITS, **changes}
    kmodel = kmodel_v3(tuple(data["input"]), (1, 1, 16), "softmax", classes=2)
    bench.card.insert(bench.MemoryCard({"models/m/model.json": json.dumps(data), "models/m/m.kmodel": kmodel}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    return spec


def problems(spec):
    return [say(problem).split(" ", 1)[1] for problem in spec.problems]


def spec_of(width, height, channels, *pixels):
    spec = ModelSpec("m")
    spec.width, spec.height, spec.channels, spec.pixels = width, height, channels, pixels
    return spec


def picture(width, height, grey, data):
    img = image.Image(size=(width, height))
    if grey:
        img = img.to_grayscale(1)
    pixels = img.to_bytes()
    for at, value in enumerate(data[: len(pixels)]):
        pixels[at] = value
    return img


@settings(max_examples=24, deadline=None)
@given(
    st.sampled_from(["minimum", "full"]),
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
    st.binary(min_size=162, max_size=162),
)
def test_every_build_changes_a_picture_in_the_same_way(flavour, width, height, grey, data):
    bench.reset(flavour)
    bench.screen.draw = True
    size = 1 if grey else 2
    data = data[: width * height * size]
    rows = [[data[(y * width + x) * size :][:size] for x in range(width)] for y in range(height)]
    img = picture(width, height, grey, data)
    mirror(img)
    assert bytes(img.to_bytes()) == b"".join(b"".join(reversed(row)) for row in rows)
    mirror(img)
    flip(img)
    assert bytes(img.to_bytes()) == b"".join(b"".join(row) for row in reversed(rows))
    flip(img)
    invert(img)
    assert bytes(img.to_bytes()) == bytes(255 - value for value in data)


def planes(img):
    return bytes(img._planes())[: img.width() * img.height()]


def test_the_network_sees_the_changes_and_the_panel_does_not():
    eye = hal.Camera(find("maixduino"), {})
    _, _, prepare = fit(eye, 28, 28, 1)
    shown = eye.snapshot()
    before = bytes(shown.to_bytes())
    plain = bytes(prepare(shown).to_bytes())
    seen = changed(prepare, spec_of(28, 28, 1, "invert", "mirror"))(shown)
    expected = b"".join(bytes(255 - v for v in plain[at : at + 28][::-1]) for at in range(0, 784, 28))
    assert bytes(seen.to_bytes()) == planes(seen) == expected != plain
    assert bytes(shown.to_bytes()) == before


def test_a_window_is_copied_first():
    eye = hal.Camera(find("maixduino"), {})
    _, _, prepare = fit(eye, 224, 224, 3)
    assert prepare is None
    shown = eye.snapshot()
    before = bytes(shown.to_bytes())
    seen = changed(prepare, spec_of(224, 224, 3, "invert"))(shown)
    assert (seen.width(), seen.height(), seen.format()) == (224, 224, sensor.RGB565)
    assert bytes(seen.to_bytes()) == bytes(255 - value for value in before)
    assert bytes(shown.to_bytes()) == before


def test_the_order_is_that_of_the_list():
    img = picture(3, 1, True, bytes([10, 20, 90]))
    results = []
    for words in (("invert", "stretch"), ("stretch", "invert")):
        results.append(bytes(changed(None, spec_of(3, 1, 1, *words))(img).to_bytes()))
    first = picture(3, 1, True, bytes([245, 235, 165]))
    first.strech_char(1)
    assert results[0] == bytes(first.to_bytes()) != results[1]


def test_a_stage_changes_its_part():
    results = Results()
    results.reset(BOXES, 64, 48, 64, 48)
    results.put(10, 8, 20, 20, 0, 0.5)
    img = picture(64, 48, False, bytes(range(256)) * 24)
    cut, _ = cutter(spec_of(20, 20, 1), results)
    plain = bytes(cut(img, results.items[0]).to_bytes())
    cut, _ = cutter(spec_of(20, 20, 1, "invert"), results)
    part = cut(img, results.items[0])
    assert bytes(part.to_bytes()) == planes(part) == bytes(255 - value for value in plain)


def test_the_maker_adds_the_changes_only_where_the_card_names_them():
    eye = hal.Camera(find("maixduino"), {})
    spec = read(pixels=["invert"])
    assert not spec.problems
    width, height, prepare = maker(spec, eye)[2:]
    shown = eye.snapshot()
    assert (width, height) == (shown.width(), shown.height()) == (240, 240)
    plain = maker(read(), eye)[4](shown)
    assert bytes(prepare(shown).to_bytes()) == bytes(255 - value for value in plain.to_bytes())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pixels": ["grey"]}, "a list of invert stretch mirror flip"),
        ({"pixels": "invert"}, "a list of invert stretch mirror flip"),
        ({"pixels": []}, "a list of invert stretch mirror flip"),
        ({"pixels": [["invert"]]}, "a list of invert stretch mirror flip"),
        ({"pixels": ["stretch"], "input": [28, 28, 3]}, "a list of invert mirror flip"),
        (
            {"pixels": ["flip"], "kind": "landmark", "labels": None},
            "a list of invert stretch",
        ),
    ],
)
def test_wrong_words_are_named(changes, expected):
    texts = [text for text in problems(read(**changes)) if text.startswith("pixels")]
    assert len(texts) == 1
    assert texts[0].endswith("wanted: " + expected)


def test_a_face_takes_none():
    from device import kind
    from device.once.pixels import words

    with pytest.raises(ValueError, match="no pixels"):
        words(kind("face"), 3)(["invert"], None)
