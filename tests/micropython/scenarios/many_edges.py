"""More edges than the firmware's queue holds, within one frame and within a load: events are lost, the app is not."""

import bench
from stage import KEY, Stage, card, say


def run():
    stage = Stage().start(card())
    stage.frames(2)
    for at in range(40):
        bench.keys.press(KEY, 1, at)
    stage.run(60)
    stage.run(2000)
    say("running", stage.loaded())
    bench.card.bytes_per_ms = 100
    stage.press()
    for at in range(0, 6000, 100):
        bench.keys.press(KEY, 60, at)
    stage.run(12000)
    stage.frames(1)
    say("running", stage.loaded(), "dropped", bench.scheduler.dropped)
    stage.press()
    stage.frames(1)
    stage.end()
