"""YOLOv2 detector: boxes found by the firmware's own region layer, scaled and clipped into the view.

The firmware gives each box its class. It applies the threshold and removes overlaps (nms) before the app sees a box.
MaixPy keeps ten boxes without checking: an eleventh writes past its array (Maix_kpu.c). The app cannot undo that, so
choose a threshold (0.5) and nms (0.3) at which a scene never holds more than ten.
"""

from array import array

from device.results import BOXES

MOST_CLASSES = 100  # tried when the labels do not fit the output


def anchors(value, anchor_pairs):
    """Return the anchors as an array of floats; anchor_pairs: how many the firmware can use, None for any number."""
    from device.once.checks import all_fit

    # Any bad text, list or length becomes the same problem: the user must see what anchors look like.
    pairs = len(value) // 2 if isinstance(value, list) else 0
    if not pairs or not all_fit(value, "a number, 0 to 1024", pairs * 2) or min(value) <= 0:
        raise ValueError("pairs of numbers above 0")
    # The firmware does not check the number and writes past its buffers (Maix_kpu.c), so it never gets the file.
    if anchor_pairs and pairs != anchor_pairs:
        raise ValueError("%d pairs, all that this firmware can use" % anchor_pairs, "%d pairs" % pairs)
    # An array takes four bytes for a number, a tuple of floats an object for each.
    return array("f", value)


FIELDS = (
    ("anchors", anchors, None),
    ("threshold", "a number, 0 to 1", 0.5),
    ("nms", "a number, 0 to 1", 0.3),
)
BOXES_FIRST = True
FORWARD = False  # run_yolo2 runs it
LABELS = "needed"
SHAPE = BOXES


def fit(spec, elements, shape, doubt):
    """Return the shape of the output, pairs x (labels + 5) channels, and set spec.grid."""
    from device.once.kmodel_head import grid

    pairs = len(spec.anchors) // 2
    count = len(spec.labels)
    channels = pairs * (count + 5)

    # If model.json does not state the shape, try the grids that the usual strides of detectors lead to.
    if shape:
        spec.grid = shape[:2] if shape[2] == channels else None
    else:
        spec.grid = grid(spec.width, spec.height, elements, pairs, count)
    if spec.grid:
        return spec.grid + (channels,)

    # A wrong number of labels is the usual mistake: tell which number would fit.
    fitting = [n for n in range(1, MOST_CLASSES + 1) if grid(spec.width, spec.height, elements, pairs, n)]
    expected = "%d labels" % fitting[0] if fitting else "%d x (labels + 5) channels" % pairs
    doubt("labels", expected, "%d labels" % count)
    return None


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of boxes put into `results`; it raises what the firmware raises."""
    return kpu.detector(task, spec, results)
