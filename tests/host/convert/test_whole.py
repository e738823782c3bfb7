"""From ONNX to the emulator: every file computes the integer model's results, near those of the float network."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.report import document as report
from maixswitch.convert.report import emulate
from maixswitch.convert.report.page import page
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write.rewrite import rewrite
from tests.host.convert import onnx_builder, plain

BUILDERS = {"mobilenet": onnx_builder.mobilenet, "tiny_yolo": lambda: onnx_builder.tiny_yolo(widest=384)}
LEAST_SNR = 25.0
"""The least dB of every output; the seeds below reach 36 to 80."""


def photos(folder: Path, count: int = 6) -> Path:
    """Soft coloured waves with noise, as files."""
    folder.mkdir()
    draw = np.random.default_rng(4)
    y, x = np.mgrid[:96, :128]
    for number in range(count):
        waves = [
            127 + 100 * np.sin(x / draw.uniform(5, 40) + draw.uniform(0, 6)) * np.cos(y / draw.uniform(5, 40))
            for _ in range(3)
        ]
        values = np.stack(waves, -1) + draw.normal(0, 8, (96, 128, 3))
        Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return photos(tmp_path_factory.mktemp("convert") / "photos")


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int, pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(seed), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "net.kmodel", pictures))
    assert check(facts.model) == []
    assert rewrite(facts.lowered.data) == facts.lowered.data
    shape = facts.quantised.shapes[facts.quantised.input]
    draw = np.random.default_rng(seed)
    for image in (draw.integers(0, 256, shape).astype(np.uint8), np.full(shape, 200, np.uint8)):
        expected = plain.run(facts.quantised, image)
        facts.model.reset()
        result = emulate.run(facts.model, facts.lowered, facts.quantised, image)
        for name in facts.quantised.outputs:
            assert name in result
        for name, values in result.items():
            if name not in expected:  # a tensor that lowering added
                continue
            if name in facts.quantised.scales:
                assert np.array_equal(values, expected[name]), name
            else:
                assert np.allclose(values, expected[name], rtol=2e-5, atol=1e-6), name
    for item in report.document(facts)["outputs"]:
        assert item["snr_db"] > LEAST_SNR


def test_a_second_conversion_gives_the_same_file(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(2), tmp_path / "net.onnx")
    first, second = (convert(Options(network, tmp_path / "net.kmodel", pictures)) for _ in range(2))
    assert first.lowered.data == second.lowered.data


def test_pixels_are_what_the_options_say(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(4), tmp_path / "net.onnx")
    units = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    facts = convert(Options(network, tmp_path / "net.kmodel", pictures, **units))  # type: ignore[arg-type]
    assert report.document(facts)["outputs"][0]["snr_db"] > 15.0  # one border pixel stands for three channels' zeros


class Tags(HTMLParser):
    """Checks that every tag is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_report_as_table_document_and_page(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(0), tmp_path / "a<b>.onnx")
    facts = convert(Options(network, tmp_path / "a<b>.kmodel", pictures))
    result = report.document(facts)
    assert json.loads(json.dumps(result)) == result
    images = {"calibrated": 5, "held_back": 1, "noise": False, "made_up": False, "classes": 0, "skipped": 0}
    assert result["images"] == images
    assert result["ranges"]["file"] == 0
    assert result["ranges"]["measured"] > 0
    assert result["agreement"]["of"] == 1
    assert result["kind"] == "classifier"
    assert {"minmax"} < {item["method"] for item in result["steps"]} | {"other"}
    assert len(result["fits"]) == len(result["kmodel"]["firmware"])
    table = report.text(result).splitlines()
    assert table[0].split()[:2] == ["layer", "type"]
    assert table[len(result["steps"]) + 1] == ""
    assert any(line.startswith("same best class as the float network: ") for line in table)
    tags = Tags()
    tags.feed(page(result, facts.model, "a<b>.kmodel"))
    assert tags.open == []
    assert tags.targets == []
    assert {"svg", "table", "section"} <= tags.seen
    assert "b" in tags.seen  # the figures' own; the file's name opens none


def test_a_file_with_other_results_on_another_runtime(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(3), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "net.kmodel", pictures))
    own = facts.nearness[facts.quantised.origin[facts.quantised.outputs[0]]]
    least = max(own.error, own.signal * 1e-6)  # beyond 60 dB nothing counts as a loss
    for error, same in ((least * 1.2, True), (least * 1.3, False)):
        other = dict.fromkeys(facts.nearness, replace(own, error=error))
        result = report.document(replace(facts, other_runtimes={"canmv": facts.nearness, "sdk": other}))
        assert [item["same"] for item in result["elsewhere"]] == [True, same]
        lines = report.summary(result)
        assert ("warning: on sdk this file gives other results than on maixpy" in lines) is not same
        assert sum(line.startswith("output ") for line in lines) == 3


def test_a_detector_is_compared_by_its_boxes(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(1), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "n.kmodel", pictures, anchors=(1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5)))
    assert facts.kind == "yolo2"
    assert facts.agreement is not None
    assert facts.agreement.kind == "yolo2"
    assert facts.agreement.share is None or facts.agreement.share > 0.5


def test_an_unknown_kind(pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(onnx_builder.random_network(0), tmp_path / "net.onnx")
    with pytest.raises(MaixSwitchError, match=r"--kind yolo2: the network has no output of \(classes \+ 5\) x 5"):
        convert(Options(network, tmp_path / "n.kmodel", pictures, kind="yolo2"))
    with pytest.raises(
        MaixSwitchError, match="--kind other: expected one of classifier, landmark, learner, raw, yolo2, yolo3"
    ):
        convert(Options(network, tmp_path / "n.kmodel", pictures, kind="other"))


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["mobilenet", "tiny_yolo"])
def test_known_architectures_take_under_a_minute(name: str, pictures: Path, tmp_path: Path) -> None:
    network = onnx_builder.save(BUILDERS[name](), tmp_path / "net.onnx")
    facts = convert(Options(network, tmp_path / "net.kmodel", pictures))
    assert facts.seconds < 60
    assert check(facts.model) == []
    assert report.document(facts)["outputs"][0]["snr_db"] > 15
