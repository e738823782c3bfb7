"""ONNX networks for the tests: a builder, random networks, and two well-known architectures.

All weights depend on the seed, and are scaled so that activations keep their size from layer to layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Build:
    """Builds a network: each method adds nodes and returns the name of their result."""

    def __init__(self, shape: Sequence[int | str], seed: int = 0, opset: int = OPSET, name: str = "image") -> None:
        self.random = np.random.default_rng(seed)
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.input = name
        self.input_shape = tuple(shape)
        self.shapes: dict[str, tuple[int, ...]] = {name: tuple(1 if isinstance(s, str) else s for s in shape)}
        self.count = 0

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        self.count += 1
        name = f"{kind.lower()}{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [f"{name}_out"], name=name, **attributes))
        return f"{name}_out"

    def conv(
        self,
        x: str,
        out: int,
        kernel: int = 3,
        stride: int = 1,
        depthwise: bool = False,
        bias: bool = True,
        pads: Sequence[int] | None = None,
    ) -> str:
        _, c, h, w = self.shapes[x]
        per = kernel * kernel * (1 if depthwise else c)
        shape = (c, 1, kernel, kernel) if depthwise else (out, c, kernel, kernel)
        inputs = [x, self.constant(self.random.normal(0, (2 / per) ** 0.5, shape))]
        if bias:
            inputs.append(self.constant(self.random.normal(0, 0.1, shape[0])))
        pad = list(pads) if pads is not None else [kernel // 2] * 4
        result = self.node(
            "Conv",
            inputs,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=pad,
            group=c if depthwise else 1,
        )
        size = [(s + pad[i] + pad[i + 2] - kernel) // stride + 1 for i, s in enumerate((h, w))]
        self.shapes[result] = (1, shape[0], *size)
        return result

    def same(self, kind: str, inputs: str | Sequence[str], **attributes: object) -> str:
        """Add a node whose result has the shape of its first input that is not a constant."""
        names = [inputs] if isinstance(inputs, str) else list(inputs)
        result = self.node(kind, names, **attributes)
        self.shapes[result] = next(self.shapes[name] for name in names if name in self.shapes)
        return result

    def norm(self, x: str) -> str:
        c = self.shapes[x][1]
        draw = self.random
        values = (draw.uniform(0.7, 1.3, c), draw.normal(0, 0.2, c), draw.normal(0, 0.2, c), draw.uniform(0.6, 1.6, c))
        return self.same("BatchNormalization", [x, *(self.constant(v) for v in values)])

    def curve(self, x: str, kind: str) -> str:
        """Add the curve of this name: one operator, or several for "swish", "relu6" and "hardswish6"."""
        if kind == "relu6":
            return self.same("Clip", [x, self.constant(0.0), self.constant(6.0)])
        if kind == "swish":
            return self.same("Mul", [x, self.same("Sigmoid", x)])
        if kind == "hardswish6":
            moved = self.same("Add", [x, self.constant(3.0)])
            inner = self.same("Clip", [moved, self.constant(0.0), self.constant(6.0)])
            return self.same("Div", [self.same("Mul", [x, inner]), self.constant(6.0)])
        return self.same(kind, x, **({"alpha": 0.1} if kind == "LeakyRelu" else {}))

    def pool(self, x: str, kind: str, size: int) -> str:
        result = self.node(kind, [x], kernel_shape=[size] * 2, strides=[size] * 2)
        n, c, h, w = self.shapes[x]
        self.shapes[result] = (n, c, h // size, w // size)
        return result

    def pool_in_place(self, x: str) -> str:
        """Add the pool of tiny YOLO: 2x2, stride 1, padded on the right and at the bottom."""
        return self.same("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])

    def resize(self, x: str) -> str:
        n, c, h, w = self.shapes[x]
        result = self.node(
            "Resize",
            [x, "", self.constant([1.0, 1.0, 2.0, 2.0])],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        self.shapes[result] = (n, c, 2 * h, 2 * w)
        return result

    def concat(self, *names: str) -> str:
        result = self.node("Concat", names, axis=1)
        n, _, h, w = self.shapes[names[0]]
        self.shapes[result] = (n, sum(self.shapes[name][1] for name in names), h, w)
        return result

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        result = self.node("Reshape", [x, self.constant(shape, np.int64)])
        size = int(np.prod(self.shapes[x]))
        known = -int(np.prod(shape))
        self.shapes[result] = tuple(size // known if s == -1 else s for s in shape)
        return result

    def transpose(self, x: str, order: Sequence[int]) -> str:
        result = self.node("Transpose", [x], perm=list(order))
        self.shapes[result] = tuple(self.shapes[x][i] for i in order)
        return result

    def mean(self, x: str) -> str:
        result = self.node("GlobalAveragePool", [x])
        self.shapes[result] = (*self.shapes[x][:2], 1, 1)
        return result

    def flat(self, x: str) -> str:
        result = self.node("Flatten", [x], axis=1)
        self.shapes[result] = (1, int(np.prod(self.shapes[x])))
        return result

    def gemm(self, x: str, out: int, gain: float = 1.0) -> str:
        n = self.shapes[x][1]
        weights = self.constant(self.random.normal(0, gain * (1 / n) ** 0.5, (out, n)))
        result = self.node("Gemm", [x, weights, self.constant(self.random.normal(0, 0.1, out))], transB=1)
        self.shapes[result] = (1, out)
        return result

    def model(self, *outputs: str) -> onnx.ModelProto:
        """Return the network with these outputs, after onnx's checker has accepted it."""
        image = helper.make_tensor_value_info(self.input, TensorProto.FLOAT, self.input_shape)
        results = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, "built", [image], results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model)
        del model.graph.value_info[:]
        onnx.checker.check_model(model)
        return model


