"""Fake of MaixPy's lcd module (py_lcd.c). bench.screen.pixels is the picture on the panel, as programs see it."""

import bench
import flavours
from benchlib import draw, panel, planes
from benchlib.args import fixed, lenient, region, to_int
from benchlib.img import is_image

XY_RLUD = 0x00
YX_RLUD = 0x20
XY_LRUD = 0x40
YX_LRUD = 0x60
XY_RLDU = 0x80
YX_RLDU = 0xA0
XY_LRDU = 0xC0
YX_LRDU = 0xE0

BLACK = 0x0000
NAVY = 0x0F00
DARKGREEN = 0xE003
DARKCYAN = 0xEF03
MAROON = 0x0078
PURPLE = 0x0F78
OLIVE = 0xE07B
LIGHTGREY = 0x18C6
DARKGREY = 0xEF7B
BLUE = 0x1F00
GREEN = 0xE007
CYAN = 0xFF07
RED = 0x00F8
MAGENTA = 0x1FF8
YELLOW = 0xE0FF
WHITE = 0xFFFF
ORANGE = 0x20FD
GREENYELLOW = 0xE5AF
PINK = 0x1FF8

_ENOMEM = 12
_NULL = "the lcd driver's pointer is NULL"
_CONFIG = ("height", "width", "invert", "offset_w0", "offset_h0", "offset_w1", "offset_h1", "lcd_type")


def _color(value):
    if isinstance(value, int):
        return value & 0xFFFF
    r, g, b = fixed(value, 3)
    return planes.rgb(to_int(r), to_int(g), to_int(b))


def init(
    type: int = 1,
    freq: int = 0,
    color=0,
    width: int = 0,
    height: int = 0,
    invert: int = 0,
    offset_w0: int = 0,
    offset_h0: int = 0,
    offset_w1: int = 0,
    offset_h1: int = 0,
    rst: int = 37,
    dcx: int = 38,
    ss: int = 36,
    clk: int = 39,
    *,
    lcd_type=None,
) -> None:
    """Start the panel and allocate its buffer of width * height * 2 bytes. Without a panel it succeeds too.

    For types 1 and 5 the section "lcd" of /flash/config.json overrides the arguments. freq: in Hz. The flavour has
    the defaults of freq, width and height.
    Raises OSError(12) for a full heap, ValueError("type error") for an unknown type, TypeError for lcd_type where the
    version of the firmware lacks it.
    """
    bench.enter("lcd.init")
    if lcd_type is not None and not bench.has(flavours.LCD_TYPE):
        raise TypeError("extra keyword arguments given")
    screen = bench.screen
    color = _color(color)
    _stop()
    size = bench.flavour[flavours.PANEL]
    width = width or size[0]
    height = height or size[1]
    # An image of v0.6.2 keeps its default clock, whatever freq says, for a panel of type 1; lcd.freq() changes it.
    freq = _default_freq() if type in (1, 5) else freq or _default_freq()
    para = {
        "width": width,
        "height": height,
        "invert": invert,
        "offset_w0": offset_w0,
        "offset_h0": offset_h0,
        "offset_w1": offset_w1,
        "offset_h1": offset_h1,
        "lcd_type": lcd_type or 0,
    }
    pins = {"rst": rst, "dcx": dcx, "ss": ss, "clk": clk}
    screen.para_width, screen.para_height = width, height
    direction = YX_RLDU
    # Type 0 has no panel. Types 1 and 5 read config.json; the others have fixed settings.
    if type == 0:
        screen.type = 0
        return
    if type in (1, 5):
        section = bench.config.get("lcd") if isinstance(bench.config, dict) else None
        if isinstance(section, dict):
            for key in _CONFIG:
                if key in section:
                    para[key] = to_int(section[key])
            for key in pins:
                if key in section:
                    pins[key] = to_int(section[key])
            direction = to_int(section.get("dir", direction))
    elif type == 2:
        para["width"] = para["height"] = 240
        direction = 0
    elif type == 3:
        para["offset_w0"], para["offset_h0"], para["offset_w1"], para["offset_h1"] = 52, 40, 40, 52
        para["invert"] = 1
        pins = {"rst": 21, "dcx": 20, "ss": 22, "clk": 19}
        direction = 0
    elif type == 4:
        para["invert"] = 1
        direction = 0
    else:
        screen.type = type  # the number is stored, but the pointer to the driver stays NULL
        raise ValueError("type error")
    screen.type = type
    # Simplified: for types 1 to 4 lcd_mcu.c drops the code of a full heap, and the firmware goes on without a buffer.
    screen.block = bench.memory.alloc("lcd", flavours.lcd_bytes(para["width"], para["height"]))
    if screen.block is None:
        bench.uart.print("E (%d) SYSCALL: Out of memory" % (bench.clock.now * 400000))
        screen.para_width = screen.width = screen.height = 0
        screen.pixels = None
        raise OSError(_ENOMEM)
    for name, function in (("rst", 54), ("dcx", 55), ("ss", 15), ("clk", 17)):
        bench.keys.functions[pins[name]] = function
    screen.ready = True
    screen.pins = pins
    screen.freq = freq
    screen.invert = para["invert"]
    screen.lcd_type = para["lcd_type"]
    screen.offsets = (para["offset_w0"], para["offset_h0"], para["offset_w1"], para["offset_h1"])
    screen.direction = direction
    screen.para_width, screen.para_height = para["width"], para["height"]
    screen.width, screen.height = para["width"], para["height"]
    screen.rotation = 0
    screen.mirror = False
    screen.pixels = None
    bench.block(200)
    if color:  # new pixel memory is black
        _fill(0, 0, screen.width, screen.height, color)


