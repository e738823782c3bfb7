"""Prepares the networks of a model, and those of its stages, which run on each box of a detector one after the other.

Needed only while a card is read, and while a model loads.
"""

from device import forget
from device import kind as kind_module
from device.errors import DeviceError
from device.kinds import STAGES

FIELDS = "kind kmodel input labels ascii_labels outputs pixels enlarge"  # of every stage
MOST = 4  # with the detector five networks: the firmware loads no more at a time


def read_stages(outer):
    """Read the stages of a model into spec.stages. outer: the Reader (device/once/model_json.py) of the model.

    What is wrong with a stage is wrong with its model, and its fields are named "stages[0].kmodel".
    """
    value = outer.data["stages"]
    if not isinstance(value, list) or not 0 < len(value) <= MOST or [1 for row in value if not isinstance(row, dict)]:
        outer.bad("stages", "a list of 1 to %d objects" % MOST)
        return
    if outer.spec.kind and not getattr(kind_module(outer.spec.kind), "BOXES_FIRST", False):
        outer.bad("stages", "no stages: this kind gives no boxes")
        return
    stages = []
    for at, data in enumerate(value):
        inner = type(outer)("", outer.spec.folder, outer.anchor_pairs)
        # The same lists: a folder has one list of problems, in the order of its fields.
        inner.problems = outer.problems
        inner.doubts = outer.doubts
        inner.path = outer.path
        inner.prefix = "stages[%d]." % at
        inner.data = data
        inner.network(STAGES, FIELDS)
        if inner.spec.kind and getattr(kind_module(inner.spec.kind), "NAMES", False):
            outer.spec.names = inner.spec
        if "enlarge" in data:
            inner.take("enlarge", "a number, 1 to 4", None)
        if inner.spec.learns:
            outer.spec.learns = True
        outer.spec.refused = outer.spec.refused or inner.spec.refused
        stages.append(inner.spec)
    outer.spec.stages = tuple(stages)


def maker(spec, camera):
    """Return (shape of the results, prepare(kpu, tasks, spec, results), view width and height, prepare(img)).

    prepare(img) makes a picture the model's input; None when it already is. Raises DeviceError 104 or 107.
    """
    kind = kind_module(spec.kind)
    try:
        from device.once.hal_window import fit

        width, height, prepare = fit(camera, spec.width, spec.height, spec.channels)
    except DeviceError:
        forget()
        raise
    if spec.pixels:
        from device.once.pixels import changed

        prepare = changed(prepare, spec)
    for name in ("FIELDS", "PIXELS", "fit"):  # only reading the card needs them, not a running model
        if hasattr(kind, name):
            delattr(kind, name)
    return kind.SHAPE, chain(spec) if spec.stages else kind.prepare, width, height, prepare


def chain(spec):
    """Return prepare(kpu, tasks, spec, results) of a model with stages; see device/kinds.

    run(img) lets the detector fill `results`; then each stage looks at every box and may name it, or add to it.
    """
    first = kind_module(spec.kind).prepare
    rest = [kind_module(stage.kind).stage for stage in spec.stages]

    def prepare(kpu, tasks, spec, results):
        detect = first(kpu, tasks[0], spec, results)
        looks = [make(kpu, task, stage, results) for make, task, stage in zip(rest, tasks[1:], spec.stages)]
        items = results.items

        def run(img):
            count = detect(img)
            if results.extra:  # what the stages add, such as points, is of this frame
                results.extra.begin()
            for at in range(count):
                for look in looks:
                    look(img, items[at])
            if results.learn:  # no box was in the middle
                results.learn = False
                results.extra.say("Nothing in the middle")
            return count

        return run

    return prepare


def cutter(spec, results):
    """Return (cut, rect) for a stage's ModelSpec. cut(img, item) returns the part of a picture as its input.

    The part is the box `item`, enlarged as the spec says and clipped to the picture, with its AI plane filled. rect is
    [x, y, width, height] of the last part, in pixels of the picture. Each part takes three pictures of the heap for a
    moment: cut, resized, and its AI plane.
    """
    width = spec.width
    height = spec.height
    grey = spec.channels == 1
    change = None
    if spec.pixels:
        from device.once.pixels import changer

        change = changer(spec.pixels)
    more = int(spec.enlarge * 1000)
    rect = [0, 0, 0, 0]

    def cut(img, item):
        # The items are in pixels of the view, the picture is the detector's input.
        wide = results.in_width
        high = results.in_height
        # Each edge is rounded once: errors of several pixels would add up otherwise.
        middle = (2 * item.x + item.w) * 1000
        centre = (2 * item.y + item.h) * 1000
        half = item.w * more
        rise = item.h * more
        unit = 2000 * results.width
        step = 2000 * results.height
        x = ((middle - half) * wide + unit // 2) // unit
        right = ((middle + half) * wide + unit // 2) // unit
        y = ((centre - rise) * high + step // 2) // step
        low = ((centre + rise) * high + step // 2) // step
        rect[0] = x = min(max(x, 0), wide - 1)
        rect[1] = y = min(max(y, 0), high - 1)
        rect[2] = w = max(min(right, wide) - x, 1)
        rect[3] = h = max(min(low, high) - y, 1)
        part = img.cut(x, y, w, h).resize(width, height)
        if grey:
            part = part.to_grayscale(1)
        if change:
            change(part)
        else:
            part.pix_to_ai()
        return part

    return cut, rect
