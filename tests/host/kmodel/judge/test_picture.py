"""The picture of the AI RAM: well-formed, complete, self-contained, inside its frame."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format.liveness import ai_ram
from maixswitch.kmodel.judge.picture import KINDS, page, svg

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["face_yolov2_v3", "mnist_v3", "yolov3_two_heads_v3", "ultraface_slim_v4", "face_embedding_v4", "iris_v3"]


def boxes(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [
        item
        for item in root.iter(f"{SVG}rect")
        if "box" in item.get("class", "") and item.find(f"{SVG}title") is not None
    ]


@pytest.mark.parametrize("name", NAMES)
def test_picture(kmodels: Path, name: str) -> None:
    """Every map has a box with a title and every layer a bar, and everything is inside the frame."""
    kmodel = load(kmodels / f"{name}.kmodel")
    ram = ai_ram(kmodel.program)
    root = ElementTree.fromstring(svg(kmodel, f"{name}.kmodel"))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert (float(root.get("width", 0)), float(root.get("height", 0))) == (width, height)
    assert len(boxes(root)) == len(ram.maps)
    for box, item in zip(boxes(root), ram.maps, strict=True):
        title = box.findtext(f"{SVG}title") or ""
        assert title.startswith(item.title)
        assert f"rows {item.row:,} to {item.row + item.rows - 1:,}" in title
    bars = [item for item in root.iter(f"{SVG}rect") if item.get("class") in ("bar", "peak")]
    assert len(bars) == len(kmodel.layers)
    for item in root.iter(f"{SVG}rect"):
        left, top = float(item.get("x", 0)), float(item.get("y", 0))
        right, bottom = left + float(item.get("width", 0)), top + float(item.get("height", 0))
        assert min(left, top) >= 0
        assert right <= width + 0.1
        assert bottom <= height + 0.1
    assert f"{ram.peak_bytes / 1024:,.0f} of 2,048 KiB" in (root.findtext(f"{SVG}desc") or "") + svg(kmodel, name)


def test_boxes_do_not_overlap(kmodels: Path) -> None:
    """Two maps that are alive at once never share a pixel: in the picture as in the chip."""
    root = ElementTree.fromstring(svg(load(kmodels / "face_yolov2_v3.kmodel"), "face"))
    spans = [
        (*(float(box.get(key, 0)) for key in ("x", "y")), *(float(box.get(key, 0)) for key in ("width", "height")))
        for box in boxes(root)
    ]
    for index, (x, y, w, h) in enumerate(spans):
        for a, b, c, d in spans[index + 1 :]:
            apart = x + w <= a + 0.2 or a + c <= x + 0.2 or y + h <= b + 0.2 or b + d <= y + 0.2
            assert apart, (index, (x, y, w, h), (a, b, c, d))


def test_geometry_by_hand(kmodels: Path) -> None:
    """24 layers in columns of 1100 / 25 = 44 pixels from 92 on; 420 pixels stand for 32768 rows."""
    kmodel = load(kmodels / "face_yolov2_v3.kmodel")
    box = boxes(ElementTree.fromstring(svg(kmodel, "face")))[0]
    assert (box.get("x"), box.get("width")) == ("92.5", "87.0"), "the input, in two columns"
    assert float(box.get("height", 0)) == pytest.approx(420 * 3600 / 32768, abs=0.06)


def test_nothing_from_outside(kmodels: Path) -> None:
    """The picture loads no script, link, font or picture; its own style has light and dark mode."""
    for text in (svg(load(kmodels / "mnist_v3.kmodel"), "x"), page(load(kmodels / "mnist_v3.kmodel"), "x")):
        assert re.findall(r"https?://[^\"' <]+", text.replace("http://www.w3.org/2000/svg", "")) == []
        assert not re.search(r"<script|<image|<link|@import|url\(|src=|href=", text)
        assert "prefers-color-scheme: dark" in text


def test_names_are_escaped(kmodels: Path) -> None:
    kmodel = load(kmodels / "mnist_v3.kmodel")
    root = ElementTree.fromstring(svg(kmodel, 'a<b>&"c".kmodel'))
    assert root.findtext(f"{SVG}title") == 'AI RAM of a<b>&"c".kmodel'
    assert '<b>&"' not in page(kmodel, 'a<b>&"c".kmodel')


def test_no_maps(kmodels: Path) -> None:
    assert "no layer uses the AI RAM" in svg(load(kmodels / "iris_v3.kmodel"), "iris")


def test_page_has_the_table(kmodels: Path) -> None:
    kmodel = load(kmodels / "mnist_v3.kmodel")
    text = page(kmodel, "mnist.kmodel")
    assert text.count("<tr><td>") == len(ai_ram(kmodel.program).maps)
    assert "<td>input: 1x28x28</td><td>32,740</td><td>32,767</td><td>1.8</td><td>the start to layer 0</td>" in text


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", KINDS)
def test_labels_can_be_read(kind: str) -> None:
    """Dark text on the light boxes and white text on the dark ones have a contrast of at least 4.5 to 1."""
    _, light, dark = KINDS[kind]
    assert (luminance(light) + 0.05) / (luminance("#111111") + 0.05) >= 4.5
    assert 1.05 / (luminance(dark) + 0.05) >= 4.5
