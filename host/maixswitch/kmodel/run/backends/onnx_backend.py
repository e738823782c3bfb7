"""The fastest backend: ONNX Runtime sums in float32 where that is proven exact, and numpy does the rest.

Float32 sums of whole numbers below 2**24 are exact in any order, with or without fused multiply-add. So it does not
matter which kernel the library chooses on a processor. Layers that need float64 stay with numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.program import Layer

from . import onnx_messages
from .curve import Form
from .fast_backend import FastBackend, Sums, bordered, numpy_sums
from .finish import Apply
from .interface import LayerMemory, Step
from .onnx_sessions import session_of
from .prepare import Prepared
from .scratch import Scratch


def layer_model(layer: Prepared) -> bytes:
    """An ONNX model: bytes to float, convolution with "w", max pool. Its input (1, in, h, w) includes the border."""
    conv = layer.conv
    # The border is part of the input, because ONNX can only pad with zeros.
    edge = conv.kernel // 2
    line, column, stride = layer.pick
    inner = conv.input.channels if conv.depthwise else layer.weights32.shape[1]
    entry_shape = (1, inner, conv.input.height + 2 * edge - line, conv.input.width + 2 * edge - column)
    # In ONNX, a depthwise convolution has a group for each channel.
    groups = inner if conv.depthwise else 1
    nodes = [
        onnx_messages.node("Cast", ["x"], "f", to=onnx_messages.FLOAT),
        onnx_messages.node("Conv", ["f", "w"], "s", group=groups, strides=[stride, stride]),
    ]
    # A max pool before the curve is right where the curve rises, and leaves fewer values to finish.
    if layer.greatest is not None:
        window, step = layer.greatest
        over = [0, 0, window - 1, window - 1] if step == 1 else [0, 0, 0, 0]
        pool = {"kernel_shape": [window, window], "strides": [step, step], "pads": over}
        nodes.append(onnx_messages.node("MaxPool", ["s"], "p", **pool))
    name = "s" if layer.greatest is None else "p"
    result_shape = (1, layer.weights32.shape[0], *_output_size(layer))
    return onnx_messages.model(
        nodes,
        [onnx_messages.promised("w", layer.weights32.shape)],
        onnx_messages.value_info("x", onnx_messages.UINT8, entry_shape),
        onnx_messages.value_info(name, onnx_messages.FLOAT, result_shape),
    )


def _output_size(layer: Prepared) -> tuple[int, int]:
    """Height and width of the session's output; with a stride it may have one line or column more than the chip's."""
    line, column, stride = layer.pick
    height = (layer.conv.input.height - line + stride - 1) // stride
    width = (layer.conv.input.width - column + stride - 1) // stride
    if layer.greatest is not None:
        window, step = layer.greatest
        if step > 1:
            height, width = (height - window) // step + 1, (width - window) // step + 1
    return height, width


def ort_sums(layer: Prepared, scratch: Scratch) -> Sums:
    """The sums of a layer, computed by a session for this layer."""
    if not layer.narrow:
        return numpy_sums(layer, scratch)
    session = session_of(layer_model(layer), {"w": layer.weights32})
    name = session.get_outputs()[0].name
    line, column, _ = layer.pick
    widen = bordered(layer, scratch)
    _, height, width = layer.summed

    def run(image: Bytes) -> Array:
        wide = widen(image)[None, :, line:, column:]
        sums: Array = session.run([name], {"x": np.ascontiguousarray(wide)})[0][0]
        # With a stride, the library computes a last incomplete step, which the chip leaves out.
        return sums if sums.shape[1:] == (height, width) else np.ascontiguousarray(sums[:, :height, :width])

    return run


class OnnxBackend(FastBackend):
    """Name "onnxruntime"; needs the package of that name.

    The first run imports the package. Importing it takes longer than reading a model, and many models are only
    described.
    """

    name = "onnxruntime"

    def __init__(self) -> None:
        super().__init__(ort_sums)
        self.binds = find_spec("numba") is not None

    def curve(self, form: Form) -> Apply:
        # Without numba, numpy turns the sums into bytes, with one pass for each step.
        if not self.binds:
            return super().curve(form)
        from maixswitch.kmodel.run.native.kpu_layers import apply

        return apply(form)

    def bind(self, conv: Conv, rounding: str, memory: LayerMemory) -> Step | None:
        """See ``kpu_layers``."""
        from maixswitch.kmodel.run.native.kpu_layers import bind

        return bind(conv, rounding, memory, self._scratch)

    def bind_layer(self, layer: Layer, runner: Callable[[Any, Any], None], chip: Any) -> Step | None:
        """See ``cpu_layers``."""
        from maixswitch.kmodel.run.native.cpu_layers import bind

        return bind(layer, runner, chip)
