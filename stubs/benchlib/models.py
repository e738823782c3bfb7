"""Small kmodel files for tests, of any size: their headers are right, their convolutions have no weights.

The scripted engine loads them. The emulator cannot run them.
"""

import struct

from benchlib.card import SparseFile

KINDS = {"dequantize": 12, "softmax": 15, "fc": 18}


def _conv_registers(wi, hi, chi, wo, ho, cho):
    channels = (chi - 1) | (cho - 1) << 32
    size = (wi - 1) | (hi - 1) << 10 | (wo - 1) << 32 | (ho - 1) << 42
    return struct.pack("<QQQQQQ", 0, 0, channels, size, 1, 0) + bytes(48)


def kmodel_v3(
    shape=(320, 240, 3),
    grid=(20, 15, 30),
    last: str = "dequantize",
    size: int = 0,
    main_mem: int = 45000,
    outputs: int = 1,
    floats: int = 0,
    classes: int = 0,
    convolutions: int = 1,
):
    """Return a v3 file: a convolution from `shape` (w, h, c) to `grid` (w, h, c), then the layer `last`.

    last: "conv" (no further layer), "dequantize", "softmax" or "fc" (one fully connected layer and no convolution).
    size: bytes of the file; a larger one than the header needs is a SparseFile. 0: the header alone.
    main_mem: bytes of main memory. outputs: number of outputs. floats: inputs of "fc". classes: elements of an output.
    convolutions: how many; each but the first goes from `grid` to `grid`.
    """
    layers = []
    if last == "fc":
        layers.append(18)
    else:
        layers += [10240] * convolutions
        if last != "conv":
            layers.append(KINDS[last])
    elements = classes if classes else grid[0] * grid[1] * grid[2]
    head = struct.pack("<IIIIIII", 3, 1, 0, len(layers), 0x8000, main_mem, outputs)
    for index in range(outputs):
        head += struct.pack("<II", index * elements * 4, elements * 4)
    body = len(head) + 8 * len(layers)
    bodies = []  # type: list
    source = shape
    for kind in layers:
        at = body + sum([len(part) for part in bodies])
        # The registers of a convolution follow its fields, so their offset depends on all bodies before it.
        if kind == 10240:
            bodies.append(
                struct.pack("<IIIIII", 0, 0, at + 24, 0, 0, 0)
                + _conv_registers(source[0], source[1], source[2], grid[0], grid[1], grid[2])
            )
            source = grid
        elif kind == 18:
            bodies.append(struct.pack("<IIIIII", 1, 0, 0, floats, elements, 0))
        else:
            bodies.append(struct.pack("<IIIIff", 1, 0, 0, elements, 1.0, 0.0))
    for kind, part in zip(layers, bodies):
        head += struct.pack("<II", kind, len(part))
    for part in bodies:
        head += part
    return SparseFile(head, size) if size > len(head) else head


def kmodel_v4(
    shape=(320, 240, 3),
    outputs=(36000,),
    size: int = 0,
    main_mem: int = 45000,
    floats: int = 0,
):
    """Return a v4 file with an input of `shape` (w, h, c) in the AI RAM, or of `floats` floats in main memory.

    outputs: bytes of each output. size: bytes of the file, as for kmodel_v3. main_mem: bytes of main memory.
    """
    head = struct.pack("<IIIIIIIIII", 0x4B4D444C, 4, 0, 1, 0, main_mem, 1, 1, len(outputs), 0)
    if floats:
        head += struct.pack("<IIIIiiii", 1, 0, 0, floats * 4, 1, floats, 1, 1)
    else:
        w, h, c = shape
        head += struct.pack("<IIIIiiii", 2, 1, 0, w * h * c, 1, c, h, w)
    at = 0
    for nbytes in outputs:
        head += struct.pack("<IIII", 1, 0, at, nbytes)
        at += nbytes
    head += struct.pack("<II", 0x2002, 0)
    return SparseFile(head, size) if size > len(head) else head
