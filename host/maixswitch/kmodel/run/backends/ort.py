"""The fastest backend: ONNX Runtime sums in float32 where that is proven exact, the rest as in the fast backend.

Float32 sums of whole numbers below 2**24 are exact in any order, with or without fused multiply-add, so its kernels may
do as they like on whatever processor. Layers that need float64 stay with numpy.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes
from maixswitch.kmodel.format.conv import Conv

from . import Step, onnx_bytes
from .fast import FastBackend, Sums, bordered, numpy_sums
from .finish import compiled_finish, numpy_finish
from .prepare import Prepared
from .scratch import Scratch
from .site import Site


@cache
def _library() -> Any:
    """The package, with one arena for all sessions: each of its own would keep room for its largest map."""
    onnxruntime = importlib.import_module("onnxruntime")
    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    info = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    with suppress(RuntimeError):  # if another user of the package has registered one, that does too
        onnxruntime.create_and_register_allocator(info, None)
    return onnxruntime


def session_of(content: bytes, weights: Mapping[str, Array] | None = None) -> Any:
    """A session on one core: layers are short, and threads would only wait for each other.

    ``weights``: the tensors that the model only promises. The session copies them, and lets go of that copy where it
    lays them out anew; the bytes of the model it would keep all the same.
    """
    onnxruntime = _library()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # such a plan would hold room for all maps of one session at once
    options.add_session_config_entry("session.use_env_allocators", "1")
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(item)) for item in weights.values()]
        options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def layer_model(layer: Prepared) -> bytes:
    """Bytes to float, convolution without border by "w", max pool; the input is (1, in, h, w) with its border."""
    conv = layer.conv
    edge = conv.kernel // 2
    line, column, stride = layer.pick
    inner = conv.input.channels if conv.depthwise else layer.whole.shape[1]
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
    made = (1, layer.whole.shape[0], *_made(layer))
    return onnx_bytes.model(
        nodes,
        [onnx_bytes.promised("w", layer.whole.shape)],
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


def ort_sums(layer: Prepared, scratch: Scratch) -> Sums:
    """The sums of a layer by a session of its own."""
    if not layer.narrow:
        return numpy_sums(layer, scratch)
    session = session_of(layer_model(layer), {"w": layer.whole})
    name = session.get_outputs()[0].name
    line, column, _ = layer.pick
    widen = bordered(layer, scratch)
    _, height, width = layer.summed

    def run(image: Bytes) -> Array:
        wide = widen(image)[None, :, line:, column:]
        sums: Array = session.run([name], {"x": np.ascontiguousarray(wide)})[0][0]
        return sums if sums.shape[1:] == (height, width) else np.ascontiguousarray(sums[:, :height, :width])

    return run


class OrtBackend(FastBackend):
    """Name "onnxruntime"; needs the package of that name."""

    name = "onnxruntime"

    def __init__(self) -> None:
        importlib.import_module("onnxruntime")  # here, so that a missing package is noticed at once
        super().__init__(ort_sums, compiled_finish if find_spec("numba") else numpy_finish)
        self.binds = find_spec("numba") is not None

    def bind(self, conv: Conv, rounding: str, site: Site) -> Step | None:
        """See ``bound``."""
        from .bound import bind

        return bind(conv, rounding, site, self._scratch)
