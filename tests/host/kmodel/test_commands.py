"""`maixswitch kmodel ...` as users see it: messages, streams, exit codes, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import load
from tests.host.kmodel.small_networks import Choice, network
from tests.host.sim_helpers import ROOT, Command


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model of one layer, from 16x16 pixels of three colours to four maps of bytes."""
    path = tmp_path / "small.kmodel"
    path.write_bytes(network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)]))
    return path


def test_info(command: Command, small: Path) -> None:
    done = command("kmodel", "info", small)
    assert done.returncode == 0, done.stderr
    assert "small.kmodel: kmodel v3" in done.stdout
    assert "ESTIMATE" in done.stdout
    assert done.stderr == ""


def test_info_does_not_import_what_only_a_run_needs(small: Path) -> None:
    """Importing onnxruntime and numba takes longer than describing the model, which never runs."""
    program = (
        "import sys; sys.argv = ['maixswitch', 'kmodel', 'info', sys.argv[1]]\n"
        "from maixswitch.cli import main\n"
        "try: main.main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('onnxruntime', 'numba') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(small)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
    )  # fmt: skip
    assert "small.kmodel: kmodel v3" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_info_json(command: Command, small: Path) -> None:
    """One line of JSON on stdout, with its schema."""
    done = command("kmodel", "info", small, "--json", "--frame", "none", "--panel", "240x240", "--gc", "256")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert (result["schema"], result["command"]) == (1, "kmodel info")
    assert result["memory"]["camera"]["bytes"] == 0
    assert result["memory"]["lcd"]["bytes"] == 118784, "115,200 in whole pages"
    assert {item["gc_kib"] for item in result["firmware"]} == {256}


def test_info_answers_a_firmware(command: Command, kmodels: Path) -> None:
    """With --firmware the exit code says whether the model fits; without it the exit code is 0."""
    large = kmodels / "yolov3_two_heads_v3.kmodel"
    assert command("kmodel", "info", large).returncode == 0
    done = command("kmodel", "info", large, "--firmware", "full")
    assert done.returncode == 1
    assert "too large by 2292 KiB" in done.stdout
    face = kmodels / "face_yolov2_v3.kmodel"
    assert command("kmodel", "info", face, "--firmware", "full", "--firmware", "minimum").returncode == 0


def test_info_of_newer_file(command: Command, kmodels: Path) -> None:
    done = command("kmodel", "info", kmodels / "mnist_v5.kmodel")
    assert done.returncode == 1
    assert "kmodel v5" in done.stdout
    assert "nncase 0.1.0-rc5" in done.stdout
    assert "Traceback" not in done.stderr
    done = command("kmodel", "info", kmodels / "mnist_v5.kmodel", "--json")
    assert json.loads(done.stdout)["usable"] is False


