"""The watchdog of the settings is fed while the app runs, is off while a slow card loads, and bites when it hangs."""

import bench
from stage import Stage, card, say


def run():
    stage = Stage().start(card(), settings='{"watchdog": 8000}')
    stage.frames(1)
    stage.run(20000)
    say("armed", len(bench.wdt))
    bench.card.bytes_per_ms = 20
    stage.press()
    stage.frames(1)
    stage.press()  # 22 s of load
    stage.frames(1)
    stage.expect("RUNNING", "Things")
    stage.run(3000)
    bench.fail_next("KPU.load", 2006)
    stage.press()
    stage.until("FAULT")
    stage.run(20000)
    say("armed", len(bench.wdt))
    try:
        bench.block(10000)  # something hangs in C
        raise AssertionError("no reset")
    except bench.Reset:
        say("reset")
    bench.resets.clear()
    stage.end()
