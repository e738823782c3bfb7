"""Dense layers whose activation MaixPy ignores: which of them matter, and how they change the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.judge.describe import describe_file
from maixswitch.kmodel.judge.firmware import firmwares
from maixswitch.kmodel.judge.ignored import change, ignored, names
from maixswitch.kmodel.run.runtimes import RUNTIMES
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter

F = np.float32
TWO = np.random.default_rng(2).normal(size=(5, 5)).astype(F)
ZEROS = np.zeros(5, F)


def quantized(act: int, scale: float, bias: float, *, output: bool = False) -> bytes:
    """Return a dense layer before a quantize layer; with ``output`` its result is an output, too."""
    net = KModelWriter(floats=5)
    inner = net.fully_connected(net.input, TWO, ZEROS, act)
    net.output(net.dequantize(net.quantize(inner, scale, bias), scale, bias))
    if output:
        net.output(inner)
    return net.build()


@pytest.mark.parametrize(
    ("act", "scale", "bias", "matters"),
    [
        (0, 0.1, -3.0, False),
        (1, 0.1, 0.0, False),  # the least byte is 0: the quantize layer is the relu
        (1, 0.1, 0.4, False),
        (1, 0.1, -0.05, False),  # an offset that compensates truncation: 0 is still cut to 0
        (1, 0.1, -3.0, True),
        (2, 6 / 256, 0.0, False),
        (2, 0.1, 0.0, True),  # 6 is not the greatest byte
        (1, -0.1, 0.0, True),
    ],
)
def test_a_quantize_layer_can_stand_for_the_activation(act: int, scale: float, bias: float, matters: bool) -> None:
    assert bool(ignored(load(quantized(act, scale, bias)))) is matters
    rng = np.random.default_rng(4)
    values = [rng.normal(0, 4, 5).astype(F) for _ in range(50)]
    runs = [load(quantized(act, scale, bias), runtime=name) for name in ("maixpy", "canmv")]
    differs = any(not np.array_equal(*(run.run(x)[0] for run in runs)) for x in values)
    assert differs is matters


def test_an_output_and_another_dense_layer_read_the_activation() -> None:
    assert ignored(load(quantized(1, 0.1, 0.0, output=True)))
    net = KModelWriter(floats=5)
    inner = net.fully_connected(net.input, TWO, ZEROS, 2)
    net.output(net.fully_connected(inner, TWO, ZEROS, 0))
    model = load(net.build())
    assert names(ignored(model)) == "layer 0 (fully_connected): relu6"
    effect = change(model)
    assert not effect.picture
    assert effect.largest > 0
    assert str(effect).startswith("on random numbers the largest output ")


def head(act: int) -> bytes:
    """Return a network from a picture to five values below 0, which a relu makes equal."""
    net = KModelWriter(3, 8, 8)
    weights = np.random.default_rng(5).normal(0, 0.3, (4, 3, 3, 3))
    part = quantize_conv(weights, np.zeros(4), Scale(255.0), Scale(255.0))
    values = net.dequantize(net.conv(net.input, part, to_main=True), 1 / 255, 0.0)
    pooled = net.global_average_pool(values)
    net.output(net.fully_connected(pooled, -np.ones((5, 4), F), np.linspace(-1, 0, 5).astype(F), act))
    return net.build()


def test_info_reports_the_effect_on_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "head.kmodel"
    path.write_bytes(head(1))
    warnings = describe_file(path)["warnings"]
    assert len(warnings) == 1
    assert warnings[0].startswith("MaixPy ignores the activation of layer 3 (fully_connected): relu; on a picture")
    assert describe_file(path, flavours=("canmv",))["warnings"] == []
    path.write_bytes(head(0))
    assert describe_file(path)["warnings"] == []


def test_a_changed_answer_is_reported() -> None:
    seen = change(load(head(1)))
    assert (seen.picture, seen.best, seen.applied) == (True, 4, 0)
    assert "number 4 instead of 0, values change by up to " in str(seen)


def test_every_firmware_has_a_runtime() -> None:
    assert {item.runtime for item in firmwares()} == {"maixpy", "canmv"} <= set(RUNTIMES)
    assert next(item for item in firmwares() if item.name == "canmv").runtime == "canmv"


def test_real_files(kmodels: Path) -> None:
    assert {path.stem for path in kmodels.glob("*_v3.kmodel") if ignored(load(path))} == {"iris_v3"}
