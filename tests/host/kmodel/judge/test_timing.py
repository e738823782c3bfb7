"""The time estimate: the formula by hand, and every published figure inside the spread."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.layer_facts import (
    conv_of,
    elements,
    layer_title,
    macs,
    main_out_bytes,
    parameters,
    weight_bytes,
)
from maixswitch.kmodel.judge.timing import CPU_NS, DEFAULT, Spread, kpu_us, timing
from tests.host.kmodel.small_networks import Choice, network

FACE_MS = (
    *(0.206, 0.039, 0.514, 0.029, 0.680, 0.053, 1.328, 0.020, 0.704, 0.034, 1.385, 0.016),
    *(0.781, 0.025, 1.522, 0.026, 1.521, 0.026, 1.521, 0.026, 1.521, 0.025, 0.326, 0.404),
)
"""Every layer of face_yolov2_v3 on a board, as printed by the SDK's kpu.c (nncase issue 77)."""
SIPEED_MS = {
    (4, 4): 0.339,
    (16, 4): 0.339,
    (16, 16): 0.417,
    (32, 16): 0.692,
    (32, 32): 1.138,
    (64, 32): 2.125,
    (64, 64): 3.891,
    (128, 64): 7.709,
    (128, 128): 14.778,
    (256, 256): 57.756,
}
"""(width, height) -> 128 to 128 channels, 3x3, 16-bit weights, KPU at 300 MHz (bbs.sipeed.com topic 691)."""


def test_vendor_rate() -> None:
    """0.23 T operations a second at 400 MHz: 64 pixels x 9 taps a cycle, an operation is a multiply-accumulate."""
    ideal = replace(
        DEFAULT,
        row_stall=Spread(0, 0, 0),
        block_bubble=Spread(0, 0, 0),
        layer_us=Spread(0, 0, 0),
        weight_mb_s=Spread(1e9, 1e9, 1e9),
    )
    source = MapLayout(128, 64, 64)
    us = kpu_us(source, 128, 1, ideal).typical
    assert 128 * 128 * 9 * 64 * 64 / us == pytest.approx(230400, rel=1e-6)


def test_layer_by_hand(kmodels) -> None:
    """Layer 0 of the face model: 3600 rows in, 16 channels out, 800 bytes to load.

    16 x (3600 x 1.06 + 3 x 2.5) = 61176 cycles are 152.94 us; 16 us for the layer, 800 / 1040 us for the weights.
    """
    kmodel = load(kmodels / "face_yolov2_v3.kmodel")
    first = kmodel.layers[0]
    conv = conv_of(first)
    assert conv is not None
    assert (conv.input.rows, conv.input.blocks) == (5 * 240 * 3, 3)
    assert weight_bytes(first) == 432 + 16 * 8 + 96 + 144 == 800
    assert macs(first) == 3 * 16 * 9 * 240 * 320
    us = timing(kmodel).layers[0].us
    assert us.typical == pytest.approx(152.94 + 16 + 800 / 1040)
    assert us.low == pytest.approx(16 * (3600 + 3 * 1.0) / 400 + 10 + 800 / 1040)
    assert us.high == pytest.approx(16 * (3600 * 1.08 + 3 * 4) / 300 + 40 + 800 / 280)


def test_dequantize_by_hand(kmodels) -> None:
    """9000 elements at 45 ns."""
    kmodel = load(kmodels / "face_yolov2_v3.kmodel")
    assert elements(kmodel.layers[23]) == 9000
    assert timing(kmodel).layers[23].us.typical == pytest.approx(405)
    assert main_out_bytes(kmodel.layers[22]) == 9000


def test_every_published_layer(kmodels) -> None:
    """All 24 measured layers are inside the spread: together within 4 %, those above 0.1 ms within 20 % each."""
    result = timing(load(kmodels / "face_yolov2_v3.kmodel")).layers
    assert len(result) == len(FACE_MS)
    assert sum(item.us.typical for item in result) / 1000 == pytest.approx(sum(FACE_MS), rel=0.04)
    for item, measured in zip(result, FACE_MS, strict=True):
        if measured > 0.1:
            assert item.us.typical / 1000 == pytest.approx(measured, rel=0.2), item.layer
        assert item.us.low * 0.95 <= measured * 1000 <= item.us.high * 1.05, item.layer


@pytest.mark.parametrize("size", SIPEED_MS)
def test_vendor_table(size: tuple[int, int]) -> None:
    """At 300 MHz: within 12 % from 32x32, within 22 % below, where loading the weights takes most of the time."""
    rates = replace(DEFAULT, clock_mhz=Spread(300, 300, 300))
    source = MapLayout(128, size[1], size[0])
    us = kpu_us(source, 128, 128 * 128 * 9 * 2, rates).typical
    assert us / 1000 == pytest.approx(SIPEED_MS[size], rel=0.12 if min(size) >= 32 else 0.22)


