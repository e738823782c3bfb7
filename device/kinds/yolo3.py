"""YOLOv3 detector with one to three outputs, decoded in Python, because the firmware has no function for it.

The anchors are pairs of width and height in pixels of the input, in the order of the outputs, as many for each.
"""

from device.kinds import yolo2
from device.results import BOXES

BOXES_FIRST = True
FIELDS = yolo2.FIELDS
LABELS = "optional"
SHAPE = BOXES
MOST_OUTPUTS = 3


def fit(spec, elements, shapes, doubt):
    """Return the shape of each output, (pairs / outputs) x (labels + 5) channels, and set spec.grid to their grids."""
    from device.once.kmodel_head import grid

    outputs = len(elements)
    pairs = len(spec.anchors) // 2
    if outputs > MOST_OUTPUTS or pairs % outputs:
        doubt("anchors", "as many pairs for each of %d outputs" % outputs, "%d pairs" % pairs)
        return None
    count = len(spec.labels)
    channels = pairs // outputs * (count + 5)
    grids = []
    for at in range(outputs):
        shape = shapes[at] if shapes else None
        if shape:
            grids.append(shape[:2] if shape[2] == channels else None)
        else:
            grids.append(grid(spec.width, spec.height, elements[at], pairs // outputs, count))
    if None in grids:
        doubt("labels", "%d x (labels + 5) channels" % (pairs // outputs), "%d labels" % count)
        return None
    spec.grid = tuple(grids)
    return tuple([size + (channels,) for size in grids])


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of boxes put into `results`; it raises what the firmware raises."""
    from device.once.heads import decoder

    if not spec.grid:
        raise ValueError("the grids of the outputs are unknown")
    return decoder(kpu, task, spec, results, spec.grid, False)
