"""How long ONNX Runtime's integer convolution takes for the KPU layers of a model: a bar for benchmarks/emulator.py.

It computes the sums alone, without batch norm, activation, pool and the layout of the AI RAM, which the emulator adds.
"""

from __future__ import annotations

from statistics import median
from time import process_time

import numpy as np

from maixswitch.kmodel import KModel
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.layer_facts import conv_of
from maixswitch.kmodel.run.backends import onnx_messages as onnx
from maixswitch.kmodel.run.backends.onnx_sessions import session_of
from maixswitch.kmodel.run.backends.prepare import PICKED

TURNS = 15


def layer_ms(conv: Conv) -> float:
    """Return the median of the processor time in ms of a ConvInteger with the layer's shapes, on one thread."""
    # The chip computes every pixel of a layer with a stride and leaves some out; the library need not.
    stride = PICKED.get(conv.pool, (0, 0, 1))[2]
    layout = conv.input
    entry = (1, layout.channels, layout.height, layout.width)
    result = (1, conv.weights.shape[0], -(-layout.height // stride), -(-layout.width // stride))
    rng = np.random.default_rng(0)
    tensors = [
        onnx.byte_tensor("w", rng.integers(0, 256, conv.weights.shape, np.uint8)),
        onnx.byte_tensor("a", np.array(3, np.uint8)),
        onnx.byte_tensor("b", np.array(120, np.uint8)),
    ]
    node = onnx.node(
        "ConvInteger",
        ["x", "w", "a", "b"],
        "s",
        group=layout.channels if conv.depthwise else 1,
        strides=[stride, stride],
        pads=[conv.kernel // 2] * 4,
    )
    entry_info = onnx.value_info("x", onnx.UINT8, entry)
    session = session_of(onnx.model([node], tensors, entry_info, onnx.value_info("s", onnx.INT32, result)))
    image = {"x": rng.integers(0, 256, entry, np.uint8)}
    times = []
    for _ in range(TURNS):
        start = process_time()
        session.run(None, image)
        times.append(process_time() - start)
    return 1000 * median(times)


def model_ms(model: KModel) -> float:
    """Return the sum over the model's KPU layers, in ms; 0 without any."""
    return sum(layer_ms(conv) for layer in model.layers if (conv := conv_of(layer)) is not None)