REFUSALS = {
    "absent": (["info", "absent.kmodel"], 4, "cannot read absent.kmodel: No such file or directory"),
    "frame": (
        ["info", "SMALL", "--frame", "huge"],
        2,
        "--frame huge: expected a size in pixels such as 320x240, or none",
    ),
    "panel": (["info", "SMALL", "--panel", "9999x1"], 2, "--panel 9999x1: expected a size"),
    "firmware": (["info", "SMALL", "--firmware", "max"], 2, "no firmware 'max'; there are full, with_lvgl"),
    "broken": (["info", "BROKEN"], 1, "broken.kmodel: the file is cut short"),
    "second broken": (["diff", "SMALL", "BROKEN"], 1, "broken.kmodel: the file is cut short"),
    "empty folder": (["info", "empty"], 2, "neither a card"),
    "heap": (["info", "SMALL", "--gc", "7000"], 2, "less than or equal to 6144"),
    "empty array": (["run", "SMALL", "-i", "EMPTY", "-o", "x.npz"], 4, "not one plain array as numpy.save writes it"),
    "no array": (["run", "SMALL", "-i", "TEXT", "-o", "x.npz"], 4, "not one plain array as numpy.save writes it"),
    "several arrays": (["run", "SMALL", "-i", "SEVERAL", "-o", "x.npz"], 4, "it holds several arrays; expected one"),
    "no picture": (["run", "SMALL", "-i", "GARBAGE", "-o", "x.npz"], 4, "neither a picture nor named .npy"),
    "channels last": (["run", "SMALL", "-i", "LAST", "-o", "x.npz"], 1, "expected uint8 (1, 3, 16, 16), channels"),
    "no model": (["bench", "GARBAGE"], 1, "garbage.kmodel: not a kmodel"),
    "no input": (["run", "SMALL", "-i", "no.npy", "-o", "x.npz"], 4, "cannot read no.npy: No such file or directory\n"),
    "too many": (
        ["run", "SMALL", "-i", "a.npy", "-i", "b.npy", "-o", "x.npz"],
        2,
        "takes 1 input, but --input names 2",
    ),
    "wrong shape": (["run", "SMALL", "-i", "ODD", "-o", "x.npz"], 1, "the input does not fit the model"),
    "wrong output": (["run", "SMALL", "-i", "GOOD", "-o", "x.png"], 2, "expected a name that ends in .npz"),
    "no folder": (["run", "SMALL", "-i", "GOOD", "-o", "no/x.npz"], 4, "cannot write no/x.npz"),
    "runtime": (["run", "SMALL", "-i", "GOOD", "-o", "x.npz", "--runtime", "v9"], 2, "no runtime 'v9'"),
    "rounding": (["run", "SMALL", "-i", "GOOD", "-o", "x.npz", "--rounding", "v9"], 2, "no rounding 'v9'"),
    "backend": (["bench", "SMALL", "--backend", "gpu"], 2, "no backend 'gpu'"),
    "view": (["view", "SMALL", "-o", "x.txt"], 2, "expected a name that ends in .svg or .html"),
    "view folder": (["view", "SMALL", "-o", "no/x.svg"], 4, "cannot write no/x.svg"),
    "command": (["fly"], 2, "No such command"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(command: Command, small: Path, tmp_path: Path, name: str) -> None:
    """Each ends with its exit code and a message on stderr, without a traceback and without output on stdout."""
    words, code, text = REFUSALS[name]
    (tmp_path / "broken.kmodel").write_bytes(small.read_bytes()[:200])
    (tmp_path / "garbage.kmodel").write_bytes(bytes(range(9, 99)))
    np.save(tmp_path / "good.npy", np.zeros((3, 16, 16), np.uint8))
    np.save(tmp_path / "odd.npy", np.zeros((3, 8, 16), np.uint8))
    np.save(tmp_path / "last.npy", np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "text.npy").write_bytes(b"hello")
    with (tmp_path / "several.npy").open("wb") as file:
        np.savez(file, a=np.zeros(3), b=np.zeros(3))
    paths = {
        "EMPTY": "empty.npy",
        "TEXT": "text.npy",
        "SEVERAL": "several.npy",
        "LAST": "last.npy",
        "SMALL": small,
        "BROKEN": "broken.kmodel",
        "GARBAGE": "garbage.kmodel",
        "GOOD": "good.npy",
        "ODD": "odd.npy",
    }
    result = command("kmodel", *(paths.get(word, word) for word in words))
    assert result.returncode == code, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_run_array(command: Command, small: Path, tmp_path: Path) -> None:
    """The file holds the same array as the package's own run gives."""
    image = np.random.default_rng(2).integers(0, 256, (3, 16, 16), np.uint8)
    np.save(tmp_path / "in.npy", image)
    done = command("kmodel", "run", small, "--input", "in.npy", "--output", "out.npz", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert done.stderr == ""
    assert result["outputs"][0]["name"] == "out0"
    assert (result["rounding"], result["runtime"]) == ("v02", "maixpy")
    with np.load(tmp_path / "out.npz") as results:
        assert results["out0"].shape == (4, 16, 16)
        np.testing.assert_array_equal(results["out0"].reshape(-1), load(small).run(image)[0])


def test_run_overwrites_and_keeps_the_name(command: Command, small: Path, tmp_path: Path) -> None:
    """An older file of the same name is replaced, and no second suffix is added."""
    np.save(tmp_path / "in.npy", np.zeros((3, 16, 16), np.uint8))
    (tmp_path / "out.NPZ").write_bytes(b"older" * 9999)
    done = command("kmodel", "run", small, "--input", "in.npy", "--output", "out.NPZ")
    assert (done.returncode, done.stderr) == (0, "wrote out.NPZ\n")
    assert not (tmp_path / "out.NPZ.npz").exists()
    with np.load(tmp_path / "out.NPZ") as results:
        assert list(results) == ["out0"]


def test_run_that_gives_nan(command: Command, kmodels: Path, tmp_path: Path) -> None:
    """JSON knows no NaN."""
    np.save(tmp_path / "in.npy", np.array([np.nan, 1, 2, 3], np.float32))
    words = ("kmodel", "run", kmodels / "iris_v3.kmodel", "-i", "in.npy", "-o", "out.npz")
    result = json.loads(command(*words, "--json").stdout, parse_constant=pytest.fail)
    assert result["outputs"][0]["min"] is None
    assert command(*words).stdout == "out0: 3 float32, values that are not numbers\n"


def test_info_json_of_a_broken_file(command: Command, small: Path, tmp_path: Path) -> None:
    """Stdout holds the document for programs, stderr the message for people."""
    (tmp_path / "cut.kmodel").write_bytes(small.read_bytes()[:200])
    done = command("kmodel", "info", "cut.kmodel", "--json")
    assert done.returncode == 1
    assert done.stderr.startswith("maixswitch: cut.kmodel: the file is cut short")
    result = json.loads(done.stdout)
    assert (result["schema"], result["usable"], result["kind"]) == (1, False, "broken")
    assert (result["offset"], result["field"], result["found"]) == (200, "body_size", "200 bytes")


@pytest.mark.parametrize("rounding", ["v02", "v01", "v0.1"])
def test_run_photo(command: Command, kmodels: Path, goldens: Path, photos: Path, tmp_path: Path, rounding: str) -> None:
    """The golden output of the photo, straight from the command line."""
    done = command(
        *("kmodel", "run", kmodels / "landmark68_v3.kmodel", "-i", photos / "astronaut.png", "-o", "out.npz"),
        *("--rounding", rounding, "--runtime", "sdk"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out0: ")
    golden = np.load(goldens / "landmark68_v3__photo.npz")
    expected = golden["out0_v01"] if rounding != "v02" and "out0_v01" in golden else golden["out0"]
    with np.load(tmp_path / "out.npz") as results:
        np.testing.assert_allclose(results["out0"].reshape(-1), expected.reshape(-1), atol=1e-6)


def test_photo_of_floats(command: Command, kmodels: Path, tmp_path: Path) -> None:
    """A model of four numbers refuses a picture with a message."""
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
    done = command("kmodel", "run", kmodels / "iris_v3.kmodel", "-i", "p.png", "-o", "x.npz")
    assert done.returncode == 1
    assert "takes no picture" in done.stderr


def test_bench(command: Command, small: Path) -> None:
    done = command("kmodel", "bench", small, "--repeat", "2")
    assert done.returncode == 0, done.stderr
    assert "GMAC/s" in done.stdout
    result = json.loads(command("kmodel", "bench", small, "--repeat", "2", "--backend", "numpy", "--json").stdout)
    assert (result["schema"], result["backend"], result["repeat"]) == (1, "numpy", 2)
    assert result["macs"] == result["layers"][0]["macs"] == 3 * 4 * 9 * 256
    assert result["milliseconds"] > 0
    assert result["layers"][0]["gmac_s"] > 0


def test_diff(command: Command, small: Path, tmp_path: Path) -> None:
    """The exit code is 0 for the same network and 1 for another."""
    twin, other = tmp_path / "twin.kmodel", tmp_path / "other.kmodel"
    twin.write_bytes(small.read_bytes())
    other.write_bytes(network(np.random.default_rng(2), 3, 16, 16, [Choice(out=4)]))
    same = command("kmodel", "diff", small, twin)
    assert (same.returncode, same.stdout) == (0, "1 of 1 layers are the same\n")
    changed = command("kmodel", "diff", small, other)
    assert changed.returncode == 1
    assert "weights:" in changed.stdout
    result = json.loads(command("kmodel", "diff", small, other, "--json").stdout)
    assert (result["schema"], result["same"]) == (1, False)


@pytest.mark.parametrize(("name", "start"), [("x.svg", "<svg"), ("x.html", "<!doctype html>")])
def test_view(command: Command, small: Path, tmp_path: Path, name: str, start: str) -> None:
    done = command("kmodel", "view", small, "-o", name)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert done.stdout == ""
    assert f"wrote {name}" in done.stderr


def test_view_without_a_name(command: Command, small: Path, tmp_path: Path) -> None:
    """The page is the only new file in the current folder, whatever folder the model is in."""
    done = command("kmodel", "view", small)
    assert (done.returncode, done.stderr) == (0, "wrote small.svg\n")
    assert (tmp_path / "small.svg").read_text(encoding="utf-8").startswith("<svg")
