"""Adapter for MaixPy's function API (`import KPU`); kpu_slot is its only user. Follows MaixPy's Maix_kpu.c.

Never tried on a board.
"""

import KPU

from device.errors import DeviceError

NAME = "MaixPy"
ANCHOR_PAIRS = 5  # run_yolo2 takes the class count to be channels / 5 - 5: other anchor counts corrupt memory


def load(spec):
    """Return a task; spec.kmodel is a path that contains ".kmodel", or (flash address, bytes)."""
    where = spec.kmodel
    return KPU.load(where if isinstance(where, str) else where[0])


def _shape(task, spec):
    """Tell the firmware the shapes of a kmodel v4's outputs, spec.outputs: it does not read them from the file.

    Raises DeviceError 2012 when one does not fit, which the firmware only prints. The slot owns the task and frees it.
    """
    at = 0
    # set_outputs() returns False and only prints; then every run would fail with 2013, which says less.
    for size in spec.outputs or ():
        if not KPU.set_outputs(task, at, size[0], size[1], size[2]):
            raise DeviceError(2012, "output %d is not %dx%dx%d" % (at, size[0], size[1], size[2]))
        at += 1


def detector(task, spec, results):
    """Return run(img) -> number of boxes in `results`. Call it once for each task: a second init_yolo2 leaks memory."""
    _shape(task, spec)
    anchors = tuple(spec.anchors)
    KPU.init_yolo2(task, spec.threshold, spec.nms, len(anchors) // 2, anchors)
    # The callables are variables of the closure: an attribute would be looked up in every frame.
    run_yolo2 = KPU.run_yolo2
    put = results.put

    def take(detections):
        for box in detections:
            put(box.x(), box.y(), box.w(), box.h(), box.classid(), box.value())
        return results.count

    def run(img):
        # Before the run: if it raises, nobody must draw the boxes of the last picture.
        results.count = 0
        detections = run_yolo2(task, img)
        return 0 if detections is None else take(detections)  # never an empty list

    return run


def classifier(task, spec):
    """Return forward(img) -> tuple of floats, or of ints 0..255; a copy: the map is a view of the KPU's memory."""
    _shape(task, spec)
    forward = KPU.forward

    def run(img):
        return forward(task, img)[:]

    return run


def outputs(task, spec):
    """Return run(img) -> list of the network's outputs. An index reads one element; ints 0..255 stand for 0..1.

    They are views of the KPU's memory: valid until the next run. A slice would be a tuple, 40 bytes of heap a float.
    """
    _shape(task, spec)
    forward = KPU.forward
    get_output = KPU.get_output
    maps = [None] * spec.count

    def run(img):
        maps[0] = forward(task, img)
        for at in range(1, len(maps)):
            maps[at] = get_output(task, at)
        return maps

    return run


def elements(output):
    """Return the number of elements of one output of the list that run(img) of outputs() returned."""
    count = output.size()  # bytes; nothing tells whether the elements are bytes or floats
    try:
        output[count - 1]
    except IndexError:
        count //= 4
    return count


# numbers -> bytes, and two of these -> 0..100; None where the firmware lacks them
encode = getattr(KPU, "face_encode", None)
compare = getattr(KPU, "face_compare", None)
unload = KPU.deinit  # for a task that load() returned
