"""What `kmodel info` reports of models, of files that look like one, and of files that contradict themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel import load
from maixswitch.kmodel.format.registers import BLOCK_SIZE, decode_block, encode_block
from maixswitch.kmodel.judge.describe import CONVERTERS, describe_file, names, shape_text, use
from maixswitch.kmodel.judge.report import grid, report
from tests.host.kmodel.small_networks import Choice, network


def test_face(kmodels) -> None:
    result = describe_file(kmodels / "face_yolov2_v3.kmodel")
    assert json.loads(json.dumps(result)) == result
    assert (result["schema"], result["command"], result["usable"], result["version"]) == (1, "kmodel info", True, 3)
    assert result["inputs"][0]["shape"] == [1, 3, 240, 320]
    assert len(result["layers"]) == 24
    first, last = result["layers"][0], result["layers"][23]
    assert first["title"] == "conv 3x3, max 2x2"
    assert first["kpu"]["rows_in"] == [29168, 3600]
    assert first["kpu"]["rows_out"] == [23408, 5760]
    assert first["kpu"]["weight_loads"] == 1
    assert (first["parameters"], first["macs"], first["live_rows"]) == (432 + 32, 33177600, 9360)
    assert result["layers"][14]["kpu"]["weight_loads"] == 3, "65536 weights in loads of 30 KiB"
    assert (last["unit"], last["macs"], last["live_rows"]) == ("cpu", 0, 0)
    assert sum(layer["macs"] for layer in result["layers"]) == result["estimate"]["macs"] == 205555200
    assert result["memory"]["total"] == (152 + 380 + 424 + 48) * 1024
    assert result["memory"]["ai_ram"]["peak_bytes"] == 983040
    assert [item["verdict"] for item in result["firmware"]] == ["fits"] * len(names())
    assert result["advice"] == result["warnings"] == result["notes"] == []
    text = report(result)
    for words in (
        "kmodel v3, 388,776 bytes, 24 layers",
        "input 0: 320x240x3 uint8 in AI RAM",
        "suits kpu.run_yolo2: 1 class, 5 anchors, grid 20x15",
        "29168+3600 > 23408+5760",
        "loading it takes      424.0 KiB",
        "AI RAM: at most 960 of 2,048 KiB (47 %), 15,360 rows, in layer 5",
        "ESTIMATE",
        "fits, 1528 KiB left",
    ):
        assert words in text


def test_large_fits_no_full_build(kmodels) -> None:
    """The report of the 3.9 MB file: which builds refuse it, by how much, and what would work."""
    result = describe_file(kmodels / "yolov3_two_heads_v3.kmodel")
    assert {item["verdict"] for item in result["firmware"]} == {"large", "gc"}
    text = report(result)
    full = next(line for line in text.splitlines() if line.startswith("full "))
    assert "2000 KiB  too large by 2292 KiB" in full
    assert full.endswith("image ce3f4786a5a8")
    assert "how to make it fit:" in text
    assert "minimum with a GC heap of 496 KiB" in text
    assert "kpu.load_flash()" in text


@pytest.mark.parametrize("name", ["mnist_v5", "face_v6"])
def test_newer_containers(kmodels, name: str) -> None:
    result = describe_file(kmodels / f"{name}.kmodel")
    assert not result["usable"]
    text = report(result)
    assert f"kmodel v{name[-1]}" in text
    assert "no MaixPy firmware runs" in text
    assert "nncase 0.1.0-rc5" in text
    assert "nncase 0.2.0-beta4" in text
    assert result["converter"] == CONVERTERS


def test_wordswapped(kmodels) -> None:
    text = report(describe_file(kmodels / "face_yolov2_wordswapped.kmodel"))
    assert "word-swapped" in text
    assert "kpu.load_flash()" in text
    assert "inside: kmodel v3, 24 layers, input 320x240x3 uint8" in text
    assert "converter" not in text


OTHERS = {
    "smodel": (b"LDMS" + bytes(60), "encrypted"),
    "package": (b"PK\x03\x04" + bytes(60), "unpack"),
    "page": (b"<!doctype html><html>", "web page"),
    "nothing": (b"", "empty"),
    "old": (b"\x01\0\0\0" + bytes(60), "kmodel v1"),
    "noise": (bytes(range(7, 200)), "not a kmodel"),
    "broken swap": (b"\0\0\0\x03\0\0\0\x01" + bytes(20), "inside: a broken model: the header: nothing to run"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(tmp_path: Path, name: str) -> None:
    """The report says what the file is and what to do."""
    data, words = OTHERS[name]
    path = tmp_path / "x.kmodel"
    path.write_bytes(data)
    result = describe_file(path)
    assert not result["usable"]
    assert words in report(result)


def test_a_model_without_feature_maps(kmodels) -> None:
    assert "AI RAM: not used\n" in report(describe_file(kmodels / "iris_v3.kmodel"))
    assert "AI RAM: at most" in report(describe_file(kmodels / "mnist_v3.kmodel"))


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="cannot read") as caught:
        describe_file(tmp_path / "absent.kmodel")
    assert caught.value.exit_code == 4


def test_use(kmodels) -> None:
    """How MaixPy must call the model: set_outputs(width, height, channels) for v4, lists of numbers, five anchors."""
    assert use(load(kmodels / "voc20_yolov2_v4.kmodel")) == [
        "feed a picture of 320x240x3",
        "suits kpu.run_yolo2: 20 classes, 5 anchors, grid 10x7",
        "call kpu.set_outputs(task, 0, 10, 7, 125) after loading",
    ]
    nine = use(load(kmodels / "face_yolov2_9anchors_v4.kmodel"))
    assert any("cannot take its output" in line and "54" in line for line in nine)
    assert any("first layer not conv layer! (it is pad)" in line for line in nine)
    assert use(load(kmodels / "iris_v3.kmodel")) == ["no picture: kpu.forward takes a list of 4 numbers"]
    assert shape_text(load(kmodels / "iris_v3.kmodel").outputs[0]) == "3 float32"


def test_options(kmodels) -> None:
    path = kmodels / "mnist_v3.kmodel"
    result = describe_file(path, frame=None, panel=(240, 135), flavours=["full", "canmv"], gc_kib=256)
    assert result["memory"]["camera"] == {"frame": None, "bytes": 0}
    assert result["memory"]["lcd"] == {"panel": [240, 135], "bytes": 65536}
    assert [item["name"] for item in result["firmware"]] == ["full", "canmv"]
    assert result["firmware"][0]["free"] == (2532 + 256) * 1024
    assert "camera                  0.0 KiB  none" in report(result)


def test_contradiction(tmp_path: Path) -> None:
    """A register that contradicts the sizes is named, with found and wanted."""
    data = network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)])
    kmodel = load(data)
    at = kmodel.layers[0].spec.body.layer_offset
    block = decode_block(data[at : at + BLOCK_SIZE])
    block["coef_group"] = 1
    path = tmp_path / "odd.kmodel"
    path.write_bytes(data[:at] + encode_block(block) + data[at + BLOCK_SIZE :])
    result = describe_file(path)
    assert any("coef_group is 1, expected 4" in line for line in result["warnings"])
    assert "warning: layer 0: coef_group" in report(result)


def test_note(tmp_path: Path) -> None:
    path = tmp_path / "tail.kmodel"
    path.write_bytes(network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)]) + bytes(8))
    assert "note: 8 bytes follow the last layer" in report(describe_file(path))


def test_corpus(kmodels) -> None:
    """Every usable file gives a document with the same keys and a complete text."""
    keys = None
    for path in sorted(kmodels.glob("*_v[34].kmodel")):
        result = describe_file(path)
        keys = keys or set(result)
        assert set(result) == keys, path.name
        text = report(result)
        assert "None" not in text, path.name
        assert all(len(line) == len(line.rstrip()) for line in text.splitlines()), path.name


def test_grid() -> None:
    rows = list(grid(("n", "word"), [("1", "a"), ("10", "long")], left=("word",)))
    assert rows == [" n  word", " 1  a", "10  long"]
