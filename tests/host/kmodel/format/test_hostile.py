"""Files that ask for too much or for the impossible are refused before they cost time or memory."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format import v3_layers as v3
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.budget import MAX_ENDS, MAX_LAYERS, MAX_MAIN_MEMORY, MAX_PARTS, pixels
from maixswitch.kmodel.format.program import MAX_FILE
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding, Range
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.format.fuzz import BYTES, SECONDS, Meter, inspect
from tests.host.kmodel.run import exact_numbers as exact
from tests.host.kmodel.run import slow_ops as slow
from tests.host.kmodel.small_networks import Choice, network, part
from tests.host.kmodel.v4_files import AI_RAM, BYTE, CONST, FLOAT, MAIN, NO_CLAMP, File

OPEN = Clamp(*NO_CLAMP)
F = np.float32


def refused(data: bytes, words: str) -> KModelError:
    """Return the refusal, after checking that it says where the fault is."""
    with pytest.raises(KModelError, match=words) as caught:
        load(data)
    error = caught.value
    assert error.field
    assert str(error.found)
    assert str(error.wanted)
    return error


def assert_cheap(action: Callable[[], object]) -> None:
    """Assert that `action` stays within the fuzzer's limits for a case."""
    meter = Meter()
    meter.start()
    action()
    seconds, peak = meter.stop()
    assert seconds < SECONDS
    assert peak < BYTES


def changed(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + struct.pack("<I", value) + data[offset + 4 :]


def small_v3() -> bytes:
    return network(np.random.default_rng(1), 2, 8, 8, [Choice(out=3)])


def pooled(kernel: tuple[int, int], size: int = 4) -> bytes:
    net = KModelWriter(3, size, size)
    x = net.conv(net.input, part(np.random.default_rng(1), 3, Choice(out=3)), to_main=True)
    arguments = (size, size, 3, size, size, 3, *kernel, 1, 1, 0, 0)
    net.output(net.layer(8, v3.QuantizedMaxPool, [x], (3, size, size), "uint8", *arguments))
    return net.build()


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (12, MAX_LAYERS + 1, "layers_length"),
        (20, MAX_MAIN_MEMORY + 1, "main_mem_usage"),
        (24, MAX_ENDS + 1, "output_count"),
    ],
)
def test_v3_counts_are_refused_with_their_offset(offset: int, value: int, field: str) -> None:
    assert refused(changed(small_v3() + bytes(100_000), offset, value), field).offset == offset


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (20, MAX_MAIN_MEMORY + 1, "main_mem_usage"),
        (24, MAX_LAYERS + 1, "nodes"),
        (28, MAX_ENDS + 1, "inputs"),
        (32, MAX_ENDS + 1, "outputs"),
    ],
)
def test_v4_counts_are_refused_with_their_offset(offset: int, value: int, field: str) -> None:
    file = File()
    file.node(9, moves.MemoryCopy(file.input((4,)), file.output((4,))))
    assert refused(changed(file.build() + bytes(100_000), offset, value), field).offset == offset


def test_a_window_of_many_taps() -> None:
    """A window that the limit allows stays within the time and memory of a case."""
    image = np.zeros((3, 4, 4), np.uint8)
    assert_cheap(lambda: load(pooled((10_000, 1))).run(image))
    refused(pooled((65_535, 65_535)), "too much work")


def test_layers_that_share_their_weights() -> None:
    """v3 gives the offset of the weights; a hundred layers with the same weights would fill this PC's memory."""
    one = network(np.random.default_rng(2), 256, 4, 4, [Choice(3, 256)])
    assert load(one)
    count, old = 40, 44
    new = 36 + 8 * count + 24 * (count - 1)
    head = struct.unpack_from("<6I", one, old)
    body_head = struct.pack("<6I", 0, 0, *(offset - old + new for offset in head[2:]))
    header = struct.pack("<9I", 3, 1, 0, count, 0, 4096, 1, 0, 4096)
    sizes = [24] * (count - 1) + [len(one) - old]
    table = b"".join(struct.pack("<2I", 10240, size) for size in sizes)
    error = refused(header + table + body_head * count + one[old + 24 :], "too much data")
    assert error.offset == 36 + 8 * count + 24


