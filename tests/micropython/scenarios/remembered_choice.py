"""A model that ran for five seconds is the one to start with next time; one that ran for four is not."""

import bench
from stage import Stage, card, say


def again(stage):
    """Switch off and on with the same card."""
    stage.end()
    kept = bench.card.backend
    stage.power()
    bench.card.insert(kept)
    return stage.boot()


def run():
    stage = Stage().start(card())
    stage.frames(1)
    stage.press()
    stage.until("RUNNING")
    stage.run(4000)
    stage = again(stage)
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.press()
    stage.until("RUNNING")
    stage.run(6000)
    stage = again(stage)
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.press(hold=900)
    stage.until("RUNNING")
    stage.run(6000)
    for name in sorted(bench.card.backend.files):
        if name.startswith("maixswitch.s"):
            say(name, bytes(bench.card.backend.files[name]).decode())
    bench.card.backend.files["maixswitch.s1"] = b"9 2-digits 00000000"  # torn: the older slot counts
    stage = again(stage)
    stage.frames(1)
    say("starts with", stage.loaded())
    bench.card.backend.files.pop("models/1-face/model.json")
    stage.end()
