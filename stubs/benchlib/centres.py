"""The vectors of the self-learning classifier, on the system heap, and their k-means (machine code of the KPU library).

The arithmetic is that of 32-bit floats, to the last bit.
"""

import array
from math import sqrt

import bench
from benchlib import kpu_model
from benchlib.single import fma, single

DEFAULT_LENGTH = 768
FARTHEST = 3.4028234663852886e38
UNSET, SET = -1.0, 0.0  # the mark of a point


class Point:
    """A vector on the system heap. index: the class that it belongs to."""

    def __init__(self, length, blocks):
        self.length = length
        self.index = -1
        self.mark = UNSET
        self.values = array.array("f", bytes(4 * length))
        self.blocks = blocks

    def fill(self, values):
        """Take the first values of an output, whatever it holds. A shorter output is read past its end, here as 0."""
        raw = bytes(values)[: 4 * self.length]
        self.values = array.array("f", raw + bytes(4 * self.length - len(raw)))
        self.mark = SET


class Learner:
    """What a classifier object points to."""

    def __init__(self, model, class_num, sample_num, length):
        self.model = model
        self.class_num = class_num
        self.sample_num = sample_num
        self.length = length if length > 0 else DEFAULT_LENGTH
        self.count = 0  # of the classes
        self.sample_count = 0
        self.blocks = []
        self.classes = []
        self.samples = [None] * max(sample_num, 0)
        self.seen = None  # the point of the last prediction
        self.generation = bench.generation
        try:
            for size in (72, 8 * class_num, 8 * sample_num):
                self.blocks.append(_block(size))
            for index in range(class_num):
                self.classes.append(self.point())
                self.classes[index].index = index
        except OSError:
            self.free()
            raise
        try:
            self.seen = self.point()
        except OSError:  # the library forgets to return this failure; see new()
            self.free()

    def point(self):
        """Return a new point. Raises OSError 12 without memory."""
        head = _block(24)
        try:
            return Point(self.length, (head, _block(4 * self.length)))
        except OSError:
            bench.memory.free_block(head)
            raise

    def free_point(self, rows, index):
        """Free a point of a table and forget it. The entry behind a full table is not the table's: a HardFault."""
        if index < len(rows):
            if rows[index] is not None:
                for block in rows[index].blocks:
                    bench.memory.free_block(block)
            rows[index] = None
        else:
            bench.hard_fault("the classifier frees what lies behind its table, which destroys the heap")

    def free(self):
        """Free all memory."""
        if self.generation != bench.generation:
            return
        for rows in (self.classes, self.samples, [self.seen]):
            for index in range(len(rows)):
                self.free_point(rows, index)
        self.seen = None
        for block in self.blocks:
            bench.memory.free_block(block)
        self.blocks = []

    def run(self, img, code):
        """Run the network on a picture of any size and return its first output. Raises OSError with the code."""
        model = self.model
        network = model.network
        if not code and network is None:
            code = 2001
        # The library checks the outputs of a kmodel v4 before the run.
        if not code and network.version == 4 and 0 not in model.shapes:
            code = 2013
        if not code:
            code = model.run(None if getattr(network, "scripted", False) else _fitted(img, network))
        if code:
            raise OSError(code)
        return model.output_buffers()[0]

    def nearest(self, vector) -> float:
        """Give a point the class of the nearest centre, if there is one; return its distance."""
        best = FARTHEST
        for index in range(self.count):
            away = distance(vector, self.classes[index])
            if away < best:
                best, vector.index = away, index
        return best

    def cluster(self):
        """Give each sample to the nearest centre; return the sum of the distances."""
        for sample in self.samples[: self.sample_count]:
            self.nearest(sample)
        total = 0.0
        for sample in self.samples[: self.sample_count]:
            total = single(total + distance(self.classes[sample.index], sample))
        return total

    def move(self):
        """Move each centre that has samples to their mean."""
        for index in range(self.count):
            own = [sample.values for sample in self.samples[: self.sample_count] if sample.index == index]
            if not own:
                continue
            centre = self.classes[index].values
            for k in range(len(centre)):
                total = 0.0
                for values in own:
                    total = single(total + values[k])
                centre[k] = total / len(own)


def new(*arguments):
    """Return a Learner, or None: without memory for its last point the object exists, and each call fails with 22."""
    learner = Learner(*arguments)
    return learner if learner.seen else None


def _block(size):
    if size < 0:  # more than malloc counts, so it does not even ask for memory
        raise OSError(12)
    block = bench.memory.alloc("classifier", size)
    if block is None:
        kpu_model.no_memory()
        raise OSError(12)
    return block


def _fitted(img, network):
    # The size of the picture is not compared with the model's: the chip reads what lies behind a small one, here 0.
    planes = img._planes()
    if not network.input_shape:
        return [0.0] * getattr(network, "input_floats", 0)
    ch, h, w = network.input_shape
    size = ch * h * w
    return planes if len(planes) == size else bytes(planes[:size]) + bytes(max(size - len(planes), 0))


def distance(a, b) -> float:
    """Return the distance of two points, -1.0 when their lengths differ; None is a point without numbers."""
    if a is None or b is None or a.length != b.length:
        return -1.0
    total = 0.0
    first, second = a.values, b.values
    for k in range(len(first)):
        away = single(first[k] - second[k])
        total = fma(away, away, total)
    return single(sqrt(total))