def test_more_weights_than_the_kpu_loads() -> None:
    kernel = part(np.random.default_rng(3), 512, Choice(3, 64))
    net = KModelWriter(512, 4, 4)
    net.output(net.conv(net.input, kernel, to_main=True))
    data = net.build()
    layer = load(data).layers[0]
    block = layer.spec.body.layer_offset + 16
    channels = struct.unpack_from("<2I", data, block)
    more = data[:block] + struct.pack("<2I", channels[0], channels[1] | 511) + data[block + 8 :]
    weights = layer.spec.body.weights_offset
    more = changed(more[:weights] + bytes(512 * 512 * 9) + more[weights:], 20, 1 << 16)
    error = refused(more, "this many weights")
    assert error.found == f"{512 * 512 * 9} bytes"


def test_maps_that_fit_only_after_a_pool() -> None:
    """The chip pools while it computes; this PC must hold all results before the pool."""
    net = KModelWriter(1, 512, 640)
    net.output(net.conv(net.input, part(np.random.default_rng(4), 1, Choice(3, 60)), pool=3, to_main=True))
    data = net.build()
    assert refused(data, "too much memory").found == 60 * 512 * 640


def test_kpu_layers_of_a_real_size_are_accepted() -> None:
    data = network(np.random.default_rng(5), 3, 240, 320, [Choice(3, 24, pool=1)])
    assert pixels(load(data).layers[0]) == 24 * 240 * 320


def test_main_output_of_a_kpu_node_lies_in_main_memory() -> None:
    from tests.host.kmodel.format.fuzz_files import v4_kpu

    data = v4_kpu()
    node = load(data).layers[0].offset
    for memory in (AI_RAM, CONST):
        refused(changed(data, node, memory), "memory type of main_output")


def test_an_upload_goes_to_whole_rows_of_the_ai_ram() -> None:
    shape = (1, 2, 4, 4)
    for position, words in (
        (Range(MAIN, BYTE, 0, 256), "memory type of output"),
        (Range(AI_RAM, BYTE, 32, 256), "start of output"),
        (Range(AI_RAM, BYTE, (2 << 20) - 64, 256), "ai_ram memory"),
        (Range(AI_RAM, BYTE, 0, 128), "size of output"),
    ):
        file = File()
        source = file.input(shape, BYTE)
        file.room((4096,), BYTE)
        file.node(0x2001, moves.KpuUpload(source, position, shape))
        file.outputs.append(Range(MAIN, BYTE, 0, 4))
        refused(file.build(), words)


def test_an_input_is_not_a_constant() -> None:
    file = File()
    source = file.constant(np.zeros(8, F))
    file.inputs.append((source, (1, 1, 1, 8)))
    file.node(9, moves.MemoryCopy(source, file.output((8,))))
    assert refused(file.build(), "memory type of input 0").offset == 40


def test_an_output_in_the_ai_ram_that_is_not_a_feature_map() -> None:
    """Floats, matrices and cut maps come out as the values in memory, in order."""
    for position in (Range(AI_RAM, FLOAT, 64, 24), Range(AI_RAM, FLOAT, 36, 24)):
        file = File()
        a, b = file.input((2, 4)), file.input((4, 3))
        file.node(4, body.Matmul(a, b, position, 2, 4, 3, OPEN, np.zeros(3, F)))
        file.outputs.append(position)
        model = load(file.build())
        x, y = np.arange(8, dtype=F).reshape(1, 1, 2, 4), np.ones((1, 1, 4, 3), F)
        assert model.run(x, y)[0].tolist() == [6.0] * 3 + [22.0] * 3
        assert next(model.run_layers(x, y))[1][0].tolist() == [6.0] * 3 + [22.0] * 3
    for size, count in ((256, 2 * 16), (192, 192), (300, 2 * 16)):
        file = File()
        shape = (1, 2, 4, 4)
        file.node(0x2001, moves.KpuUpload(file.input(shape, BYTE), Range(AI_RAM, BYTE, 64, 256), shape))
        file.outputs.append(Range(AI_RAM, BYTE, 64, size))
        model = load(file.build())
        (computed,) = model.run(np.ones(shape, np.uint8))
        assert (computed.size, int(computed.sum())) == (count, 32 if count == 32 else 24)


