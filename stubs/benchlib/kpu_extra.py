"""Less used functions of the KPU module: netinfo, set_layers, memtest, faces (Maix_kpu.c)."""

import gc

import bench
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
    """Pack up to 512 numbers, from -0.25 to 0.25, into bytes with a sign."""
    bench.enter("KPU.face_encode")
    from benchlib import faces

    return faces.encode(_features)


def face_compare(_feature0, _feature1) -> float:
    """Return how alike two packed features are, 0 to 100, or NaN when one is all zero."""
    bench.enter("KPU.face_compare")
    from benchlib import faces

    return faces.compare(_feature0, _feature1)


__all__ = ("face_compare", "face_encode", "memtest", "netinfo", "set_layers")
