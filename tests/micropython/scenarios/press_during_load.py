"""Presses while the firmware reads a model from the card, deaf to everything, are honoured when it ends."""

import bench
from stage import KEY, Stage, card, say


def run():
    stage = Stage().start(card())
    stage.frames(1)
    stage.press()
    stage.until("RUNNING")
    stage.press()
    stage.expect("UNLOADED")
    bench.card.bytes_per_ms = 200  # a slow card: this load takes 2.2 s
    loads = bench.kpu.loads
    bench.keys.press(KEY, 80, 900)  # within the load
    while bench.kpu.loads == loads:
        stage.app.step()
    say("loaded", stage.loaded())
    stage.run(200)
    stage.expect("UNLOADED")
    stage.frames(2)
    stage.expect("RUNNING", "Face")
    stage.press()
    bench.keys.press(KEY, 80, 500)  # two of them in one load: the second one skips the next model
    bench.keys.press(KEY, 80, 700)
    stage.run(4000)
    stage.frames(1)
    say("running", stage.loaded())
    stage.end()