def test_ranges_that_cut_floats() -> None:
    file = File()
    x = file.input((12,), BYTE)
    file.node(0x0E, body.Unary(Range(MAIN, FLOAT, x.start, 11), Range(MAIN, FLOAT, 0, 11), 0))
    file.outputs.append(Range(MAIN, BYTE, 0, 3))
    model = load(file.build())
    (_, (computed,)) = next(model.run_layers(np.zeros((1, 1, 1, 12), np.uint8)))
    assert computed.tolist() == [0.0, 0.0]


def test_outputs_that_overlap() -> None:
    file = File()
    x = file.input((1 << 20,))
    file.node(0x0E, body.Unary(x, x, 0))
    file.outputs += [x] * 20
    refused(file.build(), "sizes of inputs and outputs")


def test_a_concatenation_of_nothing_or_of_too_much() -> None:
    for inner, outer, number, words in (
        (0, 1, 1, "inner_size"),
        (4, 0, 1, "inner_size"),
        (4, 1, 0, "number of parts"),
        (4, 1, MAX_PARTS + 1, "number of parts"),
    ):
        file = File()
        x = file.input((4,), BYTE)
        rows = np.array([[x.memory, x.datatype, x.start, x.size]] * number, "<u4").reshape(-1, 4)
        file.node(1, moves.Concat(file.output((4,), BYTE), inner, outer, number, rows, np.ones(number, "<i4")))
        refused(file.build(), words)
    net = KModelWriter(1, 8, 8)
    x = net.conv(net.input, part(np.random.default_rng(1), 1, Choice(1, 1)), to_main=True)
    net.output(net.concat([x] * (MAX_PARTS + 1)))
    refused(net.build(), "number of parts")


def test_weights_without_a_size() -> None:
    """One size is 0 and the others are as large as a number can be."""
    file = File()
    shape = (1, 4, 6, 7)
    huge = 0x7FFFFFFF
    numbers = [huge, *[0, 0] * 2, huge, huge, 1, 1, 1, 1]  # output channels, pads, window, strides, dilations
    head = struct.pack("<8I", *[MAIN, FLOAT, 0, 672] * 2) + struct.pack("<5i", *shape, 5)
    file.node(2, head + struct.pack("<11i", *numbers) + struct.pack("<2f", *NO_CLAMP) + bytes(64))
    file.room(shape)
    file.inputs.append((Range(MAIN, FLOAT, 0, 672), shape))
    file.outputs.append(Range(MAIN, FLOAT, 0, 672))
    refused(file.build(), "bias")


def test_an_extreme_over_a_million_values() -> None:
    file = File()
    shape, values = (1, 4, 512, 512), np.random.default_rng(1).normal(0, 9, (1, 4, 512, 512)).astype(F)
    x = file.input(shape)
    for op in (1, 2):
        file.node(7, body.Reduce(x, file.output((1,)), op, shape, (1, 1, 1, 1), 0.0))
    model = load(file.build())
    assert_cheap(lambda: model.run(values))
    assert [computed.tolist() for computed in model.run(values)] == [[float(values.min())], [float(values.max())]]


