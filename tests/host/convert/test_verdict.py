"""A poor result: its reasons, the layer that loses the signal, the exit code, and the file, which is still written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.report import document as report
from maixswitch.convert.report.agreement import Agreement
from maixswitch.convert.report.answers import Answer
from maixswitch.convert.report.facts import Facts
from maixswitch.convert.report.verdict import judge
from maixswitch.kmodel import load
from tests.host.convert.colour_network import COLOURS, class_folders, colour_network, save
from tests.host.convert.onnx_builder import Build


def lossy_network(large: float, later: int = 1) -> onnx.ModelProto:
    """Return a network whose first map has one channel with values up to ``large``, which the next layer ignores."""
    build = Build((1, 3, 16, 16))
    first = np.zeros((4, 3, 3, 3))
    first[:3, :, 1, 1] = np.eye(3)
    first[3, :, 1, 1] = large
    x = build.node(
        "Relu", [build.node("Conv", [build.input, build.constant(first)], kernel_shape=[3, 3], pads=[1] * 4)]
    )
    select = np.zeros((3, 4, 1, 1))
    select[:, :3, 0, 0] = np.eye(3)
    x = build.node("Conv", [x, build.constant(select)], kernel_shape=[1, 1])
    for _ in range(later):
        spread = np.zeros((3, 3, 1, 1))
        spread[:, :, 0, 0] = 3 * np.eye(3) - 1
        x = build.node("Relu", [build.node("Conv", [x, build.constant(spread)], kernel_shape=[1, 1])])
    flat = build.node("Flatten", [build.node("GlobalAveragePool", [x])], axis=1)
    build.shapes[flat] = (1, 3)
    return build.model(flat)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("verdict") / "photos", COLOURS, 5)


@pytest.fixture(scope="module")
def good(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    folder = tmp_path_factory.mktemp("good")
    return convert(Options(save(colour_network(), folder / "net.onnx"), folder / "n.kmodel", photos))


@pytest.mark.parametrize("later", [0, 1, 2])
def test_the_layer_that_loses_the_signal_is_named(later: int, photos: Path, tmp_path: Path) -> None:
    facts = convert(Options(save(lossy_network(3000, later), tmp_path / "net.onnx"), tmp_path / "n.kmodel", photos))
    verdict = judge(facts)
    assert verdict.poor
    assert verdict.loss is not None
    assert verdict.loss.before > 15 > verdict.loss.behind
    result = report.document(facts)
    first_weak = next(item["name"] for item in result["steps"] if item["snr_db"] is not None and item["snr_db"] < 15)
    assert result["verdict"]["layer"]["name"] == first_weak
    lines = report.summary(result)
    assert lines[1].startswith("POOR RESULT: output ")
    assert any(line.startswith(f"most is lost in layer {first_weak} (") for line in lines)
    assert "- measure on more pictures: only 12 measured the ranges" in lines


def test_a_good_result_has_no_verdict(good: Facts) -> None:
    assert not judge(good).poor
    assert not [line for line in report.summary(report.document(good)) if "POOR" in line or "helps" in line]


@pytest.mark.parametrize(
    ("agree", "of", "poor"), [(8, 10, False), (7, 10, True), (0, 9, False), (79, 100, True), (80, 100, False)]
)
def test_the_least_agreement(agree: int, of: int, poor: bool, good: Facts) -> None:
    picture = good.answers[0].pixels
    answers = [Answer(picture, agreement=Agreement("classifier", int(index < agree), 1)) for index in range(of)]
    verdict = judge(replace(good, answers=answers))
    assert verdict.poor is poor
    if poor:
        assert verdict.reasons == (f"{agree} of {of} answers are those of the float network, expected at least 80 %",)
        assert verdict.loss is not None


@pytest.mark.parametrize(
    ("signal", "error", "poor"),
    [(1.0, 0.0316, False), (1.0, 0.0317, True), (0.0, 1.0, True), (1.0, float("nan"), True), (0.0, 0.0, False)],
)
def test_the_least_snr(signal: float, error: float, poor: bool, good: Facts) -> None:
    name = good.quantised.origin[good.quantised.outputs[0]]
    near = {**good.nearness, name: replace(good.nearness[name], signal=signal, error=error)}
    facts = replace(good, nearness=near)
    assert judge(facts).poor is poor
    json.dumps(report.document(facts), allow_nan=False)
    assert not judge(replace(facts, noise=True)).poor


def test_a_poor_result_ends_with_1_and_writes_the_file(photos: Path, command, tmp_path: Path) -> None:
    save(lossy_network(3000), tmp_path / "net.onnx")
    ended = command("convert", "net.onnx", "--images", photos, "--report", "r.html")
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "POOR RESULT" in ended.stdout
    assert "wrote net.kmodel" in ended.stderr
    assert load(tmp_path / "net.kmodel").outputs[0].elements == 3
    assert "POOR RESULT" in Path(tmp_path, "r.html").read_text(encoding="utf-8")
    ended = command("convert", "net.onnx", "--images", photos, "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["verdict"]["poor"] is True
    assert command("convert", "net.onnx", "--random").returncode == 0, "a trial with noise is only a trial"
