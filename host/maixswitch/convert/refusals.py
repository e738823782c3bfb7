"""How the converter refuses a node of the user's network, and the remedies that several operators share."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

AGAIN = "export the network again"
ATTENTION = "compute it from constants, or use Add, Mul or Concat and a convolution"
DILATED = "use a convolution with dilation instead"
DEAD = "train the network again, or export the trained weights"
DIVERGED = "the training has diverged; train the network again"
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
        DEAD,
        DIVERGED,
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


MOST_LINES, MOST_NAMES = 12, 3
"""The most different reasons, and the most names of nodes with the same reason, that one message lists."""


class NodeRefused(MaixSwitchError):
    """A node that cannot be converted.

    name, kind: the ONNX node and its operator.
    reason, remedy: texts in the user's language.
    """

    def __init__(self, name: str, kind: str, reason: str, remedy: str) -> None:
        text = tr("node {name} ({kind}): {reason}; {remedy}", name=name or "?", kind=kind, reason=reason, remedy=remedy)
        super().__init__(text)
        self.name, self.kind, self.reason, self.remedy = name, kind, reason, remedy


def refuse(name: str, kind: str, reason: str, remedy: str) -> NodeRefused:
    """Returns the error that names a node, says why it cannot be converted, and what to change.

    name, kind: the ONNX node and its operator. reason, remedy: texts in the user's language.
    """
    return NodeRefused(name, kind, reason, remedy)


def together(errors: Sequence[MaixSwitchError]) -> MaixSwitchError:
    """Returns one error for one or more. Nodes with the same reason share a line."""
    groups: dict[tuple[str, ...], list[MaixSwitchError]] = {}
    for error in errors:
        same = (error.reason, error.remedy) if isinstance(error, NodeRefused) else (error.message,)
        members = groups.setdefault(same, [])
        # One ONNX node may be several nodes of the graph, which are refused one by one.
        if not any(error.message == other.message for other in members):
            members.append(error)
    if len(groups) == 1:
        return _same_reason(next(iter(groups.values())))
    lines = [_same_reason(members).message for members in groups.values()]
    # A network of the wrong type has a reason in nearly every node, and the first ones are enough to see that.
    more = [tr("and {count} more reasons", count=len(lines) - MOST_LINES)] if len(lines) > MOST_LINES else []
    head = tr("the network cannot be converted, for {count} reasons:", count=len(lines))
    return MaixSwitchError("\n  ".join([head, *lines[:MOST_LINES], *more]))


def _same_reason(members: Sequence[MaixSwitchError]) -> MaixSwitchError:
    first = members[0]
    if len(members) == 1 or not isinstance(first, NodeRefused):
        return first
    names = [f"{member.name or '?'} ({member.kind})" for member in members if isinstance(member, NodeRefused)]
    shown = ", ".join(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown = tr("{names} and {count} more", names=shown, count=len(names) - MOST_NAMES)
    return MaixSwitchError(
        tr("nodes {names}: {reason}; {remedy}", names=shown, reason=first.reason, remedy=first.remedy)
    )
