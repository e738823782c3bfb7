"""Attributes: a stage whose network has a value of its own for each label; a box is named by all that hold.

A class is a set of labels here, one bit for each, so that the panel and the link treat it as any other class.
"""

from device.once.curves import sigmoid
from device.results import EXTRA, fixed

FIELDS = (
    ("sigmoid", "true or false", True),
    ("threshold", "a number, 0 to 1", 0.7),
    ("upright", "true or false", False),
)
LABELS = "needed"
NAMES = True
SHAPE = EXTRA
MOST = 16  # labels


class Sets:
    """The labels of sets of labels: "male, smiling" for bits 0 and 2. single: of the single bits."""

    def __init__(self, labels):
        # The spec stays when a model is unloaded: at its next load its labels are these, of a class that was dropped.
        self.single = getattr(labels, "single", labels)

    def __len__(self):
        return 1 << len(self.single)

    def get(self, at):
        """Return the labels of a set, joined."""
        labels = self.single
        return ", ".join([labels.get(i) for i in range(len(labels)) if at >> i & 1])


def fit(spec, elements, shapes, doubt):
    """Return the shape of the output: one value for each label."""
    count = len(spec.labels)
    if elements[0] != count:
        doubt("labels", "%d labels" % elements[0], "%d labels" % count)
    elif count > MOST:
        doubt("labels", "at most %d labels" % MOST, "%d labels" % count)
    return ((1, 1, count),)


def stage(kpu, task, spec, results):
    """Return look(img, item), which names a box by all labels whose value is at least the threshold.

    The score is the lowest of these values. Without any, the box keeps the detector's score.
    """
    from device.once.hal_face import aligner
    from device.once.stages import cutter

    forward = kpu.outputs(task, spec)
    if spec.upright:
        align = aligner(results, spec.width, spec.height, False)
    else:
        cut, _ = cutter(spec, results)
    upright = spec.upright
    curved = spec.sigmoid
    floor = int(spec.threshold * 65536)
    spec.labels = Sets(spec.labels)
    if spec.ascii_labels:
        spec.ascii_labels = Sets(spec.ascii_labels)
    count = len(spec.labels.single)

    def look(img, item):
        part = align(img) if upright else cut(img, item)
        if part is None:
            return
        output = forward(part)[0]
        held = 0
        lowest = 65536
        for i in range(count):
            value = fixed(output[i])
            if curved:
                value = sigmoid(value)
            if value >= floor:
                held |= 1 << i
                lowest = min(lowest, value)
        if held:
            item.name(held, max(lowest, 0) * 1000 >> 16)
        else:
            item.name(-1, item.score)

    return look
