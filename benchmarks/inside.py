"""The part of device.py that runs inside the interpreter: inside.py ROOT APP MODE ..., one JSON object on stdout.

name              which interpreter this is
bytes CASE        bytes of heap for one frame, of a hand-written loop and of the app; of the app's work once a second
import NAME ...   bytes of heap to import each module, in this order, and bytes that stay
heap              bytes of heap that device/ keeps: its modules as started, and the app's own data; largest free block
labels            bytes of heap that a labels file of 1,000 lines keeps
heap link         the same with the link on: what it keeps; also: heap husky, heap maixhub
kind NAME         of a case of kind_cases.py: bytes of heap for one frame, and what device/ keeps
bare N, app N     run N frames of the first case and do nothing else: for counting instructions from outside
                  (add "hollow": the firmware's calls do nothing, so that only the interpreter's own work is left; "box"
                  for one detection, "link", "husky" or "maixhub" for the same with a link, whose port sends nothing;
                  "asked" for a HuskyLens client that asks in each frame)
of NAME N         the same with the app and a case of kind_cases.py

MicroPython v1.11 language. ROOT is the project, APP the folder that holds device/.
"""

import gc
import sys

root, app_folder, mode = sys.argv[1:4]
words = sys.argv[4:]
sys.path[:] = [app_folder, root + "/stubs", root + "/benchmarks"] + sys.path
gc.threshold(32768)  # the fakes leave no holes where the app will live

import bench  # noqa: E402  the path comes first

bench.install()

from by_hand import bare_boxes, bare_classes, bare_setup, hollow  # noqa: E402  the fakes come first

ANCHORS = (1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025)
FACE = (
    '{"schema": 1, "title": "Face", "kind": "yolo2", "kmodel": "a.kmodel", "input": [320, 240, 3], "labels": ["face"], '
    '"anchors": [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]}'
)
THINGS = (
    '{"schema": 1, "title": "Things", "kind": "classifier", "kmodel": "a.kmodel", "input": [224, 224, 3], '
    '"labels": "labels.txt", "top": 3, "softmax": %s}'
)
PORT = '{"protocol": "%s", "uart": 1, "tx": 8, "rx": 9}'
LINKS = {"link": "true", "husky": PORT % "husky", "asked": PORT % "husky", "maixhub": PORT % "maixhub"}
ASK_ALL = b"\x55\xaa\x11\x00\x20\x30"
CASES = {  # name -> boxes found, or classes; softmax
    "nothing detected": (0, None),
    "1 detection": (1, None),
    "5 detections": (5, None),
    "10 classes": (10, False),
    "10 classes, softmax": (10, True),
    "1000 classes": (1000, False),
    "1000 classes, softmax": (1000, True),
}


def power(count, softmax):
    """Switch on a board whose card holds the one model of a case."""
    from benchlib.models import kmodel_v3

    bench.reset()
    bench.screen.capture = bench.screen.draw = False
    if softmax is None:
        files = {"models/a/model.json": FACE, "models/a/a.kmodel": kmodel_v3(size=388776)}
        bench.kpu.boxes = [(40 * i + 10, 30 * i + 20, 60, 50, 0, 0.625 + i / 16) for i in range(count)]
    else:
        labels = bytearray()
        for i in range(count):
            labels.extend(b"thing %04d\n" % i)
        files = {
            "models/a/model.json": THINGS % ("true" if softmax else "false"),
            "models/a/a.kmodel": kmodel_v3((224, 224, 3), (1, 1, count), "dequantize", 450000),
            "models/a/labels.txt": labels,
        }
        bench.kpu.scores = [1.0 / (2 + i * 7 % count) for i in range(count)]
    for name in LINKS:
        if name in words:
            files["maixswitch.json"] = '{"link": %s}' % LINKS[name]
    bench.card.insert(bench.MemoryCard(files))


def bare(count, softmax):
    """Return loop(frames) of the hand-written program for a case, set up and warm."""
    import KPU

    power(count, softmax)
    if softmax is None:
        task = bare_setup((320, 240))
        KPU.init_yolo2(task, 0.5, 0.3, 5, ANCHORS)

        def loop(frames):
            bare_boxes(frames, task)

    else:
        task = bare_setup((224, 224))

        def loop(frames):
            bare_classes(frames, task, softmax)

    loop(3)
    return loop


def started(count, softmax):
    """Return the app, running the model of a case, warm."""
    power(count, softmax)
    return warm()


def started_kind(name):
    """Return the app, running the model of a case of kind_cases.py, warm; it has learnt what it can."""
    from kind_cases import LEARNT, files

    bench.reset()
    bench.screen.capture = bench.screen.draw = False
    card, scores = files(name)
    bench.card.insert(bench.MemoryCard(card))
    bench.kpu.boxes = [(100, 60, 120, 120, 0, 0.75)]
    bench.kpu.scores = scores
    app = warm()
    for _ in range(LEARNT if app.slot.loaded.learns else 0):
        for at in range(len(scores)):
            scores[at] += 1 / 64
        app.results.learn = True
        frame = app.frames
        while app.frames == frame or app.results.learn:
            app.step()
    return app


def warm():
    """Return the app of the board that is switched on, after three frames."""
    from device.app import build

    app = build()
    while app.frames < 3:
        app.step()
        if app.machine.state == "FAULT":
            raise app.fault
    return app


