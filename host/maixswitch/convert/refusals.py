"""How the converter refuses a node of the user's network, and the remedies that several operators share."""

from __future__ import annotations

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

AGAIN = "export the network again"
ATTENTION = "the KPU cannot multiply two tensors: use Add or Concat and a convolution"
DILATED = "use a convolution with dilation instead"
FIXED = "export the network with fixed sizes (without dynamic_axes), then simplify it"
FLATTEN = "flatten the tensor first"
FLOAT = "convert the float32 network; converting does the quantisation"
LEAVE_OUT = "leave it out of the exported network and compute it in your program"
NORM = "train with BatchNormalization instead, which costs nothing on the board"
ONE_NUMBER = "use one number for each channel"
REBUILD = "use Resize (nearest, twice the size) and a 3x3 convolution instead"
RECURRENT = "use convolutions: the KPU has no memory between pictures"
TWO_DIMENSIONS = "use layers of two dimensions"
UNKNOWN = "use the operators that docs/convert.md lists"

SHARED = (
    *(
        AGAIN,
        ATTENTION,
        DILATED,
        FIXED,
        FLATTEN,
        FLOAT,
        LEAVE_OUT,
        NORM,
        ONE_NUMBER,
        REBUILD,
        RECURRENT,
    ),
    *(TWO_DIMENSIONS, UNKNOWN),
)
"""All remedies above, for the translation."""


def refuse(name: str, kind: str, reason: str, remedy: str) -> MaixSwitchError:
    """Returns the error that names a node, says why it cannot be converted, and what to change.

    name, kind: the ONNX node and its operator. reason, remedy: texts in the user's language.
    """
    return MaixSwitchError(
        tr("node {name} ({kind}): {reason}; {remedy}", name=name or "?", kind=kind, reason=reason, remedy=remedy)
    )
