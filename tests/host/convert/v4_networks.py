"""Networks with layers that only kmodel v4 has."""

from __future__ import annotations

import onnx

from tests.host.convert.onnx_builder import Build


def gate(b: Build, x: str, middle: int, curves: tuple[str, str] = ("Relu", "Sigmoid"), reduce: bool = False) -> str:
    """Add a squeeze and excitation: x times one number for each channel."""
    channels = b.shapes[x][1]
    if reduce:
        y = b.node("ReduceMean", [x], axes=[2, 3], keepdims=1)
        b.shapes[y] = (1, channels, 1, 1)
    else:
        y = b.mean(x)
    y = b.curve(b.conv(y, middle, 1), curves[0])
    return b.same("Mul", [x, b.curve(b.conv(y, channels, 1), curves[1])])


def mobile_block(b: Build, x: str, wide: int, out: int, stride: int) -> str:
    y = b.curve(b.norm(b.conv(x, wide, 1)), "HardSwish")
    y = gate(
        b,
        b.curve(b.norm(b.conv(y, wide, depthwise=True, stride=stride)), "HardSwish"),
        wide // 4,
        ("Relu", "HardSigmoid"),
    )
    y = b.norm(b.conv(y, out, 1))
    return b.same("Add", [x, y]) if b.shapes[x] == b.shapes[y] else y


def mobile_network() -> onnx.ModelProto:
    """Return a small network of the kind of MobileNetV3, with random weights."""
    b = Build((1, 3, 64, 64), seed=4)
    x = b.curve(b.norm(b.conv(b.input, 8, stride=2)), "HardSwish")
    for wide, out, stride in ((16, 8, 1), (24, 16, 2), (32, 16, 1), (48, 24, 2)):
        x = mobile_block(b, x, wide, out, stride)
    return b.model(b.gemm(b.flat(b.mean(b.curve(b.conv(x, 48, 1), "HardSwish"))), 10))


def small_maps(height: int, width: int, kernel: int, stride: int, deep: bool) -> onnx.ModelProto:
    """Return a network whose last convolution reads a map of these sides."""
    b = Build((1, 3, 4 * height, 4 * width), seed=kernel)
    x = b.pool(b.pool(b.conv(b.curve(b.conv(b.input, 6), "Relu"), 6), "MaxPool", 2), "MaxPool", 2)
    return b.model(b.conv(x, 6, kernel, stride=stride, depthwise=deep))


def two_maps() -> onnx.ModelProto:
    """Return a network with every operation on a map and another map, a number a channel and a number a pixel."""
    b = Build((1, 3, 9, 11), seed=7)
    x = b.conv(b.input, 6)
    for kind in ("Mul", "Min", "Max", "Sub", "Add"):
        for other in (b.conv(b.input, 6), b.mean(b.conv(b.input, 6)), b.conv(b.input, 1)):
            x = b.conv(b.same(kind, [x, other]), 6)
    return b.model(x)
