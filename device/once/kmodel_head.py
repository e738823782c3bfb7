"""Reads the first bytes of a .kmodel: the format of the file, its main memory, outputs and input.

Layouts: nncase v0.1 and v0.2 (kmodel v3 and v4), and other files that people call .kmodel. All words little-endian.
"""

from struct import unpack_from

HEAD = 128  # bytes to read: a v3 with twelve outputs fits, a v4 with one input and three


def sniff(data):
    """Return (format, version, main memory, output bytes, input shape) from the first HEAD bytes of a file, or fewer.

    format: "v3" or "v4"; for other files "v5" and later (nncase 1.x), "word-swapped v3" (for load_flash), "v1",
        "encrypted", "zip", "too short", "no kmodel".
    version: 0 if unknown; above 4 for every file that MaixPy would wrongly take for a v4.
    output bytes: a tuple, four bytes for each element; () if unknown.
    input shape: (width, height, channels) of a v4 with one input, else None: a v3 keeps it in its first layer.
    """
    if data[:2] == b"PK":
        return "zip", 0, 0, (), None
    if len(data) < 40:
        return "too short", 0, 0, (), None
    word = unpack_from("<10I", data, 0)
    first = word[0]
    # The firmware's loader checks the architecture word, too, and answers any value but 0 with 2002.
    if first == 3 and word[2] == 0:
        return "v3", 3, word[5], _sizes(data, 28, word[6], 8), None
    if first == 0x4B4D444C:  # LDMK
        # nncase 1.x kept the four letters and changed the rest, and MaixPy's loader looks at the letters only.
        if word[1] != 4:
            return "v%d" % word[1] if word[1] > 4 else "no kmodel", max(word[1], 5), 0, (), None
        at = 40 + 32 * word[7]
        shape = None
        if word[7] == 1:
            # Zeros behind the data, so that a file of 40 bytes raises nothing.
            shape = unpack_from("<4i", data + bytes(32), 56)
            shape = (shape[3], shape[2], shape[1])
        return "v4", 4, word[5], _sizes(data, at, word[8], 16), shape
    if first == 0x03000000:
        return "word-swapped v3", 3, 0, (), None
    if first == 1:
        return "v1", 1, 0, (), None
    if first in (0x2713, 0x534D444C, 0x454D444C):  # LDMS, LDME
        return "encrypted", 0, 0, (), None
    return "no kmodel", 0, 0, (), None


def _sizes(data, at, count, step):
    """Return the last word of each of `count` records; () if data does not hold all of them."""
    # A broken file may name any count; the bound keeps it from filling the heap.
    if not 0 < count <= 12 or at + count * step > len(data):
        return ()
    return tuple([unpack_from("<I", data, at + i * step - 4)[0] for i in range(1, count + 1)])


def grid(width, height, elements, pairs, classes):
    """Return (columns, rows) of a detector whose output has that many elements; None if no stride from 8 to 64 fits.

    It has pairs * (classes + 5) channels; its cells are the input divided by the stride, rounded up or down.
    """
    # The smallest stride first, then rounding down: if several grids have as many elements, the first one counts.
    for stride in (8, 16, 32, 64):
        for gw in (width // stride, -(-width // stride)):
            for gh in (height // stride, -(-height // stride)):
                if elements == gw * gh * pairs * (classes + 5):
                    return gw, gh
    return None
