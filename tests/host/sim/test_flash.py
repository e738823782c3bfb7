"""A card whose models are in the flash chip runs in the simulator if the chip's contents are given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maixswitch.card.flash.contents import flash_contents
from maixswitch.card.flash.pack import Wanted, pack, write
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.samples import write_card
from maixswitch.kmodel.write.v4_from_v3 import as_v4
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.sim_helpers import Command

PIXEL = Scale(255.0)


def version_4() -> bytes:
    """A classifier of 64x64 pixels with four classes, whose file states no shape of its output."""
    net = KModelWriter(3, 64, 64)
    weights = np.random.default_rng(1).normal(0, 0.1, (4, 3, 3, 3))
    x = net.conv(net.input, quantize_conv(weights, np.zeros(4), PIXEL, PIXEL), pool=5, to_main=True)
    net.output(net.global_average_pool(net.dequantize(x, PIXEL.factor, PIXEL.bias)))
    return as_v4(net)[0]


SCRIPT = """wait 1s
expect state RUNNING
expect title Bright blobs
press
expect title Colours within 5s
expect state RUNNING
power
expect state RUNNING within 5s
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """x.kfpkg, and a card without the files of its models."""
    card = tmp_path / "packed"
    write_card(card)
    write(pack([card], Wanted()), tmp_path / "x.kfpkg", keep=False)
    for path in card.glob("models/*/*.kmodel"):
        path.unlink()
    (tmp_path / "run.txt").write_text(SCRIPT)
    return card


def test_the_models_run_from_the_chip(command: Command, packed: Path) -> None:
    done = command("sim", packed, "--script", "run.txt", "--flash", "x.kfpkg")
    assert done.returncode == 0, done.stderr
    done = command("sim", packed, "--script", "run.txt")
    assert done.returncode == 1
    assert "2002" in done.stderr + done.stdout


def test_the_parts_of_the_package_one_by_one(command: Command, packed: Path, tmp_path: Path) -> None:
    words = []
    for address, content in flash_contents([str(tmp_path / "x.kfpkg")]).items():
        (tmp_path / f"{address:x}.bin").write_bytes(content)
        words += ["--flash", f"{address:#x}={address:x}.bin"]
    done = command("sim", packed, "--script", "run.txt", *words)
    assert done.returncode == 0, done.stderr


def test_canmv_runs_them_as_well(command: Command, packed: Path) -> None:
    done = command("sim", packed, "--firmware", "canmv", "--script", "run.txt", "--flash", "x.kfpkg")
    assert done.returncode == 0, done.stderr


def test_screenshots(command: Command, packed: Path, tmp_path: Path) -> None:
    (tmp_path / "shot.txt").write_text("wait 1s\nexpect state RUNNING\nscreenshot one\n")
    done = command("screenshot", packed, "--script", "shot.txt", "--out", "shots", "--flash", "x.kfpkg")
    assert done.returncode == 0, done.stderr
    assert [path.stem for path in (tmp_path / "shots").iterdir()] == ["one-dock"]


def test_what_does_not_go_together(command: Command, packed: Path) -> None:
    done = command("sim", packed, "--flash", "x.kfpkg", "--record", "run.rec")
    assert (done.returncode, "--record" in done.stderr) == (2, True)
    done = command("sim", packed, "--flash", "0xFFFFFF=x.kfpkg")
    assert done.returncode == 2
    assert "the flash chip ends at 0x1000000" in done.stderr


def test_a_kmodel_v4_in_the_chip_needs_no_outputs_in_model_json(command: Command, tmp_path: Path) -> None:
    """The app reads the sizes of the outputs from its head, as it does from a file's."""
    folder = tmp_path / "card/models/10-v4"
    folder.mkdir(parents=True)
    (folder / "net.kmodel").write_bytes(version_4())
    model = {"schema": 1, "title": "V4", "kind": "classifier", "kmodel": "net.kmodel", "input": [64, 64, 3]}
    (folder / "model.json").write_text(json.dumps(model | {"labels": ["a", "b", "c", "d"]}))
    assert command("pack", "card", "-o", "v4.kfpkg").returncode == 0
    (folder / "net.kmodel").unlink()
    (tmp_path / "v4.txt").write_text("wait 1s\nexpect state RUNNING\nframes 2\n")
    words = ("--script", "v4.txt", "--firmware", "minimum_with_kmodel_v4_support")
    done = command("sim", "card", *words, "--flash", "v4.kfpkg")
    assert done.returncode == 0, done.stderr
