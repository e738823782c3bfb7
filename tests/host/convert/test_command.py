"""`maixswitch convert` as a command: files, exit codes, one line for every failure."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.kmodel import load
from tests.host.convert import onnx_builder


@pytest.fixture
def network(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    draw = np.random.default_rng(1)
    for number in range(3):
        small = draw.integers(0, 256, (6, 8, 3)).astype(np.uint8)
        Image.fromarray(small).resize((64, 48)).save(folder / f"{number}.png")
    return onnx_builder.save(onnx_builder.random_network(0), tmp_path / "net.onnx")


def test_a_model_on_a_card(network: Path, command, tmp_path: Path) -> None:
    classes = 7
    Path(tmp_path, "labels.txt").write_text("\n".join(f"thing {n}" for n in range(classes)))
    assert command("new", "card").returncode == 0
    before = len(list(Path(tmp_path, "card", "models").iterdir()))
    words = ("convert", "net.onnx", "--images", "photos", "--labels", "labels.txt", "--report", "r.html")
    ended = command(*words, "--card", "card", "--title", "Fruit")
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "same best class" in ended.stdout
    model = load(tmp_path / "net.kmodel")
    assert model.outputs[0].elements == classes
    assert Path(tmp_path, "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    folders = sorted(Path(tmp_path, "card", "models").iterdir())
    assert len(folders) == before + 1
    (folder,) = [path for path in folders if json.loads(Path(path, "model.json").read_text())["title"] == "Fruit"]
    document = json.loads(Path(folder, "model.json").read_text())
    assert document["kind"] == "classifier"
    assert document["labels"][0] == "thing 0"
    checked = command("check", folder)
    assert checked.returncode == 0, checked.stdout
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_trial_with_noise_is_named_as_one(network: Path, command, tmp_path: Path) -> None:
    ended = command("convert", "net.onnx", "--random", "--out", "n.kmodel")
    assert ended.returncode == 0, ended.stderr
    assert "TRIAL WITH NOISE" in ended.stdout
    result = json.loads(command("convert", "net.onnx", "--random", "--json").stdout)
    assert result["images"]["noise"] is True
    assert result["command"] == "convert"
    assert Path(tmp_path, "net.kmodel").read_bytes() == Path(tmp_path, "n.kmodel").read_bytes()


def test_the_firmware_that_is_compared_with(command, tmp_path: Path) -> None:
    onnx_builder.save(onnx_builder.random_network(3), tmp_path / "net.onnx")  # with a relu between dense layers
    for words, runtime in (("", "maixpy"), ("--firmware canmv", "canmv")):
        ended = command("convert", "net.onnx", "--random", "--json", *words.split())
        assert ended.returncode == 0, ended.stderr
        result = json.loads(ended.stdout)
        assert result["runtime"] == runtime
        others = {"maixpy", "canmv", "sdk"} - {runtime}
        assert {item["runtime"]: item["same"] for item in result["elsewhere"]} == dict.fromkeys(others, True)
    assert f"dB on {runtime}\n" in command("convert", "net.onnx", "--random", "--firmware", "canmv").stdout


def test_kmodel_v4(network: Path, command, tmp_path: Path) -> None:
    """The same network in the other version; the report judges the firmwares by it."""
    models = {}
    Path(tmp_path, "labels.txt").write_text("\n".join(f"thing {n}" for n in range(7)))
    assert command("new", "card").returncode == 0
    options = ("--images", "photos", "--labels", "labels.txt", "--card", "card", "--json")
    for version in ("v3", "v4"):
        ended = command("convert", "net.onnx", "--kmodel", version, *options)
        assert ended.returncode == 0, ended.stderr
        result = json.loads(ended.stdout)
        models[version] = load(tmp_path / "net.kmodel")
        assert models[version].version == int(version[1])
        assert ("minimum" in result["fits"]) == (version == "v3")
        assert "minimum_with_kmodel_v4_support" in result["fits"]
    assert models["v4"].outputs[0].elements == models["v3"].outputs[0].elements
    assert command("check", "card").returncode == 0
    ended = command("convert", "net.onnx", "--random", "--kmodel", "v5")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--kmodel v5: expected auto, v3 or v4" in ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("--images photos --firmware other", 2, "no firmware 'other'; there are full"),
        ("", 2, "the conversion needs pictures such as the camera will see"),
        ("--images photos --random", 2, "choose one of --images and --random"),
        ("--images nowhere", 4, "nowhere"),
        ("--images empty", 2, "empty"),
        ("--images photos --kind other", 2, "--kind other"),
        ("--images photos --kind yolo2", 2, "--kind yolo2: the network has no output"),
        ("--images photos --anchors 1,2,x", 4, "cannot read 1,2,x"),
        ("--images photos --anchors 1,2,-3,4", 2, "--anchors 1,2,-3,4: expected pairs of numbers above 0"),
        ("--images photos --kind classifier --anchors 1,2", 2, "--anchors: a classifier has no anchors"),
        ("--images photos --mean a", 2, "--mean a: expected one number"),
        ("--images photos --mean 1,2,3,4", 2, "--mean"),
        ("--images photos --std 0", 2, "--std"),
        ("--images photos --std nan", 2, "--std"),
        ("--images photos --scale 0", 2, "--scale"),
        ("--images photos --labels nowhere", 4, "nowhere"),
        ("--images photos --labels two", 2, "--labels: 2 names, but the network has 7 classes"),
        ("--images photos --labels empty.txt", 2, "not a list of labels"),
        ("--images photos --report r.pdf", 2, "expected a name that ends in .html"),
        ("--images photos --report nowhere/r.html", 4, "cannot write nowhere/r.html"),
        ("--images photos --out nowhere/x.kmodel", 4, "cannot write nowhere/x.kmodel"),
        ("--images photos --title T", 2, "only for a card"),
        ("--images photos --card nowhere", 4, "nowhere"),
        ("--images photos --hold-back 0.95", 2, "--hold-back"),
        ("--images photos --calibrate 0", 2, "--calibrate"),
    ],
)
def test_refusals(words: str, code: int, text: str, network: Path, command, tmp_path: Path) -> None:
    Path(tmp_path, "empty").mkdir()
    Path(tmp_path, "empty.txt").write_text("")
    Path(tmp_path, "two").write_text("one\ntwo\n")
    before = sorted(tmp_path.iterdir())
    ended = command("convert", "net.onnx", *words.split())
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert text in ended.stderr
    assert ended.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_not_a_network(command, tmp_path: Path) -> None:
    Path(tmp_path, "bad.onnx").write_bytes(b"\0\1\2 nothing of the kind" * 20)
    for name, code in (("bad.onnx", 1), ("absent.onnx", 4)):
        ended = command("convert", name, "--random")
        assert ended.returncode == code, ended.stderr
        assert ended.stderr.startswith("maixswitch: ")
        assert "Traceback" not in ended.stderr
        assert not list(tmp_path.glob("*.kmodel"))
