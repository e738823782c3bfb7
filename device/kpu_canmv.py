"""Adapter for CanMV's object API (`from maix import KPU`); kpu_slot is its only user. Follows CanMV's Maix_kpu.c.

A task is [the KPU object, whether init_yolo2 was called]. Without that call deinit reads through a null pointer, a
second call leaks the buffers of the first, and an object that is dropped is never freed. Never tried on a board.
"""

from maix import KPU

NAME = "CanMV"
ANCHOR_PAIRS = None  # any number


def load(spec):
    """Return a task; spec.kmodel is a path, or (flash address, bytes). Outputs need no shapes here."""
    where = spec.kmodel
    task = [KPU(), False]
    try:
        if isinstance(where, str):
            task[0].load_kmodel(where)
        else:
            task[0].load_kmodel(where[0], where[1])
    except OSError as error:
        if "Failed to add" in str(error):  # the one failure that leaves the file's buffer behind
            unload(task)
        raise
    return task


def detector(task, spec, results):
    """Return run(img) -> number of boxes in `results`; the grid is the model's, else its input over 32."""
    kpu = task[0]
    width = spec.width
    height = spec.height
    grid = spec.grid or (width // 32, height // 32)
    anchors = tuple(spec.anchors)
    # Pass all sizes: with the firmware's defaults (320x240, grid 10x8) the boxes would be in the wrong places.
    kpu.init_yolo2(
        anchors,
        len(anchors) // 2,
        width,
        height,
        width,
        height,
        grid[0],
        grid[1],
        spec.threshold,
        spec.nms,
        len(spec.labels),
    )
    task[1] = True  # not before: a deinit after an init_yolo2 that failed would be the crash
    forward = kpu.run_with_output
    boxes = kpu.regionlayer_yolo2
    put = results.put

    # The firmware creates the list (maybe empty) and its boxes in every frame; this code creates nothing else.
    def take(detections):
        for box in detections:
            put(box[0], box[1], box[2], box[3], box[4], box[5])
        return results.count

    def run(img):
        # Before the run: if it raises, nobody must draw the boxes of the last picture.
        results.count = 0
        forward(img)
        return take(boxes())

    return run


def classifier(task, spec):
    """Return forward(img) -> list of floats."""
    forward = task[0].run_with_output

    def run(img):
        return forward(img, True)

    return run


def outputs(task, spec):
    """Return run(img) -> list with the network's first output, a list of floats: this firmware gives no other."""
    forward = task[0].run_with_output
    maps = [None]

    def run(img):
        maps[0] = forward(img, True)
        return maps

    return run


encode = compare = None  # of faces: this firmware packs no features
elements = len  # of one output of the list that run(img) of outputs() returned


def unload(task):
    """Release a task that load returned."""
    if not task[1]:
        # The smallest possible region layer: deinit follows its pointer without a check.
        task[0].init_yolo2((1, 1), 1, 8, 8, 8, 8, 1, 1, 0.5, 0.5, 1)
        task[1] = True
    task[0].deinit()
