"""Integer steps become a kmodel: where their results are, which are moved, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.convert.lower.layers import Dequantize, FloatAdd, KpuConv, Quantize
from maixswitch.convert.lower.lower import Lowered, lower
from maixswitch.convert.lower.runnable import copying, make_runnable
from maixswitch.convert.ops.global_mean import FloatMean
from maixswitch.convert.ops.softmax import FloatSoftmax
from maixswitch.convert.ops.unary import FloatLogistic
from maixswitch.convert.ops.views import FloatFlat
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write.rewrite import rewrite
from tests.host.convert import hand_layers as hand_layers
from tests.host.convert.hand_layers import EVEN, Hand


def names(lowered: Lowered) -> list[str]:
    model = load(lowered.data)
    assert check(model) == []
    assert model.notes == ()
    assert rewrite(lowered.data) == lowered.data
    assert len(lowered.layers) == len(model.layers)
    return [layer.name.removeprefix("k210_") for layer in model.layers]


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, shape).astype(np.uint8)


def levels(values: np.ndarray) -> np.ndarray:
    """Return the result of a Dequantize of EVEN as the device computes it: rounded once."""
    exact = values.astype(np.float64) * np.float32(EVEN.factor) + np.float64(np.float32(EVEN.bias))
    return exact.astype(np.float32)


def test_a_chain_stays_in_the_ai_ram() -> None:
    net = Hand(3, 16, 20)
    x = net.conv(net.conv(net.conv("image", 8), 12, 1), 4, pool=1)
    lowered = lower(net.done(net.simple(Dequantize, x)))
    assert names(lowered) == ["conv", "conv", "conv", "dequantize"]
    assert lowered.tensors == ("t0", "t1", "t2", "t3")
    model = load(lowered.data)
    assert [layer.spec.main_output is not None for layer in model.layers[:3]] == [False, False, True]
    image = expected = picture(3, 16, 20)
    for step in net.layers[:3]:
        expected = hand_layers.conv(step, expected)
    assert np.array_equal(model.run(image)[0], levels(expected).reshape(-1))


def test_a_result_that_both_memories_need_is_in_both() -> None:
    net = Hand(3, 16, 16)
    a = net.conv("image", 6)
    b = net.conv(a, 6)
    total = net.add(a, b)
    c = net.conv(total, 5, pool=5)
    lowered = lower(net.done(net.simple(Dequantize, c)))
    assert names(lowered) == ["conv", "conv", "quantized_add", "upload", "conv", "dequantize"]
    assert lowered.tensors == (a, b, total, c, c, "t4")
    one = hand_layers.conv(net.layers[0], picture(3, 16, 16))
    two = hand_layers.conv(net.layers[1], one)
    result = [writes for _, writes in load(lowered.data).run_layers(picture(3, 16, 16))]
    assert all(np.array_equal(copy, one.reshape(-1)) for copy in result[0])
    assert np.array_equal(result[1][-1], two.reshape(-1))


def test_every_step_of_the_cpu_becomes_its_layer() -> None:
    net = Hand(3, 16, 16)
    a = net.conv("image", 4)
    both = net.concat(net.requantize(a), net.max_pool(net.resize(a), 2, 2))
    floats = net.simple(Dequantize, both, scale=None)
    mean = net.simple(FloatMean, floats, (8,))
    dense = net.relu(net.dense(mean, 6))
    total = net._step((6,), None, FloatAdd, [dense, net.dense(mean, 6)])
    joined = net.concat(total, net.simple(FloatFlat, net.simple(FloatLogistic, mean), (8,)))
    back = net.simple(Quantize, joined, scale=EVEN)
    out = net.simple(Dequantize, net.flat_conv(back, 5))
    lowered = lower(net.done(net.simple(FloatSoftmax, out), total))
    assert names(lowered) == [
        "conv",
        "requantize",
        "quantized_resize_nearest_neighbor",
        "quantized_max_pool2d",
        "quantized_concat",
        "dequantize",
        "global_average_pool2d",
        "fully_connected",
        "quantize",
        "quantized_resize_nearest_neighbor",
        "quantized_add",
        "fully_connected",
        "add",
        "logistic",
        "concat",
        "quantize",
        "add_padding",
        "conv",
        "remove_padding",
        "dequantize",
        "softmax",
    ]
    scores, sums = load(lowered.data).run(picture(3, 16, 16))
    assert scores.shape == (5,)
    assert sums.shape == (6,)
    assert abs(float(scores.sum()) - 1) < 1e-5
    table = net.layers[1].table  # type: ignore[attr-defined]
    first = hand_layers.conv(net.layers[0], picture(3, 16, 16))
    halves = levels(np.concatenate([table[first], first]).reshape(8, -1)).mean(1)
    relu = np.maximum(net.layers[7].weights @ halves + net.layers[7].bias, 0)  # type: ignore[attr-defined]
    plain = net.layers[10].weights @ halves + net.layers[10].bias  # type: ignore[attr-defined]
    assert np.allclose(sums, relu + plain, atol=1e-4)


def test_a_copying_layer_copies_every_byte() -> None:
    step = KpuConv((), ("image",), "copy", copying(3))
    image = np.arange(3 * 16 * 16).astype(np.uint8).reshape(3, 16, 16)
    assert np.array_equal(hand_layers.conv(step, image), image)
    net = Hand(3, 16, 16)
    lowered = lower(net.done(net.simple(Dequantize, net.requantize("image"))))
    assert names(lowered) == ["conv", "requantize", "dequantize"]
    table = net.layers[0].table  # type: ignore[attr-defined]
    assert np.array_equal(load(lowered.data).run(image)[0], levels(table[image]).reshape(-1))


@pytest.mark.parametrize("pool", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("follow", ["1x1", "3x3", "both", "output"])
def test_no_pool_follows_a_depthwise_layer(pool: int, follow: str) -> None:
    net = Hand(4, 16, 32)
    deep = net.conv("image", 4, depthwise=True, pool=pool)
    outputs = [deep] if follow == "output" else []
    outputs += [net.conv(deep, 5, 1)] if follow in ("1x1", "both") else []
    outputs += [net.conv(deep, 5, 3)] if follow in ("3x3", "both") else []
    quantised = net.done(*(net.simple(Dequantize, name) for name in outputs))
    lowered = lower(quantised)
    layers = names(lowered)
    assert layers.count("conv") == len(net.layers) - len(outputs) + (follow != "1x1" or pool < 5)
    image = picture(4, 16, 32)
    expected = {"image": image}
    for step in net.layers:
        if isinstance(step, KpuConv):
            expected[step.output] = hand_layers.conv(step, expected[step.inputs[0]])
    for name, result in zip(outputs, load(lowered.data).run(image), strict=True):
        assert np.array_equal(result, levels(expected[name]).reshape(-1))
    assert all(not (s.depthwise and s.pool) for s in make_runnable(quantised).layers if isinstance(s, KpuConv))


def test_a_result_that_late_layers_need_leaves_the_ai_ram() -> None:
    net = Hand(3, 64, 64)
    early = net.conv("image", 200)
    x = net.conv(net.conv(early, 200, 1), 200, 1)
    x = net.conv(x, 4)
    late = net.conv(early, 4)
    lowered = lower(net.done(net.simple(Dequantize, net.add(x, late))))
    assert names(lowered) == ["conv", "conv", "conv", "conv", "upload", "conv", "quantized_add", "dequantize"]
    image = picture(3, 64, 64)
    tensors = {"image": image}
    for step in net.layers:
        if isinstance(step, KpuConv):
            tensors[step.output] = hand_layers.conv(step, tensors[step.inputs[0]])
    # MaixPy leaves out the last byte of copies with lines of 64 pixels, so the values are compared on CanMV.
    steps = load(lowered.data, runtime="canmv").run_layers(image)
    result = {t: writes[-1] for t, (_, writes) in zip(lowered.tensors, steps, strict=True)}
    for name in (x, late):
        assert np.array_equal(result[name], tensors[name].reshape(-1))


def test_the_input_may_be_numbers() -> None:
    net = Hand(5)
    lowered = lower(net.done(net.dense("image", 3)))
    assert names(lowered) == ["fully_connected"]
    wrong = Hand(5)
    with pytest.raises(MaixSwitchError, match="node0: the firmware starts only with"):
        lower(wrong.done(wrong.simple(FloatSoftmax, "image")))


def refused(net: Hand, output: str) -> str:
    with pytest.raises(MaixSwitchError) as caught:
        lower(net.done(net.simple(Dequantize, output)), 3)
    return caught.value.message


def test_sizes_that_the_chip_cannot_take() -> None:
    net = Hand(1, 8, 600)
    assert refused(net, net.conv("image", 2)).startswith(
        "node node0 (conv): input width of a KPU layer: found 600, expected 4..512; export the network for pictures of "
        "512x8"
    )
    net = Hand(1, 300, 8)
    assert (
        "input height of a KPU layer: found 300, expected 4..256; export the network for pictures of 8x256"
        in refused(net, net.conv("image", 2))
    )
    net = Hand(1, 8, 3)
    assert "input width of a KPU layer: found 3" in refused(net, net.conv("image", 2))
    net = Hand(1, 64, 300)
    text = refused(net, net.conv(net.resize(net.conv("image", 2)), 2))
    assert "input width of a KPU layer: found 600, expected 4..512; resize the network's input" in text
    net = Hand(1, 8, 4)
    text = refused(net, net.conv("image", 2, pool=1))
    assert "output of a KPU layer, height x width: found 4x2, expected at least 4x4; pool less" in text
    assert text.endswith("or export the network for pictures of at least 8x8")
    net = Hand(1, 64, 96)
    x = "image"
    for _ in range(5):
        x = net.conv(x, 2, pool=1)
    assert refused(net, x).endswith(
        "found 2x3, expected at least 4x4; pool less before this layer, or export the network for pictures of at least "
        "128x128"
    )
    net = Hand(1, 4, 4)
    assert "output channels: found 1100, expected at most 1024" in refused(net, net.conv("image", 1100, 1))


def test_all_limits_are_in_one_message() -> None:
    net = Hand(3, 300, 320)
    wide = net.conv(net.conv("image", 8, pool=3), 1100, 1)
    head, *lines = refused(net, net.conv(wide, 1030, 1)).splitlines()
    assert head == "the network cannot be converted, for 4 reasons:"
    assert [line.strip().split(":")[0] for line in lines] == [
        "node node0 (conv)",
        "node node1 (conv)",
        "node node2 (conv)",
        "node node2 (conv)",
    ]
    assert "320x256" in lines[0]
    assert "output channels: found 1100" in lines[1]
    assert "input channels: found 1100" in lines[2]


def test_weights_that_the_chip_cannot_load() -> None:
    net = Hand(1024, 4, 4)
    text = refused(net, net.conv("image", 1024))
    assert "weight loads of 30720 bytes: found 342, expected at most 64; use fewer channels" in text


def test_maps_that_the_ai_ram_cannot_hold() -> None:
    net = Hand(3, 240, 320)
    text = refused(net, net.conv(net.conv("image", 28), 24))
    assert text.startswith(
        "node node1 (conv): bytes of AI RAM for the maps that live at one time (28x240x320, 24x240x320): found "
    )
    assert text.endswith(
        "expected at most 2097152; export the network for pictures of about 224x160 (width x height), pool earlier, or "
        "use fewer channels here"
    )


def test_numbers_that_the_registers_cannot_hold() -> None:
    net = Hand(3, 8, 8)
    x = net.conv("image", 2)
    net.layers[0].part.norm.add[0] = 1 << 40  # type: ignore[attr-defined]
    assert "cannot be written as a kmodel: norm_add outside" in refused(net, x)
