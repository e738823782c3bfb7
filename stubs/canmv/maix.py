"""Fake of CanMV's maix module: KPU, GPIO, FPIOA, freq, utils, config (Maix_kpu.c of CanMV)."""

from struct import unpack

import bench
from benchlib import faces, kpu_model, vfs
from benchlib.args import is_sequence, to_float
from benchlib.errors import EngineError
from benchlib.fpioa import FPIOA as FPIOA
from benchlib.gpio import GPIO as GPIO
from benchlib.headers import V4_MAGIC, word
from benchlib.img import GARBAGE, is_image
from benchlib.maixparts import config as config
from benchlib.maixparts import freq as freq
from benchlib.maixparts import utils as utils
from benchlib.single import floats, single

_MODELS = 8
_MAX_FEATURE = 256


class KPU:
    """One model. It has no finaliser, so an object that is dropped without deinit() keeps its memory for ever."""

    def __init__(self):
        bench.enter("maix.KPU")
        self._blocks = []
        self._network = None
        self._outputs = None
        self._yolo = None
        self.id = 0
        self.where = ""

    def load_kmodel(self, _path, size: int = 0) -> None:
        """Load a kmodel v3 or v4; a second load leaks the memory of the first.

        _path: a path with any suffix, or an address in the flash chip. size: bytes of the model there.
        Raises ValueError for a wrong argument, MemoryError for a full heap, OSError for a file that it refuses.
        """
        code = bench.enter_code("maix.load_kmodel")
        # Order and texts of the checks are those of CanMV's Maix_kpu.c; the suffix is not checked.
        if _path is None:
            raise ValueError("invalid path input")
        if type(_path) is str:
            data = self._read(_path)
        elif type(_path) is int:
            if _path <= 0:
                raise ValueError("path error!")
            if size <= 0:
                raise ValueError("size error!")
            data = bench.kpu.flash.get(_path, b"\xff" * size)
        else:
            raise ValueError("path error!")
        bench.uart.print("model size %d " % len(data))
        # The file is read into a block first, so a file that is too large fails before its header is read.
        block = bench.memory.alloc("model file", len(data))
        if block is None or code == 2006:
            bench.memory.free_block(block)
            raise MemoryError("model buffer memory allocation failed")
        bench.block(len(data) // bench.card.bytes_per_ms)
        network = None if code else self._start(data)
        if network is None:
            bench.memory.free_block(block)
            raise OSError("Failed to init model")
        # The table of models is checked last, and memory that was allocated before is lost.
        if len(bench.kpu.canmv) >= _MODELS:
            raise OSError("Failed to add kpu_model_buffer")
        # Nothing points to the memory of the first model any more.
        if self._blocks:
            bench.kpu.leaked.append(("model file", self._blocks))
            bench.kpu.canmv.remove(self)
        self._blocks = [block, self._arena]
        self._network = network
        self._outputs = None
        self.where = str(_path)
        self.id = bench.kpu.next_id
        bench.kpu.next_id += 1
        bench.kpu.loads += 1
        bench.kpu.canmv.append(self)
        bench.kpu.note(("load", self.id, self.where))
        self._run_entry = ("run", self.id)
        bench.uart.print("model load succeed\r\n")

    def _read(self, path):
        try:
            drive, inside = vfs.resolve(path)
            drive.touch()
            data = drive.backend.read(inside)
            drive.touch()
            return data
        except (OSError, AttributeError):
            raise ValueError("open file error, please check file path!")

    def _start(self, data):
        head = kpu_model.head_of(data)
        first = word(head, 0)
        # Unlike the loader of MaixPy this one checks the version, so a newer kmodel is an error and not a crash.
        if first not in (3, V4_MAGIC) or (first == V4_MAGIC and word(head, 4) != 4):
            return None
        self._arena = bench.memory.alloc("main memory", word(head, 20))
        if self._arena is None:
            return None
        try:
            return kpu_model.engine().load(data)
        except Exception as error:
            bench.memory.free_block(self._arena)
            bench.uart.print("engine: %s: %s" % (type(error).__name__, error))
            return None

    def init_yolo2(
        self,
        anchor=None,
        anchor_num: int = 5,
        img_w: int = 320,
        img_h: int = 240,
        net_w: int = 320,
        net_h: int = 240,
        layer_w: int = 10,
        layer_h: int = 8,
        threshold=None,
        nms_value=None,
        classes: int = 1,
    ) -> None:
        """Attach a region layer. The numbers are not checked.

        anchor: 2 * anchor_num floats. img_w, img_h: size that the boxes are for. layer_w, layer_h: cells of the grid.
        threshold, nms_value: 0 to 1. Raises ValueError without anchors.
        """
        bench.enter("maix.init_yolo2")
        if anchor is None:
            raise ValueError("need input anchor")
        self._yolo = (
            tuple([float(a) for a in anchor]),
            anchor_num,
            img_w,
            img_h,
            layer_w,
            layer_h,
            0.7 if threshold is None else threshold,
            0.4 if nms_value is None else nms_value,
            classes,
        )
        # The region layer is allocated here and kept, while MaixPy allocates it for each run.
        boxes = layer_w * layer_h * anchor_num
        self._blocks.append(bench.memory.alloc("region layer", boxes * (classes + 5) * 4 + boxes * (28 + classes * 4)))

    def run_with_output(self, input=None, getlist: bool = False, get_feature: bool = False):
        """Run on a picture. Returns None, output 0 as a list (getlist), or that with length 1 (get_feature).

        Raises ValueError for a wrong picture, OSError for one without planes and when the run fails.
        """
        code = bench.enter_code("maix.run_with_output")
        if input is None:
            raise ValueError("invalid input")
        if not is_image(input):
            raise ValueError("invalid input")
        if input._ai is None:
            raise OSError("Image formart error, use pix_to_ai() method to convert for kpu")
        if input._ai is GARBAGE:
            bench.hard_fault("pix_ai of a copy() is uninitialised memory")
        network = self._network
        if network is None:
            bench.hard_fault("run_with_output without a model")
        scripted = getattr(network, "scripted", False)
        bench.kpu.note(self._run_entry)
        bench.kpu.runs += 1
        bench.block(int(getattr(network, "run_ms", bench.kpu.run_ms)))
        # A failed run takes time and enters the ledger like any other.
        if code:
            raise OSError("Model Buffer maybe dirty!")
        # The scripted boxes need no outputs.
        if scripted and not getlist and not get_feature:
            return None
        try:
            results = network.run(None if scripted else self._fitted(input))
            self._outputs = [floats(result) for result in results]
        except EngineError:
            raise OSError("Model Buffer maybe dirty!")
        first = self._outputs[0]
        if getlist:
            return list(first)
        # With length 1 features do not depend on the brightness of their pictures.
        if get_feature:
            if len(first) > _MAX_FEATURE:
                raise ValueError("feature len out of 256\r\n")
            return faces.unit(first)
        return None

    def _fitted(self, img):
        # The size of the picture is not checked; the chip would read behind it, or not all of it.
        planes = img._planes()
        if self._network.input_shape is None:  # the input takes floats, so the bytes of the picture are read as floats
            count = getattr(self._network, "input_floats", 0)
            return list(unpack("<%df" % count, (bytes(planes) + bytes(count * 4))[: count * 4]))
        ch, h, w = self._network.input_shape
        if len(planes) < ch * h * w:
            return bytes(planes) + bytes(ch * h * w - len(planes))
        return planes if len(planes) == ch * h * w else planes[: ch * h * w]

    def regionlayer_yolo2(self) -> list:
        """Return the detections of the last run as [[x, y, w, h, classid, probability], ...], which may be empty."""
        bench.enter("maix.regionlayer_yolo2")
        # The C code checks neither pointer (Maix_kpu.c of CanMV).
        if self._yolo is None or self._network is None:
            bench.hard_fault("regionlayer_yolo2 without init_yolo2 dereferences NULL")
        if getattr(self._network, "scripted", False):
            return [list(box) for box in bench.kpu.boxes]
        from benchlib.region import decode

        anchors, number, img_w, img_h, layer_w, layer_h, threshold, nms, classes = self._yolo
        # All sizes come from the program. With a wrong one the board reads behind the output without an exception.
        needed = number * layer_w * layer_h * (classes + 5)
        if self._outputs is None or len(self._outputs[0]) < needed or len(anchors) < number * 2:
            bench.hard_fault("the region layer reads past the network's output")
        pairs = anchors[: number * 2]
        detections = decode(self._outputs[0], layer_w, layer_h, classes, pairs, threshold, nms, img_w, img_h)
        return [list(box) for box in detections]

    def deinit(self) -> bool:
        """Release the model. Returns True, or False without a model. Without init_yolo2 it is a HardFault."""
        bench.enter("maix.deinit")
        # A second call returns here, before it can dereference the region layer.
        if self._network is None:
            return False
        if self._yolo is None:
            bench.hard_fault("KPU.deinit without init_yolo2 dereferences NULL")
        for block in self._blocks:
            bench.memory.free_block(block)
        self._blocks = []
        self._network = self._yolo = self._outputs = None
        bench.kpu.canmv.remove(self)
        bench.kpu.note(("deinit", self.id))
        bench.uart.print("free kpu model buf succeed\r\n")
        return True

    @staticmethod
    def sigmoid(_x, *_more) -> float:
        """Return 1 / (1 + e^-x) of a number; it is called on an object or on the class."""
        return faces.sigmoid(single(to_float(_last((_x,) + _more, 1)[0])))

    @staticmethod
    def softmax(_values, *_more) -> list:
        """Return the softmax of a list; called as sigmoid(). Raises TypeError for another type."""
        values = _last((_values,) + _more, 1)[0]
        if not isinstance(values, list):
            raise TypeError("Can't convert %s to list" % type(values).__name__)
        return faces.softmax(values)

    @staticmethod
    def feature_compare(_a, *_more) -> float:
        """Return how alike two features of length 1 are, 0 to 100; called as sigmoid()."""
        a, b = _last((_a,) + _more, 2, "need input 2 feature")
        for values in (a, b):
            if not is_sequence(values):
                raise TypeError("object '%s' isn't a tuple or list" % type(values).__name__)
        if len(a) != len(b):
            raise ValueError("feature len error")
        return faces.alike(a, b)


def _last(arguments, count, *text):
    # The arguments without the object that the function may be called on.
    if len(arguments) == count + 1 and type(arguments[0]) is KPU:
        return arguments[1:]
    if len(arguments) != count or type(arguments[0]) is KPU:
        raise ValueError(*text)
    return arguments
