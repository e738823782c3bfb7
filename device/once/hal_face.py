"""Turns a face upright: five points of the picture to five fixed ones of a small picture, by firmware functions.

Seen on the sources of MaixPy (omv/img/affine.c) and on real firmware on the virtual K210.
"""

import image

# Eyes, nose and corners of the mouth, where the network expects them. Of 128x128 in Sipeed's script; else those of
# 112x112 that CanMV's examples scale to the size of the picture.
SIPEED = ((44, 59), (84, 59), (64, 82), (47, 105), (81, 105))
CANMV = ((382946, 516963), (735318, 515014), (560252, 717366), (415493, 923655), (707299, 922041))
POINTS = 5


def aligner(results, width, height, sipeed):
    """Return align(img) -> the face of the last box upright, a picture of width x height with its AI plane filled.

    It is the same picture each time; None while the box has no points. img: the detector's input, with its AI plane.
    sipeed: whether a face of 128x128 stands as in Sipeed's script. Raises ValueError when no stage gives five points.
    """
    points = results.extra
    if not hasattr(points, "xs"):
        raise ValueError("a stage of five landmarks must come before this one")
    face = image.Image(size=(width, height))
    face.pix_to_ai()  # creates the plane
    if sipeed and width == 128:
        target = list(SIPEED)
    else:
        target = [(x * width // 1120000, y * height // 1120000) for x, y in CANMV]
    corners = [(0, 0)] * POINTS
    across = results.width
    down = results.height
    wide = results.in_width
    high = results.in_height

    def align(img):
        # The landmarks' stage has just added the points of this box, in pixels of the view.
        first = points.count - POINTS
        if first < 0:
            return None
        for i in range(POINTS):
            corners[i] = (
                (points.xs[first + i] * wide + across // 2) // across,
                (points.ys[first + i] * high + down // 2) // down,
            )
        image.warp_affine_ai(img, face, image.get_affine_transform(corners, target))
        return face

    return align
