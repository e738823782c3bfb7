"""The card is pulled in every state, and put in again: the model goes at once, and comes back by itself."""

import bench
from stage import Stage, card, say


def pull(stage):
    say("pull in", stage.state())
    bench.card.eject()
    stage.until("NO_CARD")
    stage.expect("NO_CARD", None, stage.app.fault and stage.app.fault.code)
    stage.run(5000)


def put(stage):
    say("insert")
    bench.card.insert(mount=False)


def run():
    stage = Stage().start(card())
    stage.frames(1)
    stage.press()
    stage.frames(1)
    pull(stage)  # RUNNING
    put(stage)
    stage.frames(1)
    stage.expect("RUNNING", "Digits")

    stage.press()
    stage.expect("UNLOADED")
    bench.card.eject()  # UNLOADED: the load finds no card
    stage.until("FAULT")
    say("fault", stage.app.fault.code)
    pull(stage)
    put(stage)
    stage.frames(1)
    stage.expect("RUNNING", "Things")

    bench.fail_next("KPU.load", 2006)
    stage.press()
    stage.until("FAULT")
    pull(stage)  # FAULT
    stage.press()  # NO_CARD: the key asks for a remount
    stage.expect("NO_CARD", None, 2006)
    put(stage)
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()

    stage.start({"readme.txt": "nothing here"})
    stage.until("EMPTY")
    pull(stage)  # EMPTY
    put(stage)
    stage.until("EMPTY")
    stage.expect("EMPTY")
    stage.end()
