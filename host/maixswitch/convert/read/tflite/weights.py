"""The numbers of a constant tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.importer import LARGEST
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

from . import file
from .file import FileTensor

Data = NDArray[Any]
_TYPES = {
    **{file.FLOAT32: np.float32, file.FLOAT16: np.float16, file.FLOAT64: np.float64},
    **{file.INT32: np.int32, file.INT64: np.int64, file.INT16: np.int16},
    **{file.UINT8: np.uint8, file.INT8: np.int8, file.BOOL: np.bool_},
}


def stored(tensor: FileTensor) -> Data:
    """Returns the numbers of a constant as the file stores them. MaixSwitchError if it holds none, or too few."""
    if tensor.data is None or tensor.kind not in file.BITS or tensor.sparse:
        kind = tr("sparse") if tensor.sparse else tensor.kind_name
        raise MaixSwitchError(
            tr(
                "tensor {name}: its numbers are {kind}; export it with dense float32 weights",
                name=tensor.name,
                kind=kind,
            )
        )
    # Python's whole numbers do not overflow, whatever sizes a file states.
    count = 1
    for size in tensor.shape:
        count *= size
    expected = (count * file.BITS[tensor.kind] + 7) // 8
    if count < 0 or count > 8 * LARGEST or len(tensor.data) < expected:
        raise MaixSwitchError(
            tr(
                "tensor {name}: found {size} bytes, expected {expected} for shape {shape}; export it again",
                name=tensor.name,
                size=len(tensor.data),
                expected=expected,
                shape=tensor.shape,
            )
        )
    if tensor.kind == file.INT4:
        return _nibbles(tensor.data[:expected], count).reshape(tensor.shape)
    order = np.dtype(_TYPES[tensor.kind]).newbyteorder("<")
    return np.frombuffer(tensor.data[:expected], order).reshape(tensor.shape)


def _nibbles(data: memoryview, count: int) -> Data:
    """Two signed numbers a byte, the lower four bits first."""
    packed = np.frombuffer(data, np.uint8)
    both = np.stack([packed & 15, packed >> 4], axis=1).ravel()[:count]
    return ((both ^ 8).astype(np.int8) - 8).astype(np.int8)


def real(tensor: FileTensor) -> Data:
    """Returns the real numbers of a constant: float32 if they are quantised or floats, else as stored.

    MaixSwitchError as ``stored``, and if the scales do not fit the shape.
    """
    numbers = stored(tensor)
    quantisation = tensor.quantisation
    if quantisation is None or numbers.dtype.kind not in "iu":
        return numbers.astype(np.float32) if numbers.dtype.kind == "f" else numbers
    scales, zeros = np.array(quantisation.scales, np.float64), np.array(quantisation.zeros, np.float64)
    if len(scales) > 1:
        # Biases have a single axis, and some exporters state that of their weights instead.
        axis = quantisation.axis if numbers.ndim > 1 else 0
        if not 0 <= axis < numbers.ndim or numbers.shape[axis] != len(scales):
            raise MaixSwitchError(
                tr("tensor {name}: {count} scales do not fit shape {shape}; export it again",
                   name=tensor.name, count=len(scales), shape=tensor.shape)
            )  # fmt: skip
        wide = [1] * numbers.ndim
        wide[axis] = len(scales)
        scales, zeros = scales.reshape(wide), zeros.reshape(wide)
    with np.errstate(all="ignore"):  # scales that are not finite are refused where the weights are used
        return np.asarray((numbers - zeros) * scales, np.float32).reshape(numbers.shape)
