"""Parts of CanMV's newer KPU class: Yolo2, Act, Feat, Lpr, and its table of memory (maix_kpu.c of v1.0.5-5)."""

import struct

import bench
from benchlib import faces
from benchlib.args import is_sequence, to_float
from benchlib.single import fma, single

MOST = 64  # entries of the table; those of KPU and Yolo2 objects stay for ever
MAX_FEATURE = 256


def keep(size: int, text: str, block=None):
    """Enter a block in the table and return it; without one allocate `size` bytes. Raises MemoryError."""
    if block is None:
        block = bench.memory.alloc("KPU object", size)
        if block is None:
            raise MemoryError(text)
    if len(bench.kpu.table) >= MOST:
        bench.memory.free_block(block)
        raise MemoryError("Too many mem to list")
    bench.kpu.table.append(block)
    return block


def forget(block) -> None:
    """Take a block out of the table."""
    if block in bench.kpu.table:
        bench.kpu.table.remove(block)


class Yolo2:
    """The decoder of a detector: kpu.Yolo2()."""

    def __init__(self, kpu):
        bench.enter("maix.Yolo2")
        keep(56, "No memory space")
        self._kpu = kpu
        self._anchors = None
        self._block = None

    def init(self, anchor, threshold=None, nms_value=None) -> None:
        """Take the anchors, pairs in cells, and the limits. A second call leaks the anchors of the first."""
        bench.enter("maix.Yolo2.init")
        self._threshold = 0.5 if threshold is None else to_float(threshold)
        self._nms = 0.3 if nms_value is None else to_float(nms_value)
        if anchor is None:
            raise ValueError("need input anchor")
        if not is_sequence(anchor):
            raise TypeError("object '%s' isn't a tuple or list" % type(anchor).__name__)
        if len(anchor) % 2:
            raise ValueError("The number of anchors should be a multiple of 2")
        if self._block is not None:
            bench.kpu.leaked.append(("anchors", self._block))
        self._anchors = tuple([to_float(value) for value in anchor])
        self._block = keep(4 * len(anchor), "too many mem to list")

    def run(self) -> list:
        """Return [[x, y, w, h, class, probability], ...] of the last run; the class count follows from the model."""
        bench.enter("maix.Yolo2.run")
        kpu = self._kpu
        if self._anchors is None:
            raise OSError("Please call init before run")
        scripted = getattr(kpu._network, "scripted", False)
        if kpu._network is not None and kpu._shape is None and not (scripted and kpu._network.version == 4):
            raise OSError("Parse model for yolo run failed")
        output = kpu._output(0)
        if scripted:
            return [list(box) for box in bench.kpu.boxes]
        from benchlib.region import decode

        channels, rows, columns = kpu._shape
        number = len(self._anchors) // 2
        classes = channels // number - 5 if number else 0
        if classes < 0:
            raise OSError("Yolo2 region layer init failed")
        _, h, w = kpu._network.input_shape
        boxes = decode(output, columns, rows, classes, self._anchors, self._threshold, self._nms, w, h)
        return [list(box) for box in boxes]

    def deinit(self) -> None:
        """Free the anchors."""
        bench.enter("maix.Yolo2.deinit")
        self._clear()

    def _clear(self):
        if self._block is not None:
            forget(self._block)
            bench.memory.free_block(self._block)
        self._block = self._anchors = None


class Act:
    """Activations: KPU.Act."""

    @staticmethod
    def sigmoid(_x: float) -> float:
        """Return 1 / (1 + e^-x). Raises TypeError for anything but a float."""
        if not isinstance(_x, float):
            raise TypeError("Can't convert %s to float" % type(_x).__name__)
        return faces.sigmoid(_x)

    @staticmethod
    def softmax(_values) -> list:
        """Raise ValueError for each list that is not empty: the firmware compares the wrong way round."""
        if not is_sequence(_values):
            raise TypeError("object '%s' isn't a tuple or list" % type(_values).__name__)
        if _values:
            raise ValueError("list minimum size is 2")
        return []


class Feat:
    """Features of faces: KPU.Feat."""

    @staticmethod
    def calculate(_kpu) -> list:
        """Return the first output of the last run with length 1. Raises ValueError for more than 256 numbers."""
        output = _kpu._output(0)
        if len(output) > MAX_FEATURE:
            raise ValueError("feature length bigger than 256")
        return faces.unit(output)

    @staticmethod
    def compare(_feature0, _feature1) -> float:
        """Return 50 * (1 + the sum of the products), which is 0 to 100 for features of length 1."""
        for values in (_feature0, _feature1):
            if not is_sequence(values):
                raise TypeError("object '%s' isn't a tuple or list" % type(values).__name__)
        if len(_feature0) != len(_feature1):
            if len(_feature0) > MAX_FEATURE:
                raise ValueError("feature len not equal")
            bench.hard_fault("compare with two lengths reads or writes past its memory")
        return faces.alike(_feature0, _feature1)


class Lpr:
    """The reader of licence plates: kpu.Lpr(). Unverified: the order of its sums."""

    LOGITS = (31, 24, 34, 34, 34, 34, 34)

    def __init__(self, kpu):
        bench.enter("maix.Lpr")
        keep(200, "No memory space")
        self._kpu = kpu
        self._weights = None
        self._block = None

    def load(self, _path: str) -> None:
        """Read the weights of the seven dense layers. Simplified: from a file only."""
        bench.enter("maix.Lpr.load")
        if type(_path) is not str:
            raise ValueError('load("path" / offset, size)')
        import uio

        self._clear()
        with uio.open(_path, "rb") as file:
            data = file.read()
        if not data:
            raise ValueError("weight file size error")
        self._block = bench.memory.alloc("weights", len(data))
        if self._block is None:
            raise MemoryError("LPR weight buffer memory allocation failed")
        keep(0, "Too many mem to list", self._block)
        self._weights = data

    def run(self) -> list:
        """Return seven tuples: the scores of each letter."""
        bench.enter("maix.Lpr.run")
        if self._weights is None:
            raise OSError("Please call init before run")
        output = self._kpu._output(0)
        size = len(output) // 7
        at = 0
        letters = []
        for k in range(7):
            count = self.LOGITS[k]
            weights = struct.unpack_from("<%df" % (count * (size + 1)), self._weights, at)
            at += 4 * count * (size + 1)
            scores = []
            for i in range(count):
                total = 0.0
                for j in range(size):
                    total = fma(output[k * size + j], weights[i * size + j], total)
                scores.append(single(total + weights[count * size + i]))
            letters.append(tuple(scores))
        return letters

    def deinit(self) -> None:
        """Free the weights."""
        bench.enter("maix.Lpr.deinit")
        self._clear()

    def _clear(self):
        if self._block is not None:
            forget(self._block)
            bench.memory.free_block(self._block)
        self._block = self._weights = None
