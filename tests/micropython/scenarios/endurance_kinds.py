"""Thousands of switches through the other kinds, which learn meanwhile and fail at times: the heap stays flat."""

import bench
from other_kinds import files, seen
from stage import ON_CPYTHON, Stage, heap, say

SWITCHES = 10000
SAMPLES = 100


def run():
    stage = Stage(quiet=True).power(files())
    seen()
    stage.boot()
    stage.until("RUNNING")
    app = stage.app
    used = [0] * SAMPLES  # made before, that they do not grow in what they measure
    free = [0] * SAMPLES
    block = SWITCHES // SAMPLES
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
        if count < 200 and app.slot.loaded and app.slot.loaded.learns:  # up to the twenty names that a model may know
            app.machine.post("LEARN")
        app.step()
        bench.kpu.ledger.clear()  # the fakes' record of the calls
        if (count + 1) % block == 0:
            stage.until("RUNNING")
            used[count // block] = heap()
            free[count // block] = bench.memory.free()
    # The models learn in the first two blocks: they and the fake card grow until they know twenty names.
    tenth = SAMPLES // 10
    first = sum(used[tenth : 2 * tenth])
    last = sum(used[-tenth:])
    if not ON_CPYTHON:
        print("heap in use: %d bytes in the second tenth, %d in the last" % (first // tenth, last // tenth))
        if abs(last - first) * 100 > first:
            raise AssertionError("the heap grows")
    if len(set(free[i] for i in range(tenth, SAMPLES))) > 7:  # one for each model that a block may end with
        raise AssertionError("system heap: %d to %d bytes free" % (min(free), max(free)))
    if bench.open_files or len(bench.irqs) != 1 or bench.scheduler.dropped:
        raise AssertionError("a task, file or handler was lost")
    say(SWITCHES, "switches", bench.calls["KPU.load"], "loads", bench.kpu.loads, "loaded", app.frames, "frames")
    stage.end()
