"""Raw: any network. The panel lists its outputs, the link sends their shapes and extremes.

For networks that no other kind decodes: what they compute can be seen, and a program behind the link can use it.
"""

from device.hal import ticks
from device.results import EXTRA, fixed

FIELDS = ()
LABELS = "optional"
PIXELS = "invert stretch mirror flip"
SHAPE = EXTRA
EVERY_MS = 500  # between two looks at the outputs: each element read is an object
LINE = 12  # pixels of a line of the firmware's font
WHITE = 0xFFFF


class Outputs:
    """Results.extra of this kind. rows: for each output [elements, smallest, largest, index of the largest, text].

    Smallest and largest are in 1/65536.
    """

    def __init__(self, count):
        self.rows = [[0, 0, 0, 0, ""] for _ in range(count)]  # type: list

    def look(self, at, output, count, shape):
        """Take the extremes of output number `at`. count: its elements. shape: (width, height, channels) or None."""
        row = self.rows[at]
        low = high = output[0]
        where = 0
        for i in range(1, count):
            value = output[i]
            if value > high:
                high = value
                where = i
            elif value < low:
                low = value
        row[0] = count
        row[1] = fixed(low)
        row[2] = fixed(high)
        row[3] = where
        size = "%dx%dx%d" % shape if shape else "%d" % count
        row[4] = "%d: %s %.3f..%.3f @%d" % (at, size, row[1] / 65536, row[2] / 65536, where)

    def draw(self, img, place):
        """List the outputs, as many as there is room for."""
        left, top, width, height = place
        for row in self.rows[: height // LINE]:
            img.draw_rectangle(left, top, width, LINE, 0, 1, 1)
            img.draw_string(left, top, row[4][: width // 8], WHITE)
            top += LINE

    def send(self, link):
        """Append "outputs": [[elements, smallest, largest, index of the largest], ...], as far as there is room."""
        link.put(b',"outputs":[')
        for at, row in enumerate(self.rows):
            # Four numbers with their signs and points take at most 60 bytes.
            if link.room() < 62:
                break
            link.put(b",[" if at else b"[")
            link.number(row[0], 1)
            for value in row[1:3]:
                link.put(b",-" if value < 0 else b",")
                value = abs(value)
                link.number(value >> 16, 1)
                link.put(b".")
                link.number((value & 0xFFFF) * 1000 >> 16, 3)
            link.put(b",")
            link.number(row[3], 1)
            link.put(b"]")
        link.put(b"]")


def prepare(kpu, task, spec, results):
    """Return run(img) -> 0; what the network computes is in results.extra."""
    forward = kpu.outputs(task, spec)
    elements = kpu.elements
    results.extra = extra = Outputs(spec.count)
    shapes = spec.outputs or ()
    due = [0]

    def run(img):
        outputs = forward(img)
        now = ticks()
        if now >= due[0]:
            due[0] = now + EVERY_MS
            for at in range(len(outputs)):
                output = outputs[at]
                extra.look(at, output, elements(output), shapes[at] if at < len(shapes) else None)
        return 0

    return run
