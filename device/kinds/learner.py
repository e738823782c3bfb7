"""Learner: a network without its last layer, and classes that are learnt on the board, one picture each.

The nearest centre (Euclid) is the class, as kpu.classifier of MaixPy has it, and the data lie on the card in that
class's own format. The firmware's object is not used: after load() it takes no further classes, and CanMV has none.
"""

from array import array
from struct import pack, unpack

import uio

from device.once.learnt import MOST_NAMES, learnt_read
from device.once.lesson import Names, Note, teach
from device.results import BARS, CAP, fixed

FIELDS = (
    ("limit", "a number, 0 to 10000", 11),
    ("top", "a whole number, 1 to 10", 3),
)
LABELS = "optional"
LEARNS = True
PIXELS = "invert stretch mirror flip"
SHAPE = BARS
HEAD = "<IifI"  # before each vector in the file: length, class, mark (0 when set), padding


def read_vectors(path, length):
    """Return the vectors in a file of kpu.classifier, as whole numbers in 1/4096; None if their length is another."""
    vectors = []
    with uio.open(path, "rb") as file:
        count = unpack("<HH", file.read(4))[0]
        for _ in range(count):
            if unpack(HEAD, file.read(16))[0] != length:
                return None
            vectors.append(rounded(array("f", file.read(4 * length)), length))
    return vectors


def rounded(values, length):
    """Return floats as whole numbers in 1/4096, with which distances create no objects."""
    row = array("i", [0] * length)
    for i in range(length):
        row[i] = fixed(values[i]) >> 4
    return row


def write_vectors(path, vectors):
    """Write vectors to a file of kpu.classifier, which it can load; they are exact to 1/4096."""
    with uio.open(path, "wb") as file:
        file.write(pack("<HH", len(vectors), 1))
        for at, row in enumerate(vectors):
            file.write(pack(HEAD, len(row), at, 0.0, 0))
            file.write(array("f", [value / 4096 for value in row]))


def prepare(kpu, task, spec, results):
    """Return run(img) -> number of classes, nearest first; a double press learns what is in the picture."""
    forward = kpu.outputs(task, spec)
    elements = kpu.elements
    top = min(spec.top, CAP)
    results.nth(top - 1)
    items = results.items
    limit = int(spec.limit * 4096)
    folder = spec.path
    names, path = learnt_read(folder)
    spec.labels = known = Names(names, spec.labels)
    results.extra = note = Note()
    vectors = []
    # What the network says of this picture, in 1/4096; its length is known from the first picture on.
    here = [None]  # type: list
    order = [0] * MOST_NAMES
    far = [0] * MOST_NAMES

    def begin(output):
        length = elements(output)
        here[0] = array("i", [0] * length)
        rows = read_vectors(path, length) if path else []
        if rows is None or len(rows) != len(names):
            note.say("Learnt with another network")
            names[:] = []
        else:
            vectors.extend(rows)
        if not names and not note.text:
            note.say("Press twice to learn")

    def distance(row, vector):
        total = 0
        for i in range(len(row)):
            away = row[i] - vector[i]
            total += away * away
        # The whole root, by Newton's method: math.sqrt would create floats.
        if not total:
            return 0
        root = 1 << 32
        while True:
            better = (root + total // root) >> 1
            if better >= root:
                return root
            root = better

    def run(img):
        output = forward(img)[0]
        row = here[0]
        if row is None:
            begin(output)
            row = here[0]
        length = len(row)
        if results.learn:
            which = results.learn
            results.learn = False
            teach(known, note, folder, "classes", vectors, rounded(output, length), write_vectors, which)
        for i in range(length):
            row[i] = fixed(output[i]) >> 4
        # Keep the classes in order of their distances.
        count = 0
        for at in range(len(vectors)):
            away = distance(row, vectors[at])
            if away >= limit:
                continue
            i = count
            while i and far[i - 1] > away:
                far[i] = far[i - 1]
                order[i] = order[i - 1]
                i -= 1
            far[i] = away
            order[i] = at
            count += 1
        count = min(count, top)
        for i in range(count):
            items[i].name(order[i], 1000 - far[i] * 1000 // limit)
        results.count = count
        return count

    return run
