"""Fake of MaixPy's sensor module (py_sensor.c, sensor.c): its checks in their order, its buffers in the system heap."""

import bench
import flavours
from benchlib.frames import FrameBuffer
from benchlib.framesizes import SIZES as _SIZES
from benchlib.args import lenient as _lenient
from benchlib.args import to_int as _to_int
from benchlib.img import Image

BAYER = 1
RGB565 = 2
YUV422 = 3
GRAYSCALE = 4
JPEG = 5

QQCIF = 1
QCIF = 2
CIF = 3
QQSIF = 4
QSIF = 5
SIF = 6
QQQQVGA = 7
QQQVGA = 8
QQVGA = 9
QVGA = 10
VGA = 11
HQQQVGA = 12
HQQVGA = 13
HQVGA = 14
B64X32 = 15
B64X64 = 16
B128X64 = 17
B128X128 = 18
B240X240 = 19
LCD = 20
QQVGA2 = 21
WVGA = 22
WVGA2 = 23
SVGA = 24
SXGA = 25
UXGA = 26

NORMAL = 0
NEGATIVE = 1

_ENOMEM = 12
_EIO = 5
_FAILED = "Sensor control failed!"


def _release():
    camera = bench.camera
    for block in camera.blocks:
        bench.memory.free_block(block)
    camera.blocks = []


@_lenient
def reset(*, freq: int = 24000000, set_regs: bool = True, choice: int = 0, dual_buff: bool = False) -> None:
    """Find the camera, reset it and free the frame buffers. Raises OSError("Reset Failed") without a camera.

    freq: in Hz. choice: the maker to look for, 0 for any. dual_buff: take frames into two buffers by turns.
    """
    bench.enter("sensor.reset")
    camera = bench.camera
    camera.reset_set = False
    camera.hmirror = camera.vflip = False
    camera.dual = bool(dual_buff) and flavours.doubles(bench.flavour[flavours.NAME])
    _release()
    camera.fb_size = (0, 0)
    bench.uart.print("init i2c:2 freq:100000" if bench.has(flavours.I2C_SPEED) else "init i2c2")
    maker = 1 if camera.name.startswith("ov") else 2 if camera.name.startswith("gc") else 3
    if not camera.connected or choice not in (0, maker):
        # For a camera of OmniVision the firmware tries every I2C address, four times. 5,070 ms were measured with the
        # firmware on an emulated chip; 400 ms is an estimate.
        bench.block(5070 if choice < 2 else 400)
        bench.uart.print("[MAIXPY]: no sensor")
        raise OSError("Reset Failed")
    bench.uart.print("[MAIXPY]: find " + camera.name)
    if maker == 1:
        bench.uart.print("[MAIXPY]: find ov sensor")
    camera.pixformat = camera.framesize = 0
    camera.known = True
    camera.reset_set = True
    bench.block(20)


def binocular_reset(*, freq: int = 24000000) -> None:
    """Find a pair of cameras. Simplified: the same as reset()."""
    reset(freq=freq)


@_lenient
def set_pixformat(_format: int, *_surplus, set_regs: bool = True) -> bool:
    """Choose RGB565, YUV422 or GRAYSCALE. Returns True. Raises OSError for another format."""
    bench.enter("sensor.set_pixformat")
    camera = bench.camera
    if _surplus:
        raise ValueError("arg err")
    if _to_int(_format) not in (RGB565, YUV422, GRAYSCALE) or not camera.known:
        raise OSError("Pixel format is not supported!")
    camera.pixformat = _format
    return True


@_lenient
def set_framesize(_size: int, *_surplus, set_regs: bool = True) -> None:
    """Choose the size of the frame, allocate its buffers and start.

    Raises OSError(5) when the driver refuses the size, OSError(12) for a full heap.
    """
    bench.enter("sensor.set_framesize")
    camera = bench.camera
    if _surplus:
        raise ValueError("arg err")
    camera.size_set = False
    if set_regs and (not camera.known or not 0 <= _size < len(_SIZES)):
        raise OSError(_EIO)
    w, h = _SIZES[_size]
    camera.framesize = _size
    camera.max_size = (w, h)
    old = camera.fb_size
    camera.fb_size = (w, h)
    camera.window = (0, 0, w, h)
    if old != (w, h):  # after ENOMEM the same call again allocates nothing and "succeeds"
        _allocate(w, h)
    camera.running = camera.reset_set
    camera.size_set = True


