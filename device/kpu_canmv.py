"""Adapter for CanMV's object API (`from maix import KPU`), the older and the newer; kpu_slot is its only user.

A task is [the KPU object, its decoder]. Follows CanMV's Maix_kpu.c and maix_kpu.c. Never tried on a board.

Older (load_kmodel): the decoder is whether init_yolo2 was called. Without that call deinit reads through a null
pointer, a second call leaks the buffers of the first, and an object that is dropped is never freed.
Newer (load): the decoder is a Yolo2 object, or None. Its firmware frees neither object and has room for 64 in all, so
they are used again. A model's main memory stays allocated after deinit, whatever the app does.
"""

from maix import KPU

NAME = "CanMV"
ANCHOR_PAIRS = None  # any number
NEWER = not hasattr(KPU, "load_kmodel")
_idle = []  # type: list  # tasks of the newer API without a model


def load(spec):
    """Return a task; spec.kmodel is a path, or (flash address, bytes). Outputs need no shapes here."""
    where = spec.kmodel
    if NEWER:
        return _load(where)
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


def _load(where):
    task = _idle.pop() if _idle else [KPU(), None]
    done = False
    try:
        if isinstance(where, str):
            task[0].load(where)
        else:
            task[0].load(where[0], size=where[1])
        done = True
    finally:
        if not done:
            _idle.append(task)
    return task


def _decoder(task, spec):
    """Set up the firmware's decoder; return (run(img), its list of boxes)."""
    kpu = task[0]
    anchors = tuple(spec.anchors)
    if NEWER:  # it reads sizes, grid and classes from the model
        if task[1] is None:
            task[1] = kpu.Yolo2()
        task[1].init(anchors, spec.threshold, spec.nms)
        return kpu.run, task[1].run
    width = spec.width
    height = spec.height
    grid = spec.grid or (width // 32, height // 32)
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
    return kpu.run_with_output, kpu.regionlayer_yolo2


def detector(task, spec, results):
    """Return run(img) -> number of boxes in `results`; the grid is the model's, else its input over 32."""
    forward, boxes = _decoder(task, spec)
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
    if NEWER:
        go = task[0].run
        outputs = task[0].get_outputs

        def forward(img):
            go(img)
            return outputs()

        return forward
    forward = task[0].run_with_output

    def run(img):
        return forward(img, True)

    return run


def outputs(task, spec):
    """Return run(img) -> list of the network's outputs, each a list of floats; the older API has only the first."""
    if NEWER:
        go = task[0].run
        take = task[0].get_outputs
        count = spec.count

        def every(img):
            go(img)
            return [take(at) for at in range(count)]

        return every
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
    if NEWER:
        task[0].deinit()
        _idle.append(task)
        return
    if not task[1]:
        # The smallest possible region layer: deinit follows its pointer without a check.
        task[0].init_yolo2((1, 1), 1, 8, 8, 8, 8, 1, 1, 0.5, 0.5, 1)
        task[1] = True
    task[0].deinit()
