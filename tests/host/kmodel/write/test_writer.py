"""The writer: layout of the file, addresses in memory, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format.airam import ROW, ROWS
from maixswitch.kmodel.format.registers import BatchNorm
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.allocate import allocate
from maixswitch.kmodel.write.quantize import KpuWeights, Scale, fixed_argument, linear, norm_of, quantize_conv
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter


def plain_part(out: int, inner: int, size: int = 1, dtype: type = np.uint8) -> KpuWeights:
    norm = BatchNorm(np.full(out, 1000), np.full(out, 15), np.zeros(out, np.int64))
    return KpuWeights(np.ones((out, inner, size, size), dtype), norm, linear())


def test_alignments_of_a_convolution() -> None:
    model = load(samples.blob_detector())
    position = 28 + 8 * len(model.outputs) + 8 * len(model.layers)
    for layer in model.layers:
        assert layer.offset == position
        position += layer.size
        assert position % 8 == 0
        if layer.name == "k210_conv":
            head = layer.spec.body
            assert head.layer_offset % 8 == head.weights_offset % 128 == head.norm_offset % 128 == 0
            assert head.activation_offset % 256 == 0
            assert head.activation_offset + 144 <= position
    assert position == model.file_size
    assert model.notes == ()


def test_no_layer_sends_its_maps_out_by_itself() -> None:
    """As in published files: without a DMA, as MaixPy runs by default, nobody would take them from the KPU."""
    for file in (samples.blob_detector(), samples.colour_classifier()):
        layers = [layer.spec.conv.registers for layer in load(file).layers if layer.name == "k210_conv"]
        assert [registers["send_data_out"] for registers in layers] == [0] * len(layers)


def test_maps_that_live_together_do_not_overlap() -> None:
    model = load(samples.colour_classifier())
    for layer in model.layers:
        uses = [use for use in layer.uses() if use.memory == "ai_ram"]
        for one in uses:
            for other in uses:
                if one is not other:
                    assert one.start + one.size <= other.start or other.start + other.size <= one.start
            assert one.start + one.size <= ROWS * ROW


def test_allocation_reuses_dead_memory() -> None:
    a, b, c, d = (PlacedTensor("main", "uint8", (100,)) for _ in range(4))
    need, rows = allocate([([a], [b]), ([b], [c]), ([c], [d])], [a], [d])
    assert (need, rows) == (208, 0)
    addresses = [value.address for value in (a, b, c, d)]
    assert addresses[0] != addresses[1] != addresses[2] != addresses[3]
    kept = [PlacedTensor("main", "float32", (5,)) for _ in range(4)]
    need, _ = allocate([([kept[0]], [kept[1]]), ([kept[1]], [kept[2]]), ([kept[2]], [kept[3]])], kept[:1], kept)
    assert need == 4 * 24


def test_a_convolution_is_quantised_to_within_a_step() -> None:
    rng = np.random.default_rng(4)
    weights, bias = rng.normal(0, 0.3, (4, 3, 3, 3)), rng.normal(0, 0.2, 4)
    source, expected = Scale(255.0), Scale.covering(-4.0, 4.0)
    for levels in (255, 65535):
        net = KModelWriter(3, 8, 10)
        net.output(net.conv(net.input, quantize_conv(weights, bias, source, expected, levels), to_main=True))
        data = net.build()
        assert data[4] == (1 if levels == 255 else 0)
        model = load(data)
        assert check(model) == []
        image = rng.integers(0, 256, (3, 8, 10)).astype(np.uint8)
        computed = (model.run(image)[0].reshape(4, 8, 10).astype(float) - expected.zero) / expected.steps
        wide = np.pad(image / 255, ((0, 0), (1, 1), (1, 1)))
        taps = np.stack([wide[:, y : y + 8, x : x + 10] for y in range(3) for x in range(3)], 1)
        real = np.einsum("oct,cthw->ohw", weights.reshape(4, 3, 9), taps) + bias[:, None, None]
        error = np.abs(
            computed - np.clip(real, -expected.zero / expected.steps, (255 - expected.zero) / expected.steps)
        )
        assert error.max() < (3 if levels == 255 else 0.55) / expected.steps


def test_zero_points_become_fixed_point_arguments() -> None:
    for zero in (0, 1, 120, 255, 300, 40000, 65535):
        argument, shift = fixed_argument(zero)
        assert -(argument >> shift) == zero
        assert -(1 << 23) <= argument <= 0
        assert 0 <= shift <= 15


def test_batch_norm_factors_keep_their_precision() -> None:
    factors = np.array([0.0, 1e-6, 0.37, -12.5, 900.0, 60000.0])
    norm = norm_of(factors, np.zeros(6))
    computed = norm.mul / 2.0**norm.shift
    assert np.all(np.abs(computed - factors) <= np.maximum(np.abs(factors) * 2.0**-15, 2.0**-15))
    with pytest.raises(ValueError, match="too large for the KPU"):
        norm_of(np.array([5e6]), np.zeros(1))


def test_the_writer_refuses_unusable_networks() -> None:
    net = KModelWriter(3, 8, 8)
    with pytest.raises(ValueError, match="do not fit the input"):
        net.conv(net.input, plain_part(4, 2))
    with pytest.raises(ValueError, match="do not fit the input"):
        net.conv(net.input, plain_part(4, 3, 2))
    with pytest.raises(ValueError, match="no pool type 12"):
        net.conv(net.input, plain_part(4, 3), pool=12)
    with pytest.raises(ValueError, match="layers and at least one output"):
        net.build()
    x = net.conv(net.input, plain_part(4, 3))
    with pytest.raises(ValueError, match="use to_main"):
        net.output(x)
    net.output(net.conv(x, plain_part(2, 4, dtype=np.uint16), to_main=True))
    with pytest.raises(ValueError, match="one mode for all layers"):
        net.build()
    wide = KModelWriter(1024, 4, 4)
    with pytest.raises(ValueError, match="weight loads"):
        wide.conv(wide.input, plain_part(1024, 1024, 3))
    large = KModelWriter(64, 240, 320)
    large.output(large.conv(large.input, plain_part(1, 64), to_main=True))
    with pytest.raises(ValueError, match="bytes of AI RAM at a time; it has 2097152"):
        large.build()
