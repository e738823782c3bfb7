"""The operators of TensorFlow Lite: the function that reads each, or what to use instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from maixswitch.convert.refusals import ATTENTION, FIXED, LEAVE_OUT, RECURRENT, TWO_DIMENSIONS

from . import arithmetic, convolutions, moves, pools
from .builder import Value
from .operation import Operation

Reader = Callable[[Operation], Value | Sequence[Value]]
_SAME_NAMES = {
    **{"ABS": "Abs", "CEIL": "Ceil", "COS": "Cos", "ELU": "Elu", "EXP": "Exp", "FLOOR": "Floor", "LOG": "Log"},
    **{"HARD_SWISH": "HardSwish", "LOGISTIC": "Sigmoid", "NEG": "Neg", "RELU": "Relu", "ROUND": "Round"},
    **{"SIGN": "Sign", "SIN": "Sin", "SQRT": "Sqrt", "TANH": "Tanh", "LOGICAL_NOT": "Not"},
}
_BINARY = {
    **{"ADD": "Add", "SUB": "Sub", "MUL": "Mul", "DIV": "Div", "POW": "Pow", "MAXIMUM": "Max", "MINIMUM": "Min"},
    **{"EQUAL": "Equal", "GREATER": "Greater", "GREATER_EQUAL": "GreaterOrEqual", "LESS": "Less"},
    **{"LESS_EQUAL": "LessOrEqual", "LOGICAL_AND": "And", "LOGICAL_OR": "Or"},
}
_REDUCED = {
    **{"MEAN": "ReduceMean", "SUM": "ReduceSum", "REDUCE_MAX": "ReduceMax", "REDUCE_MIN": "ReduceMin"},
    **{"REDUCE_PROD": "ReduceProd"},
}
READERS: dict[str, Reader] = {
    **{kind: arithmetic.unary(name) for kind, name in _SAME_NAMES.items()},
    **{kind: arithmetic.binary(name) for kind, name in _BINARY.items()},
    **{kind: arithmetic.reduced(name) for kind, name in _REDUCED.items()},
    "ADD_N": arithmetic.add_n,
    "ARG_MAX": arithmetic.argument("ArgMax"),
    "ARG_MIN": arithmetic.argument("ArgMin"),
    "AVERAGE_POOL_2D": pools.pool("AveragePool"),
    "BATCH_TO_SPACE_ND": convolutions.batch_to_space,
    "BROADCAST_TO": moves.broadcast_to,
    "CAST": arithmetic.cast,
    "CONCATENATION": moves.concatenation,
    "CONV_2D": convolutions.convolution,
    "Convolution2DTransposeBias": convolutions.transposed_with_bias,
    "DEPTHWISE_CONV_2D": convolutions.depthwise,
    "DEPTH_TO_SPACE": pools.depth_to_space,
    "DEQUANTIZE": arithmetic.identity,
    "EXPAND_DIMS": moves.expand_dims,
    "FULLY_CONNECTED": convolutions.dense,
    "GATHER": moves.gather,
    "GELU": arithmetic.gelu,
    "L2_NORMALIZATION": arithmetic.l2_normalization,
    "LEAKY_RELU": arithmetic.leaky_relu,
    "LOG_SOFTMAX": arithmetic.softmax("LogSoftmax"),
    "MAX_POOL_2D": pools.pool("MaxPool"),
    "MIRROR_PAD": pools.mirror_pad,
    "PACK": moves.pack,
    "PAD": pools.pad,
    "PADV2": pools.pad,
    "PRELU": arithmetic.prelu,
    "QUANTIZE": arithmetic.identity,
    "RELU6": arithmetic.clipped(0, 6),
    "RELU_0_TO_1": arithmetic.clipped(0, 1),
    "RELU_N1_TO_1": arithmetic.clipped(-1, 1),
    "RESHAPE": moves.reshape,
    "RESIZE_BILINEAR": pools.resize("linear"),
    "RESIZE_NEAREST_NEIGHBOR": pools.resize("nearest"),
    "RSQRT": arithmetic.unary("Sqrt", "Reciprocal"),
    "SELECT": arithmetic.select,
    "SELECT_V2": arithmetic.select,
    "SLICE": moves.part,
    "SOFTMAX": arithmetic.softmax("Softmax"),
    "SPACE_TO_BATCH_ND": convolutions.space_to_batch,
    "SPACE_TO_DEPTH": pools.space_to_depth,
    "SPLIT": moves.split,
    "SPLIT_V": moves.split_v,
    "SQUARE": arithmetic.square,
    "SQUARED_DIFFERENCE": arithmetic.squared_difference,
    "SQUEEZE": moves.squeeze,
    "STRIDED_SLICE": moves.strided_slice,
    "TILE": moves.tile,
    "TRANSPOSE": moves.transpose,
    "TRANSPOSE_CONV": convolutions.transposed,
    "UNPACK": moves.unpack,
}
"""Operator -> function that makes its ONNX nodes and returns its results."""

REFUSED: dict[str, str] = {
    **dict.fromkeys(("BATCH_MATMUL", "CUMSUM", "SEGMENT_SUM"), ATTENTION),
    **dict.fromkeys(("CONV_3D", "CONV_3D_TRANSPOSE"), TWO_DIMENSIONS),
    **dict.fromkeys(("IF", "WHILE", "CALL", "CALL_ONCE"), FIXED),
    **dict.fromkeys(("LSTM", "RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN"), RECURRENT),
    **dict.fromkeys(("BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN"), RECURRENT),
    **dict.fromkeys(("TFLite_Detection_PostProcess", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"), LEAVE_OUT),
    **dict.fromkeys(
        ("TOPK_V2", "WHERE", "GATHER_ND", "SCATTER_ND", "UNIQUE", "ONE_HOT", "EMBEDDING_LOOKUP"), LEAVE_OUT
    ),
    "L2_POOL_2D": "use AveragePool instead",
    "edgetpu-custom-op": "convert the file from before the Edge TPU compiler",
}
"""Operator that the board cannot run -> what to use instead."""
