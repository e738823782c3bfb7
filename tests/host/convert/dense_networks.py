"""Seven ONNX networks with several dense layers and random weights, each built by a function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from tests.host.convert.onnx_builder import Build


def relu_dense() -> onnx.ModelProto:
    """The small network, with its weights, on which MaixPy was first seen to leave out a relu."""
    random = np.random.default_rng(2)
    b = Build((1, 3, 32, 32), opset=13)
    kernel = random.normal(size=(8, 3, 3, 3)) * 0.2
    first, bias = random.normal(size=(16, 8 * 16 * 16)) * 0.03, random.normal(size=16)
    second = random.normal(size=(4, 16))
    x = b.node("Conv", [b.input, b.constant(kernel), b.constant(np.zeros(8))], pads=[1, 1, 1, 1])
    b.shapes[x] = (1, 8, 32, 32)
    x = b.flat(b.pool(b.curve(x, "Relu"), "MaxPool", 2))
    x = b.node("Gemm", [x, b.constant(first), b.constant(bias)], transB=1)
    x = b.node("Relu", [x])
    x = b.node("Gemm", [x, b.constant(second), b.constant(np.zeros(4))], transB=1)
    return b.model(b.node("Softmax", [x], axis=1))


def lenet() -> onnx.ModelProto:
    """LeNet-5 on 32x32 grey pixels, with 3x3 kernels and relu."""
    b = Build((1, 1, 32, 32), seed=21)
    x = b.input
    for out in (6, 16):
        x = b.pool(b.curve(b.conv(x, out), "Relu"), "MaxPool", 2)
    x = b.flat(x)
    for out in (120, 84):
        x = b.curve(b.gemm(x, out), "Relu")
    return b.model(b.same("Softmax", b.gemm(x, 10), axis=1))


def alexnet() -> onnx.ModelProto:
    """A small AlexNet: a stride, three pools, five convolutions, three dense layers with dropout."""
    b = Build((1, 3, 64, 64), seed=22)
    x = b.pool(b.curve(b.conv(b.input, 16, stride=2), "Relu"), "MaxPool", 2)
    x = b.pool(b.curve(b.conv(x, 32), "Relu"), "MaxPool", 2)
    for out in (48, 32):
        x = b.curve(b.conv(x, out), "Relu")
    x = b.flat(b.curve(b.conv(x, 32), "Relu"))
    for out in (96, 64):
        x = b.curve(b.gemm(b.same("Dropout", x), out), "Relu")
    return b.model(b.same("Softmax", b.gemm(x, 10), axis=1))


def flat_mlp() -> onnx.ModelProto:
    """Only dense layers, on the flattened picture; the output is a relu."""
    b = Build((1, 3, 16, 16), seed=23)
    x = b.flat(b.input)
    for out in (64, 32, 6):
        x = b.curve(b.gemm(x, out), "Relu")
    return b.model(x)


def two_relu6() -> onnx.ModelProto:
    """Two dense layers with relu6, many of whose values saturate at either end."""
    b = Build((1, 3, 32, 32), seed=24)
    x = b.flat(b.pool(b.curve(b.conv(b.input, 8), "relu6"), "AveragePool", 4))
    for _ in range(2):
        x = b.curve(b.gemm(x, 24, gain=12.0), "relu6")
    return b.model(b.gemm(x, 5))


def after_mean() -> onnx.ModelProto:
    """Dense layers behind a global average pool, as in the heads of many classifiers."""
    b = Build((1, 3, 48, 48), seed=25)
    x = b.input
    for out in (8, 16, 24):
        x = b.curve(b.conv(x, out, stride=2), "Relu")
    x = b.curve(b.gemm(b.flat(b.mean(x)), 32), "Relu")
    return b.model(b.same("Softmax", b.gemm(x, 8), axis=1))


def curved() -> onnx.ModelProto:
    """Dense layers with curves that are not clamps: their inputs are quantised to 8 bits."""
    b = Build((1, 3, 32, 32), seed=26)
    x = b.flat(b.pool(b.curve(b.conv(b.input, 8), "Relu"), "AveragePool", 4))
    for kind in ("Tanh", "LeakyRelu"):
        x = b.curve(b.gemm(x, 48), kind)
    return b.model(b.gemm(x, 5))


NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {
    "relu-dense": relu_dense,
    "LeNet": lenet,
    "AlexNet-like": alexnet,
    "MLP on pixels": flat_mlp,
    "two relu6": two_relu6,
    "behind a mean": after_mean,
    "tanh, leaky relu": curved,
}
