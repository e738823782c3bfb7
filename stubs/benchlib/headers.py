"""The headers of kmodel v3 and v4 files: shapes, sizes and types of layers.

The layouts are those of nncase 0.1 (v3) and 0.2 (v4).
"""

import struct

V3 = 3
V4_MAGIC = 0x4B4D444C  # "LDMK"

KL_K210_CONV = 10240
KL_FULLY_CONNECTED = 18
BYTE_LAYERS = (2, 4, 6, 8, 10, 11, 13, 17, 19, 21, 23, 10240, 10241, 10242, 10243)  # v3 layers whose output is uint8

RESERVED_LAYERS = (3, 4, 6, 7, 10, 19, 21)  # layers that the library of the firmware does not implement


class Header:
    """What the KPU library and MaixPy read of a model."""

    def __init__(self):
        self.version = 0
        self.main_mem = 0
        self.layers = 0
        self.first_is_conv = False
        self.input_shape = None  # (c, h, w) of 8-bit planes, or None: floats
        self.input_floats = 0  # floats that the input takes; 0: unknown, or planes
        self.outputs = ()  # (bytes, (w, h, c) or None, 'B' or 'f')
        self.grid = None  # (w, h, c) of the last convolution
        self.netinfo = ()


def word(data, at: int) -> int:
    """Return the little-endian u32 at byte offset `at`; bytes past the end are 0."""
    raw = bytes(data[at : at + 4])
    if len(raw) < 4:
        raw = raw + bytes(4 - len(raw))
    return struct.unpack("<I", raw)[0]


def registers(data, at: int):
    """Return (wi, hi, wo, ho, chi, cho, depthwise, kernel_type, pool_type, para_size) of the 96-byte block at `at`."""
    raw = bytes(data[at : at + 96])
    if len(raw) < 96:
        raw = raw + bytes(96 - len(raw))
    enable, _, channels, size, kernel, load = struct.unpack("<QQQQQQ", raw[:48])
    return (
        (size & 1023) + 1,
        (size >> 10 & 511) + 1,
        (size >> 32 & 1023) + 1,
        (size >> 42 & 511) + 1,
        (channels & 1023) + 1,
        (channels >> 32 & 1023) + 1,
        enable >> 3 & 1,
        kernel & 7,
        kernel >> 4 & 15,
        load >> 15 & 131071,
    )


def read_v3(data):
    """Return the Header of a v3 file. Raises ValueError with the reason for a damaged one."""
    head = Header()
    head.version = 3
    count = word(data, 12)
    head.layers = count
    head.main_mem = word(data, 20)
    outputs = word(data, 24)
    # A damaged header may contain any number; the limits keep its tables finite.
    if count == 0 or count > 4096 or outputs > 64:
        raise ValueError("v3 header names %d layers and %d outputs" % (count, outputs))
    table = 28 + 8 * outputs
    body = table + 8 * count
    rows = []
    last_type = 0
    shape = None
    for index in range(count):
        kind = word(data, table + 8 * index)
        size = word(data, table + 8 * index + 4)
        # Only a convolution contains its shapes, in the registers of the chip. Another
        # layer has a type and a size only.
        if kind == KL_K210_CONV:
            row = registers(data, word(data, body + 8))
            shape = (row[2], row[3], row[5])
            if index == 0:
                head.first_is_conv = True
                head.input_shape = (row[4], row[1], row[0])
            rows.append((kind,) + row)
        else:
            rows.append((kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, size))
            if index == 0 and kind == KL_FULLY_CONNECTED:
                head.input_floats = word(data, body + 12)
        last_type = kind
        body += size
    head.grid = shape
    head.netinfo = tuple(rows)
    # A v3 file does not contain the type of an output, so the last layer decides.
    typecode = "B" if last_type in BYTE_LAYERS else "f"
    last_shape = shape if last_type == KL_K210_CONV else None
    parsed = []
    for index in range(outputs):
        size = word(data, 28 + 8 * index + 4)
        if last_type == KL_K210_CONV and last_shape is not None:
            # the output of a convolution has one byte per element, whatever size the header contains
            size = last_shape[0] * last_shape[1] * last_shape[2]
        parsed.append((size, last_shape, typecode))
    head.outputs = tuple(parsed)
    return head


def read_v4(data):
    """Return the Header of a v4 file. Raises ValueError with the reason for a damaged one."""
    head = Header()
    head.version = 4
    version = word(data, 4)
    if version != 4:
        raise ValueError("container version %d" % version)
    head.main_mem = word(data, 20)
    head.layers = word(data, 24)
    inputs = word(data, 28)
    outputs = word(data, 32)
    # Limits against a damaged header, as for v3; real models stay far below them.
    if inputs == 0 or inputs > 16 or outputs == 0 or outputs > 64 or head.layers > 65536:
        raise ValueError("v4 header names %d inputs, %d outputs, %d nodes" % (inputs, outputs, head.layers))
    memory_type = word(data, 40)
    shape = 40 + 16 * inputs
    dims = [word(data, shape + 4 * i) for i in range(4)]
    # Memory type 2 is the AI RAM. An input in it is read by a convolution.
    if memory_type == 2:
        head.first_is_conv = True
        head.input_shape = (dims[1], dims[2], dims[3])
    else:
        head.input_floats = word(data, 52) // 4
        # An input of 8-bit data in main memory has a shape too, although the first layer is not a convolution.
        if word(data, 44) == 1:
            head.input_shape = (dims[1], dims[2], dims[3])
    table = 40 + 32 * inputs
    head.outputs = tuple([(word(data, table + 16 * i + 12), None, "f") for i in range(outputs)])
    return head


def read(data):
    """Return the Header of a v3 or v4 file. Raises ValueError with the reason for any other."""
    first = word(data, 0)
    if first == V3:
        return read_v3(data)
    if first == V4_MAGIC:
        return read_v4(data)
    raise ValueError("first word is 0x%08x" % first)
