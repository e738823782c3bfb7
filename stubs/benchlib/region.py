"""The region layer of YOLOv2 as the firmware computes it (sipeed_yolo2.c)."""

import math


def _sigmoid(x):
    # About here expf() overflows on the chip and the result is 0; a double would still give a small score.
    if x < -87.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(-x))


def _exp(x):
    return math.exp(x) if x < 88.0 else math.exp(88.0)


def _overlap(a, aw, b, bw):
    left = max(a - aw / 2, b - bw / 2)
    right = min(a + aw / 2, b + bw / 2)
    return right - left


def iou(a, b) -> float:
    """Return the intersection over union of two boxes (centre x, centre y, w, h)."""
    w = _overlap(a[0], a[2], b[0], b[2])
    h = _overlap(a[1], a[3], b[1], b[3])
    shared = 0.0 if w < 0 or h < 0 else w * h
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else 0.0


def unsigned(value: float) -> int:
    """Convert a float to uint32_t as the chip does: towards zero, with 0 for a negative number."""
    # fcvt.wu.s of RISC-V saturates; in C the result of a negative number is undefined.
    if value <= 0 or value != value:
        return 0
    return min(int(value), 0xFFFFFFFF)


def signed16(value: int) -> int:
    """Return the low 16 bits as a signed number: the corners pass through a rectangle of int16_t."""
    value &= 0xFFFF
    return value - 0x10000 if value & 0x8000 else value


def decode(
    raw,
    width: int,
    height: int,
    classes: int,
    anchors,
    threshold: float,
    nms: float,
    net_w: int,
    net_h: int,
):
    """Return [(x, y, w, h, classid, value), ...] in pixels of the network's input, in order of box number.

    raw: floats; for each anchor the planes x, y, w, h, object, class 0, class 1 ... of width * height values.
    anchors: pairs of width and height, in cells. threshold, nms: 0 to 1. net_w, net_h: size of the input.
    The left and top edges stop at 0, because they are unsigned; the right and bottom edges are not clipped.
    """
    cells = width * height
    number = len(anchors) // 2
    step = (classes + 5) * cells
    boxes = {}
    scores = {}
    # A score is at most the objectness, so a box below the threshold needs no exponentials.
    for n in range(number):
        base = n * step
        for i in range(cells):
            # As in the firmware, a score equal to the threshold does not pass.
            score = _sigmoid(raw[base + 4 * cells + i])
            if score <= threshold:
                continue
            # Without classes the objectness is the score (CanMV only).
            row = _classes(raw, base + 5 * cells + i, cells, classes, score, threshold) if classes else {0: score}
            if not row:
                continue
            at = base + i
            index = n * cells + i
            scores[index] = row
            boxes[index] = (
                (i % width + _sigmoid(raw[at])) / width,
                (i // width + _sigmoid(raw[at + cells])) / height,
                _exp(raw[at + 2 * cells]) * anchors[2 * n] / width,
                _exp(raw[at + 3 * cells]) * anchors[2 * n + 1] / height,
            )
    return _collect(boxes, _suppress(boxes, scores, classes, nms), net_w, net_h)


def _classes(raw, first, cells, classes, score, threshold):
    # The largest value is subtracted before exp(), as in softmax() of sipeed_yolo2.c: large outputs stay finite.
    largest = raw[first]
    for k in range(1, classes):
        value = raw[first + k * cells]
        if value > largest:
            largest = value
    powers = [math.exp(max(raw[first + k * cells] - largest, -100.0)) for k in range(classes)]
    total = 0.0
    for value in powers:
        total += value
    # Each class is compared with the threshold, so a box may have several classes before the suppression.
    row = {}
    for k in range(classes):
        probability = score * (powers[k] / total)
        if probability > threshold:
            row[k] = probability
    return row


def _suppress(boxes, scores, classes, nms):
    # In each class the best box removes those that overlap it by more than nms; a removed box removes no other.
    for k in range(classes or 1):
        # The negative index keeps equal scores in the order of their boxes, so that runs repeat exactly.
        order = [(scores[index][k], -index) for index in scores if k in scores[index]]
        order.sort()
        order.reverse()
        alive = [-item[1] for item in order]
        while alive:
            best = alive.pop(0)
            kept = []
            for other in alive:
                if iou(boxes[best], boxes[other]) > nms:
                    del scores[other][k]
                else:
                    kept.append(other)
            alive = kept
    return scores


def _collect(boxes, scores, net_w, net_h):
    detections = []
    for index in sorted(scores):
        row = scores[index]
        if not row:
            continue
        # Of classes with equal scores the lowest number wins, as in the loop of the firmware.
        best = -1
        for k in sorted(row):
            if best < 0 or row[k] > row[best]:
                best = k
        x, y, w, h = boxes[index]
        # Width and height are differences of converted corners, so a box that is cut at 0 becomes smaller.
        x1 = unsigned(x * net_w - w * net_w / 2)
        y1 = unsigned(y * net_h - h * net_h / 2)
        x2 = unsigned(x * net_w + w * net_w / 2)
        y2 = unsigned(y * net_h + h * net_h / 2)
        detections.append((signed16(x1), signed16(y1), signed16(x2 - x1), signed16(y2 - y1), best, row[best]))
    return detections
