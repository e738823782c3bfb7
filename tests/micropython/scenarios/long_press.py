"""A long press speaks at 700 ms while the key is down, and says nothing more when it is let go, however late."""

import bench
from stage import KEY, Stage, card, say


def run():
    stage = Stage().start(card())
    stage.until("RUNNING")
    bench.keys.set(KEY, 0)
    stage.run(600)
    stage.expect("RUNNING", "Face")
    stage.run(200)
    stage.expect("UNLOADED")
    say("selected", stage.app.selected)
    stage.run(3000)
    before = len(stage.said("select"))
    bench.keys.set(KEY, 1)
    stage.run(1000)
    if len(stage.said("select")) != before:
        raise AssertionError("the release selected something")
    stage.expect("RUNNING", "Things")
    stage.press(hold=690)
    stage.until("RUNNING")
    stage.expect("RUNNING", "Face")
    stage.end()
