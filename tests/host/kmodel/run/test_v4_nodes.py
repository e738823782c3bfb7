"""Every node of kmodel v4, each in its own file, against the nested loops."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format import v4_cpu_layers as cpu
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding
from tests.host.kmodel.run import exact_numbers as exact
from tests.host.kmodel.run import slow_ops as slow
from tests.host.kmodel.v4_files import BYTE, FLOAT, NO_CLAMP, File

F = np.float32
NONE = Clamp(*NO_CLAMP)
TIGHT = Clamp(-1.0, 2.5)
WAYS = pytest.mark.parametrize(
    ("runtime", "step"), [("sdk", slow.separate), ("maixpy", exact.fma)], ids=["sdk", "maixpy"]
)


def floats(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, shape).astype(F)


def octets(shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def run(
    opcode: int, make, source: list[np.ndarray], computed: tuple[int, ...], dtype: int = FLOAT, runtime: str = "sdk"
) -> np.ndarray:
    """Return the output of one node; ``make`` takes the ranges of the inputs and of the output and returns the body.

    The reference and the fastest backend must agree in every bit.
    """
    file = File()
    ranges = [file.input(values.shape, BYTE if values.dtype == np.uint8 else FLOAT) for values in source]
    file.node(opcode, make(*ranges, file.output(computed, dtype)))
    full = [values.reshape((*[1] * (4 - values.ndim), *values.shape)) for values in source]
    results = [load(file.build(), "v02", runtime, backend).run(*full)[0] for backend in ("numpy", "best")]
    assert results[0].tobytes() == results[1].tobytes()
    return results[0].reshape(computed)


@pytest.mark.parametrize("op", range(6))
@pytest.mark.parametrize(
    "shapes", [((1, 2, 3, 4), (1, 2, 3, 4)), ((1, 2, 3, 4), (1, 2, 1, 1)), ((1, 1, 1, 4), (1, 2, 3, 1))]
)
def test_binary(op: int, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    out = (1, 2, 3, 4)
    a, b = floats(shapes[0], 1), floats(shapes[1], 2)
    computed = run(0, lambda x, y, z: body.Binary(x, y, z, op, *shapes, out, TIGHT), [a, b], out)
    functions = (
        lambda p, q: F(p + q),
        lambda p, q: F(p - q),
        lambda p, q: F(p * q),
        lambda p, q: F(p / q),
        min,
        max,
    )
    for offset, p, q in slow.broadcast(a, b, out):
        assert computed[offset] == slow.clamp(functions[op](p, q), (-1.0, 2.5))


@pytest.mark.parametrize("op", range(6))
def test_quantized_binary(op: int) -> None:
    shapes, out = ((1, 2, 3, 4), (1, 2, 1, 1)), (1, 2, 3, 4)
    a, b = octets(shapes[0], 1), octets(shapes[1], 2)
    numbers = (-100, 37, 3, -90, 51, 4, 120, 9 if op == 3 else 1, 0 if op == 3 else 9 if op == 2 else 3)
    computed = run(0x11, lambda x, y, z: body.QuantizedBinary(x, y, z, op, *shapes, out, *numbers), [a, b], out, BYTE)
    ao, am, as_, bo, bm, bs, oo, om, os_ = numbers
    for offset, p, q in slow.broadcast(a, b, out):
        x, y = slow.multiplied(int(p) + ao, am, as_), slow.multiplied(int(q) + bo, bm, bs)
        if op == 3:
            total = x + (abs(y) // 2) * (1 if y > 0 else -1)
            value = abs(total) // abs(y) * (1 if (total < 0) == (y < 0) else -1) if y else 0
        else:
            value = (x + y, x - y, x * y, 0, min(x, y), max(x, y))[op]
        assert computed[offset] == slow.clamp8(slow.multiplied(value, om, os_) + oo), (offset, x, y)


@pytest.mark.parametrize(
    ("groups", "window", "stride", "dilation", "pads"),
    [
        (1, (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1))),
        (2, (3, 2), (2, 1), (1, 1), ((0, 1), (2, 0))),
        (4, (3, 3), (2, 2), (2, 2), ((2, 2), (1, 3))),
        (1, (1, 1), (2, 2), (1, 1), ((-1, 0), (0, 0))),
    ],
)
class TestWindows:
    """Convolutions and pools with equal geometries."""

    def geometry(self, window, stride, dilation, pads) -> Geometry:
        return Geometry(Padding(*pads[0]), Padding(*pads[1]), *window, *stride, *dilation)

    def size(self, window, stride, dilation, pads) -> tuple[int, int]:
        return tuple(slow.out_size((6, 7)[i], pads[i], window[i], stride[i], dilation[i]) for i in range(2))

    @WAYS
    def test_conv2d(self, runtime, step, groups, window, stride, dilation, pads) -> None:
        x, w, bias = floats((2, 4, 6, 7)), floats((4, 4 // groups, *window), 2), floats((4,), 3)
        shape = self.geometry(window, stride, dilation, pads)
        computed = run(
            2,
            lambda a, b: body.Conv2d(a, b, x.shape, groups, 4, shape, TIGHT, w, bias),
            [x],
            (2, 4, *self.size(window, stride, dilation, pads)),
            runtime=runtime,
        )
        expected = slow.conv2d(x, w, bias, groups, *pads, stride, dilation, (-1.0, 2.5), step)
        assert np.array_equal(computed, expected)

    def test_quantized_conv2d(self, groups, window, stride, dilation, pads) -> None:
        x, w = octets((1, 4, 6, 7)), octets((4, 4 // groups, *window), 2)
        bias = np.random.default_rng(3).integers(-5000, 5000, 4).astype(np.int32)
        shape = self.geometry(window, stride, dilation, pads)
        numbers = (-120, -130, 7, 11, 100)
        computed = run(
            0x0F,
            lambda a, b: body.QuantizedConv2d(a, b, x.shape, groups, 4, shape, *numbers, bias, w),
            [x],
            (1, 4, *self.size(window, stride, dilation, pads)),
            BYTE,
        )
        shifted = (x.astype(int) - 120).astype(F), (w.astype(int) - 130).astype(F)
        sums = slow.conv2d(*shifted, bias.astype(F), groups, *pads, stride, dilation, NO_CLAMP)
        expected = [slow.clamp8(slow.multiplied(int(value), 7, 11) + 100) for value in sums.reshape(-1)]
        assert computed.reshape(-1).tolist() == expected

    @WAYS
    def test_channels_last(self, runtime, step, groups, window, stride, dilation, pads) -> None:
        x, act = floats((1, 6, 7, 4)), (-1.0, 2.5)
        shape = self.geometry(window, stride, dilation, pads)
        oh, ow = self.size(window, stride, dilation, pads)
        w, bias = floats((3, *window, 4), 2), floats((3,), 3)
        computed = run(
            0x1001,
            lambda a, b: cpu.CpuConv2d(a, b, x.shape, 3, shape, TIGHT, w, bias),
            [x],
            (1, oh, ow, 3),
            runtime=runtime,
        )
        assert np.array_equal(computed, slow.conv2d_last(x, w, bias, *pads, stride, dilation, act, step))
        w, bias = floats((4, *window), 2), floats((4,), 3)
        computed = run(
            0x1002,
            lambda a, b: cpu.CpuDepthwiseConv2d(a, b, x.shape, shape, TIGHT, w, bias),
            [x],
            (1, oh, ow, 4),
            runtime=runtime,
        )
        assert np.array_equal(computed, slow.conv2d_last(x, w, bias, *pads, stride, dilation, act, step))

    def test_quantized_channels_last(self, groups, window, stride, dilation, pads) -> None:
        x, numbers = octets((1, 6, 7, 4)), (120, 130, 7, 11, 100)
        shape = self.geometry(window, stride, dilation, pads)
        oh, ow = self.size(window, stride, dilation, pads)
        full, depth = octets((3, *window, 4), 2), octets((4, *window), 2)
        for opcode, w in ((0x1004, full), (0x1005, depth)):
            bias = np.random.default_rng(3).integers(-5000, 5000, w.shape[0]).astype(np.int32)

            def make(a, b, w=w, bias=bias, opcode=opcode):
                if opcode == 0x1004:
                    return cpu.CpuQuantizedConv2d(a, b, x.shape, 3, shape, *numbers, w, bias)
                return cpu.CpuQuantizedDepthwiseConv2d(a, b, x.shape, shape, *numbers, w, bias)

            computed = run(opcode, make, [x], (1, oh, ow, w.shape[0]), BYTE)
            shifted = (x.astype(int) - 120).astype(F), (w.astype(int) - 130).astype(F)
            sums = slow.conv2d_last(*shifted, bias.astype(F), *pads, stride, dilation, NO_CLAMP)
            expected = [slow.clamp8(slow.multiplied(int(value), 7, 11) + 100) for value in sums.reshape(-1)]
            assert computed.reshape(-1).tolist() == expected

    @pytest.mark.parametrize("op", range(4))
    def test_reduce_window(self, op, groups, window, stride, dilation, pads) -> None:
        x, init = floats((1, 2, 6, 7)), (0.0, 9.0, -9.0, 0.5)[op]
        shape = self.geometry(window, stride, dilation, pads)
        oh, ow = self.size(window, stride, dilation, pads)
        computed = run(8, lambda a, b: body.ReduceWindow(a, b, op, x.shape, shape, init, TIGHT), [x], (1, 2, oh, ow))
        expected = slow.reduce_window(x, op, init, *pads, window, stride, dilation, (-1.0, 2.5))
        assert np.array_equal(computed, expected, equal_nan=True)
        if op < 3:
            last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
            computed = run(
                0x1003,
                lambda a, b: cpu.CpuReduceWindow(a, b, op, last.shape, shape, init, TIGHT),
                [last],
                (1, oh, ow, 2),
            )
            assert np.array_equal(computed, expected.transpose(0, 2, 3, 1), equal_nan=True)


@WAYS
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("stride", "dilation", "pads"), [((2, 2), (1, 1), ((1, 0), (0, 1))), ((1, 2), (2, 1), ((0, 0), (1, 1)))]
)
def test_conv2d_transpose_never_adds_its_bias(runtime, step, groups, stride, dilation, pads) -> None:
    x, w, bias, out = floats((2, 4, 3, 4)), floats((2, 4 // groups, 3, 3), 2), floats((2,), 3), (2, 2, 7, 9)
    shape = Geometry(Padding(*pads[0]), Padding(*pads[1]), 3, 3, *stride, *dilation)
    expected = slow.conv2d_transpose(x, w, groups, out, *pads, stride, dilation, step)
    for act, limited in ((NONE, expected), (TIGHT, np.clip(expected, F(-1), F(2.5)))):

        def make(a, b, act=act):
            return body.Conv2dTranspose(a, b, x.shape, out, groups, shape, act, w, bias)

        assert np.array_equal(run(0x13, make, [x], out, runtime=runtime), limited)


@WAYS
@pytest.mark.parametrize("columns", [1, 5])
def test_matmul_starts_at_the_bias(runtime: str, step, columns: int) -> None:
    a, b, bias = floats((3, 40)), floats((40, columns), 2), floats((columns,), 3)
    computed = run(
        4, lambda x, y, z: body.Matmul(x, y, z, 3, 40, columns, NONE, bias), [a, b], (3, columns), runtime=runtime
    )
    for row, column in np.ndindex(3, columns):
        total = F(bias[column])
        for index in range(40):
            total = step(a[row, index], b[index, column], total)
        assert computed[row, column] == total


def test_quantized_matmul() -> None:
    a, b = octets((3, 20)), octets((20, 4), 2)
    bias = np.array([5, -900, 70, 0], np.int32)
    numbers = (-99, -128, 5, 9, 50)
    computed = run(0x10, lambda x, y, z: body.QuantizedMatmul(x, y, z, 3, 20, 4, *numbers, bias), [a, b], (3, 4), BYTE)
    sums = (a.astype(int) - 99) @ (b.astype(int) - 128) + bias
    assert computed.tolist() == [[slow.clamp8(slow.multiplied(int(v), 5, 9) + 50) for v in row] for row in sums]


def test_quantize_and_dequantize() -> None:
    x = np.array([-3.2, -0.5, 0.5, 0.1, 0.25, 1.5, 2.5, 99, -99, 0], F)
    computed = run(6, lambda a, b: body.Quantize(a, b, 3, 2.0), [x], (10,), BYTE)
    assert computed.tolist() == [slow.clamp8(slow.round_away(F(F(v * F(2)) + F(3)))) for v in x]
    q = octets((11,))
    computed = run(3, lambda a, b: body.Dequantize(a, b, 100, 7.3), [q], (11,))
    assert computed.tolist() == [F(F(int(v) - 100) * F(F(1) / F(7.3))) for v in q]


@pytest.mark.parametrize("op", range(4))
@pytest.mark.parametrize("out", [(1, 2, 1, 1), (1, 1, 3, 4), (2, 1, 1, 4), (1, 1, 1, 1), (2, 2, 3, 4)])
def test_reduce(op: int, out: tuple[int, ...]) -> None:
    x, init = floats((2, 2, 3, 4)), (0.0, 9.0, -9.0, 0.5)[op]
    computed = run(7, lambda a, b: body.Reduce(a, b, op, x.shape, out, init), [x], out)
    assert np.array_equal(computed, slow.reduce(x, op, out, init))


@WAYS
@pytest.mark.parametrize("dtype", [FLOAT, BYTE])
@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("size", [(6, 8), (2, 3), (5, 7), (1, 1)])
def test_resize(runtime: str, step, dtype: int, mode: int, align: int, size: tuple[int, int]) -> None:
    x = (octets if dtype else floats)((1, 2, 3, 4))
    computed = run(
        0x0A, lambda a, b: moves.Resize(a, b, x.shape, *size, mode, align), [x], (1, 2, *size), dtype, runtime
    )
    assert np.array_equal(computed, slow.resize(x, *size, mode, align, step))


@pytest.mark.parametrize("dtype", [FLOAT, BYTE])
def test_nodes_that_move_data(dtype: int) -> None:
    x = (octets if dtype else floats)((2, 3, 4, 5))
    filler = np.frombuffer(struct.pack("<f", 1.5) if dtype == FLOAT else bytes([9, 0, 0, 0]), np.uint8)
    pads = (Padding(0, 0), Padding(1, 0), Padding(-1, 2), Padding(-2, -1))
    computed = run(5, lambda a, b: moves.Pad(a, b, x.shape, *pads, dtype, filler), [x], (2, 4, 5, 2), dtype)
    expected = np.pad(x[:, :, 1:, 2:4], ((0, 0), (1, 0), (0, 2), (0, 0)), constant_values=9 if dtype else 1.5)
    assert np.array_equal(computed, expected)

    perm = (0, 3, 1, 2)
    computed = run(0x0C, lambda a, b: moves.Transpose(a, b, x.shape, perm), [x], (2, 5, 3, 4), dtype)
    assert np.array_equal(computed, x.transpose(perm))

    begin, end, strides = (0, 2, 0, 4), (2, -1, 4, 0), (1, -1, 3, -2)
    computed = run(
        0x0D,
        lambda a, b: moves.StridedSlice(a, b, x.shape, begin, end, strides, 0, 0, 0, 0, 0),
        [x],
        (2, 3, 2, 2),
        dtype,
    )
    assert np.array_equal(computed, x[:, ::-1, ::3, 4:0:-2])

    y = (octets if dtype else floats)((2, 1, 4, 5), 2)
    size = 1 if dtype else 4

    def join(a, b, c):
        parts = np.array([[p.memory, p.datatype, p.start, p.size] for p in (a, b)], "<u4")
        return moves.Concat(c, 20 * size, 2, 2, parts, np.array([3, 1], "<i4"))

    computed = run(1, join, [x, y], (2, 4, 4, 5), dtype)
    assert np.array_equal(computed, np.concatenate([x, y], axis=1))


def test_memory_copy_leaves_a_tail_behind() -> None:
    x = octets((11,))
    computed = run(9, lambda a, b: moves.MemoryCopy(a, b), [x], (11,), BYTE)
    assert computed[:8].tolist() == x[:8].tolist()
    assert computed[8:].tolist() == [0, 0, 0]


def test_softmax_by_rows() -> None:
    x = floats((3, 5)) - F(90)
    computed = run(0x0B, lambda a, b: body.Softmax(a, b, 5, 3, 1.5), [x], (3, 5))
    powers = np.exp(1.5 * (x.astype(np.float64) - x.max(axis=1, keepdims=True)))
    np.testing.assert_allclose(computed, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


UNARY = (np.abs, np.ceil, np.cos, np.exp, np.floor, np.log, np.negative, lambda v: 1 / np.sqrt(v), np.sin, np.square)


@pytest.mark.parametrize("op", range(10))
def test_unary(op: int) -> None:
    x = np.abs(floats((7,))) + F(0.1)
    computed = run(0x0E, lambda a, b: body.Unary(a, b, op), [x], (7,))
    np.testing.assert_allclose(computed, UNARY[op](x.astype(np.float64)), rtol=1e-6)


def test_table_lookup() -> None:
    table, x = octets((256,), 4), octets((9,))
    file = File()
    offset, constant = file.input((9,), BYTE), file.constant(table)
    file.node(0x12, moves.TableLookup(offset, constant, file.output((9,), BYTE)))
    assert load(file.build()).run(x.reshape(1, 1, 1, 9))[0].tolist() == table[x].tolist()


def nnil(code: bytes, x: np.ndarray) -> np.ndarray:
    return run(0x14, lambda a, b: record.write(a) + record.write(b) + code, [x], x.shape)


def test_nnil() -> None:
    x = floats((9,))
    value = b"\x06" + struct.pack("<f", 0.25)
    assert nnil(b"\x03\x01\x42\x05\x40\xa0", x).tolist() == [F(F(v * v) + F(1)) for v in x]
    assert nnil(b"\x03" + value + b"\x41\x04\x45\x00\xa0", x).tolist() == [max(F(v - F(0.25)), F(0)) for v in x]
    assert nnil(b"\x03\x04\x05\x80\xa0", x).tolist() == np.clip(x, 0, 1).tolist()
    assert nnil(b"\x05\x03\x02" + value + b"\x43\xa0", x).tolist() == [4.0] * 9
    np.testing.assert_allclose(nnil(b"\x05\x05\x03\x26\x23\x40\x43\xa0", x), 1 / (1 + np.exp(-x)), rtol=1e-6)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"\x03", "without return"),
        (b"\x40\xa0", "runs dry"),
        (b"\x03\x77\xa0", "unknown operation"),
        (b"\xa0", "runs dry"),
        (b"\x03" * 65 + b"\xa0", "runs dry or over"),
        (b"\x06\x00", "without return"),
    ],
)
def test_nnil_is_checked_when_it_is_read(code: bytes, reason: str) -> None:
    file = File()
    file.node(0x14, record.write(file.input((2,))) + record.write(file.output((2,))) + code)
    with pytest.raises(KModelError, match=reason):
        load(file.build())
