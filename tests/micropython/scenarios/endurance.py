"""Thousands of switches through all kinds, with garbage left by results: the heap stays flat and nothing leaks."""

import bench
from stage import KEY, ON_CPYTHON, Stage, card, heap, new_format, say

SAMPLES = 100
BOXES = [(16 * i, 12 * i, 60, 40, 0, 0.5 + i / 32) for i in range(10)]


def run(switches=10000):
    files = card()
    files.update(new_format())
    stage = Stage(quiet=True).start(files)
    app = stage.app
    stage.until("RUNNING")
    used = [0] * SAMPLES  # made before, that they do not grow in what they measure
    system = [0] * SAMPLES
    block = switches // SAMPLES
    for count in range(switches):
        bench.kpu.boxes = BOXES[: count % 11]
        bench.kpu.scores = [0.125 * (count % 8), 0.5, 0.25, 0.0625 * (count % 5)]
        if count % 100 == 50:
            bench.fail_next("KPU.load", 2006)
        if count % 100 in (20, 70):
            bench.fail_next("sensor.snapshot", RuntimeError("Sensor timeout!"))
        bench.keys.press(KEY, 800 if count % 7 == 3 else 80)
        loads = bench.calls["KPU.load"]
        while bench.calls["KPU.load"] == loads:
            app.step()
        for _ in range(3):
            app.step()
        if (count + 1) % block == 0:
            stage.until("RUNNING")
            used[count // block] = heap()
            app.machine.post("RELOAD")
            system[count // block] = bench.memory.free()
    tenth = SAMPLES // 10
    first = sum(used[:tenth])
    last = sum(used[-tenth:])
    if not ON_CPYTHON and abs(last - first) * 100 > first:
        raise AssertionError("heap: %d bytes in the first tenth, %d in the last" % (first // tenth, last // tenth))
    if min(system) != max(system):
        raise AssertionError("system heap: %d to %d bytes free" % (min(system), max(system)))
    if len(bench.irqs) != 1 or bench.open_files or len(bench.kpu.live) > 1 or bench.scheduler.dropped:
        raise AssertionError("a handler, file, task or event was lost")
    say(switches, "switches", bench.calls["KPU.load"], "loads", bench.kpu.loads, "loaded", app.frames, "frames")
    if not ON_CPYTHON:
        print("heap in use: %d bytes in the first tenth, %d in the last" % (first // tenth, last // tenth))
    stage.end()
