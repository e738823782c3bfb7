"""What to use instead of operators that the board cannot run and that belong to no other file."""

from __future__ import annotations

from maixswitch.convert.refusals import FIXED, FLOAT, LEAVE_OUT, NORM, RECURRENT

REFUSED = {
    **dict.fromkeys(
        ("ArgMax", "ArgMin", "TopK", "NonMaxSuppression", "NonZero", "NonMaxSuppressionV4", "GridSample", "RoiAlign"),
        LEAVE_OUT,
    ),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), RECURRENT),
    **dict.fromkeys(("If", "Loop", "Scan"), FIXED),
    **dict.fromkeys(("DynamicQuantizeLinear",), FLOAT),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"), FLOAT),
    **dict.fromkeys(("InstanceNormalization", "LayerNormalization", "GroupNormalization", "LpNormalization"), NORM),
    **dict.fromkeys(("LRN", "MeanVarianceNormalization"), NORM),
    "Einsum": "use Gemm or a 1x1 convolution instead",
}