def _default_freq():
    return 40000000 if bench.flavour[flavours.PANEL][0] == 240 else 15000000


def _stop():
    screen = bench.screen
    bench.memory.free_block(screen.block)
    screen.block = None
    screen.ready = False
    screen.type = 0
    screen.width = screen.height = 0


def deinit() -> None:
    """Stop the panel and free its buffer. Its size stays, so that draw_string then dereferences NULL."""
    bench.enter("lcd.deinit")
    if bench.screen.type:
        _stop()


def _driver(always=True):
    # Before v0.6.2-18 there was one driver for all panels, so some calls had no pointer to follow.
    if not bench.screen.ready and (always or bench.has(flavours.PANEL_POINTER)):
        bench.hard_fault(_NULL)


def _fill(x, y, w, h, color):
    screen = bench.screen
    if screen.capture and w > 0 and h > 0:
        draw.fill(screen.canvas(), screen.width, screen.height, 2, x, y, w, h, color)


def _shown():
    screen = bench.screen
    screen.shows += 1
    bench.clock.advance(screen.show_ms, True)
    if screen.on_show is not None:
        screen.on_show()


@lenient
def display(_img, roi=None, oft=None) -> None:
    """Show a picture, or its rectangle roi.

    oft: (x, y) of its corner on the panel, without padding and checks: a picture that is larger than the panel
    overwrites the heap. Without it the picture is centred, cropped and padded with black.
    Raises TypeError for another object, OSError for a wrong roi.
    """
    bench.enter("lcd.display")
    if not is_image(_img):
        raise TypeError("Can't convert %s to type" % _img.__class__.__name__)
    screen = bench.screen
    if _img._bpp != 1 and _img._bpp != 2:
        raise OSError("Image format is not supported.")
    if roi is None:
        x = y = 0
        w, h = _img._w, _img._h
    else:
        x, y, w, h = region(_img, roi)
    # A negative offset counts as none (py_lcd.c).
    left = top = 0
    pad = oft is None or min([to_int(v) for v in fixed(oft, 2)]) < 0
    if pad:
        if w > screen.width:
            x += (w - screen.width) // 2
            w = screen.width
        else:
            left = (screen.width - w) // 2
        if h > screen.height:
            y += (h - screen.height) // 2
            h = screen.height
        else:
            top = (screen.height - h) // 2
    else:
        left, top = oft
        if screen.block and w * h > screen.para_width * screen.para_height:
            bench.hard_fault("lcd.display with oft writes %d x %d pixels into the panel's buffer" % (w, h))
    # Without init() nothing happens. After a failed init() or deinit() the driver is NULL.
    if not screen.type:
        return
    _driver()
    if screen.capture:
        panel.copy(_img, x, y, w, h, left, top, pad)
    _shown()


def clear(*_color_only, **_ignored) -> None:
    """Fill the panel with a colour, an int or (r, g, b), black without one. A keyword is accepted and ignored."""
    bench.enter("lcd.clear")
    color = _color(_color_only[0]) if _color_only else BLACK
    screen = bench.screen
    if not screen.type:
        return
    _driver()
    _fill(0, 0, screen.width, screen.height, color)
    _shown()


