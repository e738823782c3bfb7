"""What must be right before any picture is measured: the outputs for the options, and the size for the firmwares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maixswitch import board_code
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.judge import firmware
from maixswitch.kmodel.judge.memory import YOLO_ANCHORS, advice, memory, region
from maixswitch.kmodel.judge.nature import cells
from maixswitch.kmodel.run.model import KModel
from maixswitch.language import tr


def kind_of(model: KModel, asked: str, pairs: int = YOLO_ANCHORS) -> str:
    """Returns the kind that the user names, or else the kind that fits the network; "" if no kind fits.

    pairs: how many anchor pairs the user names.
    MaixSwitchError (usage) for a kind that does not exist, or that does not fit the outputs.
    """
    kinds = board_code.kinds()
    # A wrong kind would only be noticed on the board, where the app misreads the outputs.
    if asked and asked not in kinds:
        raise MaixSwitchError(
            tr("--kind {kind}: expected one of {kinds}", kind=asked, kinds=", ".join(kinds)), EXIT_USAGE
        )
    # These two kinds read one output.
    one = asked and (not board_code.forwards(asked) or board_code.has_field(asked, "softmax"))
    if one and len(model.outputs) != 1:
        raise MaixSwitchError(f"--kind {asked}: {several_outputs(model)}", EXIT_USAGE)
    if asked == "yolo2" and yolo_classes(model, pairs) is None:
        raise MaixSwitchError(
            tr(
                "--kind yolo2: the network has no output of (classes + 5) x {pairs} channels; its outputs are {shapes}",
                pairs=pairs,
                shapes=_shapes(model),
            ),
            EXIT_USAGE,
        )
    # The user's choice comes first, because a flat output may also hold measurements.
    if asked:
        return asked
    # The app and the firmware's decoder read one output, so several belong to a program of the user.
    if len(model.outputs) != 1:
        return ""
    # The shape of a YOLOv2 head is so rare that other outputs hardly ever have it.
    if region(model) is not None or (pairs != YOLO_ANCHORS and yolo_classes(model, pairs) is not None):
        return "yolo2"
    return "classifier" if _is_flat(model) else ""


def several_outputs(model: KModel) -> str:
    """Returns the sentence about a network with several outputs."""
    return tr(
        "the network has {count} outputs, {shapes}; a classifier and a YOLOv2 detector have one. Name the kind: "
        "--kind yolo3 for YOLOv3, --kind raw for any network",
        count=len(model.outputs),
        shapes=_shapes(model),
    )


def check_lists(model: KModel, kind: str, labels: Sequence[str], anchors: Sequence[float]) -> None:
    """Raises MaixSwitchError (usage) for a number of labels or of anchors that does not fit the outputs."""
    pairs = len(anchors) // 2 or YOLO_ANCHORS
    # A kind that has its own names, or takes any number of labels, has no number to compare with.
    if kind != "yolo2" and kind in board_code.kinds() and board_code.kinds()[kind].LABELS != "needed":
        return
    # The channels of a YOLOv2 head are (classes + 5) for each box, so its elements say nothing about the classes.
    classes = yolo_classes(model, pairs) if kind == "yolo2" else model.outputs[0].elements
    if classes is None:
        text = tr("--anchors: {count} pairs do not fit the output of {shapes}", count=pairs, shapes=_shapes(model))
        raise MaixSwitchError(text, EXIT_USAGE)
    if labels and kind and len(labels) != classes:
        raise MaixSwitchError(
            tr("--labels: {count} names, but the network has {classes} classes", count=len(labels), classes=classes),
            EXIT_USAGE,
        )


def check_size(model: KModel) -> None:
    """Raises MaixSwitchError if no firmware has room for the model, whatever its heap and the camera's frame are."""
    verdicts = [memory(model, image).verdict for image in firmware.firmwares()]
    # A firmware that does not read this version of a kmodel has no room for it either.
    if any(verdict.kind not in ("large", "limit", "version") or verdict.smaller_frame for verdict in verdicts):
        return
    raise MaixSwitchError(
        tr(
            "no firmware has room for the network: its file would have {file:,} bytes, its main memory {main:,}; what "
            "would help: {advice}; to convert it all the same: --any-size",
            file=model.file_size,
            main=model.main_mem,
            advice="; ".join(advice(model)) or verdicts[0].remedy,
        )
    )


def yolo_classes(model: KModel, pairs: int) -> int | None:
    """Returns the number of classes of a YOLOv2 output with so many anchor pairs, None if it is no such output."""
    grid = cells(model.outputs[0])
    if len(model.outputs) != 1 or grid is None or grid[2] % pairs or grid[2] // pairs < 5:
        return None
    return grid[2] // pairs - 5


def _shapes(model: KModel) -> str:
    return ", ".join("x".join(map(str, tensor.shape or (tensor.elements,))) for tensor in model.outputs)


def _is_flat(model: KModel) -> bool:
    shape = model.outputs[0].shape
    return shape is None or int(np.prod(shape)) == max(shape)
