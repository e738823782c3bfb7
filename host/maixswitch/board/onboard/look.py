"""Sent to a board by `maixswitch doctor`: each function prints lines of "=> " and the repr of a value.

Other lines of the output come from the firmware. No function here writes to the card or the flash. MicroPython v1.11
language. Never tried on a board.
"""

import gc
import sys

import uos


def answer(value):
    """Print a value in the form that the host looks for."""
    print("=> " + repr(value))


def firmware():
    """Answer a dict: the platform and its version, the free memory in bytes, the modules."""
    facts = {"platform": sys.platform, "python": sys.implementation.name}
    try:
        facts["uname"] = tuple([str(part) for part in uos.uname()])
    except AttributeError:
        facts["uname"] = ()
    gc.collect()
    facts["python_free"] = gc.mem_free()
    try:
        from Maix import utils

        facts["gc_heap"] = utils.gc_heap_size()
        facts["system_free"] = utils.heap_free()
    except (ImportError, AttributeError):
        pass
    modules = []
    for name in ("KPU", "maix", "_thread", "lvgl", "speech_recognizer"):
        try:
            __import__(name)
            modules.append(name)
        except ImportError:
            pass
    facts["modules"] = modules
    try:
        import sensor

        facts["ide"] = hasattr(sensor, "set_jb_quality")
    except ImportError:
        pass
    answer(facts)


def kmodel():
    """Answer the loader's message about something that is not a model; it names the versions that the loader takes."""
    import KPU

    try:
        KPU.deinit(KPU.load(16))  # address 16 is inside the firmware; it is read, never written
        answer("")
    except Exception as error:
        answer(str(error))


def mounts():
    """Answer (name, bytes of a block, blocks, free blocks) for sd and flash if mounted; (name, errno) on an error."""
    for name in uos.listdir("/"):
        if name in ("sd", "flash"):
            try:
                row = uos.statvfs("/" + name)
                answer((name, row[1] or row[0], row[2], row[3]))
            except OSError as error:
                answer((name, error.args[0]))


def files(folder, depth):
    """Answer (path, size) for each file below a folder, (path + "/", 0) for each folder.

    depth: how many levels of folders to enter.
    For a folder that cannot be read, the answer is (path, -errno).
    """
    try:
        for row in uos.ilistdir(folder or "/"):
            path = folder + "/" + row[0]
            if row[1] == 0x4000:
                answer((path + "/", 0))
                if depth:
                    files(path, depth - 1)
            else:
                answer((path, row[3] if len(row) > 3 else uos.stat(path)[6]))
    except OSError as error:
        answer((folder, -int(error.args[0])))


def text(path, limit):
    """Answer the first `limit` bytes of a file; None if it is missing or unreadable."""
    try:
        with open(path, "rb") as file:
            answer(file.read(limit))
    except OSError:
        answer(None)


def file_crc(path):
    """Answer the CRC32 of a file; None if it is missing or unreadable."""
    from ubinascii import crc32

    crc = 0
    try:
        with open(path, "rb") as file:
            while True:
                data = file.read(1024)
                if not data:
                    break
                crc = crc32(data, crc)
        answer(crc)
    except OSError:
        answer(None)


def chip(address, size):
    """Answer (first 128 bytes, CRC32 of `size` bytes) of the flash chip; None if the firmware cannot read it."""
    from ubinascii import crc32

    try:
        import Maix as board
    except ImportError:
        import maix as board
    try:
        head = b""
        crc = at = 0
        while at < size:
            data = board.utils.flash_read(address + at, min(4096, size - at))
            head = head or data[:128]
            crc = crc32(data, crc)
            at += 4096
        answer((bytes(head), crc))
    except (AttributeError, OSError):
        answer(None)


def camera():
    """Take three pictures; answer ("ok", id of the sensor, width, height), or (step that failed, reason)."""
    step = "reset"
    gc.collect()
    try:
        import sensor

        sensor.reset()
        step = "setup"
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        step = "picture"
        for _ in range(3):
            image = sensor.snapshot()
        answer(("ok", sensor.get_id(), image.width(), image.height()))
    except Exception as error:
        answer((step, str(error)))


def panel(kind):
    """Start the panel's driver; answer ("ok", width, height), or ("init", reason).

    The driver starts even if no panel is connected.
    kind: the `type` argument of lcd.init.
    """
    gc.collect()
    try:
        import lcd

        lcd.init(type=kind)
        answer(("ok", lcd.width(), lcd.height()))
    except Exception as error:
        answer(("init", str(error)))


def key(pin, wait):
    """Wait for a key to be pressed.

    pin: the IO number of the key, which pulls it to ground.
    wait: ms to wait.
    Answers ("pressed", ms), ("silent", 0) for no press, ("held", 0) if it is down all the time, or ("failed", reason).
    """
    import utime

    try:
        from fpioa_manager import fm

        try:
            from Maix import GPIO
        except ImportError:
            from maix import GPIO
        fm.register(pin, fm.fpioa.GPIOHS0)
        read = GPIO(GPIO.GPIOHS0, GPIO.IN, GPIO.PULL_UP).value
        start = utime.ticks_ms()
        # First wait until the key is up, so that one that is held from the start does not count as pressed.
        up = same = 0
        while utime.ticks_diff(utime.ticks_ms(), start) < wait:
            same = same + 1 if read() == (0 if up else 1) else 0
            if same == 3:  # 15 ms, longer than contacts bounce
                if up:
                    answer(("pressed", utime.ticks_diff(utime.ticks_ms(), start)))
                    return
                up, same = 1, 0
            utime.sleep_ms(5)
        answer(("silent" if up else "held", 0))
    except Exception as error:
        answer(("failed", str(error)))
