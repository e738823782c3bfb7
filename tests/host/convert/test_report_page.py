"""The page of a conversion: example pictures with both answers, the worst first, and labelled limits in the plot."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from maixswitch import language
from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.quantise.picture_files import PictureFile
from maixswitch.convert.report import document as report
from maixswitch.convert.report import examples
from maixswitch.convert.report.agreement import Agreement
from maixswitch.convert.report.answers import Answer
from maixswitch.convert.report.facts import Facts
from maixswitch.convert.report.page import page
from tests.host.convert.colour_network import COLOURS, class_folders, colour_network, save
from tests.host.convert.test_whole import Tags


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    folder = tmp_path_factory.mktemp("page")
    photos = class_folders(folder / "photos", {f"{name} <&>": colour for name, colour in COLOURS.items()}, 5)
    return convert(Options(save(colour_network(), folder / "net.onnx"), folder / "n.kmodel", photos))


def html(facts: Facts) -> str:
    return page(report.document(facts), facts.model, "n.kmodel", facts.answers)


def captions(text: str) -> list[str]:
    return [re.sub(r"<[^>]+>", " ", caption) for caption in re.findall(r"<figcaption>(.*?)</figcaption>", text)]


def answer(facts: Facts, name: str, snr: float, agree: int = 1, **more: object) -> Answer:
    file = PictureFile(Path("photos", name))
    agreement = Agreement(more.pop("kind", "classifier"), agree, 1)  # type: ignore[arg-type]
    return Answer(facts.answers[0].pixels, file, snr, agreement, **more)  # type: ignore[arg-type]


def test_the_page_holds_the_pictures_themselves(facts: Facts) -> None:
    text = html(facts)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert len(tags.targets) == len(facts.answers) == 3
    for target in tags.targets:
        head, _, data = target.partition(",")
        assert head == "data:image/jpeg;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (16, 16)
    assert "red &lt;&amp;&gt;" in text
    assert "<&>" not in text


def test_the_worst_pictures_come_first(facts: Facts) -> None:
    answers = [
        answer(facts, "good.png", 40.0, best=(0, 0), scores=(0.9, 0.8), truth=0),
        answer(facts, "weak.png", 12.0, best=(1, 1), scores=(0.9, 0.8), truth=1),
        answer(facts, "unknown.png", float("nan")),
        answer(facts, "differs.png", 30.0, agree=0, best=(0, 2), scores=(0.5, 0.6), truth=0),
    ]
    text = html(replace(facts, answers=answers, labels=("cat", "dog", "owl")))
    names = [caption.split()[0] for caption in captions(text)]
    assert names == ["differs.png", "weak.png", "good.png", "unknown.png"]
    assert " ".join(captions(text)[0].split()[1:]) == "truth cat float cat 0.50 kmodel owl 0.60 SNR 30.0 dB"
    assert text.count('class="example differs"') == 1
    assert 'class="weak ">owl 0.60' in text
    assert 'class="weak figure">12.0' in text


@pytest.mark.parametrize("count", [1, 12, 13, 40])
def test_no_more_than_twelve_pictures(count: int, facts: Facts) -> None:
    answers = [answer(facts, f"{index}.png", float(index)) for index in range(count)]
    text = html(replace(facts, answers=answers))
    assert [caption.split()[0] for caption in captions(text)] == [f"{index}.png" for index in range(min(count, 12))]
    assert f"the worst of {count} pictures first" in text


def test_boxes_are_drawn_over_the_picture(facts: Facts) -> None:
    boxes = ([(0.9, 0, 0.25, 0.5, 0.5, 1.5)], [(0.9, 0, 0.25, 0.5, 0.5, 0.75), (0.8, 1, -1.0, 0.0, 0.5, 0.5)])
    text = html(replace(facts, answers=[answer(facts, "a.png", 20.0, kind="yolo2", agree=0, boxes=boxes)]))
    drawn = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>', text)
    assert [(name, *map(float, sides)) for name, *sides in drawn] == [
        ("kmodel", 0.25, 0.5, 0.25, 0.25),
        ("kmodel", 0.0, 0.0, 0.5, 0.5),
        ("float", 0.25, 0.5, 0.25, 0.5),
    ]
    assert "float 1 boxes kmodel 2 boxes" in " ".join(captions(text)[0].split())


def test_noise_has_no_example_pictures(facts: Facts) -> None:
    text = html(replace(facts, noise=True))
    assert "Example pictures" not in text
    assert examples.examples(report.document(replace(facts, answers=())), ()) == ""


def test_the_figures_have_short_labels_in_both_languages(facts: Facts) -> None:
    for chosen in ("en", "zh"):
        language.choose(chosen)
        try:
            tiles = re.findall(r'<div class="tile"><b>(.*?)</b><span>(.*?)</span></div>', html(facts))
        finally:
            language.choose("en")
        assert [value for value, _ in tiles[:3]] == ["100.0 %"] * 3
        assert not [label for _, label in tiles if re.search("[:\uff1a%]", label)], chosen


@pytest.mark.parametrize("snr", [4.0, 20.0, 60.0])
def test_both_limits_stand_in_the_plot(snr: float, facts: Facts) -> None:
    near = {name: replace(item, signal=10 ** (snr / 10), error=1.0) for name, item in facts.nearness.items()}
    text = html(replace(facts, nearness=near))
    (plot,) = re.findall(r'<svg class="chart"[^>]*aria-label="dB">.*?</svg>', text)
    heights = [float(at) for at in re.findall(r'class="threshold \w+" x1="\d+" x2="\d+" y1="([\d.]+)"', plot)]
    assert len(heights) == 2
    assert heights[0] > heights[1] > 0, "15 dB lies below 25 dB"
    assert ">15 dB: weak below</text>" in plot
    assert ">25 dB: good above</text>" in plot
    assert ('class="column low"' in plot) is (snr < 15)
