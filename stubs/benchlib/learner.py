"""The self-learning classifier of the KPU module (Maix_kpu_classifier.c, machine code of the closed library)."""

import array
import struct

import bench
import flavours
from benchlib import kpu_model
from benchlib.args import to_int
from benchlib.img import GARBAGE, is_image
from benchlib.kpu_types import kpu_net

HEAD = "<IifI"  # of a point in a file: length, class, mark, padding
_EMPTY = object()


class _Rest:
    # What is left of a classifier between its last reference and the collection.

    def __init__(self):
        self.learner = None
        self.generation = bench.generation

    def finalise(self):
        bench.uart.print("classifier __del__")
        if self.learner is None:
            bench.uart.print("OSError: ")
        else:
            self.learner.free()


class _Handle:
    # CPython finalises the handle, so that __del__ of the classifier is a method that a program may call.

    def __init__(self):
        self.rest = _Rest()

    def __del__(self):
        kpu_model.dropped(self.rest)


class classifier:
    """Self-learning classifier over the first output of a network."""

    def __init__(self, *_arguments, fea_len=None):
        if _arguments and _arguments[0] is _EMPTY:  # load() fills it; MicroPython has no __new__
            self._handle = _Handle()
            return
        bench.enter("KPU.classifier")
        surplus = len(_arguments) > 3 or fea_len is not None
        if len(_arguments) < 3 or (surplus and not bench.has(flavours.FEATURE_LENGTH)):
            raise ValueError("model, class num, sample num")
        if type(_arguments[0]) is not kpu_net:
            raise ValueError("model")
        numbers = [to_int(value) for value in (_arguments[1], _arguments[2], fea_len or 0)]
        self._handle = _Handle()
        from benchlib import centres

        self._handle.rest.learner = centres.new(_arguments[0]._model, *numbers)

    def __getattr__(self, name):
        if name == "__del__":
            return self._clear
        raise AttributeError("'classifier' object has no attribute '%s'" % name)

    def __repr__(self):
        return "<classifier>"

    def _clear(self) -> None:
        # Called by a program it frees the memory at once; the collection prints its line all the same.
        bench.uart.print("classifier __del__")
        learner = _learner(self)
        self._handle.rest.learner = None
        learner.free()

    def add_class_img(self, _img, _index: int = -1) -> int:
        """Make the picture the centre of a class, the next one by default, and return the class."""
        code = bench.enter_code("classifier.add_class_img")
        learner = _with_picture(self, _img, _index)
        index = to_int(_index)
        if index >= learner.class_num or (index < 0 and learner.count >= learner.class_num):
            raise OSError(1)
        values = learner.run(_img, code)
        index = learner.count if index < 0 else index
        # A point that rm_class_img() freed is NULL: the chip writes to address 8, and nothing is stored.
        if learner.classes[index] is not None:
            learner.classes[index].fill(values)
        learner.count = max(learner.count, index + 1)
        return index

    def rm_class_img(self) -> int:
        """Take the last class away and return how many there were. It frees the point behind the last class."""
        bench.enter("classifier.rm_class_img")
        learner = _learner(self)
        count = learner.count
        if not count and (not learner.classes or learner.classes[0] is None):
            raise OSError(1)
        learner.free_point(learner.classes, count)
        learner.count = max(count - 1, 0)
        return count

    def add_sample_img(self, _img) -> int:
        """Store a picture without a class and return its number."""
        code = bench.enter_code("classifier.add_sample_img")
        learner = _with_picture(self, _img, 0)
        index = learner.sample_count
        if index >= learner.sample_num:
            raise OSError(1)
        # What lies there was taken away by rm_sample_img(), or its run failed; nobody frees it.
        if learner.samples[index] is not None:
            bench.kpu.leaked.append(("classifier", learner.samples[index].blocks))
        learner.samples[index] = None
        learner.samples[index] = learner.point()
        learner.samples[index].fill(learner.run(_img, code))
        learner.sample_count = index + 1
        return index

    def rm_sample_img(self) -> int:
        """Take the last sample away and return the number of the one before; for the only one it raises OSError 1."""
        bench.enter("classifier.rm_sample_img")
        learner = _learner(self)
        count = learner.sample_count
        if not count and (not learner.samples or learner.samples[0] is None):
            raise OSError(1)
        learner.free_point(learner.samples, count)
        learner.sample_count = max(count - 1, 0)
        if count == 1:
            raise OSError(1)
        return max(count - 2, 0)

    def train(self) -> None:
        """Move the centres to the means of the samples until nothing changes, and drop the samples.

        Raises OSError 1 unless each class has its picture and there is a sample.
        """
        bench.enter("classifier.train")
        learner = _learner(self)
        for point in learner.classes:
            if point is not None and point.mark < 0:
                raise OSError(1)
        if not learner.count or not learner.sample_count:
            raise OSError(1)
        before = learner.cluster()
        while True:
            learner.move()
            total = learner.cluster()
            if total == before:
                break
            before = total
        for index in range(learner.sample_count):
            learner.free_point(learner.samples, index)
        learner.sample_count = 0

    def predict(self, _img) -> tuple:
        """Return (class, distance to its centre) of a picture."""
        code = bench.enter_code("classifier.predict")
        learner = _with_picture(self, _img, 0)
        seen = learner.seen
        seen.fill(learner.run(_img, code))
        first = learner.classes[0] if learner.classes else None
        if first is None or first.length != seen.length:
            raise OSError(22)
        best = learner.nearest(seen)
        # The class of an earlier prediction stays when there is no class any more.
        if seen.index < 0 or seen.index > learner.count:
            raise OSError(1 if seen.index < 0 else 34)
        return (seen.index, best)

    def save(self, _path: str) -> None:
        """Write the centres to a file. Raises OSError with the number of the file system."""
        bench.enter("classifier.save")
        learner = _learner(self)
        if not isinstance(_path, str):
            raise TypeError("can't convert '%s' object to str implicitly" % type(_path).__name__)
        import uio

        with uio.open(_path, "wb") as file:
            file.write(struct.pack("<HH", learner.count, learner.sample_num))
            for point in learner.classes[: learner.count]:
                if point is None:
                    file.write(bytes(16 + 4 * learner.length))
                else:
                    file.write(struct.pack(HEAD, point.length, point.index, point.mark, 0))
                    file.write(bytes(point.values))

    # No static method: as in the firmware a call on an object passes the object, and fails.
    def load(_net, _path, *_numbers, fea_len=None) -> tuple:
        """Return (classifier, class_num, sample_num) from a file that save() wrote.

        _numbers: class_num and sample_num, 0 for those of the file. Without fea_len the first of them is its value.
        A file that is too short makes a classifier that fails later.
        """
        bench.enter("classifier.load")
        if type(_net) is classifier:
            raise ValueError("must be class")
        if type(_net) is not kpu_net:
            raise ValueError("must be model")
        if type(_path) is not str:
            raise ValueError("path err")
        numbers = [to_int(value) for value in _numbers[:2]] + [0, 0]
        length = to_int(numbers[0] if fea_len is None else fea_len) if bench.has(flavours.FEATURE_LENGTH) else 0
        loaded = classifier(_EMPTY)
        sizes = _read(loaded._handle, _net._model, _path, numbers, length)
        return (loaded,) + sizes