def test_a_deep_stack_over_many_values() -> None:
    """64 values for each of half a million elements would be 128 MiB."""
    count = 1 << 19
    file = File()
    x, computed = file.input((count,)), file.output((count,))
    code = b"\x03\x23" * 63 + b"\x40" * 62 + b"\xa0"
    file.node(0x14, record.write(x) + record.write(computed) + code)
    model, values = load(file.build()), np.zeros((1, 1, 1, count), F)
    meter = Meter()
    model.run(values)
    meter.start()
    assert model.run(values)[0].tolist()[:2] == [63.0, 63.0]
    assert meter.stop()[1] < 64 << 20


def test_long_axes_are_accepted() -> None:
    """One row for each pixel of a camera picture, and a slice of as many."""
    file = File()
    count = 320 * 240
    x = file.input((1, 1, count, 2))
    file.node(0x0B, body.Softmax(x, file.output((count, 2)), 2, count, 1.0))
    shape = (1, 1, count, 2)
    slices = ((0, 0, count - 1, 1), (1, 1, -1, -1), (1, 1, -1, -1), 0, 0, 0, 0, 0)
    file.node(0x0D, moves.StridedSlice(x, file.output((count, 2)), shape, *slices))
    values = np.random.default_rng(1).random(shape).astype(F)
    soft, turned = load(file.build()).run(values)
    np.testing.assert_allclose(soft.reshape(count, 2).sum(axis=1), 1, atol=1e-6)
    assert np.array_equal(turned.reshape(shape), values[:, :, ::-1, ::-1])


def test_a_large_matrix_product_adds_in_order() -> None:
    rng = np.random.default_rng(6)
    a, b, bias = rng.normal(0, 1, (400, 30)).astype(F), rng.normal(0, 1, (30, 400)).astype(F), np.ones(400, F)
    file = File()
    x, y = file.input(a.shape), file.input(b.shape)
    file.node(4, body.Matmul(x, y, file.output((400, 400)), 400, 30, 400, OPEN, bias))
    for runtime, step in (("sdk", slow.separate), ("maixpy", exact.fma)):
        for backend in ("numpy", "best"):
            model = load(file.build(), "v02", runtime, backend)
            computed = model.run(a[None, None], b[None, None])[0].reshape(400, 400)
            for row, column in ((0, 0), (17, 333), (399, 399)):
                total = F(1)
                for index in range(30):
                    total = step(a[row, index], b[index, column], total)
                assert computed[row, column] == total


def test_a_window_over_half_the_memory_is_refused() -> None:
    file = File()
    shape = (1, 1, 1024, 1024)
    x = file.input(shape)
    slide = Geometry(Padding(50, 49), Padding(50, 49), 100, 100, 1, 1, 1, 1)
    file.node(8, body.ReduceWindow(x, file.output(shape), 0, shape, slide, 0.0, OPEN))
    refused(file.build(), "too much work")


def test_a_huge_file_costs_nothing(tmp_path: Path) -> None:
    """No more of a file is read than the largest model has, and a file full of small layers is not parsed."""
    path = tmp_path / "huge.kmodel"
    with path.open("wb") as file:
        file.write(small_v3())
        file.truncate(10 * MAX_FILE)

    def read_huge() -> None:
        with pytest.raises(KModelError, match="too large for a kmodel"):
            load(path)

    assert_cheap(read_huge)
    count = 500_000
    many = struct.pack("<9I", 3, 1, 0, count, 0, 64, 1, 0, 4) + struct.pack("<2I", 12, 24) * count + bytes(24 * count)
    meter = Meter()
    meter.start()
    refused(many, "layers_length")
    seconds, peak = meter.stop()
    assert seconds < 0.1
    assert peak < 1 << 20


def test_a_file_of_a_thousand_layers_is_described_in_time() -> None:
    """The work of `kmodel info` grows with the square of the layers, so it is done once for all firmwares."""
    net = KModelWriter(1, 8, 8)
    x = net.conv(net.input, part(np.random.default_rng(1), 1, Choice(1, 1)), to_main=True)
    net.output(x)
    for _ in range(MAX_LAYERS - 1):
        net.upload(x)
    data = net.build()
    assert_cheap(lambda: inspect(load(data), data))
