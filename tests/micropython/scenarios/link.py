"""The link: what it says on the line, slice by slice, and that a frame with it allocates nothing."""

import gc

import bench
from stage import ON_CPYTHON, Stage, card, say

FRAMES = 120


def lines():
    """Take what the far end of the REPL's line has got so far."""
    wire = bench.wire(4)
    text = bytes(wire.tx).decode()
    wire.tx = bytearray()
    # what the firmware prints between the messages is another tale: a collection comes when the interpreter likes
    return [line.rstrip(" ").replace("\x1e", "RS ") for line in text.split("\n") if line[:1] == "\x1e"]


def tell():
    for line in lines():
        at = line.find(',"free":')  # the Python heap beside it is each interpreter's own
        say("link", line if at < 0 else line[:at])


def run():
    stage = Stage().start(card(), settings='{"link": {"rate": 10}}')
    bench.kpu.boxes = [(100, 90, 60, 50, 0, 0.9375), (10, 20, 30, 40, 0, 0.5)]
    stage.frames(1)
    stage.run(3000)
    tell()
    stage.press()
    stage.frames(2)
    tell()
    bench.fail_next("KPU.load", 2006)
    stage.press()
    stage.until("FAULT")
    stage.run(2500)
    stage.expect("FAULT", None, 2006)
    tell()
    stage.end()
    tell()
    allocation()


def allocation():
    """Frames of the link alone, without what the fakes allocate."""
    from device import hal
    from device.link import SLICE
    from device.link_json import Protocol

    stage = Stage(quiet=True).start(card())
    bench.kpu.boxes = [(40 * i + 10, 30 * i + 20, 60, 50, 0, 0.625 + i / 16) for i in range(5)]
    stage.frames(2)
    app = stage.app
    sent = [0, 0]  # slices, and the bytes of the longest

    def write(data, at, count):
        sent[0] += 1
        if count > sent[1]:
            sent[1] = count

    def waiting():
        return 0

    def glass(img):
        pass

    app.screen.show = glass
    app.link = Protocol(app, (write, waiting, hal.nothing, hal.nothing, 115200), {"rate": 10}, "dock")
    show = app.screen.show
    gc.collect()
    gc.disable()
    total = most = 0
    for i in range(FRAMES):
        if i % 30 == 29:
            app.link.beat()
        slices = sent[0]
        before = 0 if ON_CPYTHON else gc.mem_alloc()
        show(None)
        after = 0 if ON_CPYTHON else gc.mem_alloc()
        if i >= 10:  # the label is known then
            total += after - before
        most = max(most, sent[0] - slices)
        bench.clock.advance(40)
    gc.enable()
    say("allocated", total, "slices a frame", most, "bytes a slice", sent[1] == SLICE)
    if total or most != 1 or sent[0] < FRAMES // 2:
        raise AssertionError("%d bytes, %d slices a frame, %d sent" % (total, most, sent[0]))
    stage.end()
