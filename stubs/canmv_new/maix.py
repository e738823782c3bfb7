"""Fake of the maix module of the newer CanMV firmware, whose KPU has load and no load_kmodel (maix_kpu.c, v1.0.5-5).

Its folder comes before stubs/canmv on sys.path, which has what it does not change.
"""

import bench
from benchlib import kpu_model, vfs
from benchlib.card import SparseFile
from benchlib.errors import EngineError
from benchlib.fpioa import FPIOA as FPIOA
from benchlib.gpio import GPIO as GPIO
from benchlib.headers import V4_MAGIC, word
from benchlib.img import GARBAGE, is_image
from benchlib.maixparts import config as config
from benchlib.maixparts import freq as freq
from benchlib.maixparts import utils as utils
from benchlib.newer_kpu import Act as _Act
from benchlib.newer_kpu import Feat as _Feat
from benchlib.newer_kpu import Lpr as _Lpr
from benchlib.newer_kpu import Yolo2 as _Yolo2
from benchlib.newer_kpu import forget, keep
from benchlib.single import floats

_LARGEST = 5 * 1024 * 1024
_OBJECT = 528  # bytes of the object on the system heap: an estimate
_CONV, _DEQUANTIZE = 10240, 12


class KPU:
    """One model at a time. The object is on the system heap and is never freed; deinit() only empties it."""

    Act = _Act
    Feat = _Feat

    def __init__(self):
        bench.enter("maix.KPU")
        self._self = keep(_OBJECT, "No memory space")
        self._block = self._network = self._outputs = self._yolo = self._lpr = self._shape = None
        self.id = 0
        self.where = ""

    def load(self, _where, *, size: int = 0) -> None:
        """Load a kmodel; an earlier one is dropped, but its main memory stays allocated for ever.

        _where: a path, or an address in the flash chip. size: bytes of the model, 0 to read it from the file.
        Raises ValueError for a wrong argument, MemoryError for a full heap, OSError for a file that it refuses.
        """
        code = bench.enter_code("maix.load")
        if type(_where) is str:
            drive, inside = self._file(_where)
            length = size or drive.stat(inside)[1]
        elif type(_where) is int:
            if _where <= 0:
                raise ValueError("Model offset error!")
            data = bench.kpu.flash.get(_where, b"")
            length = size or len(data) or -1
        else:
            raise ValueError("Load_kmodel need one parameter, path(string) or offset(int)")
        if length <= 0 or length >= _LARGEST:
            raise ValueError("Model size error!")
        self._drop()
        self._block = None if code == 2006 else bench.memory.alloc("model file", length)
        if self._block is None:
            raise MemoryError("Model buffer memory allocation failed")
        if type(_where) is str:
            data = self._content(drive, inside, length)
        bench.block(length // bench.card.bytes_per_ms)
        self._network = None if code else self._start(data)
        if self._network is None:
            self._drop()
            raise OSError("Failed to load model")
        keep(0, "Too many mem to list", self._block)
        self.where = str(_where)
        self.id = bench.kpu.next_id
        self._run_entry = ("run", self.id)
        bench.kpu.next_id += 1
        bench.kpu.loads += 1
        bench.kpu.canmv.append(self)
        bench.kpu.note(("load", self.id, self.where))

    def _file(self, path):
        try:
            drive, inside = vfs.resolve(path)
            drive.touch()
            if drive.stat(inside)[0]:
                raise OSError(21)
            return drive, inside
        except (OSError, AttributeError):
            raise ValueError("open file error, please check file path!")

    def _content(self, drive, inside, length):
        try:
            drive.touch()
            data = drive.backend.read(inside)
            drive.touch()
        except OSError:
            self._drop()
            raise
        size = _probe(kpu_model.head_of(data))
        if size < 0:
            bench.uart.print("Probe model size failed, will skip size check.")
        elif size != length and not isinstance(data, SparseFile):
            self._drop()
            raise OSError("Model in filesystem maybe damaged")
        return data

    def _start(self, data):
        head = kpu_model.head_of(data)
        first = word(head, 0) if len(head) >= 24 else 0
        if first not in (3, V4_MAGIC):
            return None
        arena = bench.memory.alloc("main memory", word(head, 20))
        if arena is None:
            return None
        try:
            network = kpu_model.engine().load(data)
        except Exception as error:
            bench.memory.free_block(arena)
            bench.uart.print("engine: %s: %s" % (type(error).__name__, error))
            return None
        # Nothing frees the main memory: the firmware never calls kpu_model_free().
        bench.kpu.leaked.append(("main memory", arena))
        self._shape = _output_shape(head, network)
        return network

    def _drop(self):
        if self._block is not None:
            forget(self._block)
            bench.memory.free_block(self._block)
        if self._network is not None and self in bench.kpu.canmv:
            bench.kpu.canmv.remove(self)
            bench.kpu.note(("deinit", self.id))
        self._block = self._network = self._outputs = self._shape = None

    def run(self, _img) -> None:
        """Run the network on a picture of exactly its size. Raises OSError, ValueError for one without planes."""
        code = bench.enter_code("maix.run")
        network = self._network
        if network is None:
            raise OSError("Please load kmodel before")
        if not is_image(_img):
            raise TypeError("Can't convert %s to type" % type(_img).__name__)
        if _img._ai is None:
            raise ValueError("Image formart error, use pix_to_ai() method to convert for kpu")
        if _img._ai is GARBAGE:
            bench.hard_fault("pix_ai of a copy() is uninitialised memory")
        ch, h, w = network.input_shape or (0, 0, 0)
        if (_img._w, _img._h) != (w, h):
            bench.uart.print("model input %dx%d but image is %dx%d" % (h, w, _img._h, _img._w))
            raise OSError(34)
        scripted = getattr(network, "scripted", False)
        bench.kpu.note(self._run_entry)
        bench.kpu.runs += 1
        bench.block(int(getattr(network, "run_ms", bench.kpu.run_ms)))
        if code:
            raise OSError("Model Buffer maybe dirty!")
        try:
            planes = _img._planes() if not scripted else None
            # The depth is not compared: the chip reads behind a grey picture.
            if planes is not None and len(planes) != ch * h * w:
                planes = (bytes(planes) + bytes(ch * h * w))[: ch * h * w]
            self._outputs = [floats(result) for result in network.run(planes)]
        except EngineError:
            raise OSError("Model Buffer maybe dirty!")

    def _output(self, index):
        if self._network is None or self._outputs is None:
            raise OSError("Please load/run kmodel before")
        if not 0 <= index < len(self._outputs):
            raise OSError("Failed to get kpu outputs")
        return self._outputs[index]

    def get_outputs(self, _index=0) -> list:
        """Return an output of the last run as a list of floats; anything but a number means the first."""
        bench.enter("maix.get_outputs")
        return list(self._output(_index if isinstance(_index, int) else 0))

    def deinit(self) -> None:
        """Free the file's memory and the anchors, not the main memory; the object can load again."""
        bench.enter("maix.deinit")
        self._drop()
        for child in (self._yolo, self._lpr):
            if child is not None:
                child._clear()

    def Yolo2(self) -> _Yolo2:
        """Return a decoder, which is never freed; the KPU empties the newest in deinit()."""
        self._yolo = _Yolo2(self)
        return self._yolo

    def Lpr(self) -> _Lpr:
        """Return a reader of licence plates."""
        self._lpr = _Lpr(self)
        return self._lpr

    def attr(self) -> dict:
        """Return what the object holds."""
        network = self._network
        inputs = list(network.input_shape or (0, 0, 0)) if network else [0, 0, 0]
        return {
            "model": {"size": self._block[3] if self._block else 0, "name": self.where, "sha256": bytearray(32)},
            "shape": {"input": inputs, "output": list(self._shape or (0, 0, 0))},
            "child": {"Lpr": id(self._lpr) if self._lpr else 0, "Yolo2": id(self._yolo) if self._yolo else 0},
            "self": id(self),
            "parent": None,
        }


def _probe(head):
    # The size of a file by its own numbers, -1 for an unknown one.
    if len(head) >= 28 and word(head, 0) == 3 and word(head, 8) == 0:
        layers, at = word(head, 12), 28 + 8 * word(head, 24)
        return at + 8 * layers + sum([word(head, at + 8 * i + 4) for i in range(layers)])
    if len(head) >= 40 and word(head, 0) == V4_MAGIC and word(head, 4) == 4:
        at = 40 + 32 * word(head, 28) + 16 * word(head, 32) + word(head, 16)
        nodes = word(head, 24)
        if at + 8 * nodes <= len(head):
            return at + 8 * nodes + sum([word(head, at + 8 * i + 4) for i in range(nodes)])
    return -1


def _output_shape(head, network):
    # (channels, height, width) for Yolo2, None where it cannot be read: the last layers must be a convolution and its
    # dequantisation. For a kmodel v3 the layer before must be a convolution too, which is a mistake of the firmware.
    grid = network.grid
    if word(head, 0) != 3:
        return (grid[2], grid[1], grid[0]) if grid else None
    layers, at = word(head, 12), 28 + 8 * word(head, 24)
    kinds = [word(head, at + 8 * i) for i in range(layers)]
    if kinds[-3:] != [_CONV, _CONV, _DEQUANTIZE] or not grid:
        return None
    return (grid[2], grid[1], grid[0])


__all__ = ("FPIOA", "GPIO", "KPU", "config", "freq", "utils")