CURVES = ("Relu", "LeakyRelu", "relu6", "Sigmoid", "Tanh", "swish", "hardswish6", "HardSwish", "Elu", "Softplus")
BLOCKS = (
    "plain",
    "depthwise",
    "stride",
    "residual",
    "concat",
    "max2",
    "mean2",
    "max4",
    "mean4",
    "resize",
    "views",
    "scaled",
    "in_place",
    "pad",
    "stride_depthwise",
    "pool_before_curve",
)
SIDES = (16, 20, 24, 28, 32, 40, 48)


def random_network(seed: int) -> onnx.ModelProto:
    """Return a network with one image input of 1 or 3 channels; ten consecutive seeds use every supported operator."""
    draw = np.random.default_rng([seed, 7])
    shape = (1, (3, 1)[seed % 2], int(draw.choice(SIDES)), int(draw.choice(SIDES)))
    b = Build(shape, seed)
    x = b.curve(b.norm(b.conv(b.input, int(draw.integers(4, 17)))), CURVES[seed % len(CURVES)])
    expected = [BLOCKS[(2 * seed + i) % len(BLOCKS)] for i in range(2)]
    expected += [str(kind) for kind in draw.choice(BLOCKS, 3)]
    for kind in expected:
        x = _block(b, draw, x, kind, CURVES[int(draw.integers(0, 4))])
    head = seed % 4
    classes = int(draw.integers(3, 12))
    if head == 0:
        return b.model(b.same("Softmax", b.gemm(b.flat(b.mean(x)), classes), axis=1))
    if head == 1:
        return b.model(b.conv(x, 5 * (5 + classes), 1))
    if head == 2:
        other = b.conv(b.curve(b.conv(x, 12), "LeakyRelu"), 18, 1)
        return b.model(b.conv(x, 10, 1), other)
    x = b.curve(b.gemm(b.flat(b.conv(x, 4, 1)), 16), "Relu")
    return b.model(b.same("Softmax", b.gemm(b.same("Dropout", x), classes), axis=-1))


