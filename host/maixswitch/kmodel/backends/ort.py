"""The fastest backend: ONNX Runtime sums in float32 where that is proven exact, the rest as in the fast backend.

Float32 sums of whole numbers below 2**24 are exact in any order, with or without fused multiply-add, so its kernels may
do as they like on whatever processor. Layers that need float64 stay with numpy.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..arrays import Array, Bytes
from . import onnx_bytes
from .fast import FastBackend, Sums, bordered, numpy_sums
from .finish import compiled_finish, numpy_finish
from .prepare import Prepared


def session_of(content: bytes) -> Any:
    """A session on one core: layers are short, and threads would only wait for each other."""
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def layer_model(layer: Prepared) -> bytes:
    """Bytes to float, convolution without border, max pool; the input is (1, in, h, w) with its border."""
    conv = layer.conv
    edge = conv.kernel // 2
    line, column, stride = layer.pick
    inner = conv.input.channels if conv.depthwise else layer.weights.shape[1]
    given = (1, inner, conv.input.height + 2 * edge - line, conv.input.width + 2 * edge - column)
    groups = inner if conv.depthwise else 1
    nodes = [
        onnx_bytes.node("Cast", ["x"], "f", to=onnx_bytes.FLOAT),
        onnx_bytes.node("Conv", ["f", "w"], "s", group=groups, strides=[stride, stride]),
    ]
    if layer.greatest is not None:
        window, step = layer.greatest
        over = [0, 0, window - 1, window - 1] if step == 1 else [0, 0, 0, 0]
        pool = {"kernel_shape": [window, window], "strides": [step, step], "pads": over}
        nodes.append(onnx_bytes.node("MaxPool", ["s"], "p", **pool))
    name = "s" if layer.greatest is None else "p"
    made = (1, layer.weights.shape[0], *_made(layer))
    return onnx_bytes.model(
        nodes,
        [onnx_bytes.tensor("w", layer.weights)],
        onnx_bytes.value_info("x", onnx_bytes.UINT8, given),
        onnx_bytes.value_info(name, onnx_bytes.FLOAT, made),
    )


def _made(layer: Prepared) -> tuple[int, int]:
    """Height and width that the session makes; a stride may leave one line or column more than the chip keeps."""
    line, column, stride = layer.pick
    height = (layer.conv.input.height - line + stride - 1) // stride
    width = (layer.conv.input.width - column + stride - 1) // stride
    if layer.greatest is not None:
        window, step = layer.greatest
        if step > 1:
            height, width = (height - window) // step + 1, (width - window) // step + 1
    return height, width


def ort_sums(layer: Prepared) -> Sums:
    """The sums of a layer by a session of its own."""
    if layer.weights.dtype != np.float32:
        return numpy_sums(layer)
    session = session_of(layer_model(layer))
    name = session.get_outputs()[0].name
    conv = layer.conv
    edge = conv.kernel // 2
    line, column, _ = layer.pick
    inner = conv.input.channels if conv.depthwise else layer.weights.shape[1]
    room = bordered(np.zeros((inner, conv.input.height, conv.input.width), np.uint8), edge, conv.pad_value)
    _, height, width = layer.summed

    def run(image: Bytes) -> Array:
        wide = bordered(image, edge, conv.pad_value, room)[None, :, line:, column:]
        sums: Array = session.run([name], {"x": np.ascontiguousarray(wide)})[0][0]
        return sums if sums.shape[1:] == (height, width) else np.ascontiguousarray(sums[:, :height, :width])

    return run


class OrtBackend(FastBackend):
    """Name "onnxruntime"; needs the package of that name."""

    name = "onnxruntime"

    def __init__(self) -> None:
        importlib.import_module("onnxruntime")  # here, so that a missing package is noticed at once
        super().__init__(ort_sums, compiled_finish if find_spec("numba") else numpy_finish)
