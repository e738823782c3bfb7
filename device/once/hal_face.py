"""Turns a face upright: five points of the picture to five fixed ones of a small picture, by firmware functions.

Seen on the sources of MaixPy (omv/img/affine.c) and on real firmware on the virtual K210.
"""

import image

# Eyes, nose and corners of the mouth, where the network expects them. Of 128x128 in Sipeed's script; else those of
# 112x112 that CanMV's examples scale to the size of the picture.
SIPEED = ((44, 59), (84, 59), (64, 82), (47, 105), (81, 105))
CANMV = ((382946, 516963), (735318, 515014), (560252, 717366), (415493, 923655), (707299, 922041))
POINTS = 5


def aligner(width, height):
    """Return align(img, points) -> the face as a picture of width x height, always the same, with its AI plane filled.

    points: list of five (x, y) in pixels of img, which has its AI plane.
    """
    face = image.Image(size=(width, height))
    face.pix_to_ai()  # creates the plane
    if width == 128:
        target = list(SIPEED)
    else:
        target = [(x * width // 1120000, y * height // 1120000) for x, y in CANMV]

    def align(img, points):
        image.warp_affine_ai(img, face, image.get_affine_transform(points, target))
        return face

    return align
