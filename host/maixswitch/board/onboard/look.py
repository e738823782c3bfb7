"""What maixswitch doctor asks of a board: each function prints lines "=> " with the repr of a value.

Everything else on the line is the firmware's own talk. Nothing here writes. Never tried on a board.
"""

import gc
import sys

import uos


def answer(value):
    print("=> " + repr(value))


def firmware():
    """A dict: who answers, its memory in bytes, which modules it has."""
    said = {"platform": sys.platform, "python": sys.implementation.name}
    try:
        said["uname"] = tuple([str(part) for part in uos.uname()])
    except AttributeError:
        said["uname"] = ()
    gc.collect()
    said["python_free"] = gc.mem_free()
    try:
        from Maix import utils

        said["gc_heap"] = utils.gc_heap_size()
        said["system_free"] = utils.heap_free()
    except (ImportError, AttributeError):
        pass
    modules = []
    for name in ("KPU", "maix", "_thread", "lvgl", "speech_recognizer"):
        try:
            __import__(name)
            modules.append(name)
        except ImportError:
            pass
    said["modules"] = modules
    try:
        import sensor

        said["ide"] = hasattr(sensor, "set_jb_quality")
    except ImportError:
        pass
    answer(said)


def kmodel():
    """What the loader says of something in the flash that is no model: its words tell which versions it takes."""
    import KPU

    try:
        KPU.deinit(KPU.load(16))  # inside the firmware itself; read, never written
        answer("")
    except Exception as error:
        answer(str(error))


def mounts():
    """A tuple for each of /sd and /flash that is there: name, bytes of a block, blocks, free blocks; or name, errno."""
    for name in uos.listdir("/"):
        if name in ("sd", "flash"):
            try:
                row = uos.statvfs("/" + name)
                answer((name, row[1] or row[0], row[2], row[3]))
            except OSError as error:
                answer((name, error.args[0]))


def files(folder, depth):
    """(path, size) of each file below, ("path/", 0) of each folder, (path, -errno) where it cannot be read."""
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
    """The first bytes of a file, None when there is none or it cannot be read."""
    try:
        with open(path, "rb") as file:
            answer(file.read(limit))
    except OSError:
        answer(None)


def file_crc(path):
    """The CRC32 of a file, None when it cannot be read."""
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


def camera():
    """("ok", id, width, height) after three pictures, or the step that failed and why."""
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
    """("ok", width, height) when the panel's driver starts, or ("init", why); nobody can ask whether there is one."""
    gc.collect()
    try:
        import lcd

        lcd.init(type=kind)
        answer(("ok", lcd.width(), lcd.height()))
    except Exception as error:
        answer(("init", str(error)))


def key(pin, wait):
    """("pressed", ms), ("silent", 0), ("held", 0) when it is down all the time, or ("failed", why); `wait` in ms."""
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
        up = same = 0
        while utime.ticks_diff(utime.ticks_ms(), start) < wait:
            same = same + 1 if read() == (0 if up else 1) else 0
            if same == 3:  # 15 ms: no bounce
                if up:
                    answer(("pressed", utime.ticks_diff(utime.ticks_ms(), start)))
                    return
                up, same = 1, 0
            utime.sleep_ms(5)
        answer(("silent" if up else "held", 0))
    except Exception as error:
        answer(("failed", str(error)))
