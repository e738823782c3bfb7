"""The usual formulas of pixels are tried when the true classes are known; the report names the one that was used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.report import document as report
from maixswitch.convert.report.pixel_formulas import formula_of, usual
from tests.host.convert.colour_network import COLOURS, brightness_network, class_folders, colour_network, save

GREYS = {"bright": (215,) * 3, "dark": (35,) * 3, "medium": (128,) * 3}
LABELS = ("dark", "medium", "bright")
TRAINED = {"0 to 1": (1 / 255, 0.0), "-1 to 1": (2 / 255, -1.0), "0 to 255": (1.0, 0.0)}
OPTIONS = {"0 to 1": {}, "-1 to 1": {"mean": (0.5,), "std": (0.5,)}, "0 to 255": {"scale": 1.0}}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("formulas") / "photos", GREYS, 10)


def converted(network: Path, photos: Path, **options: object) -> dict[str, object]:
    return report.document(convert(Options(network, network.with_suffix(".kmodel"), photos, labels=LABELS, **options)))


@pytest.mark.parametrize("trained", TRAINED)
@pytest.mark.parametrize("used", TRAINED)
def test_the_formula_of_the_training_is_found(trained: str, used: str, photos: Path, tmp_path: Path) -> None:
    network = save(brightness_network(*TRAINED[trained]), tmp_path / "net.onnx")
    result = converted(network, photos, **OPTIONS[used])
    assert result["pixels"]["formula"] == used
    tried, lines = result["pixels"]["tried"], report.summary(result)
    assert f"pixels: the network gets {used}" in lines
    assert tried["pictures"] == 30
    if trained == used:
        assert (tried["right"], tried["others"], tried["better"]) == (30, [], None)
        return
    assert tried["better"] == trained
    options = next(formula.options for formula in usual(3) if formula.name == trained)
    warning = (
        f"warning: with pixels {trained} the float network is right in 30 of 30 labelled pictures, with those of this "
        f"conversion in {tried['right']}; convert again with {options}"
    )
    assert warning in lines
    assert tried["right"] < 30


def test_a_network_that_was_trained_on_bgr(tmp_path: Path) -> None:
    colours = {"dark": (35, 128, 128), "medium": (128, 128, 128), "bright": (215, 128, 128)}
    photos = class_folders(tmp_path / "photos", colours, 8)
    network = save(brightness_network(1 / 255, 0.0, channel=2), tmp_path / "net.onnx")
    result = converted(network, photos)
    assert result["pixels"]["tried"]["better"] == "0 to 1, channels BGR"
    assert "the camera gives RGB: reverse the input channels of the first convolution before the export" in (
        report.summary(result)
    )


def test_reversed_classes_look_like_bgr(tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", COLOURS, 6)
    network = save(colour_network(("red", "green", "blue")), tmp_path / "net.onnx")
    hint = "another order of the classes would look the same: give --labels FILE to be sure"
    for labels, hinted in (((), True), (("red", "green", "blue"), False)):
        result = report.document(convert(Options(network, tmp_path / "n.kmodel", photos, labels=labels)))
        assert (result["pixels"]["tried"]["better"] == "0 to 1, channels BGR") is hinted
        assert (hint in report.summary(result)) is hinted


def test_a_small_difference_is_not_clear(tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", GREYS, 1)
    network = save(brightness_network(*TRAINED["-1 to 1"]), tmp_path / "net.onnx")
    result = converted(network, photos)
    assert result["pixels"]["tried"]["right"] < 3
    assert result["pixels"]["tried"]["better"] is None


def test_wrong_answers_that_no_formula_explains(tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", {"green": (200, 40, 40), "blue": (40, 200, 40)}, 6)
    network = save(colour_network(("red", "green", "blue")), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "n.kmodel", photos, labels=("red", "green", "blue")))
    lines = report.summary(report.document(facts))
    assert any("the float network itself is right in only 0 of 12 labelled pictures" in line for line in lines)


@pytest.mark.parametrize("channels", [1, 3])
def test_usual_formulas_have_the_options_that_ask_for_them(channels: int) -> None:
    from maixswitch.cli.parameters import numbers as listed
    from maixswitch.convert.read.onnx_reader import pixels

    for formula in usual(channels):
        words = formula.options.split()
        values = dict(zip(words[::2], words[1::2], strict=True))
        scale = float(values["--scale"]) if "--scale" in values else None
        numbers = [listed(name, values.get(name, default)) for name, default in (("--mean", "0"), ("--std", "1"))]
        assert np.allclose(pixels(channels, scale, *numbers), formula.pixels, rtol=1e-5)
        assert formula_of(formula.pixels).name == formula.name
    assert len({formula.text() for formula in usual(channels)}) == (8 if channels == 3 else 3)


def test_other_numbers_stand_in_the_report(photos: Path, tmp_path: Path) -> None:
    assert formula_of(((0.5, -1.0),) * 3).text() == "pixel x 0.5 - 1"
    assert formula_of(((0.5, -1.0), (0.25, 0.0), (1.0, 2.0))).text() == (
        "pixel x 0.5 - 1, pixel x 0.25 + 0, pixel x 1 + 2"
    )
    network = save(brightness_network(0.5, -1.0), tmp_path / "net.onnx")
    result = converted(network, photos, scale=0.5, mean=(1.0,))
    assert "pixels: the network gets pixel x 0.5 - 1" in report.summary(result)
    json.dumps(result, allow_nan=False)