def _read(handle, model, path, numbers, length):
    import uio
    from benchlib import centres

    class_num, sample_num = numbers[0], numbers[1]
    with uio.open(path, "rb") as file:
        head = file.read(4)
        if len(head) < 4:
            return class_num, sample_num
        count, samples = struct.unpack("<HH", head)
        class_num = class_num if class_num > 0 else count
        sample_num = sample_num if sample_num > 0 else samples
        learner = handle.rest.learner = centres.new(model, class_num, sample_num, length)
        if learner is None:
            return class_num, sample_num
        if count > class_num:
            bench.hard_fault("the file has more classes than the classifier, which writes behind its table")
        for point in learner.classes[:count]:
            head = file.read(16)
            if len(head) == 16:
                point.length, point.index, point.mark = struct.unpack(HEAD, head)[:3]
            values = file.read(4 * learner.length)
            if len(head) < 16 or len(values) < 4 * learner.length:
                return class_num, sample_num
            point.values = array.array("f", values)
        learner.count = class_num
    return class_num, sample_num


def _learner(owner):
    if type(owner) is not classifier:
        raise ValueError("must be obj")
    learner = owner._handle.rest.learner
    if learner is None:
        raise OSError(22)
    return learner


def _with_picture(owner, img, index):
    if type(owner) is not classifier:
        raise ValueError("must be obj")
    if not is_image(img):
        raise TypeError("Can't convert %s to type" % type(img).__name__)
    to_int(index)
    learner = _learner(owner)
    if img._ai is None:
        raise OSError(22)
    if img._ai is GARBAGE:
        bench.hard_fault("pix_ai of a copy() is uninitialised memory")
    return learner


__all__ = ("classifier",)
