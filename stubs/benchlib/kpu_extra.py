"""Less used functions of the KPU module: netinfo, set_layers, memtest, faces and the self-learning classifier.

The sources are Maix_kpu.c and Maix_kpu_classifier.c; what they call in the closed library is simplified.
"""

import gc

import bench
from benchlib.kpu_run import forward
from benchlib.kpu_types import kpu_net

NAMES = {
    1: "KL_ADD",
    2: "KL_QUANTIZED_ADD",
    5: "KL_GLOBAL_AVERAGE_POOL2D",
    8: "KL_QUANTIZED_MAX_POOL2D",
    9: "KL_AVERAGE_POOL2D",
    11: "KL_QUANTIZE",
    12: "KL_DEQUANTIZE",
    13: "KL_REQUANTIZE",
    14: "KL_L2_NORMALIZATION",
    15: "KL_SOFTMAX",
    16: "KL_CONCAT",
    17: "KL_QUANTIZED_CONCAT",
    18: "KL_FULLY_CONNECTED",
    20: "KL_TENSORFLOW_FLATTEN",
    22: "KL_RESIZE_NEAREST_NEIGHBOR",
    23: "KL_QUANTIZED_RESIZE_NEAREST_NEIGHBOR",
    24: "KL_CHANNELWISE_DEQUANTIZE",
    25: "KL_LOGISTIC",
    10240: "KL_K210_CONV",
    10241: "KL_K210_ADD_PADDING",
    10242: "KL_K210_REMOVE_PADDING",
    10243: "KL_K210_UPLOAD",
}


class kpu_netinfo_find:
    """One layer of kpu.netinfo()."""

    def __init__(self, index, row):
        self._index = index
        self._row = row

    def index(self) -> int:
        return self._index

    def type(self) -> int:
        return self._row[0]

    def wi(self) -> int:
        return self._row[1]

    def hi(self) -> int:
        return self._row[2]

    def wo(self) -> int:
        return self._row[3]

    def ho(self) -> int:
        return self._row[4]

    def chi(self) -> int:
        return self._row[5]

    def cho(self) -> int:
        return self._row[6]

    def dw(self) -> int:
        return self._row[7]

    def kernel_type(self) -> int:
        return self._row[8]

    def pool_type(self) -> int:
        return self._row[9]

    def para_size(self) -> int:
        return self._row[10]

    def __repr__(self):
        row = self._row
        return (
            '{"index":%d, "type":%s, "wi":%d, "hi":%d, "wo":%d, "ho":%d, "chi":%d, "cho":%d, "dw":%d, '
            '"kernel_type":%d, "pool_type":%d, "para_size":%d}'
        ) % ((self._index, NAMES.get(row[0], "UNKNOWN")) + tuple(row[1:]))

    __str__ = __repr__


def set_layers(_net, _n: int) -> bool:
    """Run only the first _n layers of a v3 model; 0 or less means all. Returns True, or False for too many.

    Simplified: the number is checked, but the output does not change.
    """
    bench.enter("KPU.set_layers")
    if type(_net) is not kpu_net:
        bench.hard_fault("set_layers does not check that it got a task")
    # A v4 model has no number of layers that it is compared with.
    if _net._max_layers < 0:
        return True
    # A number that is too large prints a line and returns False; it does not raise (Maix_kpu.c).
    if _n > 0 and _n > _net._max_layers:
        bench.uart.print("err: set layers_length to %d, but max %d\r\n" % (_n, _net._max_layers))
        return False
    return True


def netinfo(_net) -> list:
    """Print the layers and return one kpu_netinfo_find for each.

    Raises OSError(2014) for a v4 model, ValueError after deinit.
    """
    bench.enter("KPU.netinfo")
    if type(_net) is not kpu_net:
        bench.hard_fault("netinfo does not check that it got a task")
    model = _net._model
    if model.alive and model.network.version == 4:
        raise OSError(2014)
    if not model.alive or model.network.layers <= 0:
        raise ValueError("get layer num error!")
    rows = getattr(model.network, "netinfo", ())
    layers = [kpu_netinfo_find(index, rows[index]) for index in range(len(rows))]
    for index in range(len(model.layer_heads)):
        kind, size = model.layer_heads[index]
        bench.uart.print("layer[%d]: %s, %d bytes" % (index, NAMES.get(kind, "UNKNOWN"), size))
    return layers


GC_AT_THE_PROMPT = 13 * 1024  # images of v0.6.0 and v0.6.2 count 499 KiB of 512 at the prompt


