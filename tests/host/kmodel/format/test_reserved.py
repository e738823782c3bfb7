"""Layer types of kmodel v3 that no firmware runs: they are read, listed and compared, and refused at a run."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import KModelError, file_kind, load
from maixswitch.kmodel.format.v3_reader import LAYER_TYPES, RESERVED_TYPES
from maixswitch.kmodel.judge.describe import describe
from maixswitch.kmodel.judge.diff import compare
from maixswitch.kmodel.judge.memory import advice, memory
from maixswitch.kmodel.judge.picture import page, svg
from maixswitch.kmodel.judge.report import report
from maixswitch.kmodel.judge.timing import timing
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.sim.emulator import Emulator
from tests.host.sim_helpers import Command

NAMES = {
    3: "global_max_pool2d",
    4: "quantized_global_max_pool2d",
    6: "quantized_global_average_pool2d",
    7: "max_pool2d",
    10: "quantized_average_pool2d",
    19: "quantized_fully_connected",
    21: "quantized_tensorflow_flatten",
}


def file_with(number: int) -> bytes:
    """Return a file of two float layers; the second one's type is overwritten."""
    net = KModelWriter(floats=4)
    x = net.fully_connected(net.input, np.eye(4, dtype=np.float32), np.zeros(4, np.float32))
    net.output(net.logistic(x))
    data = bytearray(net.build())
    outputs = struct.unpack_from("<I", data, 24)[0]
    struct.pack_into("<I", data, 28 + 8 * outputs + 8, number)
    return bytes(data)


def test_every_number_of_the_format_has_a_name() -> None:
    assert {number: kind.name for number, kind in RESERVED_TYPES.items()} == NAMES
    assert not set(LAYER_TYPES) & set(RESERVED_TYPES)
    assert sorted([*LAYER_TYPES, *RESERVED_TYPES]) == [*range(1, 26), *range(10240, 10244)]


@pytest.mark.parametrize("number", NAMES)
def test_it_is_read_and_listed(number: int) -> None:
    data = file_with(number)
    model = load(data)
    assert [layer.name for layer in model.layers] == ["fully_connected", NAMES[number]]
    assert str(model.layers[1]) == f"layer 1 ({NAMES[number]})"
    result = describe(model, Path("x.kmodel"), file_kind(data))
    assert {item["verdict"] for item in result["firmware"]} == {"layer"}
    text = report(result)
    assert f"warning: layer 1 ({NAMES[number]}): no firmware runs this type" in text
    assert "convert the network again, in a form without that layer" in text
    assert timing(model).run_ms >= 1
    assert "<svg" in svg(model, "x")
    assert "<table" in page(model, "x")
    assert compare(model, load(data)).same
    assert not compare(model, load(file_with(25))).same


@pytest.mark.parametrize("number", NAMES)
def test_it_does_not_run(number: int) -> None:
    model = load(file_with(number))
    with pytest.raises(KModelError, match=f"no K210 firmware runs {NAMES[number]}") as caught:
        model.run(np.zeros(4, np.float32))
    assert (caught.value.field, caught.value.found) == ("layer type", number)
    layers = model.run_layers(np.zeros(4, np.float32))
    assert next(layers)[0].name == "fully_connected"
    with pytest.raises(KModelError):
        next(layers)
    with pytest.raises(KModelError):
        Emulator().load(file_with(number)).run([0.0] * 4)


def test_the_advice_is_another_network() -> None:
    model = load(file_with(7))
    verdict = memory(model, "full").verdict
    assert (verdict.kind, verdict.fits) == ("layer", False)
    assert verdict.text == "loads, but no firmware runs layer 1 (max_pool2d)"
    assert advice(model) == [verdict.remedy]


def test_commands(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.kmodel").write_bytes(file_with(7))
    np.save(tmp_path / "in.npy", np.zeros(4, np.float32))
    done = command("kmodel", "info", "x.kmodel")
    assert (done.returncode, done.stderr) == (0, "")
    assert "max_pool2d" in done.stdout
    for words in (["bench", "x.kmodel"], ["run", "x.kmodel", "-i", "in.npy", "-o", "out.npz"]):
        done = command("kmodel", *words)
        assert done.returncode == 1
        assert done.stderr.startswith("maixswitch: x.kmodel: no K210 firmware runs max_pool2d")
        assert done.stdout == ""
    assert not (tmp_path / "out.npz").exists()
