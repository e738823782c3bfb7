"""YOLOv2 detector: boxes found by the firmware's own region layer, scaled and clipped into the view.

MaixPy's layer takes five anchors and at least one class; other networks are decoded by device/once/heads.py.

The firmware gives each box its class. It applies the threshold and removes overlaps (nms) before the app sees a box.
MaixPy keeps ten boxes without checking: an eleventh writes past its array (Maix_kpu.c). The app cannot undo that, so
choose a threshold (0.5) and nms (0.3) at which a scene never holds more than ten.
"""

from array import array

from device.results import BOXES

MOST_CLASSES = 100  # tried when the labels do not fit the output


def anchors(value, anchor_pairs):
    """Return the anchors as an array of floats. anchor_pairs: not used."""
    from device.once.checks import all_fit

    # Any bad text, list or length becomes the same problem: the user must see what anchors look like.
    pairs = len(value) // 2 if isinstance(value, list) else 0
    if not pairs or not all_fit(value, "a number, 0 to 1024", pairs * 2) or min(value) <= 0:
        raise ValueError("pairs of numbers above 0")
    # An array takes four bytes for a number, a tuple of floats an object for each.
    return array("f", value)


FIELDS = (
    ("anchors", anchors, None),
    ("threshold", "a number, 0 to 1", 0.5),
    ("nms", "a number, 0 to 1", 0.3),
)
BOXES_FIRST = True
FORWARD = False  # run_yolo2 runs it
LABELS = "optional"
SHAPE = BOXES


def fit(spec, elements, shapes, doubt):
    """Return the shape of the output, pairs x (labels + 5) channels, and set spec.grid."""
    from device.once.kmodel_head import grid

    pairs = len(spec.anchors) // 2
    count = len(spec.labels)
    channels = pairs * (count + 5)

    # If model.json does not state the shape, try the grids that the usual strides of detectors lead to.
    if shapes:
        shape = shapes[0]
        spec.grid = shape[:2] if shape[2] == channels else None
    else:
        spec.grid = grid(spec.width, spec.height, elements[0], pairs, count)
    if spec.grid:
        return (spec.grid + (channels,),)

    # A wrong number of labels is the usual mistake: tell which number would fit.
    fitting = [n for n in range(MOST_CLASSES + 1) if grid(spec.width, spec.height, elements[0], pairs, n)]
    expected = "%d labels" % fitting[0] if fitting else "%d x (labels + 5) channels" % pairs
    doubt("labels", expected, "%d labels" % count)
    return None


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of boxes put into `results`; it raises what the firmware raises."""
    # MaixPy does not check the number of anchors and writes past its buffers (Maix_kpu.c), and a network without
    # classes has no score there: so it never gets such a network.
    if spec.labels and kpu.ANCHOR_PAIRS in (None, len(spec.anchors) // 2):
        return kpu.detector(task, spec, results)
    from device.once.heads import decoder

    # A kmodel v3 does not tell its grid where model.json does not: the usual stride is 32.
    grid = spec.grid or (spec.width // 32, spec.height // 32)
    return decoder(kpu, task, spec, results, (grid,), True)
