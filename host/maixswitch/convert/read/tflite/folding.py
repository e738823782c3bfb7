"""Operators whose inputs are all constants, computed once in numpy: weights in float16, and arithmetic of sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maixswitch.convert.graph.importer import LARGEST
from maixswitch.language import tr

from . import file
from .builder import Data
from .file import FileOperator

Fold = Callable[[FileOperator, Sequence[Data]], Data]
_TYPES = {file.FLOAT32: np.float32, file.FLOAT16: np.float32, file.FLOAT64: np.float32, file.INT32: np.int32}
_INTEGERS = {file.INT64: np.int64, file.INT16: np.int16, file.INT8: np.int8, file.UINT8: np.uint8, file.BOOL: np.bool_}


def fold(operator: FileOperator, arrays: Sequence[Data]) -> Data | None:
    """Returns the operator's result; None if it is not one of those that are computed here.

    ValueError if the arrays do not fit the operator, or the result is too large.
    """
    function = _FOLDS.get(operator.kind)
    if function is None:
        return None
    with np.errstate(all="ignore"):  # weights that are not finite are refused where they are used
        try:
            return np.asarray(function(operator, arrays))
        except Exception as error:  # numpy raises various exceptions, depending on the file
            raise ValueError((str(error).strip().splitlines() or [type(error).__name__])[0]) from error


def _bounded(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a result that is larger than its inputs. ValueError if it is too large."""
    sizes = tuple(int(size) for size in shape)
    if min(sizes, default=1) < 0 or float(np.prod(np.asarray(sizes, np.float64))) > LARGEST:
        raise ValueError(tr("too large"))
    return sizes


def _same(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return arrays[0]


def _binary(function: Callable[[Any, Any], Any]) -> Fold:
    def read(operator: FileOperator, arrays: Sequence[Data]) -> Data:
        _bounded(np.broadcast_shapes(arrays[0].shape, arrays[1].shape))
        return np.asarray(function(arrays[0], arrays[1]), arrays[0].dtype)

    return read


def _divided(left: Data, right: Data) -> Data:
    # Whole numbers are cut towards zero, as C does it.
    if left.dtype.kind in "iu":
        if not right.all():
            raise ValueError(tr("it divides by zero"))
        return np.asarray(np.trunc(left.astype(np.float64) / right))
    return np.asarray(left / right)


def _cast(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return arrays[0].astype({**_TYPES, **_INTEGERS}[int(operator.option("OutDataType"))])


def _reshape(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    target = arrays[1].ravel().tolist() if len(arrays) > 1 else operator.list_option("NewShape")
    return arrays[0].reshape([int(size) for size in target])


def _squeeze(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.squeeze(arrays[0], tuple(operator.list_option("SqueezeDims")) or None)


def _transpose(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return arrays[0].transpose([int(axis) for axis in arrays[1].ravel()])


def _expand_dims(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.expand_dims(arrays[0], int(arrays[1].reshape(())))


def _concatenation(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.concatenate(arrays, int(operator.option("Axis")))


def _pack(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.stack(arrays, int(operator.option("Axis")))


def _gather(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    axis = int(operator.option("Axis"))
    _bounded((*arrays[1].shape, arrays[0].size))
    return np.asarray(np.take(arrays[0], arrays[1], axis))


def _fill(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.full(_bounded(arrays[0].ravel().tolist()), arrays[1].reshape(()))


def _broadcast(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    return np.broadcast_to(arrays[0], _bounded(arrays[1].ravel().tolist()))


def _tile(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    times = [int(number) for number in arrays[1].ravel()]
    if min(times, default=1) < 0:
        raise ValueError(tr("too large"))
    _bounded((arrays[0].size, *times))
    return np.tile(arrays[0], times)


def _range(operator: FileOperator, arrays: Sequence[Data]) -> Data:
    start, stop, step = (array.reshape(()).item() for array in arrays)
    _bounded([abs((stop - start) / step) + 1])
    return np.asarray(np.arange(start, stop, step), arrays[0].dtype)


def _reduced(function: Callable[..., Any]) -> Fold:
    def read(operator: FileOperator, arrays: Sequence[Data]) -> Data:
        axes = tuple(int(axis) for axis in arrays[1].ravel())
        return np.asarray(function(arrays[0], axis=axes, keepdims=bool(operator.option("KeepDims"))), arrays[0].dtype)

    return read


def _unary(function: Callable[[Any], Any]) -> Fold:
    return lambda operator, arrays: np.asarray(function(arrays[0]), arrays[0].dtype)


_FOLDS: dict[str, Fold] = {
    **dict.fromkeys(("DEQUANTIZE", "QUANTIZE"), _same),
    **{"CAST": _cast, "RESHAPE": _reshape, "SQUEEZE": _squeeze, "TRANSPOSE": _transpose, "EXPAND_DIMS": _expand_dims},
    **{"CONCATENATION": _concatenation, "PACK": _pack, "GATHER": _gather, "FILL": _fill, "BROADCAST_TO": _broadcast},
    **{"TILE": _tile, "RANGE": _range},
    **{"ADD": _binary(np.add), "SUB": _binary(np.subtract), "MUL": _binary(np.multiply), "DIV": _binary(_divided)},
    **{"FLOOR_DIV": _binary(lambda a, b: np.floor_divide(a, b)), "FLOOR_MOD": _binary(np.mod)},
    **{"MAXIMUM": _binary(np.maximum), "MINIMUM": _binary(np.minimum), "POW": _binary(np.power)},
    **{"REDUCE_PROD": _reduced(np.prod), "SUM": _reduced(np.sum), "MEAN": _reduced(np.mean)},
    **{"REDUCE_MAX": _reduced(np.max), "REDUCE_MIN": _reduced(np.min)},
    **{"SQRT": _unary(np.sqrt), "RSQRT": _unary(lambda a: 1 / np.sqrt(a)), "EXP": _unary(np.exp)},
    **{"NEG": _unary(np.negative), "ABS": _unary(np.abs), "SQUARE": _unary(np.square)},
}