def _allocate(w, h):
    camera = bench.camera
    _release()
    # After a failure no buffer is kept, and camera.fb_size stays at the new size.
    sizes = flavours.camera_parts(w, h)
    buffers = 2 if camera.dual else 1
    for _ in range(buffers):
        for name, size in zip(("camera pixels", "camera planes"), sizes):
            block = bench.memory.alloc(name, size)
            if block is None:
                bench.uart.print("E (%d) SYSCALL: Out of memory" % (bench.clock.now * 400000))
                _release()
                camera.buffers = ()
                raise OSError(_ENOMEM)
            camera.blocks.append(block)
    if len(camera.buffers) != buffers:
        camera.buffers = tuple([FrameBuffer() for _ in range(buffers)])
    camera.current = 0


def set_windowing(_roi) -> bool:
    """Cut a window out of the frame. Returns True.

    _roi: (x, y, w, h), or (w, h) for the centre; w and h are multiples of 8. Raises ValueError for a wrong one.
    """
    bench.enter("sensor.set_windowing")
    camera = bench.camera
    if not isinstance(_roi, (tuple, list)):
        raise TypeError("object '%s' isn't a tuple or list" % type(_roi).__name__)
    res_w, res_h = _SIZES[camera.framesize]
    if len(_roi) == 4:
        x, y, w, h = _roi
    elif len(_roi) == 2:
        w, h = _roi
        x = res_w // 2 - w // 2
        y = res_h // 2 - h // 2
    else:
        raise ValueError("The tuple/list must either be (x, y, w, h) or (w, h)")
    # The order of the checks is that of py_sensor.c.
    if w < 8 or h < 8:
        raise ValueError("The selected window is too small")
    if x < 0 or x + w > res_w or y < 0 or y + h > res_h:
        raise ValueError("The selected window is outside the bounds of the frame")
    if w % 8 or h % 8:
        raise ValueError("value must be multiple of 8")
    camera.window = (x, y, w, h)
    camera.fb_size = (w, h)
    return True


@_lenient
def snapshot(update_jb: bool = True) -> Image:
    """Wait for the next frame and return an Image over the buffer of the camera, valid until the next snapshot.

    Raises TypeError("not found sensor") before the first reset, RuntimeError("Not init!") without reset or framesize,
    RuntimeError("Sensor timeout!") after 300 ms without a frame.
    """
    bench.enter("sensor.snapshot")
    camera = bench.camera
    if not camera.known:
        raise TypeError("not found sensor")
    if not camera.reset_set or not camera.size_set:
        raise RuntimeError("Not init!")
    return _frame("Sensor timeout!")


def _frame(timeout):
    camera = bench.camera
    if not camera.connected or not camera.running:
        bench.block(301)
        raise RuntimeError(timeout)
    # Frames arrive at multiples of the period, however long the program took since the last one.
    clock = bench.clock
    clock.advance(camera.period_ms - clock.now % camera.period_ms, True)
    camera.frames += 1
    if not camera.blocks:
        bench.hard_fault("no frame buffers: sensor.reset() or a failed set_framesize() took them")
    if camera.dual:
        camera.current = 1 - camera.current
    buffer = camera.buffers[camera.current]
    gray = camera.pixformat == GRAYSCALE
    buffer.new_frame(gray)
    window = camera.window
    return Image(window[2], window[3], 1 if gray else 2 if camera.pixformat else -1, buffer, buffer)


@_lenient
def skip_frames(_n=None, time=None) -> None:
    """Let frames pass for `time` ms, or `_n` frames, or 300 ms. Before the first reset it is a HardFault.

    Raises RuntimeError("Sensor Timeout!!") when no frame arrives.
    """
    bench.enter("sensor.skip_frames")
    if not bench.camera.known:
        bench.hard_fault("sensor.skip_frames() before reset()")
    clock = bench.clock
    start = clock.now
    limit = 300 if time is None else time
    # A camera that is not set up only lets the time pass.
    ready = bench.camera.reset_set and bench.camera.size_set
    if _n is None:
        while clock.now - start < limit:
            if ready:
                _frame("Sensor Timeout!!")
            else:
                bench.block(1)
        return
    for _ in range(_n):
        if time is not None and clock.now - start >= limit:
            break
        if ready:
            _frame("Sensor Timeout!!")


def run(_enable: int) -> bool:
    """Start (1) or stop (0) the capture. Returns True."""
    bench.enter("sensor.run")
    bench.camera.running = bool(_enable)
    return True


def flush() -> None:
    """Drop the waiting picture."""
    bench.enter("sensor.flush")


