"""Fake of MaixPy's KPU module with its functions (Maix_kpu.c, sipeed_yolo2.c and the closed KPU library).

The name of a parameter starts with "_" where the firmware takes it by position only.
"""

import bench
import flavours
from benchlib import kpu_codes, kpu_model
from benchlib.fmap import kpu_fmap
from benchlib.img import is_image
from benchlib.kpu_extra import (  # noqa: F401
    face_compare,
    face_encode,
    memtest,
    netinfo,
    set_layers,
)
from benchlib.kpu_run import check_input, forward, output_fmap  # noqa: F401
from benchlib.kpu_types import kpu_net, kpu_yolo2, kpu_yolo2_find
from benchlib.learner import classifier  # noqa: F401

MAX_RESULTS = 10  # obj_info_t in sipeed_yolo2.h holds as many; sipeed_yolo2.c does not check its end
STACK = 30 * 1024  # bytes of the 32 KiB stack that the array for the suppression may take: an estimate


def load(_x, *_surplus) -> kpu_net:
    """Load a model and return its task.

    _x: a path that contains ".kmodel", or an address in the flash chip.
    Raises ValueError("[MAIXPY]kpu: load error:N, TEXT") when the library refuses it.
    """
    planned = bench.enter_code("KPU.load")
    # The C code compares exact types (Maix_kpu.c), so a bool is neither an int nor a string here.
    if type(_x) is int:
        if _x <= 0:
            raise ValueError("[MAIXPY]kpu: model_addr must > 0 ")
        model = kpu_model.Model("0x%x" % _x)
        _raise_if_failed(model, _planned(planned) or model.load_address(_x), "load")
        return kpu_net(model, _x, None)
    if type(_x) is str:
        # The firmware uses strstr, so the suffix may be anywhere in the path, and its case matters.
        if ".kmodel" not in _x and ".smodel" not in _x and ".emodel" not in _x:
            raise ValueError("[MAIXPY]kpu: model format don't match, only supply .kmodel ")
        model = kpu_model.Model(_x)
        # The library swallows every error of opening and reading: a missing file or card
        # is code 2005, never an OSError.
        drive, path = kpu_model.drive_of(_x)
        _raise_if_failed(model, _planned(planned) or (model.load(drive, path) if drive else 2005), "load")
        return kpu_net(model, None, _x)
    raise TypeError("[MAIXPY]kpu: only accept int or string")


def _planned(code):
    return kpu_model.no_memory() if code == 2006 else code


def _raise_if_failed(model, code, call):
    if code:
        bench.kpu.note(("load_failed", code, model.where))
        kpu_model.dropped(model)  # the unfinished object survives until a collection, which makes it print
        raise ValueError("[MAIXPY]kpu: %s error:%d, %s" % (call, code, kpu_codes.text(code)))


