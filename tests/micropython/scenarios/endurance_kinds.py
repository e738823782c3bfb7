"""Thousands of switches through the other kinds, which learn meanwhile and fail at times: the heap stays flat."""

import bench
from other_kinds import files, seen
from stage import ON_CPYTHON, Stage, heap, say

SWITCHES = 10000
LEARN = 200  # switches in which the models learn, until they know the twenty names that a model may know
ROUNDS = 14  # between two looks: a heap can be compared only with that of the same model


def run():
    stage = Stage(quiet=True).power(files())
    seen()
    stage.boot()
    stage.until("RUNNING")
    app = stage.app
    block = ROUNDS * len(app.catalog)
    used = [0] * (SWITCHES // block)  # made before, that they do not grow in what they measure
    free = [0] * (SWITCHES // block)
    looks = 0
    for count in range(SWITCHES):
        if count % 100 == 50:
            bench.fail_next("KPU.load", 2006)
        if count % 100 in (20, 70):
            bench.fail_next("KPU.forward", MemoryError("memory allocation failed"))
        app.machine.post("NEXT")
        loads = bench.calls["KPU.load"]
        while bench.calls["KPU.load"] == loads:
            app.step()
        app.step()
        if count < LEARN and app.slot.loaded and app.slot.loaded.learns:
            app.machine.post("LEARN")
        app.step()
        bench.kpu.ledger.clear()  # the fakes' record of the calls
        if count >= LEARN and (count + 1) % block == 0 and stage.state() == "RUNNING":
            used[looks] = heap()
            free[looks] = bench.memory.free()
            looks += 1
    part = looks // 4
    first = sum(used[:part])
    last = sum(used[looks - part : looks])
    if not ON_CPYTHON:
        print("heap in use: %d bytes in the first quarter, %d in the last" % (first // part, last // part))
        if abs(last - first) * 100 > first:
            raise AssertionError("the heap grows")
    if min(free[:looks]) != max(free[:looks]):
        raise AssertionError("system heap: %d to %d bytes free" % (min(free[:looks]), max(free[:looks])))
    if bench.open_files or len(bench.irqs) != 1 or bench.scheduler.dropped:
        raise AssertionError("a task, file or handler was lost")
    say(SWITCHES, "switches", bench.calls["KPU.load"], "loads", bench.kpu.loads, "loaded", app.frames, "frames")
    stage.end()