def spent(action, argument):
    """Return the bytes of heap that action(argument) allocates, whether or not they are garbage afterwards."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    action(argument)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def per_frame(loop, frames):
    """Return the bytes for one frame: those of `frames` frames, less those of a loop without any."""
    total = spent(loop, frames) - spent(loop, 0)
    if total % frames:
        raise AssertionError("%d bytes for %d frames: they differ" % (total, frames))
    return total // frames


def stepping(app):
    """Return loop(frames) of an app."""

    def loop(frames):
        step = app.step
        end = app.frames + frames
        while app.frames < end:
            step()

    return loop


def measure_kind(name):
    before, block = settle()
    kept = measured([started_kind(name)], before, block)["started"]
    app = started_kind(name)
    # One frame, after the garbage is gone: the board collects when its heap is full.
    figures = {"frame": per_frame(stepping(app), 1), "started": kept}
    spec = app.slot.loaded
    if not spec.stages:
        figures["run"] = run_alone(spec)
    return figures


def run_alone(spec):
    """Return the bytes that the fakes take for one run of the network."""
    import image
    import KPU

    task = KPU.load(spec.kmodel)
    img = image.Image(size=(spec.width, spec.height))
    img.pix_to_ai()

    def loop(frames):
        for _ in range(frames):
            KPU.forward(task, img)

    loop(1)
    return per_frame(loop, 1)


def measure_bytes(name):
    count, softmax = CASES[name]
    frames = 1 if count > 100 else 8  # without collection, and between two looks at the clock
    by_hand = per_frame(bare(count, softmax), frames)
    app = started(count, softmax)
    loop = stepping(app)

    def until_second(_):
        seconds = app.seconds
        while app.seconds == seconds:
            app.step()
            if count > 100:
                gc.collect()

    until_second(0)
    until_second(0)  # the frames per second are known now: the text of the status bar stays
    by_app = per_frame(loop, frames)
    figures = {"bare": by_hand, "app": by_app, "device": by_app - by_hand}
    if name == "nothing detected":
        until_second(0)
        start = app.frames
        total = spent(until_second, 0)
        figures["second"] = total - (app.frames - start) * by_app
    return figures


def measure_imports(names):
    started_fakes()
    figures = {}
    for name in names:
        gc.collect()
        before = gc.mem_alloc()
        spent_here = spent(__import__, name)
        gc.collect()
        figures[name] = {"import": spent_here, "kept": gc.mem_alloc() - before}
    return figures


def started_fakes():
    """Let the fakes do their late imports and make their lasting objects."""
    import utime

    loop = bare(1, None)
    loop(2)
    for module in ("machine", "fpioa_manager", "Maix"):
        __import__(module)
    utime.sleep_ms(1)
    bench.reset()


def measure_labels():
    """Return the bytes that are freed with the labels of a model with 1,000 classes, of which twelve were looked up."""
    app = started(1000, False)
    spec = app.catalog[0]
    for number in range(0, 1000, 83):
        spec.label(number)
    gc.collect()
    before = gc.mem_alloc()
    spec.labels = ()
    gc.collect()
    return before - gc.mem_alloc()


def free_block():
    """Return the largest free block, in bytes, give or take 32."""
    low = 0
    high = gc.mem_free()
    while high - low > 32:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
        gc.collect()
    return low


def settle():
    """Prepare the fakes; return the bytes allocated, and the largest free block."""
    started_fakes()
    gc.collect()
    before = gc.mem_alloc()
    block = free_block()
    gc.threshold(-1)  # as on the board
    return before, block


def measure_heap():
    before, block = settle()
    return measured([started(1, None)], before, block)


def measured(app, before, block):
    """Return what device/ keeps with [app], which is taken out. before, block: what settle() returned."""
    gc.collect()
    with_app = gc.mem_alloc()
    left = free_block()
    bench.irqs.clear()
    app.pop()  # frees what only the app refers to
    gc.collect()
    without = gc.mem_alloc()
    bench.reset()
    gc.collect()
    return {
        "modules": gc.mem_alloc() - before,
        "data": with_app - without,
        "started": gc.mem_alloc() - before + with_app - without,
        "largest_free_before": block,
        "largest_free": left,
    }


def silent(uart, data, at=0, count=0):
    """Send nothing, at no cost."""


def run_bare(frames):
    bare(0, None)(frames)


def run_app(frames):
    import machine

    machine.UART.write = silent
    if mode == "of":
        app = started_kind(words[0])
    else:
        app = started(1 if "box" in words or [name for name in LINKS if name in words] else 0, None)
    asked = "asked" in words
    while frames:
        for due in app.frame:  # as App.run() does
            frames -= 1
            if asked:
                bench.wire(0).rx.extend(ASK_ALL)
            if due or not frames:
                break
        app.watch()


def main():
    if mode in ("bare", "app", "of"):
        gc.threshold(-1)
        if "hollow" in words:
            hollow()
        (run_bare if mode == "bare" else run_app)(int(words[-1] if mode == "of" else words[0]))
        return
    import json

    if mode == "name":
        version = ".".join([str(part) for part in sys.implementation.version[:2]])
        figures = "MicroPython %s, %s precision" % (version, "single" if 0.1 + 0.2 == 0.3 else "double")
    elif mode == "labels":
        figures = measure_labels()
    elif mode == "bytes":
        figures = measure_bytes(words[0])
    elif mode == "kind":
        figures = measure_kind(words[0])
    elif mode == "import":
        figures = measure_imports(words)
    else:
        figures = measure_heap()
    print(json.dumps(figures))


main()