def load_flash(_addr, _is_dual_buf, _batch_size, _spi_speed) -> kpu_net:
    """Load a v3 model that stays in the flash chip, with the bytes of its words swapped, and return its task.

    Simplified: only its context and its main memory are accounted for, and it runs as fast as from RAM.
    """
    code = _planned(bench.enter_code("KPU.load_flash"))
    # The types are checked before the address, so a wrong type wins over a bad address (Maix_kpu.c).
    for value in (_addr, _is_dual_buf, _batch_size, _spi_speed):
        if type(value) is not int:
            raise ValueError(
                "[MAIXPY]kpu: load_flash arg format error: "
                "task=kpu.load_flash(flash_addr, is_dual_buf, batch_size, spi_speed)"
            )
    if _addr <= 0:
        raise ValueError("[MAIXPY]kpu: model_addr must > 0 ")
    bench.uart.print("SPI freq %d Hz" % _spi_speed)
    model = kpu_model.Model("0x%x" % _addr)
    if not code:
        data = bench.kpu.flash.get(_addr)
        # The slot is checked before the content, as in load(): with five models loaded
        # the sixth gives 2009, whatever it holds.
        slot = kpu_model.free_slot()
        if slot < 0:
            code = 2009
        elif data is None or bytes(data[0:8]) != b"\x00\x00\x00\x03" + bytes(data[4:8]):
            code = 2002
        else:
            # The chip reads flash as 32-bit words with the high byte first, so the bytes
            # of each word are swapped in the file.
            plain = bytearray(len(data))
            for i in range(0, len(data) // 4 * 4, 4):
                plain[i], plain[i + 1], plain[i + 2], plain[i + 3] = data[i + 3], data[i + 2], data[i + 1], data[i]
            model.size = len(plain)
            bench.block(2)
            code = 0 if model.take("model context", 1216) else kpu_model.no_memory()
            code = code or model.start(plain, slot)
            # A failed load keeps neither memory nor slot, as in the library.
            if code:
                model.release()
    _raise_if_failed(model, code, "load_flash")
    return kpu_net(model, _addr, None)


def set_outputs(_net, _idx, _w, _h, _ch=None) -> bool:
    """Declare the shape of an output of a v4 model.

    Returns True, or False after it printed the reason. Raises ValueError for a wrong type.
    """
    bench.enter("KPU.set_outputs")
    # The method table accepts four arguments, but the code always reads a fifth (Maix_kpu.c).
    if _ch is None:
        bench.hard_fault("set_outputs with four arguments reads past its array")
    ints = type(_idx) is int and type(_w) is int and type(_h) is int and type(_ch) is int
    if type(_net) is not kpu_net or not ints:
        raise ValueError("[MAIXPY]kpu: set_outputs arg format error: set_outputs(task, int idx, int w, int h, int ch)")
    model = _net._model
    # The numbers pass through uint16_t: larger ones wrap before they are compared with the output.
    idx, w, h, ch = _idx & 0xFFFF, _w & 0xFFFF, _h & 0xFFFF, _ch & 0xFFFF
    # These three faults print and return False. Only a wrong type raises, so programs must test the result.
    if not model.alive or model.network.version != 4:
        bench.uart.print("[MAIXPY]kpu: set_outputs ctx error, maybe init err:%d\r\n" % (2002 if model.alive else 2001))
        return False
    if idx >= len(model.network.outputs):
        bench.uart.print("[MAIXPY]kpu: set_outputs arg value error:kmodel output idx %d out of range\r\n" % idx)
        return False
    if w * h * ch * 4 != model.network.outputs[idx][0]:
        bench.uart.print("w*h*ch!=%d\r\n" % model.network.outputs[idx][0])
        bench.uart.print("[MAIXPY]kpu: set_outputs arg value error: w,c,ch size not match output size\r\n")
        return False
    model.shapes[idx] = (w, h, ch)
    return True


def init_yolo2(_net, _threshold: float, _nms_value: float, _anchor_number: int, _anchor, dma: int = -1) -> bool:
    """Attach anchors and thresholds to a task. Returns True; a second call leaks the block of the first.

    _threshold, _nms_value: 0 to 1. _anchor: 2 * _anchor_number floats, in cells of the grid.
    Raises TypeError or ValueError for a wrong argument.
    """
    bench.enter("KPU.init_yolo2")
    if type(_net) is not kpu_net:
        raise TypeError("[MAIXPY]kpu: kpu_net type error")
    # The order of the checks is that of Maix_kpu.c: a program sees the message of the first fault only.
    if not 0.0 <= _threshold <= 1.0:
        raise ValueError("[MAIXPY]kpu: threshold only support 0 to 1")
    if not 0.0 <= _nms_value <= 1.0:
        raise ValueError("[MAIXPY]kpu: nms_value only support 0 to 1")
    if _anchor_number <= 0:
        raise ValueError("[MAIXPY]kpu: anchor_number should > 0")
    model = _net._model
    if not isinstance(_anchor, (tuple, list)):
        raise TypeError("object '%s' isn't a tuple or list" % type(_anchor).__name__)
    block = bench.memory.alloc("yolo arguments", _anchor_number * 8 + 24)
    if len(_anchor) != _anchor_number * 2:
        # the block is allocated before the length is checked, and lost here
        bench.kpu.leaked.append(("yolo arguments", block))
        raise ValueError("requested length %d but object has length %d" % (_anchor_number * 2, len(_anchor)))
    # The firmware overwrites the pointer without free(), so a program that initialises twice loses the first block.
    if model.yolo is not None:
        bench.kpu.leaked.append(("yolo arguments", model.yolo))
    model.yolo = block
    _net._args = kpu_yolo2(_threshold, _nms_value, _anchor_number, tuple([float(a) for a in _anchor]))
    return True


def run_yolo2(_net, _img):
    """Run a YOLOv2 network on a picture and return a list of kpu_yolo2_find, or None for no detection.

    Raises TypeError or ValueError for a wrong argument, OSError(TEXT) when the run fails.
    """
    code = bench.enter_code("KPU.run_yolo2")
    if type(_net) is not kpu_net:
        raise TypeError("[MAIXPY]kpu: kpu_net type error")
    if not is_image(_img):
        raise TypeError("Can't convert %s to type" % type(_img).__name__)
    model = _net._model
    # The C code checks the type of the task only, not that its context still exists.
    if not model.alive:
        bench.hard_fault("run_yolo2 after deinit dereferences what was freed")
    network = model.network
    check_input(_img, network)
    args = _net._args
    if args is None:
        bench.hard_fault("run_yolo2 before init_yolo2 dereferences None")
    # A v3 file contains the shape of its last convolution. A v4 file does not, so set_outputs must have declared it.
    grid = network.grid if network.version == 3 else model.shapes.get(0)
    if grid is None:
        raise ValueError("[MAIXPY]kpu: region_layer_init err!\r\n")
    # The temporary memory is allocated before the run, so a full heap fails here and costs no time of the KPU.
    scratch = _region_bytes(grid, args._anchor_number)
    if code == 0:
        # The scripted engine skips the network, but ledger, counter and clock move as with a real one.
        if getattr(network, "scripted", False):
            bench.kpu.note(model.run_entry)
            bench.kpu.runs += 1
            bench.block(model.run_ms())
        else:
            code = model.run(_img._planes())
    # After an error the firmware returns without freeing the region layer (Maix_kpu.c), so each failed run leaks it.
    if code:
        bench.kpu.leaked.append(("region layer", bench.memory.alloc("region layer", scratch)))
        raise OSError(kpu_codes.text(code))
    if getattr(network, "scripted", False):
        boxes = bench.kpu.boxes
    else:
        boxes = _decode(model, grid, args)
    # None and not an empty list: "for box in run_yolo2(...)" fails on the board when there is no detection.
    if not boxes:
        return None
    return _results(boxes)


def _results(boxes):
    count = len(boxes)
    if count > MAX_RESULTS:
        bench.hard_fault("run_yolo2 found %d boxes, its array holds %d" % (count, MAX_RESULTS))
    return [kpu_yolo2_find(boxes[i], i, count) for i in range(count)]


def _region_bytes(grid, anchors):
    # The checks of region_layer_init. Returns the size of its temporary memory in bytes.
    classes = grid[2] // 5 - 5
    boxes = grid[0] * grid[1] * anchors
    if classes < -1:
        raise ValueError(
            "[MAIXPY]kpu: region_layer_init err!\r\n"
        )  # the count wraps, and no malloc of that size succeeds
    # The firmware divides the channels by 5 but steps by the number of anchors, so that must be 5 too.
    if anchors != 5 or classes < 0:
        bench.hard_fault("run_yolo2 with %d anchors on %d channels indexes past its output" % (anchors, grid[2]))
    scratch = flavours.region_bytes(grid[0], grid[1], anchors, classes)
    # The block is freed before the call returns, so it only has to fit and counts in the peak.
    if not bench.memory.fits(scratch):
        kpu_model.no_memory()
        raise ValueError("[MAIXPY]kpu: region_layer_init err!\r\n")
    if boxes * 16 > STACK:
        bench.hard_fault("run_yolo2 puts %d bytes on the stack" % (boxes * 16))
    bench.memory.peak = max(bench.memory.peak, bench.memory.used() + scratch)
    return scratch


def _decode(model, grid, args):
    from benchlib.region import decode

    _, h, w = model.network.input_shape
    return decode(
        model.output_buffers()[0],
        grid[0],
        grid[1],
        grid[2] // 5 - 5,
        args._anchor,
        args._threshold,
        args._nms_value,
        w,
        h,
    )


def get_output(_net, _idx):
    """Return the fmap of output _idx of the last run, or None after deinit. Raises OSError for a wrong number."""
    bench.enter("KPU.get_output")
    if type(_net) is not kpu_net or type(_idx) is not int:
        raise ValueError("[MAIXPY]kpu: get_output arg format error: get_output(task, int idx)")
    model = _net._model
    if not model.alive:
        return None
    # The firmware's v3 text is in a stack buffer that is gone when it is read, so 2011 stands for it. Do not parse it.
    v3 = model.network.version == 3
    return output_fmap(model, _idx & 0xFFFF, "2011" if v3 else "get_output err", "get_outputs_shape err")


def fmap(_fmap_obj: kpu_fmap, _ch: int):
    """Return channel _ch of a byte fmap as a grey Image over the same memory.

    Raises ValueError for a channel that does not exist and for an fmap of floats.
    """
    bench.enter("KPU.fmap")
    # The firmware's texts are in a stack buffer that is gone when they are read: these stand for them.
    if type(_fmap_obj) is not kpu_fmap:
        raise ValueError("[MAIXPY]kpu: not an fmap\r\n")
    if _ch < 0 or _ch >= _fmap_obj._ch:
        raise ValueError("[MAIXPY]kpu: ch err,input 0~%d\r\n" % _fmap_obj._ch)
    # The channel is checked first, so a map of floats with a wrong channel reports the channel.
    if _fmap_obj._typecode != "B":
        raise ValueError("[MAIXPY]kpu: can't convet float fmap yet\r\n")
    from benchlib.img import view

    cells = _fmap_obj._w * _fmap_obj._h
    return view(_fmap_obj._w, _fmap_obj._h, 1, memoryview(_fmap_obj._view())[_ch * cells : (_ch + 1) * cells])


def fmap_free(_fmap_obj) -> None:
    """Do nothing, as in the firmware."""
    bench.enter("KPU.fmap_free")


def deinit(_net) -> bool:
    """Release the memory and the slot of a task. Returns True, also when it was released before.

    Raises TypeError for any other object, None included.
    """
    bench.enter("KPU.deinit")
    if type(_net) is not kpu_net:
        raise TypeError("[MAIXPY]kpu: kpu_net type error")
    model = _net._model
    # Only the first deinit enters the ledger, so that a test that counts releases does not count a harmless second one.
    if model.alive:
        bench.kpu.note(("deinit", model.id))
        model.release()
    model.free_yolo()
    _net._args = None
    return True
