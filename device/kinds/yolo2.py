"""YOLOv2 detector: boxes found by the firmware's own region layer, scaled and clipped into the view.

The class of a box comes with it; the firmware takes the threshold and removes overlaps (nms) before we see anything.
MaixPy keeps ten boxes without checking: an eleventh writes past its array (Maix_kpu.c). Nothing can be done
afterwards, so choose a threshold (0.5) and nms (0.3) at which ten is more than a scene ever holds.
"""

from device.results import BOXES

needs = ("anchors",)
SHAPE = BOXES


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of boxes put into `results`; raises what the firmware raises."""
    return kpu.detector(task, spec, results)
