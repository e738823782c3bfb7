"""What the board cannot run, and what to change in the network instead."""

from __future__ import annotations

from typing import Protocol

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr, word


class Named(Protocol):
    """A node of the file."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...


LEAVE_OUT = "leave it out of the exported network and compute it in your program"
RECURRENT = "use convolutions: the KPU has no memory between pictures"
FIXED = "export the network with fixed sizes (without dynamic_axes), then simplify it"
FLOAT = "convert the float32 network; converting does the quantisation"
NORM = "train with BatchNormalization instead, which costs nothing on the board"
REBUILD = "use Resize (nearest, twice the size) and a 3x3 convolution instead"
ATTENTION = "the KPU cannot multiply two tensors: use Add or Concat and a convolution"

OPERATORS = {
    "ArgMax": LEAVE_OUT,
    "ArgMin": LEAVE_OUT,
    "TopK": LEAVE_OUT,
    "NonMaxSuppression": LEAVE_OUT,
    "NonZero": LEAVE_OUT,
    "LogSoftmax": "use Softmax, or leave it out: the order of the classes stays the same",
    "Hardmax": LEAVE_OUT,
    "LSTM": RECURRENT,
    "GRU": RECURRENT,
    "RNN": RECURRENT,
    "If": FIXED,
    "Loop": FIXED,
    "Scan": FIXED,
    "NonMaxSuppressionV4": LEAVE_OUT,
    "QuantizeLinear": FLOAT,
    "DequantizeLinear": FLOAT,
    "DynamicQuantizeLinear": FLOAT,
    "QLinearConv": FLOAT,
    "QLinearMatMul": FLOAT,
    "ConvInteger": FLOAT,
    "MatMulInteger": FLOAT,
    "InstanceNormalization": NORM,
    "LayerNormalization": NORM,
    "GroupNormalization": NORM,
    "LpNormalization": NORM,
    "LRN": NORM,
    "MeanVarianceNormalization": NORM,
    "ConvTranspose": REBUILD,
    "MaxUnpool": REBUILD,
    "DepthToSpace": REBUILD,
    "SpaceToDepth": "use a convolution with stride 2 instead",
    "Upsample": "export with opset 11 or newer, which writes Resize instead",
    "GlobalMaxPool": "use GlobalAveragePool instead",
    "ReduceMax": "use MaxPool, or GlobalAveragePool, instead",
    "GridSample": LEAVE_OUT,
    "RoiAlign": LEAVE_OUT,
    "Einsum": "use Gemm or a 1x1 convolution instead",
    "Split": "use two convolutions that read the same tensor instead",
    "Slice": "use two convolutions that read the same tensor instead",
    "Gather": "use two convolutions that read the same tensor instead",
}
"""By operator: what to do instead; an operator that is in no table gets the last resort below."""

UNKNOWN = "use the operators that docs/convert.md lists"


def refuse(node: Named, reason: str, remedy: str) -> MaixSwitchError:
    """The error that names the node, says why, and what to change; both texts in the user's language already."""
    name = node.name or "?"
    return MaixSwitchError(
        tr("node {name} ({kind}): {reason}; {remedy}", name=name, kind=node.kind, reason=reason, remedy=remedy)
    )


def refuse_operator(node: Named) -> MaixSwitchError:
    """The error for an operator that nothing here can map."""
    remedy = OPERATORS.get(node.kind, UNKNOWN)
    return refuse(node, tr("the board cannot run this operator"), word(remedy))
