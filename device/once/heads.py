"""Decodes the feature maps of YOLO detectors that the firmware does not decode: YOLOv3, and YOLOv2 with other than five
anchors or without classes.

Whole numbers only, so that a frame creates an object for each objectness that it reads and for little else.
"""

from array import array
from math import log

from device.once.curves import exp, sigmoid
from device.results import fixed

MOST = 40  # boxes kept before overlaps are removed, the best ones
LOWEST = -3.4e38
STEEPEST = 12 << 16  # e**12 cells are more than any picture has


def power(number):
    """Return e**number in 1/2**30 for a number in 1/65536, at most e**12."""
    if number <= 0:
        return exp(-number)
    return (1 << 60) // exp(min(number, STEEPEST))


def decoder(kpu, task, spec, results, grids, softmax):
    """Return run(img) -> number of boxes put into `results`.

    grids: (columns, rows) of each output. The anchors of the spec are shared out evenly over the outputs, in order.
    softmax: True for YOLOv2: anchors in cells, one class a box; False for YOLOv3: anchors in pixels of the input, and a
    sigmoid for each class.
    """
    forward = kpu.outputs(task, spec)
    classes = len(spec.labels)
    width = spec.width
    height = spec.height
    anchors = spec.anchors
    pairs = len(anchors) // 2 // len(grids)
    low = int(spec.threshold * 65536)
    # sigmoid(x) > threshold as a comparison of floats, which creates nothing but the value that is read.
    floor = log(spec.threshold / (1 - spec.threshold)) if 0 < spec.threshold < 1 else LOWEST
    overlap = int(spec.nms * 1000)
    # Sizes of the anchors in 1/16 of a pixel.
    sizes = array("i", [0] * len(anchors))
    for i in range(len(anchors)):
        grid = grids[i // (2 * pairs)]
        step = (height / grid[1] if i & 1 else width / grid[0]) if softmax else 1
        sizes[i] = int(anchors[i] * step * 16 + 0.5)
    # The boxes of a frame, best first: edges in 1/16 of a pixel, score in 1/65536, class.
    left = array("i", [0] * MOST)
    top = array("i", [0] * MOST)
    right = array("i", [0] * MOST)
    bottom = array("i", [0] * MOST)
    score = array("i", [0] * MOST)
    label = array("h", [0] * MOST)
    rows = (left, top, right, bottom, score, label)
    count = [0]

    def keep(x0, y0, x1, y1, value, name):
        """Put a box where its score belongs; the worst one goes when there are too many."""
        at = count[0]
        if at == MOST:
            if value <= score[MOST - 1]:
                return
            at -= 1
        else:
            count[0] = at + 1
        while at and score[at - 1] < value:
            for row in rows:
                row[at] = row[at - 1]
            at -= 1
        left[at] = x0
        top[at] = y0
        right[at] = x1
        bottom[at] = y1
        score[at] = value
        label[at] = name

    def take(output, at, area, cell, columns, lines, pair):
        """Decode the box of one cell and anchor. at: the index of its first value."""
        value = sigmoid(fixed(output[at + 4 * area]))
        name = 0
        if classes:
            first = at + 5 * area
            most = LOWEST
            for k in range(classes):
                seen = output[first + k * area]
                if seen > most:
                    most = seen
                    name = k
            most = fixed(most)
            if softmax:
                total = 0
                for k in range(classes):
                    total += exp(max(most - fixed(output[first + k * area]), 0))  # NaN is above the largest
                value = (value << 30) // total
            else:
                value = value * sigmoid(most) >> 16
        if value <= low:
            return
        x = (((cell % columns) << 16) + sigmoid(fixed(output[at]))) * width // columns >> 12
        y = (((cell // columns) << 16) + sigmoid(fixed(output[at + area]))) * height // lines >> 12
        w = power(fixed(output[at + 2 * area])) * sizes[2 * pair] >> 31  # half of it
        h = power(fixed(output[at + 3 * area])) * sizes[2 * pair + 1] >> 31
        # No box is larger than many pictures: the sums below stay small integers.
        w = min(w, 1 << 20)
        h = min(h, 1 << 20)
        keep(x - w, y - h, x + w, y + h, value, name)

    def scan(output, columns, lines, pair):
        area = columns * lines
        step = (5 + classes) * area
        at = 0
        for _ in range(pairs):
            first = at + 4 * area
            for cell in range(area):
                if output[first + cell] > floor:
                    take(output, at + cell, area, cell, columns, lines, pair)
            pair += 1
            at += step

    def removed(i):
        """Return whether a better box of the same class overlaps box i too much."""
        for j in range(i):
            if score[j] and label[j] == label[i]:
                w = min(right[i], right[j]) - max(left[i], left[j])
                h = min(bottom[i], bottom[j]) - max(top[i], top[j])
                if w > 0 and h > 0:
                    both = w * h
                    union = (right[i] - left[i]) * (bottom[i] - top[i])
                    union += (right[j] - left[j]) * (bottom[j] - top[j]) - both
                    if both * 1000 > union * overlap:
                        return True
        return False

    def run(img):
        results.count = 0
        count[0] = 0
        outputs = forward(img)
        for i in range(len(grids)):
            scan(outputs[i], grids[i][0], grids[i][1], i * pairs)
        for i in range(count[0]):
            if removed(i):
                score[i] = 0
            else:
                x = left[i] >> 4
                y = top[i] >> 4
                results.put(x, y, (right[i] >> 4) - x, (bottom[i] >> 4) - y, label[i], score[i] / 65536)
        return results.count

    return run
