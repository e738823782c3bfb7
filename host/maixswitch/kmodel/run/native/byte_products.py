"""Matrix products of bytes by ONNX Runtime: uint8 by uint8 with sums in int32, into memory that is bound once.

The operator also takes signed bytes, but only these sums are exact on every processor. ``trusted`` makes sure of that,
and that the library works on the bound memory itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.format.arrays import Bytes
from maixswitch.kmodel.run.backends import onnx_messages
from maixswitch.kmodel.run.backends.onnx_sessions import session_of

Run = Callable[[], object]


def product(weights: Bytes, zero: int, columns: Bytes, sums: NDArray[np.int32]) -> Run:
    """Makes a function that sets ``sums`` (m, n) to (weights (m, k) - zero) @ columns (k, n) each time."""
    tensors = [onnx_messages.byte_tensor("w", weights), onnx_messages.byte_tensor("z", np.array(zero, np.uint8))]
    content = onnx_messages.model(
        [onnx_messages.node("MatMulInteger", ["w", "x", "z"], "s")],
        tensors,
        onnx_messages.value_info("x", onnx_messages.UINT8, columns.shape),
        onnx_messages.value_info("s", onnx_messages.INT32, sums.shape),
    )
    session = session_of(content)
    value = importlib.import_module("onnxruntime").OrtValue.ortvalue_from_numpy
    binding = session.io_binding()
    # The tensors are bound once: a call with arrays would copy them each time.
    binding.bind_ortvalue_input("x", value(columns))
    binding.bind_ortvalue_output("s", value(sums))
    return partial(session.run_with_iobinding, binding)


@cache
def trusted() -> bool:
    """True if the sums of the largest bytes are right and the library sees memory that changes after the binding."""
    rng = np.random.default_rng(0)
    weights = rng.choice(np.array([0, 1, 127, 128, 254, 255], np.uint8), (33, 301))
    columns, sums = np.zeros((301, 37), np.uint8), np.zeros((33, 37), np.int32)
    # Extreme weights make the largest sums, positive and negative.
    weights[:4], weights[4:8] = 255, 0
    # Rows of the greatest and the least weights reveal a processor whose 16-bit sums saturate.
    for zero in (0, 128, 255):
        run = product(weights, zero, columns, sums)
        # Constant columns reveal saturation, and random ones a wrong order.
        for value in (255, 128, None):
            columns[:] = rng.integers(0, 256, columns.shape, np.uint8) if value is None else value
            sums[:] = 0
            run()
            if not np.array_equal(sums, (weights.astype(np.int64) - zero) @ columns.astype(np.int64)):
                return False
    return True
