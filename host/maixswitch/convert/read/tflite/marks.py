"""What tells a TensorFlow Lite file, and the ONNX network made of one, from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto

MAGIC = b"TFL3"
"""Bytes 4 to 7 of a .tflite file."""
PIXELS = "maixswitch.pixels"
"""Key of the (factor, offset) of the pixels, in the properties of the ONNX network."""

NOTE = "maixswitch.note"
"""Key of a sentence for the user about what was left out of the file."""


def note_of(model: ModelProto) -> str:
    """Returns the sentence for the user, "" if there is none."""
    return next((str(item.value) for item in model.metadata_props if item.key == NOTE), "")


def pixels_of(model: ModelProto) -> tuple[float, float] | None:
    """Returns the (factor, offset) from a pixel of 0..255 to the network's numbers, if a quantised file states them."""
    texts = [item.value for item in model.metadata_props if item.key == PIXELS]
    if not texts:
        return None
    factor, offset = (float(number) for number in texts[0].split())
    return factor, offset