def _block(b: Build, draw: np.random.Generator, x: str, kind: str, curve: str) -> str:
    _, c, h, w = b.shapes[x]
    out = int(draw.integers(4, 25))
    room = {"max4": 4, "mean4": 4, "stride": 2, "max2": 2, "mean2": 2, "stride_depthwise": 2, "pool_before_curve": 2}
    step = room.get(kind, 1)
    if min(h, w) // step < 4 or h % step or w % step or (kind == "resize" and max(h, w) > 40):
        kind = "plain"
    if kind == "depthwise":
        deep = b.curve(b.norm(b.conv(x, c, depthwise=True, bias=False)), curve)
        return b.curve(b.norm(b.conv(deep, out, 1, bias=False)), curve)
    if kind == "stride_depthwise":
        deep = b.curve(b.conv(x, c, stride=2, depthwise=True), "Relu")
        return b.curve(b.conv(deep, out, 1), curve)
    if kind == "stride":
        return b.curve(b.conv(x, out, stride=2), curve)
    if kind == "residual":
        return b.curve(b.same("Add", [x, b.norm(b.conv(x, c))]), curve)
    if kind == "concat":
        left, right = b.curve(b.conv(x, out, 1), curve), b.curve(b.conv(x, 8), "Relu")
        return b.concat(left, right)
    if kind in ("max2", "mean2", "max4", "mean4"):
        name = "MaxPool" if kind.startswith("max") else "AveragePool"
        return b.pool(b.curve(b.conv(x, out), curve), name, int(kind[-1]))
    if kind == "pool_before_curve":
        return b.curve(b.norm(b.pool(b.conv(x, out), "MaxPool", 2)), "LeakyRelu")
    if kind == "resize":
        return b.curve(b.conv(b.resize(b.curve(b.conv(x, 8, 1), "Relu")), out), curve)
    if kind == "views":
        there = b.transpose(b.conv(x, out), (0, 2, 3, 1))
        back = b.transpose(b.curve(there, "Relu"), (0, 3, 1, 2))
        return b.reshape(b.reshape(b.same("Identity", back), (1, out, h * w)), (1, out, h, w))
    if kind == "scaled":
        y = b.same("Mul", [b.conv(x, out), b.constant(draw.uniform(0.5, 2, (1, out, 1, 1)))])
        y = b.same("Sub", [y, b.constant(draw.normal(0, 0.2, (1, out, 1, 1)))])
        return b.curve(b.same("Div", [y, b.constant(1.5)]), curve)
    if kind == "in_place":
        return b.pool_in_place(b.curve(b.conv(x, out), curve))
    if kind == "pad":
        padded = b.node("Pad", [x, b.constant([0, 0, 1, 1, 0, 0, 1, 1], np.int64)], mode="constant")
        b.shapes[padded] = (1, c, h + 2, w + 2)
        return b.curve(b.conv(padded, out, pads=[0, 0, 0, 0]), curve)
    return b.curve(b.norm(b.conv(x, out, int(draw.choice((1, 3))))), curve)


def mobilenet(width: float = 0.25, side: int = 128, classes: int = 1000, seed: int = 1) -> onnx.ModelProto:
    """Return MobileNet v1 as in its paper, with random weights."""
    b = Build((1, 3, side, side), seed)

    def layer(x: str, out: int, kernel: int, stride: int, depthwise: bool = False) -> str:
        return b.curve(b.norm(b.conv(x, out, kernel, stride, depthwise, bias=False)), "relu6")

    x = layer(b.input, int(32 * width), 3, 2)
    plan = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
    for out, stride in plan:
        x = layer(x, 0, 3, stride, depthwise=True)
        x = layer(x, int(out * width), 1, 1)
    return b.model(b.same("Softmax", b.gemm(b.flat(b.mean(x)), classes), axis=1))


def tiny_yolo(
    side: tuple[int, int] = (224, 320), classes: int = 20, widest: int = 256, anchors: int = 5, seed: int = 2
) -> onnx.ModelProto:
    """Return tiny YOLOv2 (nine convolutions, six pools), with random weights and at most ``widest`` channels.

    With more than 448 channels a 3x3 convolution needs more weight loads than the KPU has.
    """
    b = Build((1, 3, *side), seed)
    x = b.input
    for out, pool in ((16, 2), (32, 2), (64, 2), (128, 2), (256, 2), (512, 1), (1024, 0), (1024, 0)):
        x = b.curve(b.norm(b.conv(x, min(out, widest), bias=False)), "LeakyRelu")
        if pool:
            x = b.pool(x, "MaxPool", 2) if pool == 2 else b.pool_in_place(x)
    return b.model(b.conv(x, anchors * (5 + classes), 1))


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Write the network to the path; return the path."""
    path.write_bytes(model.SerializeToString())
    return path
