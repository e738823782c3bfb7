"""The packing and comparing of faces as kpu.face_encode and kpu.face_compare of MaixPy do it, for firmware without."""


def encode(numbers):
    """Return numbers as bytes: each clamped to -0.25..0.25, times 512, cut towards zero; 0.25 wraps to -128."""
    packed = bytearray(len(numbers))
    for i in range(len(packed)):
        value = min(max(numbers[i], -0.25), 0.25)
        packed[i] = int(value * 512) & 255
    return packed


def compare(first, second):
    """Return how alike two packed faces of the same length are: 50 * (1 + their cosine), 0 when one is all zero."""
    ab = aa = bb = 0
    for i in range(len(first)):
        # As signed bytes.
        a = (first[i] ^ 128) - 128
        b = (second[i] ^ 128) - 128
        ab += a * b
        aa += a * a
        bb += b * b
    if not aa * bb:
        return 0
    return (ab * 0.5 / (aa * bb) ** 0.5 + 0.5) * 100