def memtest() -> None:
    """Print the free Python heap and the free system heap above the break, in KiB.

    Simplified: the firmware prints the largest free block of the Python heap, found by trial (Maix_kpu.c).
    """
    bench.enter("KPU.memtest")
    gc.collect()
    if hasattr(gc, "mem_free"):
        free = gc.mem_free()
    else:  # the objects of CPython do not count, so only the pictures are subtracted from the heap at the prompt
        free = bench.memory.gc_capacity - GC_AT_THE_PROMPT - bench.memory.gc_used
    bench.uart.print("###free gc heap memory : %d KB\r\n" % (free // 1024))
    bench.uart.print("###free sys heap memory: %d KB\r\n" % (bench.memory.above_break() // 1024))


def face_encode(_features) -> bytearray:
    """Pack up to 512 floats into signed bytes. Simplified: the scale of the closed function is not known."""
    bench.enter("KPU.face_encode")
    if not isinstance(_features, (list, tuple)):
        raise TypeError("object '%s' isn't a tuple or list" % type(_features).__name__)
    # The text of the firmware says 200, although its code tests 512.
    if len(_features) > 512:
        raise ValueError("feature dim <=200\r\n")
    return bytearray([int(max(-128, min(127, round(float(value) * 128)))) & 255 for value in _features])


def face_compare(_feature0: bytes, _feature1: bytes) -> float:
    """Return how alike two packed features are, 0 to 100. Simplified: the cosine."""
    bench.enter("KPU.face_compare")
    if len(_feature0) != len(_feature1):
        raise ValueError("compare feature must in same dim!\r\n")
    ab = aa = bb = 0
    for i in range(len(_feature0)):
        a = _feature0[i] - 256 if _feature0[i] > 127 else _feature0[i]
        b = _feature1[i] - 256 if _feature1[i] > 127 else _feature1[i]
        ab += a * b
        aa += a * a
        bb += b * b
    # A feature of zeros has no direction; 0 means "not alike".
    if not aa or not bb:
        return 0.0
    return max(0.0, 100.0 * ab / (aa * bb) ** 0.5)


class classifier:
    """Self-learning classifier over a feature network. Simplified: the nearest mean of the first output wins."""

    def __init__(self, _net, _class_num, _sample_num, fea_len=0):
        bench.enter("KPU.classifier")
        if type(_net) is not kpu_net:
            raise ValueError("must be obj")
        self._net = _net
        self._class_num = _class_num
        self._sample_num = _sample_num
        self._length = fea_len
        self._classes = []
        self._samples = []
        self._means = []

    def _feature(self, img):
        values = list(forward(self._net, img)[:])
        return values[: self._length] if self._length else values

    def add_class_img(self, img, index: int = -1) -> int:
        # An index replaces an existing class, so it is allowed when the classifier is full.
        if len(self._classes) >= self._class_num and index < 0:
            raise OSError(22)
        if 0 <= index < len(self._classes):
            self._classes[index] = self._feature(img)
            return index
        self._classes.append(self._feature(img))
        return len(self._classes) - 1

    def rm_class_img(self) -> int:
        if not self._classes:
            raise OSError(22)
        self._classes.pop()
        return len(self._classes)

    def add_sample_img(self, img) -> int:
        if len(self._samples) >= self._sample_num:
            raise OSError(22)
        self._samples.append(self._feature(img))
        return len(self._samples) - 1

    def rm_sample_img(self) -> int:
        if not self._samples:
            raise OSError(22)
        self._samples.pop()
        return len(self._samples)

    def train(self) -> None:
        if not self._classes:
            raise OSError(22)
        # The class picture counts as the first sample, so training works without samples.
        means = [list(row) for row in self._classes]
        counts = [1] * len(means)
        for sample in self._samples:
            # Samples have no label, so each one goes to the nearest class picture.
            best = self._nearest(self._classes, sample)[0]
            counts[best] += 1
            for i in range(len(sample)):
                means[best][i] += sample[i]
        self._means = [[value / counts[k] for value in means[k]] for k in range(len(means))]

    def _nearest(self, rows, feature):
        best = (-1, 0.0)
        for k in range(len(rows)):
            distance = 0.0
            for i in range(len(feature)):
                distance += (rows[k][i] - feature[i]) ** 2
            distance = distance**0.5
            if best[0] < 0 or distance < best[1]:
                best = (k, distance)
        return best

    def predict(self, img) -> tuple:
        if not self._means:
            raise OSError(22)
        return self._nearest(self._means, self._feature(img))

    def save(self, path: str) -> None:
        """Write the learnt means to a file, in a format of the fake."""
        import json
        import uio

        with uio.open(path, "w") as out:
            out.write(json.dumps([self._class_num, self._sample_num, self._length, self._means]))

    @staticmethod
    def load(_net, path: str, fea_len: int = 0) -> tuple:
        """Return (classifier, class_num, sample_num) from a file that save() wrote."""
        import json
        import uio

        with uio.open(path) as file:
            class_num, sample_num, length, means = json.loads(file.read())
        loaded = classifier(_net, class_num, sample_num, fea_len or length)
        loaded._means = means
        return (loaded, class_num, sample_num)

    def __del__(self):
        bench.uart.print("classifier __del__")


__all__ = ("classifier", "face_compare", "face_encode", "memtest", "netinfo", "set_layers")