@pytest.mark.parametrize(
    ("name", "call", "published"),
    [
        ("face_yolov2_v3", "run", 24),  # run_yolo2: neucrack.com p/313
        ("mobilenet_3class_v3", "forward", 40),  # the same net with 1000 classes: bbs.sipeed.com topic 1811
        ("ultraface_slim_v4", "forward", 60),  # nncase issue 81
        ("ultraface_slim_v4", "forward", 65.6),  # nncase examples/fast_facedetect
        ("ultraface_slim_v4", "forward", 81),  # nncase issue 81, on the clock instead of summed up
        ("dronet_float_v4", "forward", 1000),  # "about 1 fps": MaixPy-v1 issue 360
    ],
)
def test_published_runs(kmodels, name: str, call: str, published: float) -> None:
    span: Spread = getattr(timing(load(kmodels / f"{name}.kmodel")), call)
    assert span.low <= published <= span.high, f"{span}"


def test_first_layers_of_an_issue() -> None:
    """3 to 16 channels at 320x240 with stride 2, then 16 to 16 at 160x120: 0.210 and 0.268 ms (nncase issue 95)."""
    first = kpu_us(MapLayout(3, 240, 320), 16, 800, version=4).typical
    second = kpu_us(MapLayout(16, 120, 160), 16, 16 * 16 * 9 + 368, version=4).typical
    assert first == pytest.approx(210, rel=0.15)
    assert second == pytest.approx(268, rel=0.15)


def test_totals_of_the_corpus(kmodels) -> None:
    """Every model has the multiply-accumulates of the index, an ordered spread and nothing negative."""
    for entry in json.loads((kmodels / "index.json").read_text()):
        if not entry["macs"]:
            continue
        kmodel = load(kmodels / entry["file"])
        result = timing(kmodel)
        assert result.macs == entry["macs"], entry["file"]
        for span in (result.upload, result.forward, result.decode, result.run, result.load, result.frame, result.fps):
            assert 0 <= span.low <= span.typical <= span.high, entry["file"]
        assert result.load.typical == pytest.approx(entry["size"] / 1000)
        assert result.run_ms >= 1


def test_card_rate_is_the_simulators() -> None:
    """The card's rate is the same as in the fakes; the best case is the SPI clock of 25 MHz."""
    from benchlib.card import Drive

    assert Drive("sd", False).bytes_per_ms == DEFAULT.card_bytes_per_ms.typical
    assert DEFAULT.card_bytes_per_ms.low == 25e6 / 8 / 1000


def test_full_resolution_counts() -> None:
    """A stride of 2 by pooling costs the chip as much as no stride, so MACs and estimate are equal."""
    rng = np.random.default_rng(2)
    plain, strided = (load(network(rng, 4, 16, 64, [Choice(kernel=3, out=8, pool=pool)])) for pool in (0, 5))
    assert macs(plain.layers[0]) == macs(strided.layers[0]) == 4 * 8 * 9 * 16 * 64
    assert elements(plain.layers[0]) > elements(strided.layers[0]) // 2
    a, b = (timing(model).layers[0] for model in (plain, strided))
    assert a.us.typical > b.us.typical, "only the way to main memory is shorter"
    assert layer_title(strided.layers[0]) == "conv 3x3, stride 2"


def test_depthwise_is_one_pass() -> None:
    rng = np.random.default_rng(3)
    kmodel = load(network(rng, 16, 16, 64, [Choice(depthwise=True)]))
    assert macs(kmodel.layers[0]) == 16 * 9 * 16 * 64
    assert parameters(kmodel.layers[0]) == 16 * 9 + 2 * 16
    source = MapLayout(16, 160, 160)
    normal, depthwise = (kpu_us(source, 16, 512, depthwise=chosen).typical for chosen in (False, True))
    assert normal - DEFAULT.layer_us.typical > 12 * (depthwise - DEFAULT.layer_us.typical)


def test_clock_is_a_parameter(kmodels) -> None:
    kmodel = load(kmodels / "voc20_yolov2_v3.kmodel")
    slow = timing(kmodel, replace(DEFAULT, clock_mhz=Spread(200, 200, 200)))
    assert slow.forward.typical > 1.7 * timing(kmodel).forward.typical


def test_frame() -> None:
    """A tiny network waits for the camera, 33 ms; the worst case adds camera, run and LCD."""
    kmodel = load(network(np.random.default_rng(4), 3, 16, 16, [Choice(out=4)]))
    result = timing(kmodel)
    assert result.frame.typical == 33
    assert result.display == pytest.approx(10.24)
    assert result.frame.high == pytest.approx(50 + result.run.high + 10.24)
    assert timing(kmodel, panel=None).display == 0
    assert result.fps.high == pytest.approx(1000 / 33)


def test_every_layer_has_an_estimate() -> None:
    """The last rows of the table match any layer of either version."""
    assert [(part, version) for part, version, _ in CPU_NS[-2:]] == [("", 3), ("", 4)]