def draw_string(_x: int, _y: int, _text: str, _fg: int = RED, _bg: int = BLACK) -> None:
    """Write one line in cells of 8 x 12 pixels; colours are ints.

    Raises ValueError("not init") before the first init. After deinit it is a HardFault.
    """
    bench.enter("lcd.draw_string")
    screen = bench.screen
    if screen.para_width == 0:
        raise ValueError("not init")
    x, y = to_int(_x) & 0xFFFF, to_int(_y) & 0xFFFF
    if not isinstance(_text, str) and not isinstance(_text, bytes):
        raise TypeError("can't convert '%s' object to str implicitly" % _text.__class__.__name__)
    ink, paper = to_int(_fg), to_int(_bg)
    # py_lcd.c compares y with the width, not with the height, since the version that takes lcd_type (seen: images up to
    # v0.6.2-15, and from v0.6.2-20 on).
    lowest = screen.para_width if bench.has(flavours.LCD_TYPE) else screen.para_height
    if x >= screen.para_width or y > lowest - 16:
        return
    count = min(len(draw.as_bytes(_text)), (screen.para_width - x) // 8)
    if count <= 0:
        return
    _driver()
    if screen.capture:
        cell = bytearray(count * 8 * 12 * 2)
        draw.fill(cell, count * 8, 12, 2, 0, 0, count * 8, 12, paper)
        draw.string(cell, count * 8, 12, 2, 0, 0, draw.as_bytes(_text)[:count], ink, 1, 0, 0, True)
        draw.paste(screen.canvas(), screen.width, screen.height, 2, x, y, cell, count * 8, 12, 2)
    _shown()


def fill_rectangle(_x: int, _y: int, _w: int, _h: int, _color_value=None) -> None:
    """Fill a rectangle. Raises ValueError("arg error") when it touches the right or the bottom edge of the panel."""
    bench.enter("lcd.fill_rectangle")
    screen = bench.screen
    if screen.para_width == 0:
        raise ValueError("not init")
    if _color_value is None:
        bench.hard_fault("fill_rectangle without a colour reads past its arguments")
    x, y, w, h = to_int(_x) & 0xFFFF, to_int(_y) & 0xFFFF, to_int(_w) & 0xFFFF, to_int(_h) & 0xFFFF
    # Unlike clear() it takes a tuple only.
    color = _color(_color_value) if isinstance(_color_value, tuple) else to_int(_color_value) & 0xFFFF
    if x >= screen.para_width or y >= screen.para_height or x + w >= screen.para_width or y + h >= screen.para_height:
        raise ValueError("arg error")
    _driver()
    _fill(x, y, w, h, color)
    _shown()


def rotation(*_value: int) -> int:
    """Turn the picture by 0 to 3 quarters; 1 and 3 exchange width() and height(). Returns the current rotation."""
    bench.enter("lcd.rotation")
    screen = bench.screen
    if not _value:
        return screen.rotation
    turn = to_int(_value[0])
    if turn < 0 or turn > 3:
        raise ValueError("value:[0,3]")
    _driver(False)
    screen.rotation = turn
    # A picture of another shape does not fit, so it is dropped.
    across, down = screen.para_width, screen.para_height
    if turn & 1:
        across, down = down, across
    if (across, down) != (screen.width, screen.height):
        screen.pixels = None
    screen.width, screen.height = across, down
    screen.direction = _direction(turn, screen.mirror)
    return turn


def _direction(turn, mirrored):
    if mirrored:
        return (YX_RLUD, XY_LRUD, YX_LRDU, XY_RLDU)[turn]
    return (YX_RLDU, XY_RLUD, YX_LRUD, XY_LRDU)[turn]


def mirror(*_enable) -> int:
    """Mirror left and right. Returns 0 or 1. mirror(False) takes effect at the next rotation()."""
    bench.enter("lcd.mirror")
    screen = bench.screen
    if _enable:
        screen.mirror = bool(_enable[0])
        if screen.mirror:
            _driver(False)
            screen.direction = _direction(screen.rotation, True)
    return 1 if screen.mirror else 0


def direction(_value: int) -> None:
    """Set the scan direction of the panel."""
    bench.enter("lcd.direction")
    _driver()
    bench.screen.direction = to_int(_value)


def bgr_to_rgb(*_enable) -> None:
    """Swap red and blue on the panel."""
    bench.enter("lcd.bgr_to_rgb")
    if not _enable:
        raise ValueError("True or False")
    _driver()
    bench.screen.bgr = bool(_enable[0])


def register(_command: int, _data) -> None:
    """Send a command and its data, an int or a list of ints, to the panel."""
    bench.enter("lcd.register")
    if bench.screen.type == 5:
        raise ValueError("device type is not support!")
    bench.screen.registers.append((_command, _data))


def freq(*_hz: int) -> int:
    """Return the clock of the panel's bus in Hz, or set it first."""
    bench.enter("lcd.freq")
    _driver(False)
    if _hz:
        bench.screen.freq = _hz[0]
    return bench.screen.freq or _default_freq()


def width():
    """Return the width after rotation, or None before init."""
    return bench.screen.width if bench.screen.type else None


def height():
    """Return the height after rotation, or None before init."""
    return bench.screen.height if bench.screen.type else None


def type():
    """Return the type of the last init, or None without one."""
    return bench.screen.type if bench.screen.type else None


def set_backlight(_state) -> None:
    """Do nothing, as in the firmware."""
    bench.enter("lcd.set_backlight")


def get_backlight() -> None:
    """Return None, as in the firmware."""
    bench.enter("lcd.get_backlight")


bench.by_version(globals(), "fill_rectangle", flavours.FILL_RECTANGLE, fill_rectangle)
bench.by_version(globals(), "bgr_to_rgb", flavours.PANEL_POINTER, bgr_to_rgb)