def sleep(_enable) -> None:
    """Raise OSError("Sleep Failed"), because the OV2640's driver cannot."""
    bench.enter("sensor.sleep")
    bench.uart.print("[MAIXPY]: Operation not supported.")
    raise OSError("Sleep Failed")


def shutdown(_enable) -> None:
    """Power the camera down; on a binocular board, choose the other camera."""
    bench.enter("sensor.shutdown")


def deinit() -> None:
    """Stop the camera and free its buffers."""
    bench.enter("sensor.deinit")
    _release()
    camera = bench.camera
    camera.running = camera.reset_set = camera.size_set = camera.known = False
    camera.fb_size = (0, 0)


def width() -> int:
    """Return the width of the frame, not of the window."""
    return _SIZES[bench.camera.framesize][0]


def height() -> int:
    """Return the height of the frame, not of the window."""
    return _SIZES[bench.camera.framesize][1]


def get_id() -> int:
    """Return the number of the camera's chip, 0x2642 for an OV2640, 0 before it was found."""
    return bench.camera.chip if bench.camera.known else 0


def get_fb():
    """Return the last picture, or None."""
    camera = bench.camera
    if not camera.frames or not camera.buffers:
        return None
    buffer = camera.buffers[camera.current]
    window = camera.window
    return Image(window[2], window[3], 1 if camera.pixformat == GRAYSCALE else 2, buffer, buffer)


def _control(name):
    bench.enter(name)
    if not bench.camera.known:
        raise ValueError(_FAILED)


def set_hmirror(_enable) -> None:
    """Mirror left and right. Raises ValueError when the driver cannot."""
    _control("sensor.set_hmirror")
    if not bench.camera.has_flips:
        raise ValueError(_FAILED)
    bench.camera.hmirror = bool(_enable)


def set_vflip(_enable) -> None:
    """Mirror top and bottom. Raises ValueError when the driver cannot."""
    _control("sensor.set_vflip")
    if not bench.camera.has_flips:
        raise ValueError(_FAILED)
    bench.camera.vflip = bool(_enable)


@_lenient
def set_auto_gain(_enable: int, gain_db=None, gain_db_ceiling=None) -> None:
    """Switch automatic gain; no effect on the fake's pictures."""
    _control("sensor.set_auto_gain")


@_lenient
def set_auto_exposure(_enable: int, exposure_us: int = -1) -> None:
    """Switch automatic exposure; no effect on the fake's pictures."""
    _control("sensor.set_auto_exposure")


@_lenient
def set_auto_whitebal(_enable: int, rgb_gain_db=None) -> None:
    """Switch automatic white balance; no effect on the fake's pictures."""
    _control("sensor.set_auto_whitebal")


def set_framerate(_fps: int) -> None:
    """Raise ValueError("Fail"), because the OV2640's driver has no frame rates, or "Invalid framerate"."""
    bench.enter("sensor.set_framerate")
    if _fps not in (2, 8, 15, 25, 30, 60):
        raise ValueError("Invalid framerate")
    raise ValueError("Fail")


def set_gainceiling(_gain: int) -> bool:
    """Accept 2, 4, 8 ... 128. Returns whether the driver took it. Raises ValueError("Invalid gainceiling")."""
    bench.enter("sensor.set_gainceiling")
    if _gain not in (2, 4, 8, 16, 32, 64, 128):
        raise ValueError("Invalid gainceiling")
    return bench.camera.known


def set_brightness(_level: int) -> bool:
    """Return whether the driver took it; no effect on the fake's pictures."""
    bench.enter("sensor.set_brightness")
    return bench.camera.known


def set_contrast(_level: int) -> bool:
    """Return whether the driver took it; no effect on the fake's pictures."""
    bench.enter("sensor.set_contrast")
    return bench.camera.known


def set_saturation(_level: int) -> bool:
    """Return whether the driver took it; no effect on the fake's pictures."""
    bench.enter("sensor.set_saturation")
    return bench.camera.known


def set_colorbar(_enable) -> bool:
    """Return whether the driver took it; no effect on the fake's pictures."""
    bench.enter("sensor.set_colorbar")
    return bench.camera.known


def _set_jb_quality(_quality: int) -> None:
    """Set the quality of the preview in the IDE, on flavours with the IDE."""
    bench.enter("sensor.set_jb_quality")
    if not isinstance(_quality, int):
        raise ValueError("must be int")


bench.by_flavour(globals(), "set_jb_quality", flavours.IDE, _set_jb_quality)


def __write_reg(_addr, _value):
    bench.enter("sensor.__write_reg")


def __read_reg(_addr):
    bench.enter("sensor.__read_reg")
    return 0
