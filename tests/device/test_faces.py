"""The packing and comparing of faces for firmware that lacks it. Runs under both interpreters."""

from device.once.faces import compare, encode


def test_packing_clamps_cuts_and_wraps():
    assert list(encode([0, 0.25, -0.25, 1, -9, 0.0019, -0.0019, 0.1, -0.1])) == [
        0, 128, 128, 128, 128, 0, 0, 51, 205,
    ]  # fmt: skip


def test_a_face_is_like_itself_and_unlike_its_opposite():
    face = encode([0.1, -0.2, 0.05])
    assert abs(compare(face, face) - 100) < 1e-9
    assert abs(compare(face, encode([-0.1, 0.2, -0.05]))) < 1e-9
    assert abs(compare(encode([0.1, 0]), encode([0, 0.1])) - 50) < 1e-9


def test_nothing_is_like_nothing():
    assert compare(bytes(4), encode([0.1] * 4)) == 0
