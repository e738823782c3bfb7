"""What a network is for, as far as its shapes tell: networks that are neither classifiers nor detectors get a name.

The shapes come from public K210 models: face chains of Sipeed and CanMV, YOLOv3, SSD and LFFD face detectors, speech,
segmentation, autoencoders, steering.
"""

from __future__ import annotations

from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.format.program import Tensor
from maixswitch.language import tr

PAIRS = (5, 3, 9)
"""Anchor pairs of one output that public detectors have."""
FEATURES = (128, 192, 196, 256, 512, 768, 1024, 1280)
"""Lengths of the vectors by which faces, or pictures of any kind, are compared."""
POINTS = (10, 136)
"""Lengths of the outputs of networks that find 5 or 68 points of a face."""
DIVIDE = 3
"""`op` of a kmodel v4's binary layer."""


def cells(tensor: Tensor) -> tuple[int, int, int] | None:
    """Return columns, rows and channels of an output with more than one cell; None for a plain list of values.

    A list has one side only, wherever its shape says so: TFLite writes the scores of a classifier as (1, 1, 1, 5).
    """
    shape = tensor.shape[-3:] if tensor.shape else ()
    if len(shape) < 3 or sum(side > 1 for side in shape) < 2 or shape[-1] * shape[-2] <= 1:
        return None
    return shape[-1], shape[-2], shape[-3]


def nature(kmodel: ModelFile) -> str:
    """Return the name of what the network seems to be, for a message; "" for a classifier or a YOLOv2 detector.

    A plain list of 10, 136 or 128 values may also be the scores of a classifier: labels of that number decide.
    """
    if len(kmodel.outputs) > 1:
        return _several(kmodel.outputs)
    grid = cells(kmodel.outputs[0])
    return _map(kmodel, *grid) if grid else _list(kmodel)


def kind_for(kmodel: ModelFile) -> str:
    """Return the kind of model.json that shows most of a network that `nature` names."""
    if len(kmodel.outputs) > 1:
        return "yolo3" if nature(kmodel).startswith("YOLOv3") else "raw"
    if cells(kmodel.outputs[0]):
        return "raw"
    count = kmodel.outputs[0].elements
    return "learner" if count in FEATURES else "landmark" if count in POINTS else "raw"


def scored(kmodel: ModelFile) -> bool:
    """Do the last layers turn sums into scores, as a softmax or a logistic does?"""
    # nncase 0.2 writes a softmax as several layers; the last one divides by the sum.
    layers = [layer for layer in kmodel.layers if layer.name not in ("memory_copy", "transpose", "pad")]
    if not layers:
        return False
    if layers[-1].name == "binary":
        return getattr(layers[-1].spec, "op", None) == DIVIDE and any(item.name == "reduce" for item in layers[-4:])
    return layers[-1].name in ("softmax", "logistic")


def _several(outputs: tuple[Tensor, ...]) -> str:
    """Return the name of a network with several outputs."""
    count = len(outputs)
    maps = [cells(output) for output in outputs]
    sizes = sorted(output.elements for output in outputs)
    grids = [item for item in maps if item]
    channels = {item[2] for item in grids}
    if len(grids) == count:
        # Each head of YOLOv3 has three anchor pairs, on grids of different sizes.
        depth = min(channels)
        if len(channels) == 1 and len({item[:2] for item in grids}) == count and depth % 3 == 0 and depth // 3 > 5:
            return tr("YOLOv3 ({heads} heads)", heads=count)
        if {2, 4} <= channels:
            return tr("a detector with separate outputs for scores and boxes, such as LFFD")
    # SSD has four numbers of each box and two scores; some have ten more, for five points of the face.
    if count == 2 and sizes[1] == 2 * sizes[0] and sizes[0] % 2 == 0 and sizes[0] > 200:
        return tr("SSD face detector (scores and boxes)")
    if count == 3 and sizes[0] * 2 == sizes[1] and sizes[0] * 5 == sizes[2]:
        return tr("SSD face detector (scores, boxes and points of the face)")
    if not grids and sizes[-1] <= 100:
        lists = tr(" and ").join(str(output.elements) for output in outputs)
        return tr("{count} lists of values ({lists}), such as for steering", count=count, lists=lists)
    return tr("{count} outputs", count=count)


def _map(kmodel: ModelFile, columns: int, rows: int, channels: int) -> str:
    """Return the name of a network whose output is a map."""
    shape = kmodel.inputs[0].shape or ()
    depth, height, width = shape[-3:] if len(shape) >= 3 else (0, 0, 0)
    # A detector has at most one cell for every eight pixels; only pictures have more.
    if width and columns * 4 >= width and rows * 4 >= height:
        if channels == depth == 3 and (columns, rows) == (width, height):
            return tr("autoencoder (its output is a picture)")
        if channels == 1:
            return tr("a map of one value for each pixel, such as segmentation, depth or an autoencoder in grey")
        return tr("segmentation ({channels} values for each pixel)", channels=channels)
    if 1 in (columns, rows) and not _fits(channels):
        return tr("speech or another sequence ({channels} x {steps} values)", channels=channels, steps=columns * rows)
    if channels == 25:
        return tr("detector without classes, such as for licence plates")
    if not _fits(channels):
        return tr("a map of {columns}x{rows} cells with {channels} values each",
                  columns=columns, rows=rows, channels=channels)  # fmt: skip
    return ""


def _fits(channels: int) -> bool:
    """Could a YOLOv2 detector have this number of channels?"""
    return any(channels % pairs == 0 and channels // pairs > 5 for pairs in PAIRS)


def _list(kmodel: ModelFile) -> str:
    """Return the name of a network whose output is a list that is not one of scores."""
    count = kmodel.outputs[0].elements
    shape = kmodel.inputs[0].shape or ()
    colours = len(shape) >= 3 and shape[-3] == 3
    if scored(kmodel):
        return ""
    if count == 136:
        return tr("face landmarks (68 points)")
    # Ten digits in grey are a classifier; the face networks take colours, at 112 or 128 pixels.
    if count == 10 and colours and shape[-2:] in ((128, 128), (112, 112)):
        return tr("face landmarks (5 points)")
    if count in FEATURES:
        return tr("features ({count} values, for comparing faces or pictures)", count=count)
    return ""
