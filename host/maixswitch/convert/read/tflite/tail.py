"""Leaves out what decodes the results at the end of a file and has no counterpart in ONNX, see ``read.tail``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from maixswitch.convert.refusals import LEAVE_OUT
from maixswitch.language import tr

from .file import FileOperator, TfliteFile
from .operators import READERS, REFUSED

WEIGHED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"))
"""Operators with trained weights. What comes before one of them is no decoding."""
MOST_SHOWN = 3


def is_decoding(kind: str) -> bool:
    """Does a program compute this operator? Those of an author, with lower case letters, mostly decode results."""
    return REFUSED.get(kind) == LEAVE_OUT or (kind not in READERS and kind not in REFUSED and not kind.isupper())


def without_tail(network: TfliteFile, operators: Sequence[FileOperator]) -> tuple[TfliteFile, str]:
    """Returns the file without its decoding, and a note; the file itself and "" if it has none.

    operators: those on which an output depends, in their order.
    """
    of_picture = _following(operators, network.inputs)
    lost = [item for item in operators if item.kind not in READERS and not of_picture.isdisjoint(item.inputs)]
    behind = _following(operators, [number for item in lost for number in item.outputs])
    tail = [item for item in operators if not behind.isdisjoint(item.outputs)]
    ends = {number for item in tail for number in item.inputs if number in of_picture} - behind
    trained = any(item.kind in WEIGHED for item in tail)
    if not any(is_decoding(item.kind) for item in lost) or trained or not ends.isdisjoint(network.inputs):
        return network, ""
    made = [number for item in operators for number in item.outputs if number in ends]
    note = tr(
        "the end of the network is left out, because the board cannot compute {nodes}: "
        "compute it in your program, from {tensors}",
        nodes=", ".join(f"{item.name} ({item.kind})" for item in lost[:MOST_SHOWN]),
        tensors=", ".join(network.tensors[number].name for number in made),
    )
    kept = [number for number in network.outputs if number not in behind]
    return replace(network, outputs=tuple(dict.fromkeys((*kept, *made)))), note


def _following(operators: Sequence[FileOperator], numbers: Iterable[int]) -> set[int]:
    """Returns the tensors that depend on some, and these."""
    found = set(numbers)
    for item in operators:
        # The shape of a tensor does not depend on the picture.
        if item.kind not in ("SHAPE", "RANK") and not found.isdisjoint(item.inputs):
            found.update(item.outputs)
    return found
