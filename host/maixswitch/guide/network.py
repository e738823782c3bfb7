"""The networks of the guide as ONNX files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr


def convolution(weights: NDArray[np.float64], bias: float, side: int) -> Any:
    """Return an ONNX model of one convolution over a picture of `side` x `side` pixels and one channel.

    weights: (out, in, k, k); the map keeps its size. Raises MaixSwitchError if onnx is not installed.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise MaixSwitchError(tr("this chapter needs onnx: pip install 'maixswitch[convert]'")) from error

    border = weights.shape[-1] // 2
    node = helper.make_node("Conv", ["x", "k", "b"], ["y"], name="line", pads=[border] * 4)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, side, side]) for name in "xy"]
    numbers = [
        numpy_helper.from_array(weights.astype(np.float32), "k"),
        numpy_helper.from_array(np.array([bias], np.float32), "b"),
    ]
    graph = helper.make_graph([node], "line", ends[:1], ends[1:], numbers)
    # Old enough for every onnxruntime, and without the version of the onnx at hand: the file is the same everywhere.
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="maixswitch"
    )
