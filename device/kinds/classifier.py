"""Classifier: the best classes of one output vector, with or without softmax.

The firmware returns a tuple of floats, or of ints 0..255 if the last layer is a convolution of kmodel v3. Each float is
an object. This module creates no other objects: it compares the floats and calculates with integers.
"""

from device.once.curves import exp
from device.results import BARS, CAP, Results, fixed, permille

FIELDS = (
    ("top", "a whole number, 1 to 10", 3),
    ("softmax", "true or false", False),
    ("threshold", "a number, 0 to 1", 0),
)
LABELS = "needed"
PIXELS = "invert stretch mirror flip"
SHAPE = BARS
NAMES = True
LOWEST = -3.4e38  # here, because v1.11 negates a float constant each time it runs, which creates an object


def fit(spec, elements, shapes, doubt):
    """Return the shape of the output: one value for each label."""
    count = len(spec.labels)
    if elements[0] != count:
        doubt("labels", "%d labels" % elements[0], "%d labels" % count)
    return ((1, 1, count),)


def stage(kpu, task, spec, results):
    """Return look(img, item), which gives a box the best class of the part of the picture that it covers."""
    from device.once.stages import cutter

    own = Results()
    own.shape = BARS
    spec.top = 1
    classify = prepare(kpu, task, spec, own)
    cut, _ = cutter(spec, results)

    def look(img, item):
        # Class -1 tells the overlay and the link that no class reached the threshold.
        if classify(cut(img, item)):
            item.name(own.items[0].class_id, own.items[0].score)
        else:
            item.name(-1, item.score)

    return look


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of classes, best first, at most spec.top; it raises what the firmware raises."""
    forward = kpu.classifier(task, spec)
    top = min(spec.top, CAP)
    floor = permille(float(spec.threshold))
    softmax = spec.softmax
    results.nth(top - 1)
    items = results.items
    # Created once and overwritten: garbage of the frames would sooner or later delay a frame by a collection.
    best = [0.0] * top
    index = [0] * top

    def run(img):
        # Keep the best classes in order of their scores: most values are below the last of them.
        values = forward(img)
        best_count = at = 0
        # NaN is never above `low`, so a network that returns NaN shows nothing instead of a wrong order.
        low = LOWEST
        for value in values:
            if value > low:
                if best_count < top:
                    best_count += 1
                i = best_count - 1
                # Of equal values the lower index stays first, so that the order does not flicker between frames.
                while i and best[i - 1] < value:
                    best[i] = best[i - 1]
                    index[i] = index[i - 1]
                    i -= 1
                best[i] = value
                index[i] = at
                if best_count == top:
                    low = best[top - 1]
            at += 1
        # The values are raw sums if the network ends without a softmax.
        most = total = 0
        if softmax and best_count:
            # With the highest value subtracted no exponent is above 0: the sum fits a small integer.
            most = fixed(best[0])
            for value in values:
                total += exp(most - fixed(value))
        i = 0
        while i < best_count:
            value = best[i]
            score = (exp(most - fixed(value)) * 1000 + total // 2) // total if total else permille(value)
            # They are in order, so the following ones are even lower.
            if score < floor:
                break
            items[i].name(index[i], score)
            i += 1
        results.count = i
        return i

    return run
