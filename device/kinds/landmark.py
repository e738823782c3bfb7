"""Landmarks: a network whose output is N points, of the whole frame, or of each box of a detector.

The values are 0..1 of the width and height of the network's input, or become so by a sigmoid.
"""

from array import array

from device.once.curves import sigmoid
from device.results import EXTRA, fixed

FIELDS = (
    ("order", "one of xy yx xxyy yyxx", "xy"),
    ("sigmoid", "true or false", False),
)
LABELS = "optional"
SHAPE = EXTRA
MOST = 128  # points of a network; a stage shows those of two boxes
COLOUR = 0xE007  # green, with its bytes swapped as lcd wants it


class Points:
    """Results.extra of this kind: points of the view, of which the first `count` are valid.

    most: how many there can be. The link gets "points": [x, y, x, y, ...], as many as there is room for.
    """

    def __init__(self, most):
        self.count = 0
        self.xs = array("h", [0] * most)
        self.ys = array("h", [0] * most)

    def begin(self):
        """Forget the points of the last frame."""
        self.count = 0

    def draw(self, img, place):
        """Draw a dot of 3x3 pixels for each point in the part of the picture; the firmware clips the rest."""
        xs = self.xs
        ys = self.ys
        for at in range(self.count):
            img.draw_rectangle(xs[at] - 1, ys[at] - 1, 3, 3, COLOUR, 1, 1)

    def send(self, link):
        """Append the points to the link's line."""
        link.put(b',"points":[')
        for at in range(self.count):
            if link.room() < 10:
                break
            if at:
                link.put(b",")
            link.number(self.xs[at], 1)
            link.put(b",")
            link.number(self.ys[at], 1)
        link.put(b"]")


def fit(spec, elements, shapes, doubt):
    """Return the shape of the output: two values for each point, and one label, if any, for each point."""
    values = elements[0]
    points = values // 2
    if values % 2:
        doubt("outputs", "two values for each point", "%d values" % values)
    elif spec.labels and len(spec.labels) != points:
        doubt("labels", "%d labels" % points, "%d labels" % len(spec.labels))
    return ((1, 1, values),)


def reader(kpu, task, spec, results, points):
    """Return look(img, x, y, width, height), which appends the network's points to `points`.

    img: the network's input. The other arguments: the part of the picture that it shows, in pixels of that picture:
    of the model's input, which the view shows in its own size.
    """
    forward = kpu.outputs(task, spec)
    elements = kpu.elements
    curved = spec.sigmoid
    order = spec.order
    apart = len(order) > 2  # all of one, then all of the other
    swapped = order[0] == "y"
    xs = points.xs
    ys = points.ys
    known = [0]  # the number of values, asked for once
    across = results.width
    down = results.height
    wide = results.in_width
    high = results.in_height

    def look(img, x, y, width, height):
        output = forward(img)[0]
        if not known[0]:
            known[0] = elements(output)
        count = known[0] // 2
        at = points.count
        most = len(xs)
        for i in range(count):
            if at >= most:
                break
            a = fixed(output[i] if apart else output[2 * i])
            b = fixed(output[count + i] if apart else output[2 * i + 1])
            if curved:
                a = sigmoid(a)
                b = sigmoid(b)
            if swapped:
                a, b = b, a
            # A point outside the view would wrap around in the array, and mislead whoever reads the link.
            xs[at] = min(max((((x << 16) + a * width) * across // wide + 32768) >> 16, 0), across - 1)
            ys[at] = min(max((((y << 16) + b * height) * down // high + 32768) >> 16, 0), down - 1)
            at += 1
        points.count = at

    return look


def prepare(kpu, task, spec, results):
    """Return run(img) -> 0; the points of the frame are in results.extra."""
    results.extra = points = Points(MOST)
    look = reader(kpu, task, spec, results, points)

    def run(img):
        points.count = 0
        look(img, 0, 0, results.in_width, results.in_height)
        return 0

    return run


def stage(kpu, task, spec, results):
    """Return look(img, item), which adds the points of one box to results.extra."""
    from device.once.stages import cutter

    points = results.extra
    if points is None:
        results.extra = points = Points(2 * MOST)
    look = reader(kpu, task, spec, results, points)
    cut, rect = cutter(spec, results)

    def look_at(img, item):
        part = cut(img, item)
        look(part, rect[0], rect[1], rect[2], rect[3])

    return look_at
