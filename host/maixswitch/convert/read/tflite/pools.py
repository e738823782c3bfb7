"""Pools, borders and changes of size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maixswitch.language import tr, word

from .builder import TO_FIRST, Tensor
from .convolutions import padding
from .operation import Operation


def pool(kind: str) -> Callable[[Operation], Tensor]:
    """Returns the reader of a pool. An average counts only pixels of the picture, as ONNX does by default."""

    def read(operation: Operation) -> Tensor:
        source = operation.map()
        kernel = (operation.side("FilterHeight"), operation.side("FilterWidth"))
        stride = (operation.side("StrideH"), operation.side("StrideW"))
        pads = padding(operation, (source.shape[1], source.shape[2]), kernel, stride, (1, 1))
        sizes = {"kernel_shape": list(kernel), "strides": list(stride), "pads": pads}
        return operation.activated(operation.one(kind, source, first=True, **sizes))

    return read


def pad(operation: Operation) -> Tensor:
    """PAD and PADV2: a border of zeros or of one number."""
    source = operation.tensor()
    widths = _widths(operation, len(source.shape))
    value = operation.constant(2) if operation.has(2) else np.zeros((), np.float32)
    if value.size != 1:
        raise operation.refused(tr("its padding is {pads}", pads=value.shape))
    number = np.asarray(value.reshape(()), np.float32)
    order = TO_FIRST if source.first else range(len(widths))
    ends = [widths[axis][side] for side in (0, 1) for axis in order]
    return operation.one("Pad", source, np.array(ends, np.int64), number, first=source.first)


def mirror_pad(operation: Operation) -> Tensor:
    """MIRROR_PAD without the pixels of the edge itself, which alone ONNX has."""
    source = operation.tensor()
    widths = _widths(operation, len(source.shape))
    if int(operation.option("Mode")) != 0:
        raise operation.refused(tr("its mode is {mode}", mode="SYMMETRIC"), word("pad with zeros"))
    order = TO_FIRST if source.first else range(len(widths))
    ends = [widths[axis][side] for side in (0, 1) for axis in order]
    return operation.one("Pad", source, np.array(ends, np.int64), first=source.first, mode="reflect")


def _widths(operation: Operation, rank: int) -> list[tuple[int, int]]:
    """Pixels before and after, for each axis."""
    numbers = operation.integers(1)
    if len(numbers) != 2 * rank or min(numbers, default=0) < 0 or max(numbers, default=0) > 1 << 16:
        raise operation.refused(tr("its padding is {pads}", pads=numbers))
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def resize(mode: str) -> Callable[[Operation], Tensor]:
    """Returns the reader of RESIZE_NEAREST_NEIGHBOR ("nearest") or RESIZE_BILINEAR ("linear")."""

    def read(operation: Operation) -> Tensor:
        source, size = operation.map(), operation.integers(1)
        if len(size) != 2 or min(size) < 1:
            raise operation.refused(tr("its size is not stated for four axes"))
        corners, centres = bool(operation.option("AlignCorners")), bool(operation.option("HalfPixelCenters"))
        if corners and centres:
            raise operation.refused(tr("it aligns both corners and centres"))
        mapping = "align_corners" if corners else "half_pixel" if centres else "asymmetric"
        # In all three, TensorFlow rounds halves up, or cuts off where the centres are not aligned.
        rounding = "floor" if mapping == "asymmetric" else "round_prefer_ceil"
        target = np.array([source.shape[0], source.shape[3], *size], np.int64)
        attributes = {"nearest_mode": rounding} if mode == "nearest" else {}
        return operation.one(
            "Resize",
            *(source, None, None, target),
            first=True,
            mode=mode,
            coordinate_transformation_mode=mapping,
            **attributes,
        )

    return read


def depth_to_space(operation: Operation) -> Tensor:
    """DEPTH_TO_SPACE, whose channels count the pixels of a block first, then the channels."""
    return operation.one("DepthToSpace", operation.map(), first=True, blocksize=operation.side("BlockSize"), mode="DCR")


def space_to_depth(operation: Operation) -> Tensor:
    """SPACE_TO_DEPTH, the reverse."""
    return operation.one("SpaceToDepth", operation.map(), first=True, blocksize=operation.side("BlockSize"))
