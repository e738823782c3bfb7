"""The links that listen: commands in JSON and of a HuskyLens, and what a frame allocates, idle and asked in each."""

import gc

import bench
from stage import ON_CPYTHON, Stage, card, say

FRAMES = 60
PORT = '"uart": 1, "tx": 8, "rx": 9'
ALL = b"\x55\xaa\x11\x00\x20\x30"
KNOCK = b"\x55\xaa\x11\x00\x2c\x3c"
SECOND = b"\x55\xaa\x11\x02\x2d\x01\x00\x40"
NAME = b"\x55\xaa\x11\x06\x2f\x01\x04cat\x00\x82"
TEXT = b"\x55\xaa\x11\x07\x34\x03\xff\x2d\x0acat\xbc"


def heard():
    """Take what the far end has got so far."""
    wire = bench.wire(0)
    data = bytes(wire.tx)
    wire.tx = bytearray()
    return data


def run():
    commands()
    husky()
    for protocol, line in (("json", b'{"do": "results"}\n'), ("husky", ALL), ("maixhub", b"")):
        allocation(protocol, line)


def commands():
    stage = Stage().start(card(), settings='{"link": {%s, "rate": 1}}' % PORT)
    stage.frames(1)
    for line in (
        b'{"id": 1, "do": "models"}',
        b'{"id": 2, "do": "select", "title": "Things"}',
        b'{"id": 3, "do": "tune", "threshold": 0.75, "keep": true}',
        b'{"id": 4, "do": "fly"}',
        b'{"id": 5, "do" "next"}',
        b'{"id": 6, "do": "select", "index": 0}',
        b'{"id": 7, "do": "tune", "threshold": 0.75, "nms": 0.25, "keep": true}',
        b'{"id": 8, "do": "snapshot", "screen": true}',
        b'{"id": 9, "do": "snapshot"}',
        b'{"id": 10, "do": "reload"}',
    ):
        bench.wire(0).rx.extend(line + b"\n")
        stage.run(1500)
        for text in heard().decode().split("\n"):
            if '"answer"' in text or '"model"' in text:
                say(text[text.find('"event"') :])
    stage.frames(1)
    say("kept", int(stage.app.slot.loaded.threshold * 1000), int(stage.app.slot.loaded.nms * 1000))
    stage.expect("RUNNING", "Face")
    stage.end()


def husky():
    stage = Stage().start(card(), settings='{"link": {"protocol": "husky", %s}}' % PORT)
    bench.kpu.boxes = [(290, 190, 20, 20, 0, 0.9375)]
    stage.frames(2)
    for data in (
        KNOCK,
        ALL,
        NAME,
        TEXT,
        SECOND + KNOCK,
        b"\x55\xaa\x11\x00\x2c\x3d" + KNOCK,
        b"\x55\xaa\x11\xff" + ALL,
    ):
        bench.wire(0).rx.extend(data)
        stage.run(600)
        answer = heard()
        # the number of the frame is another matter
        say(" ".join(["%02x" % answer[i] for i in range(len(answer)) if answer[i - 9 : i - 6] != b"\x11\x0a\x29"][:40]))
        say("named", stage.app.slot.loaded.label(0))
    stage.expect("RUNNING", "Digits")
    stage.end()


def allocation(protocol, line):
    """Frames with a link, without what the fakes allocate: the pictures and the port are stand-ins that do nothing."""
    from device import hal
    from device.once import hal_link

    stage = Stage(quiet=True).start(card())
    bench.kpu.boxes = [(40 * i + 10, 30 * i + 20, 60, 50, 0, 0.625 + i / 16) for i in range(5)]
    stage.frames(2)
    app = stage.app
    left = [0]
    size = len(line)

    def write(data, at, count):
        pass

    def waiting():
        return size - left[0]

    def readinto(buffer, count):
        for i in range(count):
            buffer[i] = line[left[0] + i]
        left[0] += count
        return count

    def glass(img):
        pass

    app.screen.show = glass
    app.camera.snapshot = hal.nothing
    module = __import__("device.link_" + protocol, None, None, ("Protocol",))
    app.link = module.Protocol(app, (write, waiting, readinto, hal.nothing, 115200), {"rate": 10}, "dock")
    del hal_link
    left[0] = size
    post = app.machine.post  # here: it is an object each time
    for asked in (False, True):
        spent = 0
        gc.collect()
        gc.disable()
        for i in range(FRAMES):
            if asked and i >= 10:
                left[0] = 0
            before = 0 if ON_CPYTHON else gc.mem_alloc()
            app.camera.snapshot()
            app.screen.show(None)
            app.keys.poll(bench.clock.now, post)
            after = 0 if ON_CPYTHON else gc.mem_alloc()
            if i >= 10:  # the label is known then
                spent += after - before
            bench.clock.advance(40)
        gc.enable()
        per = spent // (FRAMES - 10)
        say(
            protocol,
            "asked in each frame" if asked else "idle",
            per if not asked or protocol != "json" else per <= 4096,
        )
        if spent and (not asked or protocol != "json"):
            raise AssertionError("%s: %d bytes a frame" % (protocol, per))
        if asked and not ON_CPYTHON:
            print("# %s: %d bytes a frame when asked in each" % (protocol, per))
    stage.end()
