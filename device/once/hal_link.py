"""The start of the link: opens its port and loads its protocol. Read only for a card that asks for a link."""

import machine
from fpioa_manager import fm

from device.hal import nothing
from device.once.link_start import clash
from device.once.settings import NAME
from device.spec import say

RING = 512  # bytes that a port keeps; the firmware takes them from the Python heap
BAUD = {"husky": 9600}  # what the clients of a protocol expect, if not 115200


def line(settings, baud):
    """Return (write, waiting, readinto, shut, baud) of the serial port that the setting `link` names.

    settings: the dict `link` of maixswitch.json. baud: of UART 1 to 3, unless the settings say otherwise. Without
    "uart" the port is the REPL's: its UART object and not sys.stdout, which takes text (heap) and turns LF into CR LF.
    Without "rx" UART 1 to 3 only send: then `waiting` is hal.nothing, and the receive buffer is small.
    """
    number = settings.get("uart")
    if not number:
        uart = machine.UART.repl_uart()
        return uart.write, uart.any, uart.readinto, nothing, 115200
    fm.register(settings["tx"], getattr(fm.fpioa, "UART%d_TX" % number))
    receives = "rx" in settings
    if receives:
        fm.register(settings["rx"], getattr(fm.fpioa, "UART%d_RX" % number))
    baud = settings.get("baud", baud)
    uart = machine.UART(number - 1, baud, read_buf_len=RING if receives else 32)
    return uart.write, uart.any if receives else nothing, uart.readinto, uart.deinit, baud


def connect(app, settings, keys, name):
    """Start the link; return what went wrong, or "".

    settings: True, or a dict of the link's settings. keys: ((pin, role), ...). name: the board's id.
    """
    # Link and keys may claim one pin: only here both are known.
    trouble = clash(settings, keys)
    if trouble:
        return say((NAME,) + trouble)
    if settings is True:
        settings = {}
    protocol = settings.get("protocol", "json")
    try:
        # Only this protocol's module: each keeps several KiB of heap.
        module = __import__("device.link_" + protocol, None, None, ("Protocol",))
        app.link = module.Protocol(app, line(settings, BAUD.get(protocol, 115200)), settings, name)
    except (AttributeError, ImportError, MemoryError, OSError, TypeError, ValueError) as error:
        # A firmware with another UART class, a full heap, or a card just pulled: frames do not need the link.
        return "link: %s" % error
    return ""
