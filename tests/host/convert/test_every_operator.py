"""Operators without a file of their own: floats as in onnxruntime, and on the chip the bytes of the plain model.

Each test draws a network around one operator. A nightly test draws many more of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.host.convert.onnx_builder import Build
from tests.host.convert.test_depth_to_space import shuffled
from tests.host.convert.test_kernels import add_conv
from tests.host.convert.test_onnx_rewrites import compare_with_onnxruntime
from tests.host.convert.test_pools import emulated

CURVES = ("Relu", "LeakyRelu", "Tanh", "swish")


def start(draw: st.DrawFn, channels: int, most: int = 11) -> tuple[Build, str]:
    """Return a builder, and a map of this many channels behind a convolution with a curve or none."""
    sides = draw(st.tuples(st.integers(4, most), st.integers(4, most)))
    b = Build((1, 3, *sides), draw(st.integers(0, 99)))
    x = b.conv(b.input, channels, draw(st.sampled_from([1, 3])))
    curve = draw(st.sampled_from(["", *CURVES]))
    return b, b.curve(x, curve) if curve else x


def depth_to_space(draw: st.DrawFn) -> tuple[Build, str]:
    block = draw(st.integers(2, 4))
    b, x = start(draw, draw(st.integers(1, 4)) * block**2, 7)
    x = shuffled(b, x, block, mode=draw(st.sampled_from(["DCR", "CRD"])))
    return b, b.conv(x, 3) if draw(st.booleans()) else x


def split(draw: st.DrawFn) -> tuple[Build, str]:
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=3))
    b, x = start(draw, sum(sizes))
    first = b.node("Split", [x, b.constant(sizes, np.int64)], axis=1)
    names = [first, *(f"{first}{index}" for index in range(1, len(sizes)))]
    b.nodes[-1].output[:] = names
    for name, size in zip(names, sizes, strict=True):
        b.shapes[name] = (1, size, *b.shapes[x][2:])
    # The parts come together in another order, some of them through a layer.
    names = [b.conv(name, 3, 1) if draw(st.booleans()) else name for name in draw(st.permutations(names))]
    return b, b.concat(*names)


def grouped(draw: st.DrawFn) -> tuple[Build, str]:
    group, per, out = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    b, x = start(draw, group * per)
    size = draw(st.sampled_from([1, 3]))
    return b, add_conv(b, x, group * out, (size, size), pads=[size // 2] * 4, group=group)


def resize(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(1, 7)))
    for _ in range(draw(st.integers(1, 2))):
        x = b.resize(x)
    return b, b.conv(x, 3) if draw(st.booleans()) else x


WAYS = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


def resampled(draw: st.DrawFn) -> tuple[Build, str]:
    """Any sizes or factors, larger or smaller, whose border is the hard part."""
    b, x = start(draw, draw(st.integers(1, 7)), 9)
    # One number for each channel becomes a map as well.
    if draw(st.booleans()) and draw(st.booleans()):
        x = b.mean(x)
    _, c, h, w = b.shapes[x]
    mode = draw(st.sampled_from(["linear", "nearest"]))
    # Nearest neighbour by the last of these mappings is refused where two pixels are equally near.
    way = draw(st.sampled_from(WAYS if mode == "linear" else WAYS[:-1]))
    if draw(st.booleans()):
        sides = draw(st.tuples(st.integers(4, 20), st.integers(4, 20)))
        inputs = [x, "", "", b.constant([1, c, *sides], np.int64)]
    else:
        factors = draw(st.tuples(*[st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 4.0])] * 2))
        sides = tuple(max(4, int(side * factor)) for side, factor in zip((h, w), factors, strict=True))
        # onnxruntime's own factors of 0.5 may leave fewer pixels than a map of the KPU has.
        exact = sides == tuple(int(side * factor) for side, factor in zip((h, w), factors, strict=True))
        inputs = [x, "", b.constant([1, 1, *factors])] if exact else [x, "", "", b.constant([1, c, *sides], np.int64)]
    rounding = {"nearest_mode": draw(st.sampled_from(ROUNDINGS))} if mode == "nearest" else {}
    result = b.node("Resize", inputs, mode=mode, coordinate_transformation_mode=way, **rounding)
    b.shapes[result] = (1, c, *sides)
    return b, b.conv(result, 3) if draw(st.booleans()) else result


def padded(draw: st.DrawFn) -> tuple[Build, str]:
    """A border of zeros before what has no border of its own, so that the map itself grows."""
    b, x = start(draw, draw(st.integers(1, 6)))
    pads = [draw(st.integers(0, 3)) for _ in range(4)]
    n, c, h, w = b.shapes[x]
    result = b.node("Pad", [x, b.constant([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)])
    sides = (h + pads[0] + pads[2], w + pads[1] + pads[3])
    b.shapes[result] = (n, c, *sides)
    end = draw(st.sampled_from(["map", "pool in place", "pool", "both"]))
    if end == "pool in place":
        return b, b.pool_in_place(result)
    if end == "pool":
        return b, b.conv(b.pool(result, "MaxPool", 2), 3) if min(sides) >= 8 else result
    return b, b.same("Add", [result, b.conv(result, c, 3)]) if end == "both" else result


def concat(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(1, 9)))
    others = [b.conv(x, draw(st.integers(1, 9)), draw(st.sampled_from([1, 3]))) for _ in range(draw(st.integers(1, 3)))]
    others = [b.curve(other, draw(st.sampled_from(CURVES))) for other in others]
    x = b.concat(*draw(st.permutations([x, *others])))
    return b, b.conv(x, 4, 1) if draw(st.booleans()) else x


def views(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(2, 6)))
    _, c, h, w = b.shapes[x]
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["last", "line", "same"]))
        if kind == "last":
            x = b.transpose(b.curve(b.transpose(x, (0, 2, 3, 1)), "Relu"), (0, 3, 1, 2))
        elif kind == "line":
            x = b.reshape(b.reshape(x, (1, c, h * w)), (1, c, h, w))
        else:
            x = b.same("Identity", x)
    end = draw(st.sampled_from(["map", "flat", "rows"]))
    if end == "flat":
        return b, b.gemm(b.flat(x), 5)
    return b, b.reshape(b.transpose(x, (0, 2, 3, 1)), (1, h * w, c)) if end == "rows" else b.conv(x, 3)


def softmax(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(1, 6)))
    x = b.gemm(b.flat(b.mean(x) if draw(st.booleans()) else x), draw(st.integers(2, 20)), draw(st.sampled_from([1, 8])))
    return b, b.same("Softmax", x, axis=draw(st.sampled_from([1, -1])))


def arithmetic(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(1, 6)))
    c = b.shapes[x][1]
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["Add", "Sub", "Mul", "Div", "Sum"]))
        if kind in ("Add", "Sum") and draw(st.booleans()):
            x = b.same(kind, [x, b.conv(x, c, 1)])
        else:
            shape = draw(st.sampled_from([(), (1, c, 1, 1), (c, 1, 1)]))
            x = b.same("Add" if kind == "Sum" else kind, [x, b.constant(b.random.uniform(0.5, 2, shape))])
    return b, b.curve(x, draw(st.sampled_from(CURVES)))


def prelu(draw: st.DrawFn) -> tuple[Build, str]:
    b, x = start(draw, draw(st.integers(1, 9)))
    slopes = b.random.uniform(draw(st.sampled_from([-0.5, 0.0])), 0.5, (b.shapes[x][1], 1, 1))
    x = b.same("PRelu", [x, b.constant(slopes)])
    return b, b.conv(x, 4, draw(st.sampled_from([1, 3]))) if draw(st.booleans()) else x


OPERATORS = (depth_to_space, split, grouped, resize, resampled, padded, concat, views, softmax, arithmetic, prelu)


@pytest.mark.parametrize("examples", [4, pytest.param(300, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("network", OPERATORS)
def test_floats_and_bytes(network: Callable[[st.DrawFn], tuple[Build, str]], examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.composite(network)())
    def draw(case: tuple[Build, str]) -> None:
        b, output = case
        with TemporaryDirectory() as folder:
            emulated(compare_with_onnxruntime(b.model(output), Path(folder), near=1e-4))

    draw()
