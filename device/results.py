"""Results: the only values that pass from a kind to the overlay and the link. Each frame writes over them."""

from array import array
from struct import pack_into

# The kinds of items; the number tells how many of x, y, w, h are used.
BARS = 0  # classes, the best one first
EXTRA = 1  # no items: all that the kind shows is in Results.extra
POINTS = 2  # points of the view
BOXES = 4  # boxes in the view
CAP = 10  # the firmware's own limit of detections (MaixPy Maix_kpu.c)

_bits = array("I", [0])


def fixed(value):
    """Return a float32, or an int 0..255 that stands for 0..1, as an int in 1/65536; at most 2**23.

    This works on the float's bits: arithmetic would create a float object, 32 bytes each time.
    """
    if type(value) is int:
        return value * 257
    pack_into("f", _bits, 0, value)
    bits = _bits[0]
    shift = (bits >> 23 & 255) - 134  # 127 of the exponent, 23 of the mantissa, less our own 16
    number = (bits & 0x7FFFFF) | 0x800000
    number = number >> -shift if shift < 0 else number << min(shift, 16)
    return -number if bits >> 31 else number


def permille(value):
    """Return a float 0..1, or an int 0..255, as 0..1000, rounded; below 0 and NaN give 0, above 1 gives 1000."""
    if not value > 0:
        return 0
    return min((fixed(value) * 1000 + 32768) >> 16, 1000)


class Item:
    """One result: x, y, w, h in pixels of the view, class_id, score 0..1000; text caches its label, None when stale."""

    def __init__(self):
        self.x = self.y = self.w = self.h = self.score = 0
        self.class_id = -1
        self.text = None

    def name(self, class_id, score):
        """Set class and score (0..1000); the text stays while class and whole percent stay."""
        if class_id != self.class_id or score // 10 != self.score // 10:
            self.text = None
            self.class_id = class_id
        self.score = score


class Results:
    """items: ten at most, of which the first `count` are valid. shape: BARS, EXTRA, POINTS or BOXES.

    learn: set to True to let a kind learn from its next frame; the kind sets it to False again. n + 1 instead of True:
    learn it as the n-th thing, from 1; -1: forget everything.

    extra: what a kind shows beside the items, None or an object, set when the model is prepared. draw(img, place) draws
    into that part of the picture, (x, y, width, height), and send(link) appends fields to the link's line of results.
    Behind a detector, begin() starts a new frame, and of a kind that learns say(text) shows a note.
    """

    def __init__(self):
        self.items = []
        self.reset(BOXES, 320, 240, 320, 240)

    def nth(self, at):
        """Return the item of an index; an item is created when it is first needed, and kept."""
        items = self.items
        while len(items) <= at:
            items.append(Item())
        return items[at]

    def reset(self, shape, width, height, in_width, in_height):
        """Drop all results and their texts; put() scales in_width x in_height pixels into a width x height view."""
        self.shape = shape
        self.count = 0
        self.extra = None
        self.learn = False
        self.width = width
        self.height = height
        self.in_width = in_width
        self.in_height = in_height
        # The objects stay where they are, low in the heap; only their values go.
        for item in self.items:
            item.__init__()

    def put(self, x, y, w, h, class_id, value):
        """Add a box, clipped to the view, unless nothing of it is in view or there are ten already.

        x, y, w, h: ints, pixels of the model's input; w and h of a point do not count.
        value: the score, see permille().
        """
        n = self.count
        if n >= CAP:
            return
        # Each edge is scaled for itself: left edge + scaled width could round to another right edge.
        width = self.width
        height = self.height
        by = self.in_width
        right = (x + w) * width // by
        x = x * width // by
        by = self.in_height
        bottom = (y + h) * height // by
        y = y * height // by
        if self.shape == POINTS:  # a point must not vanish when it is scaled down
            right = x + 1
            bottom = y + 1
        # The firmware clips neither right nor bottom edge (Maix_kpu.c), and the overlay trusts these numbers.
        if x < 0:
            x = 0
        if y < 0:
            y = 0
        if right > width:
            right = width
        if bottom > height:
            bottom = height
        if right <= x or bottom <= y:
            return
        # The items are written over: a new one would be heap in every frame.
        item = self.nth(n)
        item.x = x
        item.y = y
        item.w = right - x
        item.h = bottom - y
        item.name(class_id, permille(value))
        self.count = n + 1
